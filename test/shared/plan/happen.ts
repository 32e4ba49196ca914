// Lets one thing of a history happen to the cluster: to its nodes, its EgressIPAMs, its cloud; what concerns
// namespaces is in admission.ts.
import { formatIPv4, toIPv4 } from '../../../shared/ip.ts';
import { RELEASE_ALL_ANNOTATION } from '../../../shared/names.ts';
import { admit, claimOnly, editNamespace, endNamespace, retake, slipBy } from './admission.ts';
import { lookAround, next } from './apply.ts';
import { type EgressIPAMTale, egressIPAMObject, subnetOf } from './build.ts';
import { addressesIn, type Cluster, cidr, holderOf, ZONE_LABEL } from './cluster.ts';
import { CIDRS, type Happening, type Node } from './histories.ts';

const GROWTH = { blue: '10.0.2.64/28', green: '10.0.2.96/28' } as const;

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
    addInterface(cluster, it.node, zone);
    addHostSubnet(cluster, it.node);
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

/**
 * A new instance has nothing but its primary address: any that is free, also one that a pool has given out. What the
 * platform assigns by itself is not seen here.
 */
function addInterface(cluster: Cluster, name: string, zone: string): void {
  if (cluster.cloud === 'none') return;
  const subnet = subnetOf(zone);
  const usual = toIPv4(subnet.first + 200 + Number(name.slice(1)));
  const pooled = toIPv4(subnet.first + 4 + (cluster.version % 10));
  const isTaken = cluster.cloud !== 'aws' || holderOf(cluster, pooled) !== undefined;
  const primary = cluster.version % 3 === 0 && !isTaken ? pooled : usual;
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

/** A load balancer gets an address that no interface has, allocated or not; elsewhere nobody could see it. */
function steal(cluster: Cluster, pick: number): void {
  if (cluster.cloud !== 'aws') return;
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
