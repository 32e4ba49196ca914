// Pages of a list show one moment, however long the client takes to turn them. etcd keeps old revisions for that; here
// the lists that somebody is still reading are remembered, the oldest forgotten first.
import type { Version } from './storage.ts';

const KEPT = 64;

export class Snapshots {
  readonly #lists = new Map<string, readonly Version[]>();

  /** `list` is everything in the collection as of `revision`. */
  keep(collection: string, revision: number, list: readonly Version[]): void {
    const key = `${collection}@${revision}`;
    this.#lists.delete(key);
    this.#lists.set(key, list);
    const [oldest] = this.#lists.keys();
    if (this.#lists.size > KEPT && oldest !== undefined) this.#lists.delete(oldest);
  }

  /** undefined when it is no longer known. */
  at(collection: string, revision: number): readonly Version[] | undefined {
    return this.#lists.get(`${collection}@${revision}`);
  }

  forget(): void {
    this.#lists.clear();
  }
}
