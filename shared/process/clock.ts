// What time is it, and how does one wait? A port, because time is never asked for inside: tests turn the hands.
import { setTimeout as delay } from 'node:timers';

/** A monotonic clock: it never goes back, and its zero means nothing. */
export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** Calls back once after so many milliseconds, unless the function returned is called before. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** The clock of this process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, callback) {
    const timer = delay(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** Resolves after so many milliseconds, or as soon as `signal` is aborted. */
export function sleep(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(milliseconds, done);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
