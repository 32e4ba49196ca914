// Everything that lives as long as one term of leadership. Caches, claim ages and plans start afresh with it: a view from
// before the term could be older than what the previous leader did last.
import type { KubeClient } from '../shared/kube/client.ts';
import { describe } from '../shared/plan/actions.ts';
import type { Timing, World } from '../shared/plan/world.ts';
import type { Clock } from '../shared/process/clock.ts';
import { isRead } from '../shared/published.ts';
import { Caches } from './caches.ts';
import type { Cloud } from './cloud.ts';
import { EventRecorder } from './events.ts';
import { Executor } from './execute.ts';
import { namespaceFact } from './facts.ts';
import { InventoryReader } from './inventory.ts';
import { leasedClient } from './leased-client.ts';
import { Loop } from './loop.ts';
import type { ReconcilerMetrics } from './metrics.ts';
import { Observer } from './observe.ts';
import { hasPlatformAnnotation } from './platform.ts';
import { StatusWriter } from './status.ts';

/** The few calls that a session makes on a log; pino fits. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

export interface SessionOptions {
  readonly client: KubeClient;
  /** Who puts IPs on interfaces. */
  readonly assigns: World['cloud'];
  /** On AWS, where we do. */
  readonly cloud: Cloud | undefined;
  readonly covers: (deadline: number) => boolean;
  readonly timing: Timing;
  readonly resync: number;
  /** Milliseconds; see LoopOptions. */
  readonly apiServerTimeout: number;
  readonly concurrency: number;
  readonly requestTimeout: number;
  readonly callTimeout: number;
  readonly identity: string;
  readonly metrics: ReconcilerMetrics;
  readonly log: Log;
  readonly clock: Clock;
  readonly wallClock: () => Date;
  /** The cloud has been looked at for EgressIPAMs for which it had not been before: tell the webhook soon. */
  readonly onFirstLook: () => void;
  /** A node says that the platform assigns; told where that was not so when this process began. */
  readonly onPlatformAssigns?: () => void;
}

/** The last time that all CIDRs of an EgressIPAM were read. */
interface Look {
  /** The object and its CIDRs, as they were. */
  readonly what: string;
  /** Monotonic milliseconds. */
  readonly at: number;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #caches: Caches;
  readonly #loop: Loop;
  readonly #inventory: InventoryReader | undefined;
  readonly #status: StatusWriter;
  readonly #events: EventRecorder;
  #world: World | undefined;
  #stopped = false;
  readonly #looks = new Map<string, Look>();

  constructor(options: SessionOptions) {
    this.#options = options;
    const { cloud, timing, clock, wallClock, log } = options;
    const client = leasedClient(options.client, options.covers, options.requestTimeout);
    const onError = (what: string) => (error: unknown) => log.warn({ err: error }, what);
    this.#caches = new Caches({
      client,
      platform: options.assigns === 'platform' ? 'assigns' : 'does not assign',
      clock,
      onChange: () => this.#loop.trigger(),
      onError: onError('watch failed'),
    });
    const caches = this.#caches;
    const observer = new Observer({
      caches,
      cloud: options.assigns,
      inventory: () => cloud?.inventory,
      timing,
      now: () => clock.now(),
      wallClock: () => wallClock().getTime(),
    });
    caches.namespaces.onChange((_key, object, previous) => {
      for (const namespace of [object, previous]) {
        if (namespace !== undefined) observer.listingChanged(namespaceFact(namespace).listed);
      }
    });
    const { onPlatformAssigns } = options;
    if (onPlatformAssigns !== undefined) {
      caches.nodes.onChange((_key, node) => {
        if (node !== undefined && hasPlatformAnnotation([node])) onPlatformAssigns();
      });
    }
    this.#inventory =
      cloud === undefined
        ? undefined
        : new InventoryReader({
            cloud,
            nodes: caches.nodes,
            resync: options.resync,
            clock,
            onRead: () => this.#loop.trigger(),
            onError: onError('EC2 could not be read'),
          });
    const executor = new Executor({
      client,
      caches,
      cloud,
      timeout: options.requestTimeout,
      wallClock,
      requestInventory: () => this.#inventory?.request(),
    });
    this.#status = new StatusWriter({
      client,
      caches,
      clock,
      wallClock,
      onError: onError('status could not be written'),
    });
    this.#events = new EventRecorder({
      client,
      identity: options.identity,
      assigns: options.assigns,
      uidOf: (kind, name) =>
        (kind === 'Namespace' ? caches.namespaces : caches.egressIPAMs).store.get(name)?.metadata.uid,
      wallClock,
      onError: onError('event could not be written'),
    });
    this.#loop = this.#makeLoop(observer, executor);
  }

  /** Resolves when the first pass may be made. */
  async start(): Promise<void> {
    this.#options.cloud?.startAfresh();
    await this.#caches.start();
    if (this.#stopped) return;
    this.#inventory?.start();
    this.#loop.trigger();
  }

  /** Resolves when nothing that this term began is under way any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop.stop();
    await Promise.all([
      this.#inventory?.stop(),
      this.#status.stop(),
      this.#events.stop(),
      this.#caches.stop(),
    ]);
  }

  /** When the cloud of each EgressIPAM was read last, monotonic milliseconds. */
  get lookedAt(): ReadonlyMap<string, number> {
    return new Map([...this.#looks].map(([name, { at }]) => [name, at]));
  }

  get world(): World | undefined {
    return this.#world;
  }

  /** Milliseconds by which the next pass is late. */
  overdue(): number {
    return this.#loop.overdue();
  }

  /**
   * An EgressIPAM counts as looked at when all of its CIDRs were read. Where they cannot be read this time, the last look
   * counts with its time, but only for the very CIDRs that it saw.
   */
  #noteLooks(world: World): void {
    const { inventory } = world;
    if (world.cloud !== 'aws' || inventory === undefined) return;
    let isFirst = false;
    for (const { name, pools } of world.egressIPAMs.valid.values()) {
      const what = [world.egressIPAMFacts.get(name)?.uid, ...pools.map((pool) => pool.name)].join(' ');
      const isKnown = this.#looks.get(name)?.what === what;
      if (pools.every((pool) => isRead(pool.cidr, inventory))) {
        isFirst ||= !isKnown;
        this.#looks.set(name, { what, at: inventory.observedAt });
      } else if (!isKnown) {
        this.#looks.delete(name);
      }
    }
    for (const name of this.#looks.keys()) {
      if (!world.egressIPAMs.valid.has(name)) this.#looks.delete(name);
    }
    if (isFirst) this.#options.onFirstLook();
  }

  #makeLoop(observer: Observer, executor: Executor): Loop {
    const { metrics, log, clock } = this.#options;
    let started = 0;
    return new Loop({
      observe: (busy, promised) => {
        started = clock.now();
        this.#world = observer.observe(busy, promised);
        return this.#world;
      },
      execute: (action) => executor.execute(action),
      cloud: this.#options.cloud,
      covers: this.#options.covers,
      requestTimeout: this.#options.requestTimeout,
      callTimeout: this.#options.callTimeout,
      apiServerTimeout: this.#options.apiServerTimeout,
      concurrency: this.#options.concurrency,
      clock,
      onPlan: (plan, world) => {
        metrics.pass((clock.now() - started) / 1000, plan);
        this.#noteLooks(world);
        if (plan.needsInventory) this.#inventory?.request();
        this.#status.update(plan, world);
        this.#events.troubles(plan.notices);
        this.#events.observed(world);
      },
      onAction: (action, result, error) => {
        metrics.action(action, result);
        if (result === 'done') {
          log.info({ action: action.kind }, describe(action));
          this.#events.done(action);
        } else if (result === 'stale' || result === 'delayed') {
          log.debug({ action: action.kind, result, err: error }, `planned anew: ${describe(action)}`);
        } else {
          log.warn({ action: action.kind, result, err: error }, `did not work: ${describe(action)}`);
          if (isOnCloud(action.kind)) this.#inventory?.request();
        }
      },
    });
  }
}

function isOnCloud(kind: string): boolean {
  return kind === 'assign' || kind === 'reassign' || kind === 'unassign';
}
