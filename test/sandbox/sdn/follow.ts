// Keeps a copy of one kind's objects up to date: list, then watch from there, and again whenever the watch ends. The
// stand-in has its own so that a fault in the product's reflector cannot blind the oracle, too.
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeObject } from '../../../shared/kinds.ts';
import type { KubeClient } from '../../../shared/kube/client.ts';
import { isApiError } from '../../../shared/kube/client.ts';
import type { Resource } from '../../../shared/kube/resources.ts';

export interface Change<T extends KubeObject> {
  readonly type: 'set' | 'deleted';
  readonly object: T;
}

export interface Followed<T extends KubeObject> {
  /** By name. */
  readonly objects: ReadonlyMap<string, T>;
  /** Puts an object in that the API server has just answered with, ahead of its watch event. */
  put(object: T): void;
}

const TIMEOUT_SECONDS = 300;
const PAUSE_MS = 200;

/** Resolves once the first list is there. `onChange` is called for each change, those of the first list included. */
export async function follow<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  signal: AbortSignal,
  onChange: (change: Change<T>) => void,
): Promise<Followed<T>> {
  const follower = new Follower(client, resource, signal, onChange);
  const from = await follower.list();
  // Runs until the signal; it does not reject.
  follower.run(from);
  return follower;
}

class Follower<T extends KubeObject> implements Followed<T> {
  readonly objects = new Map<string, T>();
  readonly #client: KubeClient;
  readonly #resource: Resource<T>;
  readonly #signal: AbortSignal;
  readonly #onChange: (change: Change<T>) => void;

  constructor(
    client: KubeClient,
    resource: Resource<T>,
    signal: AbortSignal,
    onChange: (change: Change<T>) => void,
  ) {
    this.#client = client;
    this.#resource = resource;
    this.#signal = signal;
    this.#onChange = onChange;
  }

  async list(): Promise<string> {
    const { items, resourceVersion } = await this.#client.list(this.#resource, { signal: this.#signal });
    const names = new Set(items.map((object) => object.metadata.name));
    for (const [name, object] of this.objects) if (!names.has(name)) this.#remove(object);
    for (const object of items) this.put(object);
    return resourceVersion;
  }

  async run(from: string): Promise<void> {
    let next: string | undefined = from;
    while (!this.#signal.aborted) {
      try {
        next = next === undefined ? await this.list() : await this.#watch(next);
      } catch (error) {
        if (this.#signal.aborted) return;
        next = undefined;
        if (!isApiError(error, 'expired')) await this.#pause();
      }
    }
  }

  put(object: T): void {
    const before = this.objects.get(object.metadata.name);
    if (before !== undefined && !isNewer(object, before)) return;
    this.objects.set(object.metadata.name, object);
    this.#onChange({ type: 'set', object });
  }

  #remove(object: T): void {
    this.objects.delete(object.metadata.name);
    this.#onChange({ type: 'deleted', object });
  }

  /** Until the server ends the watch; gives the version to go on from. */
  async #watch(from: string): Promise<string> {
    let resourceVersion = from;
    const events = this.#client.watch(
      this.#resource,
      { resourceVersion, timeoutSeconds: TIMEOUT_SECONDS },
      { signal: this.#signal },
    );
    for await (const { type, object } of events) {
      resourceVersion = object.metadata.resourceVersion;
      if (type === 'DELETED') this.#remove(object);
      else if (type !== 'BOOKMARK') this.put(object);
    }
    return resourceVersion;
  }

  async #pause(): Promise<void> {
    await delay(PAUSE_MS, undefined, { signal: this.#signal }).catch(() => undefined);
  }
}

/** Another object of the same name, or a later version. The sandbox's versions are numbers. */
function isNewer(object: KubeObject, before: KubeObject): boolean {
  if (object.metadata.uid !== before.metadata.uid) return true;
  return Number(object.metadata.resourceVersion) > Number(before.metadata.resourceVersion);
}
