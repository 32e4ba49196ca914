// What is the newest that we know of each object? A map that is fed from lists, watch events and the replies to our own
// writes, in whatever order these arrive, and never goes back in time. Apart from the reflector because it does no I/O.
//
// Resource versions are compared as numbers, within one kind
// (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions).
import type { KubeObject } from '../kinds.ts';
import type { KubeList } from './client.ts';

/** Told of each change; `undefined` for an object that is not there after, or was not there before. */
export type ChangeListener<T> = (key: string, object: T | undefined, previous: T | undefined) => void;

/** The uids of the latest removals, so that what is late does not bring them back: at least so many, at most twice. */
const LEAST_TOMBSTONES = 10_000;

/** Objects of one kind by `name`, or `namespace/name`. */
export class ObjectStore<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #listeners = new Set<ChangeListener<T>>();
  readonly #graveyard = new Graveyard();
  /** Keys that our own writes touched since a list was begun that has not ended. */
  #touched: Set<string> | undefined;

  get objects(): ReadonlyMap<string, T> {
    return this.#objects;
  }

  /** Returns a function that ends it. */
  onChange(listener: ChangeListener<T>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The reply to a write of ours. */
  upsert(object: T): void {
    this.#touched?.add(keyOf(object));
    this.#put(object);
  }

  /** A deletion of ours that took effect: the object is gone, not only marked. */
  remove(object: T): void {
    this.#touched?.add(keyOf(object));
    this.#drop(object);
  }

  /** An ADDED or MODIFIED event. */
  put(object: T): void {
    this.#put(object);
  }

  /** A DELETED event. */
  drop(object: T): void {
    this.#drop(object);
  }

  /** To be called before a list is asked for. */
  beginList(): void {
    this.#touched = new Set();
  }

  /**
   * The list that was begun last. It is right about everything but what we wrote ourselves in the meantime: there the
   * newer one wins. Versions are compared for those alone, since a restored backup counts from a lower number.
   */
  endList({ items, resourceVersion }: KubeList<T>): void {
    const touched = this.#touched ?? new Set();
    this.#touched = undefined;
    const listed = new Set<string>();
    for (const object of items) {
      const key = keyOf(object);
      listed.add(key);
      if (touched.has(key)) this.#put(object);
      else this.#overwrite(key, object);
    }
    for (const [key, object] of [...this.#objects]) {
      const isOurs = touched.has(key) && isLater(object.metadata.resourceVersion, resourceVersion);
      if (!listed.has(key) && !isOurs) this.#drop(object);
    }
  }

  #put(object: T): void {
    const key = keyOf(object);
    const stored = this.#objects.get(key);
    if (this.#graveyard.has(object.metadata.uid)) return;
    if (stored !== undefined && !isLater(object.metadata.resourceVersion, stored.metadata.resourceVersion)) {
      return;
    }
    this.#set(key, object, stored);
  }

  #overwrite(key: string, object: T): void {
    const stored = this.#objects.get(key);
    this.#graveyard.open(object.metadata.uid);
    const same =
      stored?.metadata.uid === object.metadata.uid &&
      stored.metadata.resourceVersion === object.metadata.resourceVersion;
    if (!same) this.#set(key, object, stored);
  }

  /** Says nothing about an object of the same name that was created since. */
  #drop(object: T): void {
    const key = keyOf(object);
    const stored = this.#objects.get(key);
    this.#graveyard.bury(object.metadata.uid);
    if (stored === undefined || stored.metadata.uid !== object.metadata.uid) return;
    this.#objects.delete(key);
    for (const listener of this.#listeners) listener(key, undefined, stored);
  }

  #set(key: string, object: T, previous: T | undefined): void {
    this.#objects.set(key, object);
    for (const listener of this.#listeners) listener(key, object, previous);
  }
}

/** Two generations: forgetting a whole one at a time costs nothing, while the oldest of a set is found behind all gaps. */
class Graveyard {
  #fresh = new Set<string>();
  #old = new Set<string>();

  has(uid: string): boolean {
    return this.#fresh.has(uid) || this.#old.has(uid);
  }

  bury(uid: string): void {
    this.#fresh.add(uid);
    if (this.#fresh.size < LEAST_TOMBSTONES) return;
    this.#old = this.#fresh;
    this.#fresh = new Set();
  }

  open(uid: string): void {
    this.#fresh.delete(uid);
    this.#old.delete(uid);
  }
}

/** The key of an object: its name, with the namespace before it if it has one. */
export function keyOf({ metadata: { namespace, name } }: KubeObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** Both are numbers without leading zeros that may exceed what a JavaScript number can hold. */
function isLater(version: string, than: string): boolean {
  return version.length === than.length ? version > than : version.length > than.length;
}
