// How many addresses an interface of each instance type may have. Asked for the types in use only, and seldom: AWS does
// not change a type once it is published.
import type { TypeLimit } from './ec2.ts';
import { type CloudError, isCloudError } from './errors.ts';
import { inChunks, type Reads } from './paced-reads.ts';

/** The limits of those types that are known; `failure` says why others may be missing. */
export interface Limits {
  readonly limits: ReadonlyMap<string, number>;
  readonly failure: CloudError | undefined;
}

const FRESH_MS = 3_600_000;

/** Remembers limits for an hour, and longer while they cannot be read again. */
export class TypeLimits {
  readonly #known = new Map<string, TypeLimit & { readonly readAt: number }>();

  async of(reads: Reads, types: ReadonlySet<string>, now: number): Promise<Limits> {
    const stale = [...types].sort().filter((type) => {
      const known = this.#known.get(type);
      return known === undefined || now - known.readAt >= FRESH_MS;
    });
    let failure: CloudError | undefined;
    for (const chunk of inChunks(stale)) {
      try {
        for (const limit of await reads.typeLimits(chunk))
          this.#known.set(limit.type, { ...limit, readAt: now });
      } catch (error) {
        if (!isCloudError(error)) throw error;
        failure = error;
      }
    }
    const limits = new Map<string, number>();
    for (const type of types) {
      const known = this.#known.get(type);
      if (known !== undefined) limits.set(type, known.addresses);
    }
    return { limits, failure };
  }
}
