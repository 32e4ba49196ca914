// Lets one action happen to the cluster as the reconciler's executor has it happen against a faultless API
// server and a faultless EC2: the same preconditions, the same live checks, the same order of writes.
import type { Allocation } from '../../../shared/allocation.ts';
import { formatIPv4, type IPv4 } from '../../../shared/ip.ts';
import type { Action, ReleaseCheck } from '../../../shared/plan/actions.ts';
import { addressesIn, type Cluster, holderOf, type Interface, isInside, namespaceFact } from './cluster.ts';

/** `done`, or why not: what was planned on is not so any more, or EC2 refuses. */
export type Result = 'done' | `stale: ${string}` | `refused: ${string}`;

/**
 * How much of an action that makes several writes is carried out: a process can be killed between any two.
 */
export type Extent = 'whole' | 'half';

type Kind<K extends Action['kind']> = Extract<Action, { kind: K }>;

/** Carries out the action, or nothing of it. */
export function apply(cluster: Cluster, action: Action, extent: Extent = 'whole'): Result {
  const result = carryOut(cluster, action, extent);
  lookAround(cluster);
  return result;
}

/** Time goes by. EC2 is read again as often as it takes to keep the inventory fresh. */
export function elapse(cluster: Cluster, milliseconds: number): void {
  cluster.now += milliseconds;
  lookAround(cluster);
}

/** Notes since when each claim has been seen, and since when nobody lists it. */
export function lookAround(cluster: Cluster): void {
  const { sightings, now } = cluster;
  for (const ip of sightings.keys()) if (!cluster.allocations.has(ip)) sightings.delete(ip);
  for (const { ip, uid, claim, namespace } of cluster.allocations.values()) {
    const before = sightings.get(ip);
    const isSame = before !== undefined && before.uid === uid && before.claim === claim;
    const unlistedSince = isListed(cluster, ip, namespace)
      ? undefined
      : ((isSame ? before.unlistedSince : now) ?? now);
    sightings.set(ip, { uid, claim, seenSince: isSame ? before.seenSince : now, unlistedSince });
  }
}

/** The next resourceVersion. */
export function next(cluster: Cluster): string {
  cluster.version += 1;
  return String(cluster.version);
}

function carryOut(cluster: Cluster, action: Action, extent: Extent): Result {
  switch (action.kind) {
    case 'claim':
      return claim(cluster, action);
    case 'name':
      return write(cluster, action.ip, action.resourceVersion, { namespace: action.namespace });
    case 'annotate':
      return annotate(cluster, action);
    case 'bind':
      return bind(cluster, action, extent);
    case 'record':
      return write(cluster, action.ip, action.resourceVersion, {
        node: action.node,
        interface: action.interfaceId,
      });
    case 'assign':
      return assign(cluster, action, extent);
    case 'reassign':
      return assign(cluster, action, extent);
    case 'unassign':
      return check(cluster, action.checks) ?? unassign(cluster, action, extent);
    case 'patchHostSubnet':
      return check(cluster, action.checks) ?? patchHostSubnet(cluster, action);
    case 'patchNetNamespace':
      return check(cluster, action.checks) ?? patchNetNamespace(cluster, action);
    case 'release':
      return check(cluster, action.checks) ?? setPhases(cluster, action);
    case 'rest':
      return check(cluster, action.checks) ?? rest(cluster, action, extent);
    case 'delete':
      return remove(cluster, action);
    case 'finalizeEgressIPAM':
      return finalize(cluster, action);
  }
}

function claim(cluster: Cluster, action: Kind<'claim'>): Result {
  const { ip, namespace, egressIPAM, cidr } = action;
  if (cluster.allocations.has(ip)) return 'stale: it exists';
  const resourceVersion = next(cluster);
  cluster.allocations.set(ip, {
    ip,
    uid: `uid-${resourceVersion}`,
    resourceVersion,
    egressIPAM,
    cidr,
    namespace,
    claim: `token-${resourceVersion}`,
    phase: 'Claimed',
    ours: false,
    deleting: false,
    explicit: false,
    namespaceUID: undefined,
    node: undefined,
    interface: undefined,
    restingSince: undefined,
  });
  return 'done';
}

function annotate(cluster: Cluster, action: Kind<'annotate'>): Result {
  const stored = cluster.namespaces.get(action.namespace);
  if (stored?.resourceVersion !== action.resourceVersion) return 'stale: the namespace has changed';
  const fact = namespaceFact(stored, stored.egressIPAM, action.egressIPs, next(cluster));
  cluster.namespaces.set(action.namespace, fact);
  return 'done';
}

/** The finalizer is one write, the rest another. */
function bind(cluster: Cluster, action: Kind<'bind'>, extent: Extent): Result {
  const { ip, namespaceUID, node, interfaceId, resourceVersion } = action;
  if (extent === 'half') return write(cluster, ip, resourceVersion, { ours: true });
  const place = { node, interface: interfaceId };
  return write(cluster, ip, resourceVersion, {
    ours: true,
    phase: 'Bound',
    namespaceUID,
    restingSince: undefined,
    ...place,
  });
}

function setPhases(cluster: Cluster, action: Kind<'release'>): Result {
  for (const { ip, resourceVersion } of action.checks) {
    const result = write(cluster, ip, resourceVersion, { phase: 'Releasing' });
    if (result !== 'done') return result;
  }
  return 'done';
}

/** The phase is one write, the finalizer another. */
function rest(cluster: Cluster, { ip, checks }: Kind<'rest'>, extent: Extent): Result {
  const stands = [...cluster.netNamespaces.values(), ...cluster.hostSubnets.values()].some((it) =>
    it.ips.has(ip),
  );
  if (stands) return 'stale: it is still there';
  const { node, primary } = holderOf(cluster, ip) ?? {};
  const isOnNode = node !== undefined && cluster.nodes.has(node) && primary !== ip;
  if (isOnNode) return 'stale: it is still on an interface of ours';
  const [first] = checks;
  if (first === undefined) return 'done';
  const restingSince = new Date(cluster.now).toISOString();
  const ours = extent === 'half';
  const result = write(cluster, ip, first.resourceVersion, { phase: 'Resting', restingSince, ours });
  // What somebody has asked to delete goes with its last finalizer.
  if (!ours && cluster.allocations.get(ip)?.deleting === true) cluster.allocations.delete(ip);
  return result;
}

function remove(cluster: Cluster, action: Kind<'delete'>): Result {
  const { ip, uid, resourceVersion, namespace } = action;
  const stored = cluster.allocations.get(ip);
  if (isListed(cluster, ip, namespace)) return 'stale: it is listed';
  if (stored?.uid !== uid || stored.resourceVersion !== resourceVersion) return 'stale: it was retaken';
  cluster.allocations.delete(ip);
  return 'done';
}

function finalize(cluster: Cluster, action: Kind<'finalizeEgressIPAM'>): Result {
  const { name, resourceVersion, finalizers } = action;
  const stored = cluster.egressIPAMs.get(name);
  if (stored?.metadata.resourceVersion !== resourceVersion) return 'stale: the EgressIPAM has changed';
  const metadata = { ...stored.metadata, finalizers, resourceVersion: next(cluster) };
  if (metadata.deletionTimestamp !== undefined && finalizers.length === 0) cluster.egressIPAMs.delete(name);
  else cluster.egressIPAMs.set(name, { ...stored, metadata });
  return 'done';
}

function patchHostSubnet(cluster: Cluster, action: Kind<'patchHostSubnet'>): Result {
  const stored = cluster.hostSubnets.get(action.node);
  if (stored?.resourceVersion !== action.resourceVersion) return 'stale: the HostSubnet has changed';
  const isListed = action.add.length + action.remove.length > 0;
  const egressIPs = isListed ? action.egressIPs : stored.egressIPs;
  const egressCIDRs = action.egressCIDRs ?? stored.egressCIDRs;
  const ips = addressesIn(egressIPs);
  cluster.hostSubnets.set(action.node, {
    ...stored,
    egressIPs,
    egressCIDRs,
    ips,
    resourceVersion: next(cluster),
  });
  return 'done';
}

function patchNetNamespace(cluster: Cluster, action: Kind<'patchNetNamespace'>): Result {
  const stored = cluster.netNamespaces.get(action.namespace);
  if (stored?.resourceVersion !== action.resourceVersion) return 'stale: the NetNamespace has changed';
  const { egressIPs } = action;
  cluster.netNamespaces.set(action.namespace, {
    ...stored,
    egressIPs,
    ips: addressesIn(egressIPs),
    resourceVersion: next(cluster),
  });
  return 'done';
}

/**
 * All or nothing for one interface, as EC2 does it; a half is what a split batch leaves when the process
 * dies.
 */
function assign(cluster: Cluster, action: Kind<'assign' | 'reassign'>, extent: Extent): Result {
  const target = cluster.interfaces.get(action.interfaceId);
  if (target === undefined) return `refused: there is no interface ${action.interfaceId}`;
  const ips = extent === 'half' ? action.ips.slice(0, Math.ceil(action.ips.length / 2)) : action.ips;
  const from = action.kind === 'reassign' ? action.from : undefined;
  const added = ips.filter((ip) => !target.secondary.has(ip));
  for (const ip of added) {
    const holder = holderOf(cluster, ip);
    if (!isInside(target.subnet, ip)) return `refused: ${formatIPv4(ip)} is outside the subnet`;
    if (from !== undefined && holder?.id !== from.get(ip))
      return `stale: ${formatIPv4(ip)} is not where it was`;
    if (from === undefined && holder !== undefined)
      return `refused: ${formatIPv4(ip)} is assigned, but move is not allowed`;
    if (holder?.primary === ip) return `refused: ${formatIPv4(ip)} is a primary address`;
  }
  if (target.secondary.size + added.length > target.slots) return `refused: ${target.id} is full`;
  for (const ip of added) {
    const holder = holderOf(cluster, ip);
    if (holder !== undefined)
      putOn(
        cluster,
        holder,
        [...holder.secondary].filter((it) => it !== ip),
      );
  }
  putOn(cluster, target, [...target.secondary, ...added]);
  return 'done';
}

function unassign(cluster: Cluster, action: Kind<'unassign'>, extent: Extent): Result {
  const target = cluster.interfaces.get(action.interfaceId);
  if (target === undefined) return `refused: there is no interface ${action.interfaceId}`;
  const gone = new Set(
    extent === 'half' ? action.ips.slice(0, Math.ceil(action.ips.length / 2)) : action.ips,
  );
  putOn(
    cluster,
    target,
    [...target.secondary].filter((ip) => !gone.has(ip)),
  );
  return 'done';
}

function putOn(cluster: Cluster, target: Interface, secondary: readonly IPv4[]): void {
  cluster.interfaces.set(target.id, { ...target, secondary: new Set(secondary) });
}

function write(cluster: Cluster, ip: IPv4, resourceVersion: string, change: Partial<Allocation>): Result {
  const stored = cluster.allocations.get(ip);
  if (stored?.resourceVersion !== resourceVersion) return 'stale: the allocation has changed';
  cluster.allocations.set(ip, { ...stored, ...change, resourceVersion: next(cluster) });
  return 'done';
}

function check(cluster: Cluster, checks: readonly ReleaseCheck[]): Result | undefined {
  for (const { ip, namespace, resourceVersion } of checks) {
    if (cluster.allocations.get(ip)?.resourceVersion !== resourceVersion)
      return 'stale: the allocation has changed';
    if (isListed(cluster, ip, namespace)) return `stale: ${formatIPv4(ip)} is listed`;
  }
  return undefined;
}

function isListed(cluster: Cluster, ip: IPv4, namespace: string): boolean {
  if (namespace !== '') return cluster.namespaces.get(namespace)?.listed.has(ip) === true;
  return [...cluster.namespaces.values()].some((it) => it.listed.has(ip));
}
