// EC2's throttling: a bucket of tokens per action. One call takes one token; tokens come back at a steady rate.
// Figures are those that AWS documents for most actions; a describe that asks for everything at once gets fewer.

export interface Bucket {
  readonly capacity: number;
  /** Tokens per second. */
  readonly refill: number;
}

export const DESCRIBES: Bucket = { capacity: 100, refill: 20 };
/** (*) Describes without ids, filters or pages. */
export const UNFILTERED_DESCRIBES: Bucket = { capacity: 50, refill: 10 };
/** (*) Assigning, unassigning, and most other changes. */
export const CHANGES: Bucket = { capacity: 50, refill: 5 };

export function usualBucket(action: string, unfiltered: 'unfiltered' | 'filtered'): Bucket {
  if (!/^(Describe|Get)/.test(action)) return CHANGES;
  return unfiltered === 'unfiltered' ? UNFILTERED_DESCRIBES : DESCRIBES;
}

/** What is left in each bucket. */
export class Buckets {
  readonly #now: () => number;
  readonly #left = new Map<string, { tokens: number; at: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes a token of the bucket called `name`, or says that there is none. */
  take(name: string, bucket: Bucket): boolean {
    const now = this.#now();
    const before = this.#left.get(name) ?? { tokens: bucket.capacity, at: now };
    const refilled = before.tokens + ((now - before.at) / 1000) * bucket.refill;
    const tokens = Math.min(bucket.capacity, refilled);
    const granted = tokens >= 1;
    this.#left.set(name, { tokens: granted ? tokens - 1 : tokens, at: now });
    return granted;
  }
}
