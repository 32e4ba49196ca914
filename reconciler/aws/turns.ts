// Whose turn it is to write, and how long each write had to wait for it. A write that is refused its turn is not kept
// here: the next plan asks for it again, or does not want it any more, and then the wait is forgotten.
import type { Lane } from '../../shared/plan/actions.ts';
import type { Clock } from '../../shared/process/clock.ts';
import type { Limiter } from './limiter.ts';
import type { CallObserver } from './metrics.ts';

/** Not asked for again for so long, a write is not wanted any more. */
const FORGOTTEN_MS = 60_000;

interface Wait {
  readonly since: number;
  readonly askedAt: number;
}

export class Turns {
  readonly #limiter: Limiter;
  readonly #observer: CallObserver;
  readonly #clock: Clock;
  readonly #waits = new Map<string, Wait>();

  constructor({ limiter, observer, clock }: { limiter: Limiter; observer: CallObserver; clock: Clock }) {
    this.#limiter = limiter;
    this.#observer = observer;
    this.#clock = clock;
  }

  /** Takes a token for a write to that interface, if there is one. */
  take(action: 'assign' | 'unassign', lane: Lane, interfaceId: string): boolean {
    const now = this.#clock.now();
    const key = `${action} ${lane} ${interfaceId}`;
    const wait = this.#waits.get(key);
    const since = wait?.since ?? now;
    if (!this.#limiter.tryTake(action, lane)) {
      this.#waits.set(key, { since, askedAt: now });
      return false;
    }
    if (now > since) this.#observer.delayed(action, lane, now - since);
    this.#waits.delete(key);
    return true;
  }

  /** Drops the waits that nobody asks for any more; to be called now and then. */
  forget(): void {
    for (const [key, { askedAt }] of this.#waits) {
      if (this.#clock.now() - askedAt >= FORGOTTEN_MS) this.#waits.delete(key);
    }
  }
}
