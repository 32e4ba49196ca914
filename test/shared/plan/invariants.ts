// What must hold of every single action, whatever went before: each answer is a sentence about what was
// broken. «What may be interrupted» is judged by OpenShift SDN's own rules (oracle.ts).
import { poolOf } from '../../../shared/egressipam.ts';
import { formatIPv4, type IPv4 } from '../../../shared/ip.ts';
import { RELEASE_ALL_ANNOTATION } from '../../../shared/names.ts';
import { type Action, describe } from '../../../shared/plan/actions.ts';
import { lawfulNodes } from '../../../shared/plan/lawful.ts';
import type { Plan } from '../../../shared/plan/plan.ts';
import { parseAddress } from '../../sandbox/ipv4.ts';
import { type Cluster, holderOf, isInside, worldOf } from './cluster.ts';
import { verdictsOf } from './oracle.ts';

/** Everything that is wrong with what the action has made of `before`. */
export function faultsOf(before: Cluster, action: Action, after: Cluster, plan: Plan): string[] {
  const faults = [
    ...doubles(before, action),
    ...foreignTouched(before, action),
    ...crowds(before, after),
    ...ignored(before, action),
    ...interruptions(before, action, after, plan),
  ];
  return faults.map((fault) => `${describe(action)}: ${fault}`);
}

/** No IP on two nodes, and none on two NetNamespaces, by our doing. */
function doubles(before: Cluster, action: Action): string[] {
  if (action.kind !== 'patchHostSubnet' && action.kind !== 'patchNetNamespace') return [];
  const isHost = action.kind === 'patchHostSubnet';
  const objects = isHost ? [...before.hostSubnets.values()] : [...before.netNamespaces.values()];
  const own = isHost ? action.node : action.namespace;
  return action.add.flatMap((ip) =>
    objects
      .filter((it) => ('node' in it ? it.node : it.name) !== own && it.ips.has(ip))
      .map((it) => `${formatIPv4(ip)} is on ${'node' in it ? it.node : it.name}, too`),
  );
}

/** What has no allocation of ours is neither taken away nor claimed. */
function foreignTouched(before: Cluster, action: Action): string[] {
  const isOurs = (ip: IPv4) => before.allocations.get(ip)?.ours === true;
  switch (action.kind) {
    case 'patchHostSubnet':
    case 'patchNetNamespace': {
      const stored =
        action.kind === 'patchHostSubnet'
          ? before.hostSubnets.get(action.node)
          : before.netNamespaces.get(action.namespace);
      const gone = (stored?.egressIPs ?? []).filter((text) => !action.egressIPs.includes(text));
      const strange = gone.filter((text) => !isOurs((parseAddress(text) ?? 0) as IPv4));
      const put = action.add.filter((ip) => !isOurs(ip));
      const own = action.add.filter((ip) => holderOf(before, ip)?.primary === ip);
      return [
        ...own.map((ip) => `${formatIPv4(ip)} is an address that an interface has for itself`),
        ...strange.map((text) => `${text} is foreign`),
        ...put.map((ip) => `${formatIPv4(ip)} is not ours`),
      ];
    }
    case 'assign':
    case 'reassign':
      return action.ips.filter((ip) => !isOurs(ip)).map((ip) => `${formatIPv4(ip)} is not ours`);
    case 'unassign':
      return action.ips
        .filter((ip) => !isOurs(ip) && before.allocations.get(ip)?.interface !== action.interfaceId)
        .map((ip) => `${formatIPv4(ip)} is foreign`);
    case 'claim':
      return before.allocations.has(action.ip) ? [`${formatIPv4(action.ip)} is held already`] : [];
    case 'bind': {
      const holder = holderOf(before, action.ip);
      const isNodes = holder?.node !== undefined && before.nodes.has(holder.node);
      const wasOurs = isOurs(action.ip);
      return holder === undefined || isNodes || wasOurs
        ? []
        : [`${formatIPv4(action.ip)} is on ${holder.id}`];
    }
    default:
      return [];
  }
}

function crowds(before: Cluster, after: Cluster): string[] {
  const grown = [...after.interfaces.values()].filter(
    (it) =>
      it.secondary.size > it.slots && it.secondary.size > (before.interfaces.get(it.id)?.secondary.size ?? 0),
  );
  return grown.map((it) => `${it.id} has ${it.secondary.size} of ${it.slots}`);
}

/** Where the platform assigns, OpenShift SDN ignores a whole HostSubnet that is beyond what the node can carry. */
function ignored(before: Cluster, action: Action): string[] {
  if (before.cloud !== 'platform' || action.kind !== 'patchHostSubnet' || action.add.length === 0) return [];
  const eni = before.interfaces.get(`eni-${action.node}`);
  if (eni === undefined) return [`${action.node} has no interface`];
  const outside = action.add.filter((ip) => !isInside(eni.subnet, ip));
  return [
    ...(action.egressIPs.length > eni.slots ? [`${action.egressIPs.length} IPs are too many`] : []),
    ...outside.map((ip) => `${formatIPv4(ip)} is outside the subnet`),
  ];
}

/**
 * Grant, change and revoke interrupt no active IP. A move interrupts that one IP, and only from a node that
 * must lose it. A namespace is never dropped, except by the move of the only IP that it has.
 */
function interruptions(before: Cluster, action: Action, after: Cluster, plan: Plan): string[] {
  const faults: string[] = [];
  const [was, is] = [verdictsOf(before), verdictsOf(after)];
  const removed = new Set(
    action.kind === 'patchHostSubnet' || action.kind === 'patchNetNamespace'
      ? action.remove.map(formatIPv4)
      : [],
  );
  for (const [text, verdict] of was.ips) {
    if (!verdict.delivers || is.ips.get(text)?.delivers === true) continue;
    if (verdict.namespaces.every((name) => isSpoilt(before, name))) continue;
    if (!removed.has(text)) faults.push(`${text} is interrupted: ${is.ips.get(text)?.reason}`);
    else faults.push(...unlawful(before, action, (parseAddress(text) ?? 0) as IPv4));
  }
  for (const [name, verdict] of was.namespaces) {
    const now = is.namespaces.get(name);
    if (verdict.egress !== 'active' || now === undefined || now.egress === 'active') continue;
    const own = verdict.from.filter(
      (text) => before.allocations.get((parseAddress(text) ?? 0) as IPv4)?.namespace === name,
    );
    if (own.length === 0 || isSpoilt(before, name)) continue;
    const isMove = action.kind === 'patchHostSubnet' && verdict.from.every((text) => removed.has(text));
    if (now.egress === 'dropped' && !isMove && !isRevokedFirst(plan, name))
      faults.push(`namespace ${name} is dropped: ${now.reason}`);
    if (now.egress === 'node' && isServed(before, name) && !isRevokedFirst(plan, name)) {
      faults.push(`namespace ${name} leaves from the node`);
    }
  }
  return faults;
}

/** Why an IP that delivers must not be taken off here. */
function unlawful(before: Cluster, action: Action, ip: IPv4): string[] {
  const owner = before.allocations.get(ip)?.namespace ?? '';
  const isListed = before.namespaces.get(owner)?.listed.has(ip) === true;
  if (action.kind === 'patchNetNamespace') {
    return action.namespace === owner && isListed ? [`${formatIPv4(ip)} is listed by ${owner}`] : [];
  }
  if (action.kind !== 'patchHostSubnet' || !isListed) return [];
  // Where somebody has put it on a second node by hand, both have to go.
  if (before.meddledWith.has(ip)) return [];
  const world = worldOf(before);
  const egressIPAM = world.egressIPAMs.valid.get(before.namespaces.get(owner)?.egressIPAM ?? '');
  const pool = egressIPAM === undefined ? undefined : poolOf(egressIPAM, ip);
  if (egressIPAM === undefined || pool === undefined) return [`nobody knows where ${formatIPv4(ip)} belongs`];
  const lawful = lawfulNodes(world, egressIPAM, pool);
  const node = lawful.find((it) => it.name === action.node);
  const isAutomatic = before.cloud === 'none' && egressIPAM.pools.length === 1;
  if (node === undefined || !node.ready || node.cordoned || isAutomatic) return [];
  return [`${formatIPv4(ip)} is taken off ${node.name}, where it may stay`];
}

/**
 * Somebody has put addresses on the NetNamespace that are nobody's: they stay, and where they are all that is
 * left, or where the SDN places one IP of each namespace, they cost the namespace its traffic.
 */
function isSpoilt(before: Cluster, name: string): boolean {
  const used = [...(before.netNamespaces.get(name)?.ips ?? [])];
  const isForeign = used.some((ip) => before.allocations.get(ip)?.ours !== true);
  return isForeign && (before.cloud === 'none' || !isServed(before, name));
}

function isServed(before: Cluster, name: string): boolean {
  const namespace = before.namespaces.get(name);
  const metadata = before.egressIPAMs.get(namespace?.egressIPAM ?? '')?.metadata;
  const isReleased =
    metadata?.deletionTimestamp !== undefined && metadata.annotations?.[RELEASE_ALL_ANNOTATION] === 'true';
  return namespace?.egressIPAM !== undefined && namespace.listed.size > 0 && !isReleased;
}

function isRevokedFirst(plan: Plan, name: string): boolean {
  return plan.notices.some((notice) => notice.reason === 'RevokedFirst' && notice.about.name === name);
}
