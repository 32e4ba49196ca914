// Where does the view get its knowledge? One reflector per kind, and the leader's Lease, which is read by name because
// the webhook may read no other. Says when any of it is not to be relied on.
import type {
  AllocationObject,
  EgressIPAMObject,
  HostSubnetObject,
  KubeObject,
  NamespaceObject,
  NetNamespaceObject,
} from '../shared/kinds.ts';
import type { KubeClient } from '../shared/kube/client.ts';
import { Reflector } from '../shared/kube/reflector.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  HOST_SUBNETS,
  LEASES,
  NAMESPACES,
  NET_NAMESPACES,
  type Resource,
} from '../shared/kube/resources.ts';
import { slimAllocation, slimHostSubnet, slimNamespace, slimNetNamespace } from '../shared/kube/slim.ts';
import { RECONCILER_LEASE } from '../shared/names.ts';
import { type Clock, sleep } from '../shared/process/clock.ts';
import { ObservedTimes } from './observed.ts';
import type { View } from './view.ts';

export interface CacheOptions {
  readonly client: Pick<KubeClient, 'get' | 'list' | 'watch'>;
  readonly clock: Clock;
  /** Where the leader's Lease is. */
  readonly namespace: string;
  readonly onError: (error: unknown, what: string) => void;
}

/** Bookmarks come once a minute; two of them missing in a row is too much. */
const LONGEST_SILENCE = 150_000;
/** Milliseconds between looks at the Lease: less while it is not known how old it is, and while somebody waits for it. */
const LEASE_INTERVAL = { usual: 5_000, urgent: 500 };

export class Caches {
  readonly observed: ObservedTimes;
  readonly #options: CacheOptions;
  readonly #egressIPAMs: Reflector<EgressIPAMObject>;
  readonly #allocations: Reflector<AllocationObject>;
  readonly #namespaces: Reflector<NamespaceObject>;
  readonly #netNamespaces: Reflector<NetNamespaceObject>;
  readonly #hostSubnets: Reflector<HostSubnetObject>;
  readonly #all: readonly (readonly [what: string, reflector: Reflector<never>])[];
  readonly #stopping = new AbortController();
  #lease: Promise<void> | undefined;

  constructor(options: CacheOptions) {
    this.#options = options;
    this.observed = new ObservedTimes(() => options.clock.now());
    this.#egressIPAMs = this.#reflector(EGRESSIPAMS);
    this.#allocations = this.#reflector(ALLOCATIONS, slimAllocation);
    this.#namespaces = this.#reflector(NAMESPACES, slimNamespace);
    this.#netNamespaces = this.#reflector(NET_NAMESPACES, slimNetNamespace);
    this.#hostSubnets = this.#reflector(HOST_SUBNETS, slimHostSubnet);
    this.#all = [
      ['EgressIPAMs', this.#egressIPAMs],
      ['EgressIPAllocations', this.#allocations],
      ['namespaces', this.#namespaces],
      ['NetNamespaces', this.#netNamespaces],
      ['HostSubnets', this.#hostSubnets],
    ] as unknown as readonly (readonly [string, Reflector<never>])[];
  }

  /** Lists and watches from now on; `view` is told of everything. */
  start(view: View): void {
    this.#egressIPAMs.onChange((name, object) => view.egressIPAMChanged(name, object));
    this.#allocations.onChange((name, object) => view.allocationChanged(name, object));
    this.#namespaces.onChange((name, object, previous) => view.namespaceChanged(name, object, previous));
    this.#netNamespaces.onChange((name, object) => view.netNamespaceChanged(name, object));
    this.#hostSubnets.onChange((name, object) => view.hostSubnetChanged(name, object));
    for (const [, reflector] of this.#all) reflector.start();
    this.#lease ??= this.#followLease(view);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([this.#lease, ...this.#all.map(([, reflector]) => reflector.stop())]);
  }

  /** Own writes, and what was read live. */
  allocationSeen(object: AllocationObject): void {
    this.#allocations.upsert(object);
  }

  egressIPAMSeen(object: EgressIPAMObject): void {
    this.#egressIPAMs.upsert(object);
  }

  /** Why the caches are not to be relied on; undefined when they are. */
  outOfTouch(): string | undefined {
    const now = this.#options.clock.now();
    for (const [what, reflector] of this.#all) {
      if (!reflector.hasSynced) return `the webhook has not read all ${what} yet; try again in a moment`;
      const silence = now - reflector.lastContact;
      if (silence > LONGEST_SILENCE) {
        return `the webhook has heard nothing of ${what} for ${Math.round(silence / 1_000)} s; try again in a moment`;
      }
    }
    return undefined;
  }

  /** What was not read completely even once; undefined when there is nothing. */
  whyNotSynced(): string | undefined {
    const missing = this.#all.filter(([, reflector]) => !reflector.hasSynced).map(([what]) => what);
    return missing.length === 0 ? undefined : `not read yet: ${missing.join(', ')}`;
  }

  /** Milliseconds since each cache last heard of the API server. */
  *silences(): Generator<readonly [cache: string, milliseconds: number]> {
    for (const [what, reflector] of this.#all) {
      yield [what, this.#options.clock.now() - reflector.lastContact];
    }
  }

  #reflector<T extends KubeObject>(resource: Resource<T>, transform?: (object: T) => T): Reflector<T> {
    const { client, clock, onError } = this.#options;
    return new Reflector({
      client,
      resource,
      clock,
      onError: (error) => onError(error, resource.plural),
      ...(transform === undefined ? {} : { transform }),
    });
  }

  async #followLease(view: View): Promise<void> {
    const { client, clock, namespace, onError } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const sentAt = clock.now();
      try {
        const lease = await client.get(LEASES, RECONCILER_LEASE, { namespace, signal });
        this.observed.seen(lease, sentAt);
        view.wake();
      } catch (error) {
        if (!signal.aborted) onError(error, 'leases');
      }
      const due = clock.now() + LEASE_INTERVAL.usual;
      do await sleep(clock, LEASE_INTERVAL.urgent, signal);
      while (this.observed.isKnown && !view.isAwaited && clock.now() < due && !signal.aborted);
    }
  }
}
