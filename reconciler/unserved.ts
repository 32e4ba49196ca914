// On a cloud that we know by name and cannot serve: says so on every EgressIPAM, in a condition, once, and does nothing else.
// A process that only ended would be started again and again, and would tell nobody but a log.
import type { Condition, EgressIPAMObject } from '../shared/kinds.ts';
import type { KubeClient } from '../shared/kube/client.ts';
import { Reflector } from '../shared/kube/reflector.ts';
import { EGRESSIPAMS } from '../shared/kube/resources.ts';
import type { Clock } from '../shared/process/clock.ts';

export interface UnservedOptions {
  readonly client: KubeClient;
  /** Why, and what would work; for people. */
  readonly message: string;
  readonly clock: Clock;
  readonly wallClock: () => Date;
  readonly onError: (error: unknown) => void;
}

const PAUSE_AFTER_ERROR = 5_000;

export class Unserved {
  readonly #options: UnservedOptions;
  readonly #reflector: Reflector<EgressIPAMObject>;
  #telling: Promise<void> = Promise.resolve();
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(options: UnservedOptions) {
    this.#options = options;
    const { client, clock, onError } = options;
    this.#reflector = new Reflector({ client, resource: EGRESSIPAMS, clock, onError });
    this.#reflector.onChange(() => this.#tellAll());
  }

  start(): void {
    this.#reflector.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await Promise.all([this.#reflector.stop(), this.#telling]);
  }

  #tellAll(): void {
    this.#telling = this.#telling.then(async () => {
      for (const object of [...this.#reflector.store.values()]) await this.#tell(object);
    });
  }

  async #tell(object: EgressIPAMObject): Promise<void> {
    const { client, clock, onError } = this.#options;
    const { name, resourceVersion } = object.metadata;
    const condition = this.#conditionOf(object);
    if (this.#stopped || condition === undefined) return;
    const patch = { metadata: { resourceVersion }, status: { conditions: [condition] } };
    try {
      const options = { subresource: 'status' } as const;
      this.#reflector.upsert(
        await client.patch(EGRESSIPAMS, name, 'application/merge-patch+json', patch, options),
      );
    } catch (error) {
      onError(error);
      this.#cancel?.();
      this.#cancel = clock.after(PAUSE_AFTER_ERROR, () => this.#tellAll());
    }
  }

  /** undefined when the object says it already. */
  #conditionOf({ metadata, status }: EgressIPAMObject): Condition | undefined {
    const { message, wallClock } = this.#options;
    const observedGeneration = metadata.generation ?? 0;
    const before = status?.conditions?.find(({ type }) => type === 'Ready');
    if (before?.message === message && before.observedGeneration === observedGeneration) return undefined;
    const now = `${wallClock().toISOString().slice(0, 19)}Z`;
    const lastTransitionTime = before?.status === 'False' ? before.lastTransitionTime : now;
    const reason = 'PlatformUnsupported';
    return { type: 'Ready', status: 'False', reason, message, observedGeneration, lastTransitionTime };
  }
}
