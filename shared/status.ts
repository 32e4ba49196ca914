// What an EgressIPAM's status says: per CIDR how full it is and what the webhook must know of the cloud; overall whether
// it is in order. Pure: what is written is what was observed, never what was wished for.

import { countFree } from './allocate.ts';
import type { Allocation } from './allocation.ts';
import type { EgressIPAM, Pool } from './egressipam.ts';
import type { HostInterface } from './inventory.ts';
import type { CIDRStatus, Condition, EgressIPAMObject, EgressIPAMStatus } from './kinds.ts';
import { lawfulNodes } from './plan/lawful.ts';
import type { Plan } from './plan/plan.ts';
import type { NodeFact, World } from './plan/world.ts';
import { describeProblems } from './problem.ts';
import { foreignIn, formatRanges, isRead } from './published.ts';
import { capacity, inventory, isTooFragmented, readiness, type Verdict } from './verdicts.ts';

/**
 * The status that `object` should have. Transition times are kept where nothing changed, and all of it is kept where the
 * world was observed before the object was as it is: the next plan has seen it.
 */
export function statusOf(object: EgressIPAMObject, world: World, plan: Plan, now: string): EgressIPAMStatus {
  const egressIPAM = world.egressIPAMs.valid.get(object.metadata.name);
  const generation = object.metadata.generation ?? 0;
  const before = object.status?.conditions ?? [];
  const observed = world.egressIPAMFacts.get(object.metadata.name);
  if (observed?.uid !== object.metadata.uid || observed.generation !== generation) return object.status ?? {};
  if (egressIPAM === undefined) {
    const problems = world.egressIPAMs.invalid.get(object.metadata.name) ?? [];
    const verdict: Verdict = {
      type: 'Ready',
      status: 'False',
      reason: 'Invalid',
      message: describeProblems(problems),
    };
    const { conditions: _old, ...rest } = object.status ?? {};
    return {
      ...rest,
      observedGeneration: generation,
      conditions: withTimes([verdict], before, generation, now),
    };
  }
  if (world.cloud === 'aws' && world.inventory === undefined) {
    // A new leader has nothing better to say yet than the one before it.
    if (object.status !== undefined && before.length > 0) return object.status;
    const message = 'EC2 has not been read yet';
    const verdict: Verdict = { type: 'InventoryFresh', status: 'Unknown', reason: 'NotRead', message };
    return { ...object.status, conditions: withTimes([verdict], before, generation, now) };
  }
  const cidrs = egressIPAM.pools.map((pool) => cidrStatus(egressIPAM, pool, object.status, world));
  const fragile = egressIPAM.pools.filter((pool, index) =>
    isFragile(egressIPAM, pool, cidrs[index]?.freeHostSlots, world),
  );
  const verdicts = [
    readiness(egressIPAM, world, plan),
    capacity(cidrs, fragile),
    inventory(egressIPAM, cidrs, world),
  ];
  return {
    observedGeneration: generation,
    cloud: world.cloud === 'aws' ? 'aws' : 'none',
    cidrs: cidrs.map((status) => (isTooFragmented(status) ? { ...status, inUse: [] } : status)),
    allocated: cidrs.reduce((sum, status) => sum + status.allocated, 0),
    free: cidrs.reduce((sum, status) => sum + status.free, 0),
    conditions: withTimes(verdicts, before, generation, now),
  };
}

function cidrStatus(
  egressIPAM: EgressIPAM,
  pool: Pool,
  before: EgressIPAMStatus | undefined,
  world: World,
): CIDRStatus {
  const usable = world.usable.get(pool);
  let allocated = 0;
  let resting = 0;
  for (const allocation of world.allocations.values()) {
    if (allocation.ip < pool.cidr.first || allocation.ip > pool.cidr.last) continue;
    if (allocation.phase === 'Resting') resting += 1;
    else allocated += 1;
  }
  const last = before?.cidrs?.find((status) => status.CIDR === pool.name);
  const slots = areHostsUnread(egressIPAM, pool, world)
    ? slotsLeft(last, allocated)
    : hostSlots(egressIPAM, pool, world);
  const used = inUse(pool, last, world);
  return {
    CIDR: pool.name,
    labelValue: pool.labelValue,
    size: usable?.size ?? 0,
    usable: usable?.usable ?? 0,
    allocated,
    resting,
    free: usable === undefined ? 0 : countFree(usable, world.taken),
    ...(slots === undefined ? {} : { freeHostSlots: slots }),
    ...(used === undefined ? {} : { inUse: used }),
  };
}

/** What was known before goes on being said of a CIDR that could not be read this time; undefined: nothing was. */
function inUse(pool: Pool, last: CIDRStatus | undefined, world: World): readonly string[] | undefined {
  if (world.inventory === undefined) return [];
  if (isRead(pool.cidr, world.inventory)) {
    return formatRanges(foreignIn(pool.cidr, world.inventory, isOurs(world)));
  }
  return last?.inUse;
}

/** Whether nothing is known this time of the nodes that could host the pool's IPs. */
function areHostsUnread(egressIPAM: EgressIPAM, pool: Pool, world: World): boolean {
  const nodes = ableNodes(egressIPAM, pool, world);
  return nodes.length > 0 && nodes.every(({ name }) => world.inventory?.unknownNodes.has(name) === true);
}

/** What was known before, less what was allocated since; 0 where nothing was. */
function slotsLeft(last: CIDRStatus | undefined, allocated: number): number {
  return Math.max(0, (last?.freeHostSlots ?? 0) - allocated + (last?.allocated ?? 0));
}

/** Nodes that could host another IP of the pool, had they the room. */
function ableNodes(egressIPAM: EgressIPAM, pool: Pool, world: World): NodeFact[] {
  return lawfulNodes(world, egressIPAM, pool).filter((node) => node.ready && !node.cordoned);
}

/** How many more IPs of the pool its nodes could host; undefined where no limit is known to exist. */
function hostSlots(egressIPAM: EgressIPAM, pool: Pool, world: World): number | undefined {
  const nodes = ableNodes(egressIPAM, pool, world);
  if (world.cloud === 'none') return nodes.length === 0 ? 0 : undefined;
  let free = 0;
  for (const node of nodes) free += freeSlots(world.inventory?.hosts.get(node.name));
  // Claimed and bound, but on no interface yet: these will take slots of the same nodes.
  for (const allocation of world.allocations.values()) {
    if (allocation.phase !== 'Claimed' && allocation.phase !== 'Bound') continue;
    const isHere = allocation.ip >= pool.cidr.first && allocation.ip <= pool.cidr.last;
    if (isHere && !world.inventory?.holders.has(allocation.ip)) free -= 1;
  }
  return Math.max(0, free);
}

function freeSlots(host: HostInterface | undefined): number {
  return host === undefined ? 0 : Math.max(0, host.slots - host.secondary.length);
}

/** Whether one of the pool's nodes cannot be lost: the others have no room for what it hosts, or there are none. */
function isFragile(egressIPAM: EgressIPAM, pool: Pool, free: number | undefined, world: World): boolean {
  const nodes = ableNodes(egressIPAM, pool, world);
  if (nodes.length === 1 || free === undefined) return nodes.length === 1;
  return nodes.some((node) => {
    const host = world.inventory?.hosts.get(node.name);
    const ours = host?.secondary.filter((ip) => world.allocations.get(ip)?.ours === true) ?? [];
    return ours.length > Math.max(0, free - freeSlots(host));
  });
}

function isOurs(world: World): (ip: Allocation['ip']) => boolean {
  return (ip) => {
    const allocation = world.allocations.get(ip);
    return allocation !== undefined && (allocation.ours || allocation.phase === 'Resting');
  };
}

function withTimes(
  verdicts: readonly Verdict[],
  before: readonly Condition[],
  observedGeneration: number,
  now: string,
): Condition[] {
  return verdicts.map((verdict) => {
    const old = before.find((condition) => condition.type === verdict.type);
    const lastTransitionTime = old?.status === verdict.status ? old.lastTransitionTime : now;
    return { ...verdict, observedGeneration, lastTransitionTime };
  });
}
