// Waiting for what other processes bring about.
import { setTimeout as delay } from 'node:timers/promises';

/** Asks every few milliseconds until the answer is yes; rejects after a minute. */
export async function until(isSo: () => Promise<boolean>, within = 60_000): Promise<void> {
  const deadline = performance.now() + within;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not so within ${within / 1000} s`);
    await delay(20);
  }
}
