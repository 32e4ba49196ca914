// What OpenShift SDN has to do so that every namespace has its NetNamespace, every node its HostSubnet, and automatic
// mode its IPs: a pure function from what there is to actions. sdn.ts carries them out, and looks again.
import type {
  HostSubnetObject,
  NamespaceObject,
  NetNamespaceObject,
  NodeObject,
} from '../../../shared/kinds.ts';
import { address, formatAddress } from '../ipv4.ts';
import { placeAutomatically } from './automatic.ts';

export interface ClusterView {
  readonly namespaces: readonly NamespaceObject[];
  readonly nodes: readonly NodeObject[];
  readonly netNamespaces: readonly NetNamespaceObject[];
  readonly hostSubnets: readonly HostSubnetObject[];
  readonly capacity?: ReadonlyMap<string, number>;
}

export type Upkeep =
  | { readonly kind: 'createNetNamespace'; readonly name: string; readonly netid: number }
  | { readonly kind: 'deleteNetNamespace'; readonly name: string; readonly uid: string }
  | {
      readonly kind: 'createHostSubnet';
      readonly name: string;
      readonly hostIP: string;
      readonly subnet: string;
    }
  | { readonly kind: 'deleteHostSubnet'; readonly name: string; readonly uid: string }
  | {
      readonly kind: 'patchHostSubnet';
      readonly name: string;
      readonly resourceVersion: string;
      readonly change: { readonly hostIP?: string; readonly egressIPs?: readonly string[] };
    };

/** Net ids below are the platform's own. */
const FIRST_NETID = 10;
/** Reaches every network, and is reached from every one. */
const GLOBAL_NETID = 0;
const GLOBAL_NAMESPACE = 'default';
/** Pods' addresses: one /23 per node from here. */
const CLUSTER_NETWORK = address('10.128.0.0');
const SUBNET_SIZE = 512;

export function upkeep(view: ClusterView): Upkeep[] {
  return [...netNamespaceUpkeep(view, highestNetid(view.netNamespaces)), ...nodeUpkeep(view)];
}

/** HostSubnets, and what they have in automatic mode. */
export function nodeUpkeep(view: Omit<ClusterView, 'namespaces'>): Upkeep[] {
  return [...hostSubnetUpkeep(view), ...automaticUpkeep(view)];
}

/** Of these NetNamespaces and the platform itself. */
export function highestNetid(netNamespaces: Iterable<NetNamespaceObject>): number {
  let highest = FIRST_NETID - 1;
  for (const { netid } of netNamespaces) highest = Math.max(highest, netid);
  return highest;
}

/** Nodes whose Ready condition is not True: they do not answer. */
export function offlineNodes(nodes: readonly NodeObject[]): Set<string> {
  const offline = nodes.filter((node) =>
    node.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status !== 'True'),
  );
  return new Set(offline.map((node) => node.metadata.name));
}

/** Of the namespaces and NetNamespaces given, which may be some of all; ids begin above `highest`. */
export function netNamespaceUpkeep(
  { namespaces, netNamespaces }: Pick<ClusterView, 'namespaces' | 'netNamespaces'>,
  highest: number,
): Upkeep[] {
  const wanted = new Set(namespaces.map((it) => it.metadata.name));
  const existing = new Set(netNamespaces.map((it) => it.metadata.name));
  const missing = [...wanted].filter((name) => !existing.has(name)).sort();
  return [
    ...missing.map((name, i): Upkeep => {
      const netid = name === GLOBAL_NAMESPACE ? GLOBAL_NETID : highest + 1 + i;
      return { kind: 'createNetNamespace', name, netid };
    }),
    ...netNamespaces
      .filter((it) => !wanted.has(it.metadata.name))
      .map(({ metadata: { name, uid } }): Upkeep => ({ kind: 'deleteNetNamespace', name, uid })),
  ];
}

function hostSubnetUpkeep({ nodes, hostSubnets }: Pick<ClusterView, 'nodes' | 'hostSubnets'>): Upkeep[] {
  const existing = new Map(hostSubnets.map((it) => [it.metadata.name, it]));
  const names = new Set(nodes.map((node) => node.metadata.name));
  const subnets = freeSubnets(hostSubnets);
  const actions: Upkeep[] = nodes.flatMap((node): Upkeep[] => {
    const { name } = node.metadata;
    const hostIP = node.status?.addresses?.find((it) => it.type === 'InternalIP')?.address;
    if (hostIP === undefined) return [];
    const own = existing.get(name);
    if (own === undefined) return [{ kind: 'createHostSubnet', name, hostIP, subnet: subnets.next().value }];
    if (own.hostIP === hostIP) return [];
    const { resourceVersion } = own.metadata;
    return [{ kind: 'patchHostSubnet', name, resourceVersion, change: { hostIP } }];
  });
  const gone = hostSubnets.filter((it) => !names.has(it.metadata.name));
  const removals = gone.map(
    ({ metadata: { name, uid } }) => ({ kind: 'deleteHostSubnet', name, uid }) as const,
  );
  return [...actions, ...removals];
}

function* freeSubnets(hostSubnets: readonly HostSubnetObject[]): Generator<string, never> {
  const taken = new Set(hostSubnets.map((it) => it.subnet));
  for (let first = CLUSTER_NETWORK; ; first += SUBNET_SIZE) {
    const subnet = `${formatAddress(first)}/23`;
    if (!taken.has(subnet)) yield subnet;
  }
}

function automaticUpkeep(view: Omit<ClusterView, 'namespaces'>): Upkeep[] {
  const automatic = view.hostSubnets.filter((it) => (it.egressCIDRs?.length ?? 0) > 0);
  if (automatic.length === 0) return [];
  const placement = placeAutomatically({ ...view, offline: offlineNodes(view.nodes) });
  return automatic.flatMap((it): Upkeep[] => {
    const egressIPs = placement.get(it.metadata.name) ?? [];
    if (sameIPs(egressIPs, it.egressIPs ?? [])) return [];
    const { name, resourceVersion } = it.metadata;
    return [{ kind: 'patchHostSubnet', name, resourceVersion, change: { egressIPs } }];
  });
}

function sameIPs(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && new Set([...a, ...b]).size === a.length;
}
