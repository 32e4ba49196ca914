// One read for many who ask: everybody gets an answer to a read that began after they asked, and those who ask while one
// is under way share the next. A thousand releases then cost a few lists, not a thousand.

export class SharedRead<T> {
  readonly #read: () => Promise<T>;
  #running: Promise<T> | undefined;
  #next: Promise<T> | undefined;

  constructor(read: () => Promise<T>) {
    this.#read = read;
  }

  /** The answer to a read that began after this call. */
  ask(): Promise<T> {
    this.#next ??= this.#after(this.#running);
    return this.#next;
  }

  async #after(running: Promise<T> | undefined): Promise<T> {
    await Promise.allSettled([running]);
    this.#next = undefined;
    this.#running = this.#read();
    return await this.#running;
  }
}
