// What exists now, of one kind? Lists once, then watches for good, and keeps a map that is at most a moment behind the
// API server and never behind our own writes. Not the client library's informer: that one pauses between watches, asks
// for no bookmarks and gives up on most errors.
//
//   list --> watch --> stream ended by the server: watch on from the last version, at once
//     ^        |-----> cut because silent:         the same; list when it happens twice in a row
//     |        |-----> version expired (410):      list
//     |        `-----> any other error:            back off, watch on; list after ten in a row
import type { KubeObject, ObjectMeta } from '../kinds.ts';
import { type Clock, sleep, systemClock } from '../process/clock.ts';
import { isApiError, type KubeClient, type WatchEvent } from './client.ts';
import type { Resource } from './resources.ts';
import { type ChangeListener, ObjectStore } from './store.ts';
import { Watchdog } from './watchdog.ts';

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: Pick<KubeClient, 'list' | 'watch'>;
  readonly resource: Resource<T>;
  /** One namespace alone; all by default. */
  readonly namespace?: string;
  readonly clock?: Clock;
  /** From 0 up to 1. */
  readonly random?: () => number;
  /** Milliseconds without event or bookmark after which a watch is cut; 90 s by default, as bookmarks come each minute. */
  readonly silence?: number;
  /** Drops what nobody reads before an object is kept; managedFields are dropped by default. Must not change its argument. */
  readonly transform?: (object: T) => T;
  /** Told of what went wrong, for logs; the reflector goes on by itself. */
  readonly onError?: (error: unknown) => void;
}

const SILENCE = 90_000;
/** Seconds after which the server ends a watch: spread, so that watches do not end all at once. */
const WATCH_SECONDS = { least: 300, most: 600 };
/** Milliseconds that the server may be late in ending it. */
const GRACE = 30_000;
const BACKOFF = { first: 250, most: 10_000, mostAskedFor: 60_000 };
/** A watch that the server ends sooner than this, without an event, counts as failed. */
const TOO_SHORT = 1_000;
const SILENT_CUTS_UNTIL_LIST = 2;
const FAILURES_UNTIL_LIST = 10;

/** A live view of one kind. Runs from start() to stop(), once. */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #transform: (object: T) => T;
  readonly #store = new ObjectStore<T>();
  readonly #stopping = new AbortController();
  readonly #synced = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;
  #hasSynced = false;
  #lastContact = Number.NEGATIVE_INFINITY;
  /** Where the next watch starts; undefined when a list has to come first. */
  #version: string | undefined;
  /** Both in a row, without an event between. */
  #failures = 0;
  #silentCuts = 0;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#transform = options.transform ?? withoutManagedFields;
  }

  /** Objects by `name`, or `namespace/name`. */
  get store(): ReadonlyMap<string, T> {
    return this.#store.objects;
  }

  /** Resolves after the first list; never, when it is stopped before. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** When the API server was last heard of: the clock's milliseconds, minus infinity before the first time. */
  get lastContact(): number {
    return this.#lastContact;
  }

  /** Tells of every change from now on, as it is made; returns a function that ends it. */
  onChange(listener: ChangeListener<T>): () => void {
    return this.#store.onChange(listener);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when no request is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Takes in the reply to a write of ours, so that it is seen before its event arrives. */
  upsert(object: T): void {
    this.#store.upsert(this.#transform(object));
  }

  /** Takes in that a deletion of ours took effect. Not for an object whose finalizers keep it. */
  remove(object: T): void {
    this.#store.remove(object);
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        if (this.#version === undefined) await this.#list();
        await this.#watch(this.#version ?? '');
      } catch (error) {
        if (!this.#stopping.signal.aborted) await this.#recover(error);
      }
    }
  }

  async #list(): Promise<void> {
    this.#store.beginList();
    const { client, resource } = this.#options;
    const options = { ...this.#callOptions(this.#stopping.signal), keep: this.#transform };
    const list = await client.list(resource, options);
    this.#store.endList(list);
    this.#version = list.resourceVersion;
    this.#silentCuts = 0;
    this.#lastContact = this.#clock.now();
    this.#hasSynced = true;
    this.#synced.resolve();
  }

  /** Returns when the server ended the watch or it was cut because it had gone silent. */
  async #watch(resourceVersion: string): Promise<void> {
    const { client, resource } = this.#options;
    const timeoutSeconds = this.#spread(WATCH_SECONDS.least, WATCH_SECONDS.most);
    const watchdog = new Watchdog(this.#clock, this.#stopping.signal, {
      silence: this.#options.silence ?? SILENCE,
      whole: timeoutSeconds * 1_000 + GRACE,
    });
    const started = this.#clock.now();
    let events = 0;
    try {
      const options = this.#callOptions(watchdog.signal);
      for await (const event of client.watch(resource, { resourceVersion, timeoutSeconds }, options)) {
        watchdog.heard();
        if (events > 0 || !isStart(event, resourceVersion)) events++;
        this.#take(event, events);
      }
    } catch (error) {
      if (!watchdog.hasCut) throw error;
    } finally {
      watchdog.stop();
    }
    if (watchdog.hasCut && events === 0) this.#countSilentCut();
    else if (!watchdog.hasCut) this.#ended(events, this.#clock.now() - started);
  }

  #take({ type, object }: WatchEvent<T>, events: number): void {
    if (type === 'DELETED') this.#store.drop(object);
    else if (type !== 'BOOKMARK') this.#store.put(this.#transform(object));
    this.#version = object.metadata.resourceVersion;
    this.#lastContact = this.#clock.now();
    if (events > 0) this.#makesProgress();
  }

  #makesProgress(): void {
    this.#failures = 0;
    this.#silentCuts = 0;
  }

  #ended(events: number, milliseconds: number): void {
    if (events === 0 && milliseconds < TOO_SHORT && !this.#stopping.signal.aborted) {
      throw new Error(`a watch of ${this.#options.resource.plural} ended as soon as it began`);
    }
    this.#lastContact = this.#clock.now();
    this.#makesProgress();
  }

  /** A server that has gone back in time has nothing to say from our version on. */
  #countSilentCut(): void {
    this.#silentCuts++;
    if (this.#silentCuts >= SILENT_CUTS_UNTIL_LIST) this.#version = undefined;
  }

  async #recover(error: unknown): Promise<void> {
    this.#options.onError?.(error);
    this.#failures++;
    const expired = isApiError(error, 'expired');
    if (expired || this.#failures % FAILURES_UNTIL_LIST === 0) this.#version = undefined;
    if (expired && this.#failures === 1) return;
    const asked = (isApiError(error) ? (error.retryAfterSeconds ?? 0) : 0) * 1_000;
    const longest = Math.min(BACKOFF.most, BACKOFF.first * 2 ** (this.#failures - 1));
    const wait = Math.max(this.#spread(longest / 2, longest), Math.min(asked, BACKOFF.mostAskedFor));
    await sleep(this.#clock, wait, this.#stopping.signal);
  }

  #callOptions(signal: AbortSignal): { signal: AbortSignal; namespace?: string } {
    const { namespace } = this.#options;
    return namespace === undefined ? { signal } : { signal, namespace };
  }

  #spread(least: number, most: number): number {
    return Math.round(least + this.#random() * (most - least));
  }
}

/** That the server has taken up the watch, and nothing more (connection.ts). */
function isStart<T extends KubeObject>({ type, object }: WatchEvent<T>, resourceVersion: string): boolean {
  return type === 'BOOKMARK' && object.metadata.resourceVersion === resourceVersion;
}

/** They are half of most objects, and nobody here reads them. */
function withoutManagedFields<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata as ObjectMeta & { managedFields?: unknown };
  return { ...object, metadata };
}
