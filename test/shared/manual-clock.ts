// A clock whose hands the test turns. Whatever is due runs in order, and what it sets off is given time to happen.
import type { Clock } from '../../shared/process/clock.ts';

export class ManualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ at: number; callback: () => void }>();
  readonly #settle: () => Promise<void>;

  /** `settle`: lets what a timer set off happen; once round the event loop is enough where nothing does I/O. */
  constructor(settle = settled) {
    this.#settle = settle;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { at: this.#now + milliseconds, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** How many timers are waiting. */
  get waiting(): number {
    return this.#timers.size;
  }

  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await this.#settle();
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await this.#settle();
    }
    this.#now = end;
  }
}

/** Lets promises that are ready run, as long as these make others ready without I/O. */
export function onceRound(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Lets promises that are ready run, and those that they make ready. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await onceRound();
}
