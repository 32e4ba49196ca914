// The next step of giving an IP back, for one allocation that its namespace does not list. Nothing starts
// before the claim has stood unchanged for longer than an admitted write can still be on its way; every step
// is checked live again by whoever carries it out.
//
//   ours    the world shows                                 next step
//   yes     the claim is younger than the grace             wait
//   yes     phase is not Releasing or Resting               phase Releasing
//   yes     on a NetNamespace                               take it off, when swap.ts says so
//   yes     on a HostSubnet                                 take it off (where the SDN places, it does that)
//   yes     its node cannot be read in EC2                  wait: unknown is not empty
//   yes     on an interface of a node                       unassign it
//   yes     nowhere                                         rest: live reads, phase Resting, finalizer off
//   no      back on the interface where it was, Resting     unassign it
//   no      Resting, and its node cannot be read in EC2     wait: it could be back there
//   no      unlisted for the grace; rested if it has to     delete
import type { Allocation } from '../allocation.ts';
import { DEFAULT_REUSE_GRACE_PERIOD } from '../egressipam.ts';
import type { ReleaseCheck } from './actions.ts';
import { custodyOf, isOutOfSight } from './custody.ts';
import type { Draft } from './draft.ts';
import type { Sightings } from './sightings.ts';
import type { World } from './world.ts';

interface Stage {
  readonly world: World;
  readonly seen: Sightings;
  readonly draft: Draft;
  /** Whether the IP may leave its own NetNamespace. */
  readonly mayLeave: 'now' | 'not yet';
}

/**
 * Plans the next step and returns in how many milliseconds the one after is due, if only time stands in the
 * way.
 */
export function release(allocation: Allocation, stage: Stage): number | undefined {
  if (stage.world.busy.has(allocation.ip)) return undefined;
  return allocation.ours ? giveBack(allocation, stage) : collect(allocation, stage);
}

/** Whether the next step may be to take the IP off, as far as the claim and its phase are concerned. */
export function isDue(allocation: Allocation, world: World): boolean {
  const { ip, phase } = allocation;
  const seenFor = world.claimAges.get(ip)?.seenFor ?? 0;
  return (
    (phase === 'Releasing' || phase === 'Resting') &&
    seenFor >= world.timing.claimGrace &&
    !world.busy.has(ip)
  );
}

function giveBack(allocation: Allocation, { world, seen, draft, mayLeave }: Stage): number | undefined {
  const { ip } = allocation;
  const wait = world.timing.claimGrace - (world.claimAges.get(ip)?.seenFor ?? 0);
  if (wait > 0) return wait;
  const check = checkOf(allocation);
  if (allocation.phase !== 'Releasing' && allocation.phase !== 'Resting') {
    draft.push({ kind: 'release', ip, checks: [check] });
    return undefined;
  }
  if (seen.netNamespacesOf(ip).includes(allocation.namespace)) {
    if (mayLeave === 'now') draft.unuse(allocation.namespace, ip, check);
    return undefined;
  }
  // On any other NetNamespace it is wrong anyway, and plan.ts takes it off.
  if (seen.netNamespacesOf(ip).length > 0) return undefined;
  const hosts = seen.hostsOf(ip);
  for (const node of hosts) {
    const places = (world.hostSubnets.get(node)?.egressCIDRs.length ?? 0) > 0;
    if (!places) draft.unhost(node, ip, check);
  }
  if (hosts.length > 0) return undefined;
  if (world.cloud === 'aws') {
    if (isOutOfSight(allocation, world)) return undefined;
    const holder = world.inventory?.holders.get(ip);
    if (holder !== undefined && custodyOf(ip, world) === 'node') {
      draft.unassign(holder, ip, check);
      return undefined;
    }
  }
  draft.push({ kind: 'rest', ip, checks: [check] });
  return undefined;
}

function collect(allocation: Allocation, { world, draft }: Stage): number | undefined {
  const { ip } = allocation;
  if (allocation.deleting) return undefined;
  const holder = world.cloud === 'aws' ? world.inventory?.holders.get(ip) : undefined;
  const isBack = holder !== undefined && holder === allocation.interface && custodyOf(ip, world) === 'node';
  if (allocation.phase === 'Resting' && isBack) {
    draft.unassign(holder, ip, checkOf(allocation));
    return undefined;
  }
  // Once it is deleted nobody takes it off again.
  if (allocation.phase === 'Resting' && isOutOfSight(allocation, world)) return undefined;
  const age = world.claimAges.get(ip);
  const wait = Math.max(
    world.timing.claimGrace - (age?.seenFor ?? 0),
    world.timing.claimGrace - (age?.unlistedFor ?? 0),
    restLeft(allocation, world),
  );
  if (wait > 0) return wait;
  const { uid, resourceVersion, namespace } = allocation;
  draft.push({ kind: 'delete', ip, uid, resourceVersion, namespace });
  return undefined;
}

/** Milliseconds that a resting IP still has to rest; 0 for one that was only claimed. */
function restLeft(allocation: Allocation, world: World): number {
  if (allocation.phase !== 'Resting') return 0;
  const egressIPAM = world.egressIPAMs.valid.get(allocation.egressIPAM);
  const period = egressIPAM?.reuseGracePeriod ?? DEFAULT_REUSE_GRACE_PERIOD;
  const restedFor = world.wallClock - Date.parse(allocation.restingSince ?? '');
  // A clock that was set back must not hold an address for as long as it was set back, and nobody may know since when.
  return period - (restedFor >= 0 ? restedFor : (world.claimAges.get(allocation.ip)?.unlistedFor ?? 0));
}

function checkOf(allocation: Allocation): ReleaseCheck {
  const { ip, namespace, resourceVersion } = allocation;
  return { ip, namespace, resourceVersion };
}
