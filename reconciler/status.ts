// Writes what shared/status.ts works out, at most a few times a second and only when it differs from what is stored.
import { isDeepStrictEqual } from 'node:util';
import type { EgressIPAMObject, EgressIPAMStatus } from '../shared/kinds.ts';
import type { KubeClient } from '../shared/kube/client.ts';
import { EGRESSIPAMS } from '../shared/kube/resources.ts';
import type { Plan } from '../shared/plan/plan.ts';
import type { World } from '../shared/plan/world.ts';
import type { Clock } from '../shared/process/clock.ts';
import { statusOf } from '../shared/status.ts';
import type { Caches } from './caches.ts';

export interface StatusWriterOptions {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly clock: Clock;
  readonly wallClock: () => Date;
  readonly onError: (error: unknown) => void;
}

const PAUSE = 300;
const PAUSE_AFTER_ERROR = 2_000;

export class StatusWriter {
  readonly #options: StatusWriterOptions;
  #latest: { readonly world: World; readonly plan: Plan } | undefined;
  #cancel: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** Takes note of a new view; it is written soon, together with whatever comes until then. */
  update(plan: Plan, world: World): void {
    this.#latest = { plan, world };
    this.#schedule(PAUSE);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#writing;
  }

  #schedule(delay: number): void {
    if (this.#stopped || this.#cancel !== undefined) return;
    this.#cancel = this.#options.clock.after(delay, () => {
      this.#writing = this.#write().finally(() => {
        this.#cancel = undefined;
        if (this.#latest !== undefined) this.#schedule(PAUSE_AFTER_ERROR);
      });
    });
  }

  async #write(): Promise<void> {
    const { caches, wallClock, onError } = this.#options;
    const latest = this.#latest;
    if (latest === undefined) return;
    this.#latest = undefined;
    const now = `${wallClock().toISOString().slice(0, 19)}Z`;
    for (const object of caches.egressIPAMs.store.values()) {
      const status = statusOf(object, latest.world, latest.plan, now);
      if (isDeepStrictEqual(object.status ?? {}, status)) continue;
      try {
        await this.#patch(object, status);
      } catch (error) {
        this.#latest ??= latest;
        onError(error);
      }
    }
  }

  async #patch(object: EgressIPAMObject, status: EgressIPAMStatus): Promise<void> {
    const { client, caches } = this.#options;
    const { name, resourceVersion } = object.metadata;
    const patch = { metadata: { resourceVersion }, status };
    const reply = await client.patch(EGRESSIPAMS, name, 'application/merge-patch+json', patch, {
      subresource: 'status',
    });
    caches.egressIPAMs.upsert(reply);
  }
}
