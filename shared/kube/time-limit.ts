// How long may a call take, and who else may end it? One signal out of a number of milliseconds and the caller's own
// signal, which knows afterwards which of them it was.

/** Made once: an abort without a reason makes one, with a stack trace, which takes longer than the rest of a call. */
const OVER = new Error('the call is over');

/** Aborts when the time is up or the caller says so. Not AbortSignal.any, which piles up on signals that live long. */
export class TimeLimit {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #milliseconds: number;
  #expired = false;
  readonly #abort = () => this.#controller.abort(OVER);

  constructor(milliseconds: number, outer: AbortSignal | undefined) {
    this.#milliseconds = milliseconds;
    this.#outer = outer;
    this.#timer = setTimeout(() => {
      this.#expired = true;
      this.#abort();
    }, milliseconds);
    if (outer?.aborted) this.#abort();
    outer?.addEventListener('abort', this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why it was aborted; undefined when it was not. */
  get reason(): string | undefined {
    if (this.#expired) return `no answer within ${this.#milliseconds} ms`;
    return this.signal.aborted ? 'given up by the caller' : undefined;
  }

  /** From now on only the caller's signal counts. */
  lift(): void {
    clearTimeout(this.#timer);
  }

  /** Everything is over: ends what is still under way and lets go of the caller's signal. */
  end(): void {
    this.lift();
    this.#outer?.removeEventListener('abort', this.#abort);
    this.#abort();
  }
}
