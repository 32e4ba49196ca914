// A whole cluster as a value that a test tells in a few words, and the World that a plan is made from. It
// stands in for API server, OpenShift SDN and EC2 together: apply.ts lets actions happen to it, oracle.ts
// judges it.
import { AddressSet } from '../../../shared/address-set.ts';
import type { Allocation } from '../../../shared/allocation.ts';
import { listedIPs } from '../../../shared/annotation.ts';
import { type Pool, parseEgressIPAMs } from '../../../shared/egressipam.ts';
import type { HostInterface, Inventory } from '../../../shared/inventory.ts';
import {
  type Cidr,
  contains,
  type IPv4,
  parseCidr,
  parseIPv4,
  type Range,
  toIPv4,
} from '../../../shared/ip.ts';
import type { EgressIPAMObject } from '../../../shared/kinds.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION } from '../../../shared/names.ts';
import type { BreakerLimits } from '../../../shared/plan/world.ts';
import {
  type ClaimAge,
  DEFAULT_TIMING,
  type EgressIPAMFact,
  type HostSubnetFact,
  type NamespaceFact,
  type NetNamespaceFact,
  type NodeFact,
  type World,
} from '../../../shared/plan/world.ts';
import { foreignIn } from '../../../shared/published.ts';
import { UsableAddresses } from '../../../shared/usable.ts';

export const ZONE_LABEL = 'topology.kubernetes.io/zone';

export interface NodeState {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly cordoned: boolean;
  /** Undefined while it is Ready. */
  readonly notReadySince: number | undefined;
}

/** A network interface, of a node or of anything else. */
export interface Interface {
  readonly id: string;
  /** Whose device-0 interface it is. */
  readonly node: string | undefined;
  readonly subnet: Cidr;
  readonly primary: IPv4;
  readonly secondary: ReadonlySet<IPv4>;
  readonly slots: number;
}

export interface Sighting {
  readonly uid: string;
  readonly claim: string;
  readonly seenSince: number;
  readonly unlistedSince: number | undefined;
}

/**
 * Everything there is. The maps are written by apply.ts and by what histories let happen; their values never
 * are.
 */
export interface Cluster {
  readonly cloud: World['cloud'];
  /** Milliseconds, of every clock. */
  now: number;
  /** The last resourceVersion. */
  version: number;
  readonly egressIPAMs: Map<string, EgressIPAMObject>;
  readonly namespaces: Map<string, NamespaceFact>;
  readonly nodes: Map<string, NodeState>;
  readonly hostSubnets: Map<string, HostSubnetFact>;
  readonly netNamespaces: Map<string, NetNamespaceFact>;
  readonly allocations: Map<IPv4, Allocation>;
  readonly sightings: Map<IPv4, Sighting>;
  readonly interfaces: Map<string, Interface>;
  /** Addresses that somebody has put somewhere, or taken off, by hand. */
  readonly meddledWith: Set<IPv4>;
  /** Nodes that EC2 does not tell anything about; undefined: EC2 was never read. */
  unread: ReadonlySet<string> | undefined;
  /** Milliseconds since EC2 was read last. */
  inventoryAge: number;
  /** Absent: the defaults. */
  breaker?: BreakerLimits;
}

export function copyOf(cluster: Cluster): Cluster {
  return {
    ...cluster,
    egressIPAMs: new Map(cluster.egressIPAMs),
    namespaces: new Map(cluster.namespaces),
    nodes: new Map(cluster.nodes),
    hostSubnets: new Map(cluster.hostSubnets),
    netNamespaces: new Map(cluster.netNamespaces),
    allocations: new Map(cluster.allocations),
    sightings: new Map(cluster.sightings),
    interfaces: new Map(cluster.interfaces),
    meddledWith: new Set(cluster.meddledWith),
  };
}

/** An address written in a test. */
export function ip(text: string): IPv4 {
  const value = parseIPv4(text);
  if (value === undefined) throw new TypeError(`${text} is no address`);
  return value;
}

/** A CIDR written in a test. */
export function cidr(text: string): Cidr {
  const value = parseCidr(text);
  if (typeof value === 'string') throw new TypeError(value);
  return value;
}

export function addressesIn(texts: readonly string[]): ReadonlySet<IPv4> {
  return new Set(texts.flatMap((text) => parseIPv4(text) ?? []));
}

/** The namespace with these annotations; `egressIPAM` undefined: not opted in. */
export function namespaceFact(
  base: Pick<NamespaceFact, 'name' | 'uid' | 'terminating'>,
  egressIPAM: string | undefined,
  text: string | undefined,
  resourceVersion: string,
): NamespaceFact {
  const annotations = {
    ...(egressIPAM === undefined ? {} : { [EGRESSIPAM_ANNOTATION]: egressIPAM }),
    ...(text === undefined ? {} : { [EGRESSIPS_ANNOTATION]: text }),
  };
  const listed = new Set(
    listedIPs({ metadata: { name: base.name, uid: base.uid, resourceVersion, annotations } }),
  );
  return { ...base, resourceVersion, egressIPAM, text, listed };
}

/** What a plan is made from, as the cluster stands now. */
export function worldOf(cluster: Cluster, busy: ReadonlySet<IPv4> = new Set()): World {
  const egressIPAMs = parseEgressIPAMs(cluster.egressIPAMs.values());
  const inventory = inventoryOf(cluster);
  const world = {
    cloud: cluster.cloud,
    wallClock: cluster.now,
    egressIPAMs,
    egressIPAMFacts: new Map(
      [...cluster.egressIPAMs].map(([name, object]) => [name, egressIPAMFact(object)]),
    ),
    namespaces: new Map(cluster.namespaces),
    nodes: new Map([...cluster.nodes].map(([name, node]) => [name, nodeFact(node, cluster.now)])),
    hostSubnets: new Map(cluster.hostSubnets),
    netNamespaces: new Map(cluster.netNamespaces),
    allocations: new Map(cluster.allocations),
    claimAges: new Map([...cluster.sightings].map(([at, it]) => [at, claimAge(it, cluster.now)])),
    inventory,
    nodeOfInterface: new Map(
      [...(inventory?.hosts.values() ?? [])].map((host) => [host.interfaceId, host.node]),
    ),
    inventoryAge: inventory === undefined ? Number.POSITIVE_INFINITY : cluster.inventoryAge,
    busy,
    promised: new Map(),
    platformAssignments: assignmentsIn(cluster),
    timing: DEFAULT_TIMING,
    ...(cluster.breaker === undefined ? {} : { breaker: cluster.breaker }),
  };
  const taken = takenIn(cluster);
  return { ...world, usable: usableIn(cluster, egressIPAMs.valid, inventory), taken };
}

function nodeFact(node: NodeState, now: number): NodeFact {
  const { name, labels, cordoned, notReadySince } = node;
  const ready = notReadySince === undefined;
  return { name, labels, cordoned, ready, notReadyFor: ready ? 0 : now - notReadySince };
}

function claimAge({ seenSince, unlistedSince }: Sighting, now: number): ClaimAge {
  return { seenFor: now - seenSince, unlistedFor: unlistedSince === undefined ? 0 : now - unlistedSince };
}

function egressIPAMFact({ metadata, status }: EgressIPAMObject): EgressIPAMFact {
  return {
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    generation: metadata.generation ?? 0,
    deleting: metadata.deletionTimestamp !== undefined,
    finalizers: metadata.finalizers ?? [],
    publishedCIDRs: status?.cidrs?.map((it) => it.CIDR) ?? [],
  };
}

function inventoryOf(cluster: Cluster): Inventory | undefined {
  const unread = cluster.unread ?? (cluster.cloud === 'platform' ? new Set<string>() : undefined);
  if (cluster.cloud === 'none' || unread === undefined) return undefined;
  const hosts = new Map<string, HostInterface>();
  const holders = new Map<IPv4, string>();
  const subnets = new Map<IPv4, Cidr>();
  const shown = cluster.cloud === 'platform' ? annotated(cluster, unread) : [...cluster.interfaces.values()];
  for (const { id, node, subnet, primary, secondary, slots } of shown) {
    subnets.set(subnet.first, subnet);
    if (cluster.cloud === 'aws') holders.set(primary, id);
    for (const address of secondary) holders.set(address, id);
    if (node === undefined || !cluster.nodes.has(node) || unread.has(node)) continue;
    const inOrder = [...secondary].sort((a, b) => a - b);
    hosts.set(node, {
      node,
      interfaceId: id,
      subnetId: `subnet-${subnet.first}`,
      subnet,
      primary,
      slots,
      secondary: inOrder,
    });
  }
  const read = [...subnets.values()];
  const unknownNodes = new Map(
    [...unread].filter((name) => cluster.nodes.has(name)).map((name) => [name, 'no answer']),
  );
  return {
    hosts,
    unknownNodes,
    holders,
    kept: read.flatMap(keptIn),
    subnets: read,
    reservations: [],
    observedAt: 0,
  };
}

/** Where the platform assigns, all that is known is what it says of nodes, and what their HostSubnets host. */
function annotated(cluster: Cluster, unread: ReadonlySet<string>): Interface[] {
  return [...cluster.interfaces.values()].flatMap((it) => {
    if (it.node === undefined || !cluster.nodes.has(it.node) || unread.has(it.node)) return [];
    return [{ ...it, secondary: cluster.hostSubnets.get(it.node)?.ips ?? new Set<IPv4>() }];
  });
}

/** The platform assigns at once what a HostSubnet and a NetNamespace name. */
function assignmentsIn({ cloud, hostSubnets, netNamespaces }: Cluster): World['platformAssignments'] {
  const hosted = cloud === 'platform' ? [...hostSubnets.values()].flatMap(({ ips }) => [...ips]) : [];
  const isUsed = (address: IPv4) => [...netNamespaces.values()].some(({ ips }) => ips.has(address));
  return new Map(hosted.map((address) => [address, { isAssigned: isUsed(address), refusal: undefined }]));
}

/** The first four addresses of a subnet and its last. */
function keptIn({ first, last }: Cidr): Range[] {
  return [
    { first, last: toIPv4(first + 3) },
    { first: last, last },
  ];
}

function usableIn(
  cluster: Cluster,
  valid: World['egressIPAMs']['valid'],
  inventory: Inventory | undefined,
): Map<Pool, UsableAddresses> {
  const hostIPs = new Map(
    [...cluster.hostSubnets.values()].flatMap((it) =>
      it.hostIP === undefined ? [] : [[it.hostIP, it.node] as const],
    ),
  );
  const isOurs = (address: IPv4) => {
    const allocation = cluster.allocations.get(address);
    return allocation !== undefined && (allocation.ours || allocation.phase === 'Resting');
  };
  const usable = new Map<Pool, UsableAddresses>();
  for (const { pools } of valid.values()) {
    for (const pool of pools) {
      const inUse = inventory === undefined ? [] : foreignIn(pool.cidr, inventory, isOurs);
      usable.set(pool, new UsableAddresses(pool, { hostIPs, inUse }));
    }
  }
  return usable;
}

function takenIn(cluster: Cluster): AddressSet {
  const taken = new AddressSet();
  const objects = [...cluster.netNamespaces.values(), ...cluster.hostSubnets.values()];
  for (const address of cluster.allocations.keys()) taken.add(address);
  for (const { listed } of cluster.namespaces.values()) for (const address of listed) taken.add(address);
  for (const { ips } of objects) for (const address of ips) taken.add(address);
  return taken;
}

/** Who has the address in EC2. */
export function holderOf(cluster: Cluster, address: IPv4): Interface | undefined {
  for (const it of cluster.interfaces.values()) {
    if (it.primary === address || it.secondary.has(address)) return it;
  }
  return undefined;
}

export function isInside(subnet: Cidr, address: IPv4): boolean {
  return contains(subnet, address);
}
