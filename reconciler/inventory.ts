// When is the cloud read? At the start, at every resync, when nodes come, go or fail, when a call went otherwise than the
// last look had led us to expect, and when that look is too old to go by; never because there are more namespaces.
import type { NodeObject } from '../shared/kinds.ts';
import type { Clock } from '../shared/process/clock.ts';
import type { Caches } from './caches.ts';
import type { Cloud, CloudNode } from './cloud.ts';
import { nodeFact } from './facts.ts';

export interface InventoryReaderOptions {
  readonly cloud: Cloud;
  readonly nodes: Caches['nodes'];
  /** Milliseconds. */
  readonly resync: number;
  readonly clock: Clock;
  readonly onRead: () => void;
  readonly onError: (error: unknown) => void;
}

/** Requests within this time are answered by one look. */
const PAUSE = 100;
/** The same for nodes that fail, which may be many, one after the other. */
const PAUSE_AFTER_FAILURE = 5_000;
const PAUSE_AFTER_ERROR = 2_000;

export class InventoryReader {
  readonly #options: InventoryReaderOptions;
  #cancel: (() => void) | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #reading: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: InventoryReaderOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.nodes.onChange((_key, object, previous) => {
      if (object?.spec?.providerID !== previous?.spec?.providerID) this.request();
      // Whether its instance is still there decides how soon its IPs move.
      else if (isReady(previous) && !isReady(object)) this.#schedule(PAUSE_AFTER_FAILURE);
    });
    this.#schedule(0);
  }

  /** Asks for a look soon. */
  request(): void {
    this.#schedule(PAUSE);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#reading;
  }

  #schedule(delay: number): void {
    const at = this.#options.clock.now() + delay;
    if (this.#stopped || at >= this.#dueAt) return;
    this.#dueAt = at;
    this.#cancel?.();
    this.#cancel = this.#options.clock.after(delay, () => {
      this.#dueAt = Number.POSITIVE_INFINITY;
      this.#reading = this.#read();
    });
  }

  async #read(): Promise<void> {
    const { cloud, nodes, resync, clock, onRead, onError } = this.#options;
    let next = resync;
    try {
      await cloud.refresh(cloudNodes(nodes.store.values()));
      onRead();
    } catch (error) {
      onError(error);
      next = PAUSE_AFTER_ERROR;
    }
    // A call without an answer is settled by the first look after the time by which it must have taken effect.
    for (const from of cloud.unsettled.values()) {
      const wait = from - clock.now() + 1;
      // This look was late enough and has not told: asking on and on would use up the calls of everybody else.
      next = Math.min(next, wait > 0 ? wait : PAUSE_AFTER_ERROR);
    }
    this.#schedule(next);
  }
}

/** What the cloud is asked about. */
export function cloudNodes(nodes: Iterable<NodeObject>): CloudNode[] {
  return Array.from(nodes, (node) => ({
    name: node.metadata.name,
    providerID: node.spec?.providerID,
    ready: isReady(node),
  }));
}

function isReady(node: NodeObject | undefined): boolean {
  return node !== undefined && nodeFact(node).ready;
}
