// The reconciler's copies of what the API server holds. Replies to our own writes go in at once, so that a plan is never
// made from a view older than what this process itself has done.

import type { KubeObject, NodeObject } from '../shared/kinds.ts';
import type { KubeClient } from '../shared/kube/client.ts';
import { Reflector } from '../shared/kube/reflector.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  HOST_SUBNETS,
  NAMESPACES,
  NET_NAMESPACES,
  NODES,
  type Resource,
} from '../shared/kube/resources.ts';
import {
  slimAllocation,
  slimHostSubnet,
  slimMetadata,
  slimNamespace,
  slimNetNamespace,
} from '../shared/kube/slim.ts';
import type { Clock } from '../shared/process/clock.ts';
import { allocationFact, egressIPAMFact, namespaceFact, netNamespaceFact, nodeFact } from './facts.ts';
import { EGRESS_IPCONFIG_ANNOTATION } from './platform.ts';
import { CLOUD_PRIVATE_IP_CONFIGS, type CloudPrivateIPConfigObject } from './platform-assigns/resource.ts';

export interface CachesOptions {
  readonly client: KubeClient;
  readonly platform: 'assigns' | 'does not assign';
  readonly clock: Clock;
  /**
   * Called when something that a plan could depend on has changed; heartbeats do not count. Not before all kinds have been
   * listed: until then what a cache does not have is unknown, not absent.
   */
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
}

export class Caches {
  readonly namespaces;
  readonly nodes;
  readonly netNamespaces;
  readonly hostSubnets;
  readonly egressIPAMs;
  readonly allocations;
  /** Only where the platform assigns. */
  readonly platformConfigs: Reflector<CloudPrivateIPConfigObject> | undefined;
  readonly #all: readonly Reflector<KubeObject>[];

  constructor({ client, platform, clock, onChange, onError }: CachesOptions) {
    const reflect = <T extends KubeObject>(
      resource: Resource<T>,
      relevant: (object: T) => unknown,
      transform?: (object: T) => T,
    ): Reflector<T> => {
      const slim = transform === undefined ? {} : { transform };
      const reflector = new Reflector<T>({ client, resource, clock, onError, ...slim });
      reflector.onChange((_key, object, previous) => {
        const isSame =
          object !== undefined && previous !== undefined && same(relevant(object), relevant(previous));
        if (!isSame && this.hasSynced) onChange();
      });
      return reflector;
    };
    this.namespaces = reflect(
      NAMESPACES,
      (object) => withoutVersion(namespaceFact(object), [...namespaceFact(object).listed]),
      slimNamespace,
    );
    this.nodes = reflect(
      NODES,
      (object) => [
        nodeFact(object),
        object.spec?.providerID,
        object.metadata.annotations?.[EGRESS_IPCONFIG_ANNOTATION],
      ],
      slimNode,
    );
    this.netNamespaces = reflect(
      NET_NAMESPACES,
      (object) => netNamespaceFact(object).egressIPs,
      slimNetNamespace,
    );
    this.hostSubnets = reflect(
      HOST_SUBNETS,
      (object) => [object.hostIP, object.egressIPs, object.egressCIDRs],
      slimHostSubnet,
    );
    this.egressIPAMs = reflect(EGRESSIPAMS, (object) => [
      withoutVersion(egressIPAMFact(object), []),
      object.spec,
      object.metadata.annotations,
    ]);
    this.allocations = reflect(ALLOCATIONS, (object) => allocationFact(object), slimAllocation);
    this.platformConfigs =
      platform === 'assigns' ? reflect(CLOUD_PRIVATE_IP_CONFIGS, (object) => object.status) : undefined;
    this.#all = [
      this.namespaces,
      this.nodes,
      this.netNamespaces,
      this.hostSubnets,
      this.egressIPAMs,
      this.allocations,
      ...(this.platformConfigs === undefined ? [] : [this.platformConfigs]),
    ] as unknown as Reflector<KubeObject>[];
  }

  async start(): Promise<void> {
    for (const reflector of this.#all) reflector.start();
    await Promise.all(this.#all.map((reflector) => reflector.synced));
  }

  get hasSynced(): boolean {
    return this.#all.every((reflector) => reflector.hasSynced);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map((reflector) => reflector.stop()));
  }
}

/** Without the images and volumes that a kubelet reports, which are most of a node. */
function slimNode({ metadata, spec = {}, status }: NodeObject): NodeObject {
  const { labels = {} } = metadata;
  const { providerID, unschedulable } = spec;
  const ready = status?.conditions?.filter(({ type }) => type === 'Ready') ?? [];
  return {
    metadata: { ...slimMetadata(metadata, [EGRESS_IPCONFIG_ANNOTATION]), labels },
    spec: {
      ...(providerID === undefined ? {} : { providerID }),
      ...(unschedulable === undefined ? {} : { unschedulable }),
    },
    status: { conditions: ready.map(({ type, status: state }) => ({ type, status: state })) },
  };
}

function withoutVersion(fact: { readonly resourceVersion: string }, rest: readonly unknown[]): unknown {
  const { resourceVersion: _version, ...others } = fact;
  return [others, ...rest];
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
