// Which node has the most room, among those that fit? Kept in order, because a burst places thousands of IPs
// on hundreds of nodes in one pass, and looking at every node for every IP is too much.

/**
 * Names by how much room each has, the roomiest first, names breaking ties. Room may shrink at any time and
 * never grows.
 */
export class Roomiest {
  readonly #roomOf: (name: string) => number;
  /** Names in order, by the room that each had when it was last looked at. */
  readonly #levels = new Map<number, string[]>();
  /** The keys of `#levels`, descending. */
  readonly #rooms: number[] = [];

  constructor(names: Iterable<string>, roomOf: (name: string) => number) {
    this.#roomOf = roomOf;
    for (const name of names) this.#insert(name, roomOf(name));
  }

  /** The first that has any room and fits. */
  find(fits: (name: string) => boolean): string | undefined {
    for (let at = 0; at < this.#rooms.length; at++) {
      const room = this.#rooms[at] ?? 0;
      if (room <= 0) return undefined;
      const found = this.#findAt(room, fits);
      if (found !== undefined) return found;
      if (this.#levels.get(room)?.length === 0) {
        this.#levels.delete(room);
        this.#rooms.splice(at, 1);
        at -= 1;
      }
    }
    return undefined;
  }

  #findAt(room: number, fits: (name: string) => boolean): string | undefined {
    const names = this.#levels.get(room) ?? [];
    for (let at = 0; at < names.length; ) {
      const name = names[at] ?? '';
      const left = this.#roomOf(name);
      if (left < room) {
        // It comes up again further down, with others that have as little.
        names.splice(at, 1);
        this.#insert(name, left);
      } else if (fits(name)) {
        return name;
      } else {
        at += 1;
      }
    }
    return undefined;
  }

  #insert(name: string, room: number): void {
    const names = this.#levels.get(room);
    if (names !== undefined) {
      names.splice(
        firstIndex(names, (other) => other > name),
        0,
        name,
      );
      return;
    }
    this.#levels.set(room, [name]);
    this.#rooms.splice(
      firstIndex(this.#rooms, (other) => other < room),
      0,
      room,
    );
  }
}

/** Of the first that is so, all after it being so, too; the length if none is. */
function firstIndex<T>(sorted: readonly T[], isSo: (one: T) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isSo(sorted[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
