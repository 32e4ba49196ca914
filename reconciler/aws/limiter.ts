// When may the next call be sent? EC2 gives each account and region a bucket of tokens per action. We keep the same
// bucket on our side so that EC2 seldom has to refuse, and so that the tokens go to what matters most: a failover before a
// new namespace, a new namespace before clean-up. It decides and never waits; who is refused tries again later.
//
//   lane       may use the bucket down to
//   failover   empty
//   grant      half: the rest is kept for failovers
//   cleanup    six tenths
import type { Lane } from '../../shared/plan/actions.ts';
import type { Clock } from '../../shared/process/clock.ts';
import type { Ec2Action } from './ec2.ts';

export interface Bucket {
  readonly capacity: number;
  /** Tokens per second. */
  readonly refill: number;
}

/** As AWS documents most describes. */
export const DESCRIBES: Bucket = { capacity: 100, refill: 20 };
/** As it documents most changes; nobody has tried these figures on a live account. */
export const CHANGES: Bucket = { capacity: 50, refill: 5 };

const KEPT: Readonly<Record<Lane, number>> = { failover: 0, grant: 0.5, cleanup: 0.6 };
/** After EC2 refused: how long until the rate is back where it was, and how slow it gets at most. */
const RECOVERY_MS = 60_000;
const SLOWEST = 0.05;

/** Token buckets, one per action. */
export class Limiter {
  readonly #clock: Clock;
  readonly #buckets = new Map<Ec2Action, AdaptiveBucket>();
  readonly #sizes: Partial<Readonly<Record<Ec2Action, Bucket>>>;

  constructor(clock: Clock, sizes: Partial<Readonly<Record<Ec2Action, Bucket>>> = {}) {
    this.#clock = clock;
    this.#sizes = sizes;
  }

  /** Takes a token if the lane may have one now. */
  tryTake(action: Ec2Action, lane: Lane): boolean {
    return this.#bucket(action).tryTake(KEPT[lane], this.#clock.now());
  }

  /** Milliseconds after which it is worth trying again, for so many calls at once; 0: now. */
  nextAvailableIn(action: Ec2Action, lane: Lane, calls = 1): number {
    return this.#bucket(action).nextAvailableIn(KEPT[lane], calls, this.#clock.now());
  }

  /** EC2 refused a call sent at `sentAt`: somebody else uses the bucket, too, so we halve our rate. */
  throttled(action: Ec2Action, lane: Lane, sentAt: number): void {
    this.#bucket(action).slowDown(KEPT[lane], sentAt, this.#clock.now());
  }

  #bucket(action: Ec2Action): AdaptiveBucket {
    let bucket = this.#buckets.get(action);
    if (bucket === undefined) {
      const usual = action === 'assign' || action === 'unassign' ? CHANGES : DESCRIBES;
      bucket = new AdaptiveBucket(this.#sizes[action] ?? usual, this.#clock.now());
      this.#buckets.set(action, bucket);
    }
    return bucket;
  }
}

/** A bucket whose rate drops when EC2 refuses, and climbs back steadily. */
class AdaptiveBucket {
  readonly #size: Bucket;
  #tokens: number;
  #at: number;
  /** The share of the rate that was left at `#slowedAt`. */
  #share = 1;
  #slowedAt = Number.NEGATIVE_INFINITY;

  constructor(size: Bucket, now: number) {
    this.#size = size;
    this.#tokens = size.capacity;
    this.#at = now;
  }

  tryTake(kept: number, now: number): boolean {
    this.#refill(now);
    if (this.#missing(kept) > 0) return false;
    this.#tokens -= 1;
    return true;
  }

  nextAvailableIn(kept: number, calls: number, now: number): number {
    this.#refill(now);
    const missing = this.#missing(kept) + calls - 1;
    // At the present rate. It may climb meanwhile: then the caller wakes up later than it could, never too early.
    return missing <= 0 ? 0 : Math.ceil((missing / (this.#size.refill * this.#shareAt(now))) * 1000);
  }

  slowDown(kept: number, sentAt: number, now: number): void {
    this.#refill(now);
    // Our count was wrong: what the lane could still have taken was not there.
    this.#tokens = Math.min(this.#tokens, kept * this.#size.capacity);
    // Calls that were on their way when we slowed down say nothing new.
    if (sentAt < this.#slowedAt) return;
    this.#share = Math.max(SLOWEST, this.#shareAt(now) / 2);
    this.#slowedAt = now;
  }

  #missing(kept: number): number {
    // A hair of tolerance: tokens are sums of fractions.
    return kept * this.#size.capacity + 1 - 1e-9 - this.#tokens;
  }

  #refill(now: number): void {
    if (now <= this.#at) return;
    const seconds = (now - this.#at) / 1000;
    this.#tokens += this.#size.refill * seconds * this.#meanShare(this.#at, now);
    this.#tokens = Math.min(this.#size.capacity, this.#tokens);
    this.#at = now;
  }

  #shareAt(now: number): number {
    return Math.min(1, this.#share + (now - this.#slowedAt) / RECOVERY_MS);
  }

  /** The share climbs in a straight line until it is whole, at `full`. */
  #meanShare(from: number, to: number): number {
    const full = this.#slowedAt + (1 - this.#share) * RECOVERY_MS;
    if (from >= full) return 1;
    const climbing = Math.min(to, full) - from;
    const mean = (this.#shareAt(from) + this.#shareAt(Math.min(to, full))) / 2;
    return (climbing * mean + (to - from - climbing)) / (to - from);
  }
}
