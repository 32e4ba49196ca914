// A client whose answers the test gives one by one. It refuses what it was given no answer for, and knows which watches
// are still open.
import type { KubeObject } from '../../../shared/kinds.ts';
import {
  ApiError,
  type KubeClient,
  type KubeList,
  type ListOptions,
  type WatchEvent,
} from '../../../shared/kube/client.ts';

export class OpenWatch {
  readonly from: { readonly resourceVersion: string; readonly timeoutSeconds: number };
  #queue: (() => WatchEvent<KubeObject> | undefined)[] = [];
  #wake = () => {};
  isOpen = true;

  constructor(from: OpenWatch['from']) {
    this.from = from;
  }

  push(...events: WatchEvent<KubeObject>[]): void {
    for (const event of events) this.#queue.push(() => event);
    this.#wake();
  }

  /** The server ends the stream. */
  end(): void {
    this.#queue.push(() => undefined);
    this.#wake();
  }

  fail(error: ApiError): void {
    this.#queue.push(() => {
      throw error;
    });
    this.#wake();
  }

  async *events(signal: AbortSignal | undefined): AsyncGenerator<WatchEvent<KubeObject>, void> {
    const abort = () => this.fail(new ApiError('unavailable', 'given up by the caller'));
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      for (;;) {
        const next = this.#queue.shift();
        if (next === undefined) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          continue;
        }
        const event = next();
        if (event === undefined) return;
        yield event;
      }
    } finally {
      this.isOpen = false;
      signal?.removeEventListener('abort', abort);
    }
  }
}

type ListAnswer = KubeList<KubeObject> | ApiError | Promise<KubeList<KubeObject>>;

export class ScriptedClient {
  readonly watches: OpenWatch[] = [];
  lists = 0;
  readonly #lists: ListAnswer[] = [];
  #refusal: ApiError | undefined;

  /** The answer to the next list that has none yet. */
  answerList(answer: ListAnswer): this {
    this.#lists.push(answer);
    return this;
  }

  /** Every watch fails so as long as this is set. */
  refuseWatches(error: ApiError | undefined): void {
    this.#refusal = error;
  }

  get openWatches(): OpenWatch[] {
    return this.watches.filter(({ isOpen }) => isOpen);
  }

  get lastWatch(): OpenWatch {
    const watch = this.watches.at(-1);
    if (watch === undefined) throw new Error('nothing was watched');
    return watch;
  }

  /** As a port of the product; the scripted objects are whatever kind the test says they are. */
  get port(): Pick<KubeClient, 'list' | 'watch'> {
    return {
      list: async <T extends KubeObject>(
        _: unknown,
        { keep = (object) => object }: ListOptions<T> = {},
      ): Promise<KubeList<T>> => {
        this.lists++;
        const answer = await (this.#lists.shift() ?? new ApiError('unavailable', 'no list was scripted'));
        if (answer instanceof ApiError) throw answer;
        return { ...answer, items: (answer.items as T[]).map(keep) };
      },
      watch: <T extends KubeObject>(
        _: unknown,
        from: OpenWatch['from'],
        options: { signal?: AbortSignal } = {},
      ): AsyncIterable<WatchEvent<T>> => {
        const watch = new OpenWatch(from);
        this.watches.push(watch);
        if (this.#refusal !== undefined) watch.fail(this.#refusal);
        return watch.events(options.signal) as AsyncIterable<WatchEvent<T>>;
      },
    };
  }
}
