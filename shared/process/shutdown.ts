// When does a process end, and in which order? On the first SIGINT or SIGTERM it closes what it opened, the last first,
// within a time; a second signal ends it at once. Exiting is left to main.
import { type Clock, sleep, systemClock } from './clock.ts';

/** What signals come from; `process` fits. */
export interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM', listener: (signal: NodeJS.Signals) => void): unknown;
}

/** npm passes on to us what the terminal has sent us already, so signals this close together (ms) are one. */
const ONE_SIGNAL = 1_000;

/** Aborted at the first signal, with its name as the reason. At a second one `exit` is called, with status 1. */
export function untilSignal(
  source: SignalSource,
  exit: (status: number) => void,
  clock: Clock = systemClock,
): AbortSignal {
  const controller = new AbortController();
  let first: number | undefined;
  const listener = (signal: NodeJS.Signals) => {
    if (first === undefined) {
      first = clock.now();
      controller.abort(signal);
    } else if (clock.now() - first >= ONE_SIGNAL) {
      exit(1);
    }
  };
  source.on('SIGINT', listener);
  source.on('SIGTERM', listener);
  return controller.signal;
}

/** Something to be closed, by the name under which a failure is reported. */
export interface Closer {
  readonly name: string;
  close(): Promise<unknown> | unknown;
}

/** Why something was not closed. */
export interface Unclosed {
  readonly name: string;
  readonly error: Error;
}

/**
 * Closes one after the other, the last first, and goes on when one fails. When the time (ms) is up it does not wait for
 * the rest, which are named. Empty: everything is closed.
 */
export async function closeInReverse(
  closers: readonly Closer[],
  within: number,
  clock: Clock = systemClock,
): Promise<readonly Unclosed[]> {
  const unclosed: Unclosed[] = [];
  const pending = closers.toReversed();
  const finished = new AbortController();
  const work = async () => {
    for (let next = pending[0]; next !== undefined; next = pending[0]) {
      try {
        await next.close();
      } catch (error) {
        unclosed.push({ name: next.name, error: error instanceof Error ? error : new Error(String(error)) });
      }
      pending.shift();
    }
  };
  await Promise.race([work().finally(() => finished.abort()), sleep(clock, within, finished.signal)]);
  const late = pending.map(({ name }) => ({ name, error: new Error(`not closed within ${within} ms`) }));
  return [...unclosed, ...late];
}
