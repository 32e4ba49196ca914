// Is this watch still alive? A connection can be dead without anybody being told, and then nothing would ever come again.
// Apart from the reflector because it is about time alone.
import type { Clock } from '../process/clock.ts';

/** Cuts one watch when it has been silent for too long or has lasted too long. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #limits: { readonly silence: number; readonly whole: number };
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #started: number;
  readonly #abort = () => this.#controller.abort();
  #heard: number;
  #cancel = () => {};
  #hasCut = false;

  constructor(clock: Clock, outer: AbortSignal, limits: { silence: number; whole: number }) {
    this.#clock = clock;
    this.#limits = limits;
    this.#outer = outer;
    this.#started = clock.now();
    this.#heard = this.#started;
    outer.addEventListener('abort', this.#abort, { once: true });
    // An abort that has been told of already is told nobody any more.
    if (outer.aborted) this.#abort();
    this.#wait();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get hasCut(): boolean {
    return this.#hasCut;
  }

  heard(): void {
    this.#heard = this.#clock.now();
  }

  stop(): void {
    this.#cancel();
    this.#outer.removeEventListener('abort', this.#abort);
  }

  /** One timer for many events: it looks how long ago the last one was when it rings. */
  #wait(): void {
    const now = this.#clock.now();
    const end = Math.min(this.#heard + this.#limits.silence, this.#started + this.#limits.whole);
    if (now < end) {
      this.#cancel = this.#clock.after(end - now, () => this.#wait());
    } else {
      this.#hasCut = true;
      this.#abort();
    }
  }
}
