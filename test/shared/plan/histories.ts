// What may happen to a cluster while the reconciler works: nodes come, go, flap and change labels; namespaces and pools
// change; addresses are stolen; people edit by hand; time passes. Each happening is data, so that a failing history shrinks.
import fc from 'fast-check';
import type { Allocation } from '../../../shared/allocation.ts';
import { formatIPv4, type IPv4, toIPv4 } from '../../../shared/ip.ts';
import { RELEASE_ALL_ANNOTATION } from '../../../shared/names.ts';
import { lookAround, next } from './apply.ts';
import { cluster, type EgressIPAMTale, egressIPAMObject, MINUTE, subnetOf } from './build.ts';
import { addressesIn, type Cluster, cidr, holderOf, namespaceFact, ZONE_LABEL } from './cluster.ts';

export const NODES = ['n1', 'n2', 'n3', 'n4', 'n5'] as const;
export const NAMESPACES = ['a', 'b', 'c', 'd'] as const;
export const EGRESSIPAMS = ['blue', 'green'] as const;
const ZONES = ['a', 'b'] as const;

type Node = (typeof NODES)[number];
type Name = (typeof NAMESPACES)[number];

export type Happening =
  | { readonly kind: 'work'; readonly steps: number; readonly pick: number }
  | { readonly kind: 'time'; readonly milliseconds: number }
  | {
      readonly kind: 'flap' | 'cordon' | 'drain EC2' | 'lose instance' | 'delete node' | 'lose HostSubnet';
      readonly node: Node;
    }
  | { readonly kind: 'relabel'; readonly node: Node; readonly zone: (typeof ZONES)[number] }
  | {
      readonly kind: 'admit';
      readonly name: Name;
      readonly egressIPAM: (typeof EGRESSIPAMS)[number];
      readonly pick: number;
    }
  | {
      readonly kind: 'slip by';
      readonly name: Name;
      readonly egressIPAM: (typeof EGRESSIPAMS)[number];
      readonly pick: number;
    }
  | {
      readonly kind:
        | 'opt out'
        | 'terminate'
        | 'delete namespace'
        | 'leave out'
        | 'retake'
        | 'lose NetNamespace';
      readonly name: Name;
    }
  | { readonly kind: 'claim only'; readonly name: Name; readonly pick: number }
  | { readonly kind: 'grow' | 'break' | 'mend'; readonly egressIPAM: (typeof EGRESSIPAMS)[number] }
  | { readonly kind: 'release all'; readonly egressIPAM: (typeof EGRESSIPAMS)[number] }
  | { readonly kind: 'meddle'; readonly name: Name; readonly node: Node; readonly pick: number }
  | { readonly kind: 'forget EC2' }
  | { readonly kind: 'steal'; readonly pick: number }
  | { readonly kind: 'delete allocation'; readonly pick: number };

const node = fc.constantFrom(...NODES);
const name = fc.constantFrom(...NAMESPACES);
const egressIPAM = fc.constantFrom(...EGRESSIPAMS);
const pick = fc.nat({ max: 40 });

export const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('work' as const), steps: fc.integer({ min: 1, max: 6 }), pick }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('time' as const),
      milliseconds: fc.constantFrom(1000, 2 * MINUTE, 5 * MINUTE),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'flap' as const,
        'cordon' as const,
        'drain EC2' as const,
        'lose instance' as const,
        'delete node' as const,
        'lose HostSubnet' as const,
      ),
      node,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('relabel' as const), node, zone: fc.constantFrom(...ZONES) }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('admit' as const), name, egressIPAM, pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('slip by' as const), name, egressIPAM, pick }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'opt out' as const,
        'terminate' as const,
        'delete namespace' as const,
        'leave out' as const,
        'retake' as const,
        'lose NetNamespace' as const,
      ),
      name,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('claim only' as const), name, pick }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('grow' as const, 'break' as const, 'mend' as const),
      egressIPAM,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release all' as const), egressIPAM }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('meddle' as const), name, node, pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget EC2' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('steal' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete allocation' as const), pick }) },
);

/** Everything but `work`, which the history itself does. */
export function happen(cluster: Cluster, it: Exclude<Happening, { kind: 'work' }>): void {
  switch (it.kind) {
    case 'time':
      cluster.now += it.milliseconds;
      break;
    case 'flap':
    case 'cordon':
    case 'relabel':
    case 'delete node':
      changeNode(cluster, it);
      break;
    case 'drain EC2':
      cluster.unread = toggled(cluster.unread ?? new Set(), it.node);
      break;
    case 'lose instance':
      loseInstance(cluster, it.node);
      break;
    case 'lose HostSubnet':
      if (!cluster.hostSubnets.delete(it.node) && cluster.nodes.has(it.node)) addHostSubnet(cluster, it.node);
      break;
    case 'admit':
      admit(cluster, it.name, it.egressIPAM, it.pick);
      break;
    case 'slip by':
      slipBy(cluster, it.name, it.egressIPAM, it.pick);
      break;
    case 'claim only':
      claimOnly(cluster, it.name, it.pick);
      break;
    case 'opt out':
      editNamespace(cluster, it.name, undefined, undefined);
      break;
    case 'leave out':
      editNamespace(cluster, it.name, cluster.namespaces.get(it.name)?.egressIPAM, undefined);
      break;
    case 'retake':
      retake(cluster, it.name);
      break;
    case 'terminate':
    case 'delete namespace':
    case 'lose NetNamespace':
      endNamespace(cluster, it);
      break;
    case 'grow':
      editEgressIPAM(cluster, it.egressIPAM, (cidrs) => ({ ...cidrs, [GROWTH[it.egressIPAM]]: 'b' }));
      break;
    case 'break':
      editEgressIPAM(cluster, it.egressIPAM, (cidrs) => ({ ...cidrs, 'no CIDR': 'a' }));
      break;
    case 'mend':
      editEgressIPAM(cluster, it.egressIPAM, ({ 'no CIDR': _broken, ...cidrs }) => cidrs);
      break;
    case 'release all':
      releaseAll(cluster, it.egressIPAM);
      break;
    case 'meddle':
      meddle(cluster, it.name, it.node, it.pick);
      break;
    case 'forget EC2':
      cluster.unread = cluster.unread === undefined ? new Set() : undefined;
      break;
    case 'steal':
      steal(cluster, it.pick);
      break;
    case 'delete allocation':
      deleteAllocation(cluster, it.pick);
  }
  lookAround(cluster);
}

const CIDRS = { blue: { '10.0.1.0/28': 'a', '10.0.2.0/28': 'b' }, green: { '10.0.1.32/28': 'a' } } as const;
const GROWTH = { blue: '10.0.2.64/28', green: '10.0.2.96/28' } as const;

function changeNode(cluster: Cluster, it: Extract<Happening, { node: Node }>): void {
  const before = cluster.nodes.get(it.node);
  if (before === undefined) {
    const zone = it.node < 'n4' ? 'a' : 'b';
    cluster.nodes.set(it.node, {
      name: it.node,
      labels: { [ZONE_LABEL]: zone },
      cordoned: false,
      notReadySince: undefined,
    });
    addHostSubnet(cluster, it.node);
    addInterface(cluster, it.node, zone);
    return;
  }
  if (it.kind === 'flap') {
    // A node without an instance does not come back.
    if (
      cluster.cloud === 'aws' &&
      !cluster.interfaces.has(`eni-${it.node}`) &&
      before.notReadySince !== undefined
    )
      return;
    cluster.nodes.set(it.node, {
      ...before,
      notReadySince: before.notReadySince === undefined ? cluster.now : undefined,
    });
  } else if (it.kind === 'cordon') {
    cluster.nodes.set(it.node, { ...before, cordoned: !before.cordoned });
  } else if (it.kind === 'relabel') {
    cluster.nodes.set(it.node, { ...before, labels: { ...before.labels, [ZONE_LABEL]: it.zone } });
  } else {
    cluster.nodes.delete(it.node);
    cluster.hostSubnets.delete(it.node);
    // The instance goes with every second node; with the others it lives on, outside the cluster.
    if (cluster.now % 2 === 0) cluster.interfaces.delete(`eni-${it.node}`);
  }
}

function addHostSubnet(cluster: Cluster, name: string): void {
  const hostIP = cluster.interfaces.get(`eni-${name}`)?.primary;
  cluster.hostSubnets.set(name, {
    node: name,
    resourceVersion: next(cluster),
    hostIP,
    egressIPs: [],
    egressCIDRs: [],
    ips: new Set(),
  });
}

/** A new instance has nothing but its primary address. */
function addInterface(cluster: Cluster, name: string, zone: string): void {
  if (cluster.cloud === 'none') return;
  const subnet = subnetOf(zone);
  const primary = toIPv4(subnet.first + 200 + Number(name.slice(1)));
  cluster.interfaces.set(`eni-${name}`, {
    id: `eni-${name}`,
    node: name,
    subnet,
    primary,
    secondary: new Set(),
    slots: 3,
  });
}

function loseInstance(cluster: Cluster, name: string): void {
  const before = cluster.nodes.get(name);
  if (before === undefined) return;
  cluster.interfaces.delete(`eni-${name}`);
  cluster.nodes.set(name, { ...before, notReadySince: before.notReadySince ?? cluster.now });
}

/** As the webhook does it: claims first, own ones before free ones, then the list. */
function admit(cluster: Cluster, name: string, egressIPAM: string, pick: number): void {
  const chosen = cidrsOf(cluster, egressIPAM).map((text) => {
    const own = [...cluster.allocations.values()].find(
      (it) => it.namespace === name && it.cidr === text && !it.deleting,
    );
    if (own !== undefined && pick % 2 === 0) return claimAnew(cluster, own);
    return claimFree(cluster, name, egressIPAM, text, pick);
  });
  if (chosen.includes(undefined)) return;
  editNamespace(cluster, name, egressIPAM, chosen.map((it) => formatIPv4(it ?? toIPv4(0))).join(','));
}

/** While the webhook is away: an address from each CIDR, whoever has it. */
function slipBy(cluster: Cluster, name: string, egressIPAM: string, pick: number): void {
  const texts = cidrsOf(cluster, egressIPAM).map((text, at) =>
    formatIPv4(toIPv4(cidr(text).first + ((pick + at) % 8))),
  );
  editNamespace(
    cluster,
    name,
    egressIPAM,
    pick % 5 === 0 ? [...texts, 'nonsense'].join(',') : texts.join(','),
  );
}

/** A claim whose namespace write never arrived. */
function claimOnly(cluster: Cluster, name: string, pick: number): void {
  const [first] = cidrsOf(cluster, 'blue');
  if (first !== undefined) claimFree(cluster, pick % 3 === 0 ? '' : name, 'blue', first, pick);
}

function retake(cluster: Cluster, name: string): void {
  const own = [...cluster.allocations.values()].filter((it) => it.namespace === name && !it.deleting);
  const namespace = cluster.namespaces.get(name);
  if (namespace?.egressIPAM === undefined) return;
  const chosen = cidrsOf(cluster, namespace.egressIPAM).map((text) => own.find((it) => it.cidr === text));
  if (chosen.includes(undefined)) return;
  const texts = chosen.flatMap((it) => (it === undefined ? [] : [formatIPv4(claimAnew(cluster, it))]));
  editNamespace(cluster, name, namespace.egressIPAM, texts.join(','));
}

function claimAnew(cluster: Cluster, allocation: Allocation): IPv4 {
  const resourceVersion = next(cluster);
  cluster.allocations.set(allocation.ip, {
    ...allocation,
    resourceVersion,
    claim: `token-${resourceVersion}`,
  });
  return allocation.ip;
}

function claimFree(
  cluster: Cluster,
  name: string,
  egressIPAM: string,
  text: string,
  pick: number,
): IPv4 | undefined {
  const { first } = cidr(text);
  for (let at = 0; at < 10; at++) {
    const ip = toIPv4(first + 4 + ((pick + at) % 10));
    if (isTaken(cluster, ip)) continue;
    const resourceVersion = next(cluster);
    cluster.allocations.set(ip, {
      ip,
      uid: `uid-${resourceVersion}`,
      resourceVersion,
      egressIPAM,
      cidr: text,
      namespace: name,
      claim: `token-${resourceVersion}`,
      phase: 'Claimed',
      ours: false,
      deleting: false,
      explicit: pick % 4 === 0,
      namespaceUID: undefined,
      node: undefined,
      interface: undefined,
      restingSince: undefined,
    });
    return ip;
  }
  return undefined;
}

function isTaken(cluster: Cluster, ip: IPv4): boolean {
  const objects = [...cluster.netNamespaces.values(), ...cluster.hostSubnets.values()];
  return (
    cluster.allocations.has(ip) ||
    holderOf(cluster, ip) !== undefined ||
    objects.some((it) => it.ips.has(ip)) ||
    [...cluster.namespaces.values()].some((it) => it.listed.has(ip))
  );
}

function editNamespace(
  cluster: Cluster,
  name: string,
  egressIPAM: string | undefined,
  text: string | undefined,
): void {
  const before = cluster.namespaces.get(name);
  const resourceVersion = next(cluster);
  const base = before ?? { name, uid: `uid-${name}-${resourceVersion}`, terminating: false };
  cluster.namespaces.set(name, namespaceFact(base, egressIPAM, text, resourceVersion));
  if (!cluster.netNamespaces.has(name)) addNetNamespace(cluster, name);
}

function addNetNamespace(cluster: Cluster, name: string): void {
  cluster.netNamespaces.set(name, {
    name,
    resourceVersion: next(cluster),
    egressIPs: [],
    ips: addressesIn([]),
  });
}

function endNamespace(cluster: Cluster, it: Extract<Happening, { name: Name }>): void {
  const before = cluster.namespaces.get(it.name);
  if (before === undefined) return;
  if (it.kind === 'terminate') {
    cluster.namespaces.set(it.name, { ...before, terminating: true, resourceVersion: next(cluster) });
  } else if (it.kind === 'delete namespace') {
    cluster.namespaces.delete(it.name);
    cluster.netNamespaces.delete(it.name);
  } else if (!cluster.netNamespaces.delete(it.name)) {
    addNetNamespace(cluster, it.name);
  }
}

function cidrsOf(cluster: Cluster, name: string): string[] {
  const texts = cluster.egressIPAMs.get(name)?.spec.cidrAssignments.map((it) => it.CIDR) ?? [];
  return texts.filter((text) => text.includes('/'));
}

function editEgressIPAM(
  cluster: Cluster,
  name: string,
  change: (cidrs: Readonly<Record<string, string>>) => EgressIPAMTale['cidrs'],
): void {
  const before = cluster.egressIPAMs.get(name);
  if (before === undefined) return;
  const cidrs = Object.fromEntries(before.spec.cidrAssignments.map((it) => [it.CIDR, it.labelValue]));
  const { spec } = egressIPAMObject(name, { cidrs: change(cidrs) }, cluster.now);
  const cidrAssignments = spec.cidrAssignments;
  const metadata = { ...before.metadata, resourceVersion: next(cluster) };
  cluster.egressIPAMs.set(name, { ...before, metadata, spec: { ...before.spec, cidrAssignments } });
}

function releaseAll(cluster: Cluster, name: string): void {
  const before = cluster.egressIPAMs.get(name);
  if (before === undefined) {
    cluster.egressIPAMs.set(
      name,
      egressIPAMObject(name, { cidrs: CIDRS[name === 'blue' ? 'blue' : 'green'] }, cluster.now),
    );
    return;
  }
  const { finalizers = [] } = before.metadata;
  const annotations = { [RELEASE_ALL_ANNOTATION]: 'true' };
  const deletionTimestamp = new Date(cluster.now).toISOString();
  const metadata = { ...before.metadata, annotations, deletionTimestamp, resourceVersion: next(cluster) };
  if (finalizers.length === 0) cluster.egressIPAMs.delete(name);
  else cluster.egressIPAMs.set(name, { ...before, metadata });
}

/** Somebody edits a HostSubnet or a NetNamespace by hand: puts an address there, or takes one off. */
function meddle(cluster: Cluster, name: string, node: string, pick: number): void {
  const ip = toIPv4(cidr(pick % 3 === 0 ? '10.0.2.0/28' : '10.0.1.0/28').first + 4 + (pick % 8));
  const text = formatIPv4(ip);
  cluster.meddledWith.add(ip);
  const toggledIn = (texts: readonly string[]) =>
    texts.includes(text) ? texts.filter((it) => it !== text) : [...texts, text];
  const hostSubnet = cluster.hostSubnets.get(node);
  const netNamespace = cluster.netNamespaces.get(name);
  if (pick % 2 === 0 && hostSubnet !== undefined) {
    const egressIPs = toggledIn(hostSubnet.egressIPs);
    cluster.hostSubnets.set(node, {
      ...hostSubnet,
      egressIPs,
      ips: addressesIn(egressIPs),
      resourceVersion: next(cluster),
    });
  } else if (netNamespace !== undefined) {
    const egressIPs = toggledIn(netNamespace.egressIPs);
    cluster.netNamespaces.set(name, {
      ...netNamespace,
      egressIPs,
      ips: addressesIn(egressIPs),
      resourceVersion: next(cluster),
    });
  }
}

/** A load balancer gets an address that no interface has, allocated or not. */
function steal(cluster: Cluster, pick: number): void {
  if (cluster.cloud === 'none') return;
  const base = cidr(pick % 2 === 0 ? '10.0.1.0/28' : '10.0.2.0/28');
  const ip = toIPv4(base.first + 4 + (pick % 10));
  if (holderOf(cluster, ip) !== undefined) return;
  const subnet = subnetOf(pick % 2 === 0 ? 'a' : 'b');
  const id = `eni-lb-${formatIPv4(ip)}`;
  cluster.interfaces.set(id, { id, node: undefined, subnet, primary: ip, secondary: new Set(), slots: 9 });
}

function deleteAllocation(cluster: Cluster, pick: number): void {
  const all = [...cluster.allocations.values()];
  const one = all[pick % Math.max(1, all.length)];
  if (one === undefined) return;
  if (one.ours) cluster.allocations.set(one.ip, { ...one, deleting: true, resourceVersion: next(cluster) });
  else cluster.allocations.delete(one.ip);
}

function toggled(names: ReadonlySet<string>, name: string): ReadonlySet<string> {
  const changed = new Set(names);
  if (!changed.delete(name)) changed.add(name);
  return changed;
}

/** Two zones, five nodes with hardly enough room, an EgressIPAM of two CIDRs and one of one. */
export function beginning(cloud: Cluster['cloud']): Cluster {
  return cluster({
    cloud,
    nodes: {
      n1: { zone: 'a', slots: 3 },
      n2: { zone: 'a', slots: 3 },
      n3: { zone: 'a', slots: 2 },
      n4: { zone: 'b', slots: 3 },
      n5: { zone: 'b', slots: 3 },
    },
    egressIPAMs: { blue: { cidrs: CIDRS.blue }, green: { cidrs: CIDRS.green } },
  });
}
