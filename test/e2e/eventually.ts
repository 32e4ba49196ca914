// Waiting by condition: looks again and again, and says what it saw last when it has to give up.
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';

/** Milliseconds; several times what the slowest of these take on two busy cores. */
const WITHIN = 30_000;
const LOOK_EVERY = 25;

/** Resolves with the first value that is right; rejects with `what` was expected and the last value. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T> | T,
  isRight: (value: T) => boolean,
  within = WITHIN,
): Promise<T> {
  const deadline = performance.now() + within;
  for (;;) {
    const value = await look();
    if (isRight(value)) return value;
    if (performance.now() > deadline) {
      const seen = inspect(value, { depth: 6, breakLength: 120, maxStringLength: 2_000 });
      throw new Error(`not so within ${within / 1000} s: ${what}; last seen: ${seen}`);
    }
    await delay(LOOK_EVERY);
  }
}
