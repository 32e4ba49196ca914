// The pure function in the middle: from everything observed to the next step of every IP. It plans one step
// per IP and never two that depend on each other: what has to come in an order (interface, HostSubnet,
// NetNamespace to grant; the reverse to revoke) comes in that order because each step is planned only when
// the one before is seen to be done.
//
//   who            what
//   modes.ts       who places, we or the SDN
//   breaker.ts     what stays where it is, because one edit would displace too much
//   grant.ts       the next step of every IP that a namespace lists, up to the NetNamespace
//   swap.ts        what a NetNamespace gains and loses in one patch
//   release.ts     the next step of every allocation that its namespace does not list
//   supply.ts      IPs for namespaces that lack one; lists that have to change
//   automatic.ts   egressCIDRs where the SDN places
//   finalizers.ts  when an EgressIPAM may go
//   here           IPs of ours on the wrong NetNamespace
import type { Allocation } from '../allocation.ts';
import type { IPv4 } from '../ip.ts';
import type { Action } from './actions.ts';
import { desiredOffers, offerCIDRs } from './automatic.ts';
import { hold } from './breaker.ts';
import { type Desire, desire, type Notice, type Wanted } from './desire.ts';
import { Draft } from './draft.ts';
import { finalizeEgressIPAMs } from './finalizers.ts';
import { grant, type Progress } from './grant.ts';
import { modesOf } from './modes.ts';
import { type Placement, place } from './place.ts';
import { release } from './release.ts';
import { Sightings } from './sightings.ts';
import { supply } from './supply.ts';
import { swap } from './swap.ts';
import type { World } from './world.ts';

export interface Plan {
  readonly actions: readonly Action[];
  readonly notices: readonly Notice[];
  readonly progress: ReadonlyMap<IPv4, Progress>;
  readonly placements: ReadonlyMap<IPv4, Placement>;
  /** Milliseconds until time alone makes something due; undefined when nothing waits for time. */
  readonly wakeIn: number | undefined;
  /** Something waits for a look at EC2 that is fresh enough to choose or to bind an address on. */
  readonly needsInventory: boolean;
}

/** Deterministic and without side effects. */
export function plan(world: World): Plan {
  const wish = desire(world);
  const seen = new Sightings(world);
  const draft = new Draft(world);
  const modes = modesOf(world);
  const held = hold(world, wish, seen, modes);
  const notices: Notice[] = [...wish.notices, ...held.notices];
  const offers = desiredOffers(world, modes, held);
  const modeOf = (wanted: Wanted) => modes.get(wanted.egressIPAM) ?? 'explicit';
  const canPlace = world.cloud === 'none' || world.inventory !== undefined;
  const placeable = [...wish.wanted.values()].filter((wanted) => canPlace && modeOf(wanted) === 'explicit');
  const { byIP: placements, wakeIn: movesIn } = place(world, wish, held, placeable);

  const progress = new Map<IPv4, Progress>();
  const ready: Wanted[] = [];
  for (const wanted of wish.wanted.values()) {
    const stage = { world, seen, offers, draft, notices, ready };
    progress.set(wanted.ip, grant(wanted, placements.get(wanted.ip), modeOf(wanted), stage));
  }
  const leaving = swap(ready, { world, wish, seen, draft, notices, progress, placements });
  const promised = supply(wish, world, draft, notices);

  let wakeIn = movesIn;
  for (const allocation of sortedByIP(world.allocations)) {
    const { ip, namespace } = allocation;
    leaveWrongNetNamespaces(allocation, world, seen, draft);
    if (seen.isListed(ip, namespace) || promised.has(ip)) continue;
    const due = release(allocation, { world, seen, draft, mayLeave: leaving.has(ip) ? 'now' : 'not yet' });
    if (due !== undefined) wakeIn = Math.min(wakeIn ?? due, due);
  }

  offerCIDRs(world, wish, modes, offers, held, draft);
  finalizeEgressIPAMs(world, seen, draft);
  const needsInventory = needsFreshInventory(world, wish);
  return { actions: draft.actions(), notices, progress, placements, wakeIn, needsInventory };
}

function needsFreshInventory({ cloud, inventoryAge, timing, allocations }: World, wish: Desire): boolean {
  if (cloud !== 'aws' || inventoryAge <= timing.inventoryFresh) return false;
  return wish.lacks.length > 0 || [...wish.wanted.keys()].some((ip) => allocations.get(ip)?.ours !== true);
}

/**
 * An IP of ours on a NetNamespace that is not its own is taken off: two users would drop the traffic of both.
 */
function leaveWrongNetNamespaces(allocation: Allocation, world: World, seen: Sightings, draft: Draft): void {
  if (!allocation.ours || world.busy.has(allocation.ip)) return;
  for (const name of seen.netNamespacesOf(allocation.ip)) {
    if (name !== allocation.namespace) draft.unuse(name, allocation.ip);
  }
}

function sortedByIP(allocations: ReadonlyMap<IPv4, Allocation>): Allocation[] {
  return [...allocations.values()].sort((a, b) => a.ip - b.ip);
}
