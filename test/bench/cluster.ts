// A cluster of any size as API objects and an EC2 inventory, in memory: what the planner, the webhook's view and the
// allocator are measured on. Three zones, one CIDR each, the nodes and the namespaces' IPs spread evenly.
import type { HostInterface, Inventory } from '../../shared/inventory.ts';
import { type Cidr, formatCidr, formatIPv4, type IPv4, toIPv4 } from '../../shared/ip.ts';
import type {
  AllocationObject,
  EgressIPAMObject,
  HostSubnetObject,
  NamespaceObject,
  NetNamespaceObject,
  NodeObject,
} from '../../shared/kinds.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION, FINALIZER } from '../../shared/names.ts';

export interface Size {
  readonly namespaces: number;
  readonly nodes: number;
  /** `settled`: everything is in place; `claimed`: admitted a moment ago, nothing was done yet. */
  readonly state: 'settled' | 'claimed';
}

export interface Objects {
  readonly egressIPAMs: readonly EgressIPAMObject[];
  readonly namespaces: readonly NamespaceObject[];
  readonly nodes: readonly NodeObject[];
  readonly netNamespaces: readonly NetNamespaceObject[];
  readonly hostSubnets: readonly HostSubnetObject[];
  readonly allocations: readonly AllocationObject[];
  /** Observed at 0. */
  readonly inventory: Inventory;
}

export const EGRESSIPAM = 'bench';
const ZONES = ['zone-a', 'zone-b', 'zone-c'];
const ZONE_LABEL = 'topology.kubernetes.io/zone';
const SUBNET_SIZE = 2 ** 16;
const SLOTS = 49;
/** Within its subnet, where the namespaces' IPs begin; nodes are below. */
const FIRST_IP = 4_096;
const FIRST_NODE = 16;

/** `settled` unless said otherwise in `size`. */
export function makeCluster(size: Size): Objects {
  const settled = size.state === 'settled';
  const nodes = Array.from({ length: size.nodes }, (_, i) => nodeAt(i, size.nodes));
  const perZone = Math.ceil(size.nodes / ZONES.length);
  const hosted = new Map<string, IPv4[]>();
  const allocations: AllocationObject[] = [];
  for (let i = 0; i < size.namespaces; i++) {
    for (const zone of ZONES.keys()) {
      const ip = ipOf(i, zone);
      const node = nodes[(i % perZone) * ZONES.length + zone] ?? nodes[zone];
      if (node === undefined) throw new RangeError('a node per zone at least');
      if (settled) hosted.set(node.name, [...(hosted.get(node.name) ?? []), ip]);
      allocations.push(allocationOf(ip, i, zone, settled ? node : undefined));
    }
  }
  return {
    egressIPAMs: [egressIPAM()],
    namespaces: Array.from({ length: size.namespaces }, (_, i) => namespace(i)),
    nodes: nodes.map((node) => node.object),
    netNamespaces: Array.from({ length: size.namespaces }, (_, i) => netNamespace(i, settled)),
    hostSubnets: nodes.map((node) => hostSubnet(node, hosted.get(node.name) ?? [])),
    allocations,
    inventory: inventoryOf(nodes, hosted),
  };
}

interface MadeNode {
  readonly name: string;
  readonly zone: number;
  readonly ip: IPv4;
  readonly interfaceId: string;
  readonly object: NodeObject;
}

/** `10.zone.0.0/16` each. */
export function subnetOf(zone: number): Cidr {
  const first = 10 * 2 ** 24 + zone * SUBNET_SIZE;
  return { first: toIPv4(first), last: toIPv4(first + SUBNET_SIZE - 1), prefix: 16 };
}

/** The one that namespace `i` has in the zone. */
export function ipOf(i: number, zone: number): IPv4 {
  return toIPv4(subnetOf(zone).first + FIRST_IP + i);
}

export function nameOf(i: number): string {
  return `team-${String(i).padStart(5, '0')}`;
}

function nodeAt(i: number, count: number): MadeNode {
  const zone = i % ZONES.length;
  const ip = toIPv4(subnetOf(zone).first + FIRST_NODE + Math.floor(i / ZONES.length));
  const name = `node-${String(i).padStart(String(count).length, '0')}`;
  const object: NodeObject = {
    metadata: {
      ...metadata(name),
      labels: {
        [ZONE_LABEL]: ZONES[zone] ?? '',
        'node-role.kubernetes.io/worker': '',
        'kubernetes.io/hostname': name,
      },
    },
    spec: { providerID: `aws:///${ZONES[zone]}/i-${i.toString(16).padStart(17, '0')}` },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  };
  return { name, zone, ip, interfaceId: `eni-${i.toString(16).padStart(17, '0')}`, object };
}

export function egressIPAM(): EgressIPAMObject {
  return {
    metadata: { ...metadata(EGRESSIPAM), generation: 1, finalizers: [FINALIZER] },
    spec: {
      topologyLabel: ZONE_LABEL,
      nodeSelector: { matchLabels: { 'node-role.kubernetes.io/worker': '' } },
      cidrAssignments: ZONES.map((labelValue, zone) => ({ CIDR: formatCidr(subnetOf(zone)), labelValue })),
    },
  };
}

function namespace(i: number): NamespaceObject {
  const annotations = { [EGRESSIPAM_ANNOTATION]: EGRESSIPAM, [EGRESSIPS_ANNOTATION]: textsOf(i).join(',') };
  return { metadata: { ...metadata(nameOf(i)), annotations } };
}

function netNamespace(i: number, settled: boolean): NetNamespaceObject {
  const name = nameOf(i);
  const base = { metadata: metadata(name), netname: name, netid: 1_000 + i };
  return settled ? { ...base, egressIPs: textsOf(i) } : base;
}

function textsOf(i: number): string[] {
  return [...ZONES.keys()].map((zone) => formatIPv4(ipOf(i, zone)));
}

function hostSubnet({ name, ip }: MadeNode, hosted: readonly IPv4[]): HostSubnetObject {
  const base = { metadata: metadata(name), host: name, hostIP: formatIPv4(ip), subnet: '10.128.0.0/23' };
  return { ...base, egressIPs: hosted.map(formatIPv4) };
}

/** Of namespace `i`; bound to `node`, or claimed only. */
export function allocationOf(ip: IPv4, i: number, zone: number, node?: MadeNode): AllocationObject {
  const spec = {
    egressIPAM: EGRESSIPAM,
    cidr: formatCidr(subnetOf(zone)),
    namespace: nameOf(i),
    claim: `claim-${ip}`,
  };
  if (node === undefined) return { metadata: metadata(formatIPv4(ip)), spec };
  return {
    metadata: { ...metadata(formatIPv4(ip)), finalizers: [FINALIZER] },
    spec,
    status: {
      namespaceUID: uidOf(nameOf(i)),
      phase: 'Bound',
      node: node.name,
      interface: node.interfaceId,
      conditions: [],
    },
  };
}

function inventoryOf(nodes: readonly MadeNode[], hosted: ReadonlyMap<string, readonly IPv4[]>): Inventory {
  const hosts = new Map<string, HostInterface>();
  const holders = new Map<IPv4, string>();
  for (const { name, zone, ip, interfaceId } of nodes) {
    const secondary = hosted.get(name) ?? [];
    const subnetId = `subnet-${zone}`;
    hosts.set(name, {
      node: name,
      interfaceId,
      subnetId,
      subnet: subnetOf(zone),
      primary: ip,
      secondary,
      slots: SLOTS,
    });
    for (const one of [ip, ...secondary]) holders.set(one, interfaceId);
  }
  const subnets = [...ZONES.keys()].map(subnetOf);
  const kept = subnets.flatMap(({ first, last }) => [
    { first, last: toIPv4(first + 3) },
    { first: last, last },
  ]);
  return { hosts, unknownNodes: new Map(), holders, kept, subnets, reservations: [], observedAt: 0 };
}

function metadata(name: string) {
  return { name, uid: uidOf(name), resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
}

function uidOf(name: string): string {
  return `uid-of-${name}`;
}
