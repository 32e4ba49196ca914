// Builds the cluster that a test begins with, from as few words as it needs: what is left out has a default,
// and `serves` stands for everything that makes an IP active.
import type { Allocation } from '../../../shared/allocation.ts';
import { type Cidr, cidrAround, formatCidr, formatIPv4, type IPv4, parseIPv4 } from '../../../shared/ip.ts';
import type { EgressIPAMObject, Phase } from '../../../shared/kinds.ts';
import { FINALIZER, RELEASE_ALL_ANNOTATION } from '../../../shared/names.ts';
import {
  addressesIn,
  type Cluster,
  cidr,
  type Interface,
  ip,
  type NodeState,
  namespaceFact,
  type Sighting,
  ZONE_LABEL,
} from './cluster.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
const BEGIN = Date.parse('2026-01-01T00:00:00Z');

/** A node by its zone, or with what is special about it. */
export type NodeTale =
  | string
  | {
      readonly zone: string;
      readonly labels?: Readonly<Record<string, string>>;
      readonly cordoned?: true;
      /** Milliseconds. */
      readonly notReadyFor?: number;
      readonly slots?: number;
      readonly hostSubnet?: 'missing';
      /** `unread`: EC2 does not tell about it. `gone`: its instance is terminated. */
      readonly instance?: 'unread' | 'gone';
      readonly egressCIDRs?: readonly string[];
    };

export interface EgressIPAMTale {
  /** Zone by CIDR. */
  readonly cidrs: Readonly<Record<string, string>>;
  readonly nodeSelector?: NonNullable<EgressIPAMObject['spec']['nodeSelector']>;
  readonly reserved?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly topologyLabel?: string;
  readonly finalizers?: readonly string[];
  readonly deleting?: 'release all' | 'waits';
  /** CIDRs of its last status. */
  readonly published?: readonly string[];
  readonly age?: number;
}

/** A namespace by the IPs it lists, opted in to EgressIPAM `pool`; or with what is special about it. */
export type NamespaceTale =
  | readonly string[]
  | {
      /** `none`: not opted in. */
      readonly egressIPAM?: string;
      readonly ips?: readonly string[];
      readonly text?: string;
      readonly terminating?: true;
      readonly netNamespace?: 'missing';
      readonly uid?: string;
    };

export interface AllocationTale {
  readonly for: string;
  readonly phase?: Phase;
  readonly node?: string;
  readonly interface?: string;
  readonly explicit?: true;
  readonly deleting?: true;
  readonly ours?: boolean;
  readonly uid?: string;
  readonly egressIPAM?: string;
  readonly cidr?: string;
  /** Milliseconds since its token was first seen, since when nobody lists it, and for which it has rested. */
  readonly seenFor?: number;
  readonly unlistedFor?: number;
  readonly restedFor?: number | 'unknown';
}

export interface Tale {
  readonly cloud?: Cluster['cloud'];
  readonly nodes?: Readonly<Record<string, NodeTale>>;
  readonly egressIPAMs?: Readonly<Record<string, EgressIPAMTale>>;
  readonly namespaces?: Readonly<Record<string, NamespaceTale>>;
  /** Namespace, IP, node: allocated and Bound, on the interface, the HostSubnet and the NetNamespace. */
  readonly serves?: readonly (readonly [namespace: string, ip: string, node: string])[];
  readonly allocations?: Readonly<Record<string, AllocationTale>>;
  /** More that is on HostSubnets, NetNamespaces and interfaces, by node or namespace. */
  readonly hosted?: Readonly<Record<string, readonly string[]>>;
  readonly used?: Readonly<Record<string, readonly string[]>>;
  readonly assigned?: Readonly<Record<string, readonly string[]>>;
  /** Interfaces of somebody else, in the /24 of their first address. */
  readonly foreign?: Readonly<Record<string, readonly string[]>>;
  /** EC2 was not read yet. */
  readonly inventory?: 'none';
}

/**
 * Two nodes n1 and n2 in zone a, and EgressIPAM `pool` with 10.0.1.0/24 there, unless the tale says
 * otherwise.
 */
export function cluster(tale: Tale = {}): Cluster {
  const built: Cluster = {
    cloud: tale.cloud ?? 'aws',
    now: BEGIN,
    version: 1,
    egressIPAMs: new Map(),
    namespaces: new Map(),
    nodes: new Map(),
    hostSubnets: new Map(),
    netNamespaces: new Map(),
    allocations: new Map(),
    sightings: new Map(),
    interfaces: new Map(),
    meddledWith: new Set(),
    unread: tale.inventory === 'none' ? undefined : new Set(),
    inventoryAge: 0,
  };
  for (const [name, it] of Object.entries(tale.egressIPAMs ?? { pool: { cidrs: { '10.0.1.0/24': 'a' } } })) {
    built.egressIPAMs.set(name, egressIPAMObject(name, it, built.now));
  }
  for (const [name, it] of Object.entries(tale.nodes ?? { n1: 'a', n2: 'a' })) addNode(built, tale, name, it);
  for (const [name, it] of Object.entries(tale.namespaces ?? {})) addNamespace(built, tale, name, it);
  for (const [id, ips] of Object.entries(tale.foreign ?? {})) addForeign(built, id, ips);
  for (const [namespace, address, node] of tale.serves ?? [])
    addAllocation(built, address, { for: namespace, phase: 'Bound', node });
  for (const [address, it] of Object.entries(tale.allocations ?? {})) addAllocation(built, address, it);
  return built;
}

export function egressIPAMObject(name: string, tale: EgressIPAMTale, now: number): EgressIPAMObject {
  const { cidrs, reserved, nodeSelector, deleting, published } = tale;
  const annotations = {
    ...tale.annotations,
    ...(deleting === 'release all' ? { [RELEASE_ALL_ANNOTATION]: 'true' } : {}),
  };
  return {
    metadata: {
      name,
      uid: `uid-${name}`,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: new Date(now - (tale.age ?? HOUR)).toISOString(),
      annotations,
      finalizers: tale.finalizers ?? [FINALIZER],
      ...(deleting === undefined ? {} : { deletionTimestamp: new Date(now).toISOString() }),
    },
    spec: {
      cidrAssignments: Object.entries(cidrs).map(([CIDR, labelValue]) => ({
        CIDR,
        labelValue,
        ...(reserved === undefined ? {} : { reservedIPs: reserved }),
      })),
      topologyLabel: tale.topologyLabel ?? ZONE_LABEL,
      ...(nodeSelector === undefined ? {} : { nodeSelector }),
    },
    status: {
      cidrs: (published ?? Object.keys(cidrs)).map((CIDR) => ({
        CIDR,
        labelValue: '',
        size: 0,
        usable: 0,
        allocated: 0,
        resting: 0,
        free: 0,
      })),
    },
  };
}

/** Zone a is 10.0.1.0/24, zone b 10.0.2.0/24 and so on; the first node's address ends in 201. */
export function subnetOf(zone: string): Cidr {
  return cidr(`10.0.${(zone.codePointAt(0) ?? 97) - 96}.0/24`);
}

function addNode(built: Cluster, tale: Tale, name: string, it: NodeTale): void {
  const node = typeof it === 'string' ? { zone: it } : it;
  const { zone, labels, cordoned, notReadyFor } = node;
  const subnet = subnetOf(zone);
  const hostIP = ip(formatIPv4(subnet.first).replace(/0$/, String(201 + built.nodes.size)));
  const state: NodeState = {
    name,
    labels: { [ZONE_LABEL]: zone, ...labels },
    cordoned: cordoned === true,
    notReadySince: notReadyFor === undefined ? undefined : built.now - notReadyFor,
  };
  built.nodes.set(name, state);
  const serves = (tale.serves ?? []).filter(([, , host]) => host === name).map(([, address]) => address);
  if (node.hostSubnet === undefined) {
    const egressIPs = [...serves, ...(tale.hosted?.[name] ?? [])];
    const egressCIDRs = node.egressCIDRs ?? [];
    const ips = addressesIn(egressIPs);
    built.hostSubnets.set(name, { node: name, resourceVersion: '1', hostIP, egressIPs, egressCIDRs, ips });
  }
  if (node.instance === 'unread') built.unread = new Set([...(built.unread ?? []), name]);
  if (built.cloud === 'none' || node.instance === 'gone') return;
  const secondary = addressesIn([...serves, ...(tale.assigned?.[name] ?? [])]);
  const eni: Interface = {
    id: `eni-${name}`,
    node: name,
    subnet,
    primary: hostIP,
    secondary,
    slots: node.slots ?? 9,
  };
  built.interfaces.set(eni.id, eni);
}

function addNamespace(built: Cluster, tale: Tale, name: string, it: NamespaceTale): void {
  const namespace = 'length' in it ? { ips: it } : it;
  const { egressIPAM = 'pool', ips, terminating, netNamespace, uid } = namespace;
  const text = namespace.text ?? (ips === undefined || ips.length === 0 ? undefined : ips.join(','));
  const base = { name, uid: uid ?? `uid-${name}`, terminating: terminating === true };
  built.namespaces.set(name, namespaceFact(base, egressIPAM === 'none' ? undefined : egressIPAM, text, '1'));
  if (netNamespace === undefined) addNetNamespace(built, tale, name);
  for (const other of Object.keys(tale.used ?? {}))
    if (!built.netNamespaces.has(other)) addNetNamespace(built, tale, other);
}

function addNetNamespace(built: Cluster, tale: Tale, name: string): void {
  const serves = (tale.serves ?? [])
    .filter(([namespace]) => namespace === name)
    .map(([, address]) => address);
  const egressIPs = [...serves, ...(tale.used?.[name] ?? [])];
  built.netNamespaces.set(name, { name, resourceVersion: '1', egressIPs, ips: addressesIn(egressIPs) });
}

function addForeign(built: Cluster, id: string, texts: readonly string[]): void {
  const [primary, ...secondary] = texts.map(ip);
  if (primary === undefined) return;
  const subnet = cidrAround(primary, 24);
  built.interfaces.set(id, { id, node: undefined, subnet, primary, secondary: new Set(secondary), slots: 9 });
}

function addAllocation(built: Cluster, text: string, tale: AllocationTale): void {
  const address = ip(text);
  const phase = tale.phase ?? 'Claimed';
  const uid = tale.uid ?? `uid-${text}`;
  const namespace = built.namespaces.get(tale.for);
  const allocation: Allocation = {
    ip: address,
    uid,
    resourceVersion: '1',
    egressIPAM: tale.egressIPAM ?? namespace?.egressIPAM ?? 'pool',
    cidr: tale.cidr ?? cidrOf(built, address),
    namespace: tale.for,
    claim: 'first',
    phase,
    ours: tale.ours ?? (phase === 'Bound' || phase === 'Releasing'),
    deleting: tale.deleting === true,
    explicit: tale.explicit === true,
    namespaceUID: phase === 'Claimed' ? undefined : (namespace?.uid ?? `uid-${tale.for}`),
    node: tale.node,
    interface:
      tale.interface ?? (tale.node === undefined || built.cloud === 'none' ? undefined : `eni-${tale.node}`),
    restingSince: phase === 'Resting' ? since(built.now, tale.restedFor ?? 0) : undefined,
  };
  built.allocations.set(address, allocation);
  const isListed = [...built.namespaces.values()].some(
    (it) => (tale.for === '' || it.name === tale.for) && it.listed.has(address),
  );
  const sighting: Sighting = {
    uid,
    claim: allocation.claim,
    seenSince: built.now - (tale.seenFor ?? HOUR),
    unlistedSince: isListed ? undefined : built.now - (tale.unlistedFor ?? HOUR),
  };
  built.sightings.set(address, sighting);
}

function cidrOf(built: Cluster, address: IPv4): string {
  for (const { spec } of built.egressIPAMs.values()) {
    const found = spec.cidrAssignments.find((it) => {
      const [base = '', bits = ''] = it.CIDR.split('/');
      const first = parseIPv4(base);
      return first !== undefined && cidrAround(address, Number(bits)).first === first;
    });
    if (found !== undefined) return found.CIDR;
  }
  return formatCidr(cidrAround(address, 24));
}

function since(now: number, milliseconds: number | 'unknown'): string | undefined {
  return milliseconds === 'unknown' ? undefined : new Date(now - milliseconds).toISOString();
}
