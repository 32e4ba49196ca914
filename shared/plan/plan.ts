// The pure function in the middle: from everything observed to the next step of every IP. It plans one step per IP and
// never two that depend on each other: what has to come in an order (interface, HostSubnet, NetNamespace to grant; the
// reverse to revoke) comes in that order because each step is planned only when the one before is seen to be done.
//
//   who            what
//   grant.ts       the next step of every IP that a namespace lists
//   release.ts     the next step of every allocation that its namespace does not list
//   supply.ts      IPs for namespaces that lack one; lists that have to change
//   automatic.ts   egressCIDRs where the SDN places
//   here           IPs of ours on the wrong NetNamespace, and the EgressIPAMs' finalizers
import type { Allocation } from '../allocation.ts';
import { type EgressIPAM, poolOf } from '../egressipam.ts';
import type { IPv4 } from '../ip.ts';
import { FINALIZER, GO_OPERATOR_FINALIZER } from '../names.ts';
import type { Action } from './actions.ts';
import { isDrained, modeOf, offerCIDRs } from './automatic.ts';
import { type Desire, desire, type Notice } from './desire.ts';
import { Draft } from './draft.ts';
import { grant, type Progress } from './grant.ts';
import { type Placement, place } from './place.ts';
import { release } from './release.ts';
import { Sightings } from './sightings.ts';
import { supply } from './supply.ts';
import type { World } from './world.ts';

export interface Plan {
  readonly actions: readonly Action[];
  readonly notices: readonly Notice[];
  readonly progress: ReadonlyMap<IPv4, Progress>;
  readonly placements: ReadonlyMap<IPv4, Placement>;
  /** Milliseconds until time alone makes something due; undefined when nothing waits for time. */
  readonly wakeIn: number | undefined;
}

/** Deterministic and without side effects. */
export function plan(world: World): Plan {
  const wish = desire(world);
  const seen = new Sightings(world);
  const draft = new Draft(world);
  const notices: Notice[] = [...wish.notices];
  const canPlace = world.cloud === 'none' || world.inventory !== undefined;
  const placeable = [...wish.wanted.values()].filter(
    (wanted) => canPlace && modeOf(wanted.egressIPAM, world) === 'explicit',
  );
  const placements = place(world, wish, placeable);

  const progress = new Map<IPv4, Progress>();
  for (const wanted of wish.wanted.values()) {
    const stage = { world, seen, draft, notices };
    const mode = modeOf(wanted.egressIPAM, world);
    progress.set(wanted.ip, grant(wanted, placements.byIP.get(wanted.ip), mode, stage));
  }

  const mayLeave = (allocation: Allocation) => isReplaced(allocation, world, wish, progress);
  let wakeIn = placements.wakeIn;
  for (const allocation of sortedByIP(world.allocations)) {
    leaveWrongNetNamespaces(allocation, world, seen, draft);
    if (seen.isListed(allocation.ip, allocation.namespace)) continue;
    const due = release(allocation, { world, seen, draft, mayLeave });
    if (due !== undefined) wakeIn = Math.min(wakeIn ?? due, due);
  }

  supply(wish, world, draft, notices);
  offerCIDRs(world, draft);
  finalizeEgressIPAMs(world, seen, draft);
  return { actions: draft.actions(), notices, progress, placements: placements.byIP, wakeIn };
}

/**
 * A namespace that lists IPs of which none is active is dropped, so an old IP stays on the NetNamespace until what
 * replaces it is hosted; unless nothing can host the replacement as long as the old one is there.
 */
function isReplaced(
  allocation: Allocation,
  world: World,
  wish: Desire,
  progress: ReadonlyMap<IPv4, Progress>,
): boolean {
  const namespace = world.namespaces.get(allocation.namespace);
  if (namespace?.egressIPAM === undefined) return true;
  const wanted = wish.wantedOf.get(namespace.name) ?? [];
  const egressIPAM = world.egressIPAMs.valid.get(namespace.egressIPAM);
  const pool = egressIPAM === undefined ? undefined : poolOf(egressIPAM, allocation.ip);
  const sameCIDR = wanted.filter((candidate) => candidate.pool === pool);
  const replacements = sameCIDR.length > 0 ? sameCIDR : wanted;
  if (wish.lacks.some((lack) => lack.namespace === namespace)) return false;
  return replacements.every((candidate) => progress.get(candidate.ip) !== 'pending');
}

/** An IP of ours on a NetNamespace that is not its own is taken off: two users would drop the traffic of both. */
function leaveWrongNetNamespaces(allocation: Allocation, world: World, seen: Sightings, draft: Draft): void {
  if (!allocation.ours || world.busy.has(allocation.ip)) return;
  for (const name of seen.netNamespacesOf(allocation.ip)) {
    if (name !== allocation.namespace) draft.unuse(name, allocation.ip);
  }
}

function isOffered(egressIPAM: EgressIPAM, seen: Sightings): boolean {
  return egressIPAM.pools.some((pool) => seen.isOffered(pool.name));
}

function finalizeEgressIPAMs(world: World, seen: Sightings, draft: Draft): void {
  for (const fact of [...world.egressIPAMFacts.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const others = fact.finalizers.filter((name) => name !== FINALIZER && name !== GO_OPERATOR_FINALIZER);
    const valid = world.egressIPAMs.valid.get(fact.name);
    const wantsOurs =
      valid !== undefined && (!fact.deleting || !isDrained(valid, world) || isOffered(valid, seen));
    // A finalizer cannot be added to an object that is being deleted, and an invalid one keeps what it has until then.
    if (fact.deleting ? wantsOurs : valid === undefined) continue;
    const finalizers = wantsOurs ? [...others, FINALIZER] : others;
    const isSame =
      finalizers.length === fact.finalizers.length &&
      finalizers.every((name) => fact.finalizers.includes(name));
    if (isSame) continue;
    const { name, resourceVersion } = fact;
    draft.push({ kind: 'finalizeEgressIPAM', name, resourceVersion, finalizers });
  }
}

function sortedByIP(allocations: ReadonlyMap<IPv4, Allocation>): Allocation[] {
  return [...allocations.values()].sort((a, b) => a.ip - b.ip);
}
