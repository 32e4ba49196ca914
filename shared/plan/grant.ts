// The next step towards «this namespace uses this IP», for one wanted IP. Steps are never skipped: each is
// planned only when the world shows that the one before took effect, so a crash between two of them leaves
// nothing to remember.
//
//   the world shows                                      next step
//   no allocation                                        claim it
//   a claim without a namespace's name                   name it
//   a claim that is not ours yet                         bind, if the address is on no interface (or adopted)
//   ours, not Bound to this very namespace               bind
//   hosted by another node than the one it is placed on  take it off that HostSubnet
//   on another interface of ours                         one call that moves it
//   on no interface                                      write down where it goes, then assign it
//   not on the HostSubnet                                put it there
//   hosted, not on the NetNamespace                      ready: swap.ts puts it there, with what has to leave
import type { Allocation } from '../allocation.ts';
import { contains, formatIPv4, type IPv4 } from '../ip.ts';
import { custodyOf } from './custody.ts';
import type { Notice, Wanted } from './desire.ts';
import { about } from './desire.ts';
import type { Draft } from './draft.ts';
import type { Placement } from './place.ts';
import type { Sightings } from './sightings.ts';
import type { NamespaceFact, World } from './world.ts';

/** How far a wanted IP has come. `stuck`: nothing can be done for it now, by no fault of a step under way. */
export type Progress = 'pending' | 'hosted' | 'stuck';

interface Stage {
  readonly world: World;
  readonly seen: Sightings;
  /** What each node's egressCIDRs are to be. */
  readonly offers: ReadonlyMap<string, readonly string[]>;
  readonly draft: Draft;
  readonly notices: Notice[];
  /** Takes those that lack nothing but the NetNamespace. */
  readonly ready: Wanted[];
}

/**
 * Plans the next step for `wanted` and says how far it is. Where the SDN places, pass placement undefined.
 */
export function grant(
  wanted: Wanted,
  placement: Placement | undefined,
  mode: 'explicit' | 'automatic',
  stage: Stage,
): Progress {
  const { world, draft } = stage;
  if (world.busy.has(wanted.ip)) return isHosted(wanted, placement, mode, stage) ? 'hosted' : 'pending';
  const allocation = world.allocations.get(wanted.ip);
  if (allocation === undefined) return claim(wanted, stage);
  if (allocation.namespace === '') {
    draft.push({
      kind: 'name',
      ip: wanted.ip,
      namespace: wanted.namespace.name,
      resourceVersion: allocation.resourceVersion,
    });
    return 'pending';
  }
  if (!allocation.ours || !isBoundTo(allocation, wanted)) return bind(wanted, allocation, placement, stage);
  if (mode === 'automatic') return useWhenOffered(wanted, allocation, stage);
  if (placement === undefined) return 'stuck';
  return carryOut(wanted, allocation, placement, stage);
}

function isBoundTo(allocation: Allocation, wanted: Wanted): boolean {
  return allocation.phase === 'Bound' && allocation.namespaceUID === wanted.namespace.uid;
}

function claim(wanted: Wanted, { world, draft, notices }: Stage): Progress {
  const { ip, pool, namespace, egressIPAM } = wanted;
  const usable = world.usable.get(pool);
  const why = isOnOurInterface(ip, world) ? usable?.whyNeverOurs(ip) : usable?.whyNot(ip);
  if (why !== undefined) {
    notices.push(
      about(namespace, 'Warning', 'InvalidEgressIPs', `${formatIPv4(ip)} ${why}; list another IP`),
    );
    return 'stuck';
  }
  draft.push({ kind: 'claim', ip, namespace: namespace.name, egressIPAM: egressIPAM.name, cidr: pool.name });
  return 'pending';
}

/** As a secondary address: what the Go operator, or we before a restore, have put there. */
function isOnOurInterface(ip: IPv4, world: World): boolean {
  return custodyOf(ip, world) === 'node';
}

function bind(
  wanted: Wanted,
  allocation: Allocation,
  placement: Placement | undefined,
  stage: Stage,
): Progress {
  const { world, draft } = stage;
  // Deleted by hand before it was ours: it is about to vanish and is claimed anew then.
  if (allocation.deleting && !allocation.ours) return 'pending';
  if (!allocation.ours && !mayBecomeOurs(wanted, stage)) return 'stuck';
  const node = placement?.node;
  draft.push({
    kind: 'bind',
    ip: wanted.ip,
    namespace: wanted.namespace.name,
    namespaceUID: wanted.namespace.uid,
    node: allocation.ours ? (allocation.node ?? node) : node,
    interfaceId: allocation.ours
      ? (allocation.interface ?? interfaceOf(node, world))
      : interfaceOf(node, world),
    resourceVersion: allocation.resourceVersion,
  });
  return 'pending';
}

/** The finalizer is added only where a fresh look shows the address on no interface, or being adopted. */
function mayBecomeOurs({ ip, namespace }: Wanted, { world, seen, notices }: Stage): boolean {
  if (world.cloud === 'aws') {
    if (world.inventory === undefined || world.inventoryAge > world.timing.inventoryFresh) return false;
    if (!world.inventory.subnets.some((subnet) => contains(subnet, ip))) {
      const message = `${formatIPv4(ip)} is in no subnet of the nodes that EC2 could be asked about`;
      notices.push(about(namespace, 'Warning', 'NoHost', message));
      return false;
    }
    const custody = custodyOf(ip, world);
    if (custody === 'unknown') notices.push(outOfSight(ip, namespace, world));
    if (custody !== 'nobody' && custody !== 'node') return false;
  }
  const other = seen.netNamespacesOf(ip).find((name) => name !== namespace.name);
  if (other === undefined) return true;
  const message = `${formatIPv4(ip)} is on the NetNamespace of ${other}; it is used once it is off there`;
  notices.push(about(namespace, 'Warning', 'AddressInUse', message));
  return false;
}

function carryOut(wanted: Wanted, allocation: Allocation, placement: Placement, stage: Stage): Progress {
  const { world, seen, draft, notices } = stage;
  const { ip, namespace } = wanted;
  const hosts = seen.hostsOf(ip);
  const isThere = hosts.length === 1 && hosts[0] === placement.node;
  const elsewhere = isThere ? [] : hosts.filter((node) => node !== placement.node);
  // On two nodes it is not active; on one alone it could deactivate what is there of the wrong NetNamespace.
  if (hosts.length > 1 && isUsedElsewhere(wanted, seen)) return 'pending';
  for (const node of leftFirst(elsewhere, wanted, stage)) draft.unhost(node, ip);
  if (placement.node === undefined) {
    const message = `${formatIPv4(ip)} has no node to host it: ${placement.why}`;
    notices.push(about(namespace, 'Warning', 'NoHost', message));
    return 'stuck';
  }
  if (elsewhere.length > 0) return 'pending';
  const settled = world.cloud !== 'aws' ? 'yes' : settleInterface(wanted, allocation, placement.node, stage);
  if (settled !== 'yes') return settled;
  if (!seen.isHostedBy(ip, placement.node)) {
    if (wouldSilence(wanted, placement.node, stage)) return 'pending';
    draft.host(placement.node, ip);
    return 'pending';
  }
  const target = interfaceOf(placement.node, world);
  const isWrittenDown = target === undefined || allocation.interface === target;
  if (allocation.node !== placement.node || !isWrittenDown) {
    record(allocation, placement.node, target, draft);
    return 'hosted';
  }
  return useOnNetNamespace(wanted, stage);
}

/**
 * Whether it would deactivate an IP that is on the node: on somebody else's NetNamespace it could, and on its
 * own, too, while a sibling is still there. Both are just being taken off.
 */
function wouldSilence(wanted: Wanted, node: string, { world, seen }: Stage): boolean {
  const { ip, namespace } = wanted;
  if (isUsedElsewhere(wanted, seen)) return true;
  const used = world.netNamespaces.get(namespace.name)?.ips ?? new Set();
  return used.has(ip) && [...used].some((other) => other !== ip && seen.isHostedBy(other, node));
}

/** On a NetNamespace that is not its own namespace's, which plan.ts takes it off. */
function isUsedElsewhere({ ip, namespace }: Wanted, seen: Sightings): boolean {
  return seen.netNamespacesOf(ip).some((name) => name !== namespace.name);
}

/**
 * Somebody may have put it on several nodes, where it is not active. If one of them hosts another IP of the
 * namespace, it leaves that node before the others: alone there, it would be active no more than the other
 * one.
 */
function leftFirst(nodes: readonly string[], wanted: Wanted, { world }: Stage): readonly string[] {
  const used = [...(world.netNamespaces.get(wanted.namespace.name)?.ips ?? [])].filter(
    (ip) => ip !== wanted.ip,
  );
  const shared = nodes.filter((node) => used.some((ip) => world.hostSubnets.get(node)?.ips.has(ip) === true));
  return shared.length > 0 ? shared : nodes;
}

function outOfSight(ip: IPv4, namespace: NamespaceFact, world: World): Notice {
  const holder = world.inventory?.holders.get(ip);
  const message =
    `${formatIPv4(ip)} is on interface ${holder}, ` +
    'which may be that of a node that EC2 does not tell about now';
  return about(namespace, 'Warning', 'NoHost', message);
}

/** Brings the IP onto the interface of its node; `yes` when it is there. */
function settleInterface(
  wanted: Wanted,
  allocation: Allocation,
  node: string,
  stage: Stage,
): 'yes' | Progress {
  const { world, draft } = stage;
  const { ip } = wanted;
  const target = interfaceOf(node, world);
  // The node's interface cannot be read now: what stands stays as it is.
  if (target === undefined) {
    if (stage.seen.isHostedBy(ip, node)) return 'hosted';
    const message = `${formatIPv4(ip)} waits for node ${node}: EC2 does not tell about it now`;
    stage.notices.push(about(wanted.namespace, 'Warning', 'NoHost', message));
    return 'stuck';
  }
  const custody = custodyOf(ip, world);
  if (custody === 'unknown') stage.notices.push(outOfSight(ip, wanted.namespace, world));
  if (custody === 'unknown' || custody === 'stranger') return 'stuck';
  const holder = world.inventory?.holders.get(ip);
  if (holder === target) return 'yes';
  if (holder !== undefined) {
    if (allocation.interface === holder) draft.move(node, target, ip, holder);
    else record(allocation, world.nodeOfInterface.get(holder), holder, draft);
    return 'pending';
  }
  if (allocation.interface !== target || allocation.node !== node) record(allocation, node, target, draft);
  else
    draft.assign(
      node,
      target,
      ip,
      allocation.phase === 'Bound' && stage.seen.netNamespacesOf(ip).length > 0 ? 'failover' : 'grant',
    );
  return 'pending';
}

function useOnNetNamespace(wanted: Wanted, stage: Stage): Progress {
  const { world, seen, ready } = stage;
  const users = seen.netNamespacesOf(wanted.ip);
  if (users.includes(wanted.namespace.name) && world.cloud === 'platform')
    return assignedByPlatform(wanted, stage);
  // A NetNamespace that is not there yet is waited for, by this namespace alone.
  if (users.length === 0 && world.netNamespaces.has(wanted.namespace.name)) ready.push(wanted);
  return 'hosted';
}

/** The platform assigns only what both lists name; until it has, the IP is not active. */
function assignedByPlatform(wanted: Wanted, { world, notices }: Stage): Progress {
  const assignment = world.platformAssignments.get(wanted.ip);
  if (assignment?.isAssigned === true) return 'hosted';
  if (assignment?.refusal === undefined) return 'pending';
  const message = `The platform could not assign ${formatIPv4(wanted.ip)}: ${assignment.refusal}`;
  notices.push(about(wanted.namespace, 'Warning', 'NotAssigned', message));
  return 'stuck';
}

/** Bare metal with one CIDR: the SDN chooses the node; we only follow. */
function useWhenOffered(wanted: Wanted, allocation: Allocation, stage: Stage): Progress {
  const { seen, draft, notices } = stage;
  if (!isOffered(wanted, stage)) {
    const message =
      `${formatIPv4(wanted.ip)} has no node to host it: ` +
      `no selected node that is Ready offers ${wanted.pool.name}`;
    notices.push(about(wanted.namespace, 'Warning', 'NoHost', message));
    return 'stuck';
  }
  const [node] = seen.hostsOf(wanted.ip);
  if (node !== undefined && allocation.node !== node) {
    record(allocation, node, undefined, draft);
    return 'hosted';
  }
  return useOnNetNamespace(wanted, stage);
}

function record(
  allocation: Allocation,
  node: string | undefined,
  interfaceId: string | undefined,
  draft: Draft,
): void {
  const { ip, resourceVersion } = allocation;
  draft.push({ kind: 'record', ip, node, interfaceId, resourceVersion });
}

function interfaceOf(node: string | undefined, world: World): string | undefined {
  return node === undefined ? undefined : world.inventory?.hosts.get(node)?.interfaceId;
}

/** By a node that could host it, and goes on to: the SDN places on no other. */
function isOffered({ pool }: Wanted, { world, seen, offers }: Stage): boolean {
  return seen
    .offeredBy(pool.name)
    .some((node) => world.nodes.get(node)?.ready === true && offers.get(node)?.includes(pool.name) === true);
}

function isHosted(
  wanted: Wanted,
  placement: Placement | undefined,
  mode: 'explicit' | 'automatic',
  stage: Stage,
): boolean {
  if (mode === 'automatic') return isOffered(wanted, stage);
  return placement?.node !== undefined && stage.seen.isHostedBy(wanted.ip, placement.node);
}
