// The sandbox's etcd and watch cache: objects by collection, namespace and name, one revision for all, and who is
// watching. Knows nothing of kinds, validity or HTTP. A write costs the same however many objects there are, and each
// version of an object is spelled as JSON once, however many readers and watchers it has.
import type { ApiObject } from './object.ts';

/** One object as of one revision. */
export class Version {
  readonly namespace: string;
  readonly name: string;
  readonly revision: number;
  readonly object: ApiObject;
  #text: string | undefined;

  constructor(object: ApiObject, revision: number) {
    this.namespace = object.metadata.namespace ?? '';
    this.name = object.metadata.name ?? '';
    this.revision = revision;
    this.object = object;
  }

  get text(): string {
    this.#text ??= JSON.stringify(this.object);
    return this.#text;
  }
}

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One write. A deletion's version is the last state, under the revision of the deletion. */
export class Change {
  readonly type: ChangeType;
  readonly version: Version;
  readonly before: Version | undefined;
  #line: string | undefined;

  constructor(type: ChangeType, version: Version, before: Version | undefined) {
    this.type = type;
    this.version = version;
    this.before = before;
  }

  get object(): ApiObject {
    return this.version.object;
  }

  /** As it goes over the wire to everyone who sees this change as it is. */
  get line(): string {
    this.#line ??= `{"type":"${this.type}","object":${this.version.text}}\n`;
    return this.#line;
  }
}

/** The write lost: the stored version is another one by now, there is none, or there is one already. */
export class StaleWrite extends Error {
  override readonly name = 'StaleWrite';
}

/** Watching from there is no longer possible. */
export class HistoryLost extends Error {
  override readonly name = 'HistoryLost';
  readonly from: number;
  readonly floor: number;

  constructor(from: number, floor: number) {
    super(`too old resource version: ${from} (${floor})`);
    this.from = from;
    this.floor = floor;
  }
}

interface Clock {
  revision: number;
}

export class Storage {
  readonly #collections = new Map<string, Collection>();
  readonly #clock: Clock;
  readonly #window: number;
  #floor: number;

  constructor(options: { firstRevision: number; watchHistory: number }) {
    this.#clock = { revision: options.firstRevision };
    this.#floor = options.firstRevision;
    this.#window = options.watchHistory;
  }

  get revision(): number {
    return this.#clock.revision;
  }

  /** `key` is the group and the plural; made when first asked for. */
  collection(key: string): Collection {
    let found = this.#collections.get(key);
    if (found === undefined) {
      found = new Collection(this.#clock, this.#floor, this.#window);
      this.#collections.set(key, found);
    }
    return found;
  }

  /** As after a restart: every older resourceVersion is too old to watch from. */
  forgetHistory(): void {
    this.#floor = this.revision;
    for (const collection of this.#collections.values()) collection.forgetHistory();
  }
}

export class Collection {
  readonly #clock: Clock;
  readonly #window: number;
  readonly #namespaces = new Map<string, Map<string, Version>>();
  readonly #listeners = new Set<(change: Change) => void>();
  #sorted: readonly Version[] | undefined;
  #history: Change[] = [];
  #floor: number;
  #changed: number;

  constructor(clock: Clock, floor: number, window: number) {
    this.#clock = clock;
    this.#floor = floor;
    this.#changed = floor;
    this.#window = window;
  }

  /** Revision of the last write. */
  get changed(): number {
    return this.#changed;
  }

  get(namespace: string, name: string): Version | undefined {
    return this.#namespaces.get(namespace)?.get(name);
  }

  /** In the order of namespace and name; the caller must not change the array. */
  list(namespace?: string): readonly Version[] {
    if (namespace !== undefined && namespace !== '') {
      return [...(this.#namespaces.get(namespace)?.values() ?? [])].sort(byName);
    }
    this.#sorted ??= [...this.#namespaces.values()].flatMap((named) => [...named.values()]).sort(byName);
    return this.#sorted;
  }

  /** Takes the object over: sets its resourceVersion. */
  insert(object: ApiObject): Version {
    if (this.get(object.metadata.namespace ?? '', object.metadata.name ?? '') !== undefined) {
      throw new StaleWrite();
    }
    return this.#commit('ADDED', object, undefined);
  }

  /** Takes the object over. Loses when `before` is not the stored version any more. */
  replace(before: Version, object: ApiObject): Version {
    if (this.get(before.namespace, before.name) !== before) throw new StaleWrite();
    return this.#commit('MODIFIED', object, before);
  }

  /** `last` is the object's last state, which its watchers are told. */
  remove(before: Version, last: ApiObject = before.object): Version {
    if (this.get(before.namespace, before.name) !== before) throw new StaleWrite();
    return this.#commit('DELETED', { ...last, metadata: { ...last.metadata } }, before);
  }

  /** Changes after `from`, oldest first. Throws HistoryLost. */
  since(from: number): readonly Change[] {
    if (from < this.#floor) throw new HistoryLost(from, this.#floor);
    let low = 0;
    let high = this.#history.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const change = this.#history[middle];
      if (change !== undefined && change.version.revision <= from) low = middle + 1;
      else high = middle;
    }
    return this.#history.slice(low);
  }

  /** Calls back, during the write, for every change from now on; returns what stops it. */
  listen(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  forgetHistory(): void {
    this.#floor = this.#clock.revision;
    this.#history = [];
  }

  #commit(type: ChangeType, object: ApiObject, before: Version | undefined): Version {
    this.#clock.revision += 1;
    this.#changed = this.#clock.revision;
    object.metadata.resourceVersion = String(this.#changed);
    const version = new Version(object, this.#changed);
    this.#put(type, version);
    const change = new Change(type, version, before);
    this.#remember(change);
    for (const listener of this.#listeners) listener(change);
    return version;
  }

  #put(type: ChangeType, version: Version): void {
    this.#sorted = undefined;
    const named = this.#namespaces.get(version.namespace);
    if (type === 'DELETED') {
      named?.delete(version.name);
      if (named?.size === 0) this.#namespaces.delete(version.namespace);
    } else if (named === undefined) {
      this.#namespaces.set(version.namespace, new Map([[version.name, version]]));
    } else {
      named.set(version.name, version);
    }
  }

  // Twice the window before half of it goes, so that forgetting costs little per write.
  #remember(change: Change): void {
    this.#history.push(change);
    if (this.#history.length < 2 * this.#window) return;
    const dropped = this.#history.splice(0, this.#history.length - this.#window);
    this.#floor = dropped.at(-1)?.version.revision ?? this.#floor;
  }
}

function byName(a: Version, b: Version): number {
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1;
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}
