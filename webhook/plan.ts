// What exactly is to be claimed, and is there room for it? Turns lists and gaps into wanted IPs, finds full pools and
// nodes without room, and warns of what is nearly so.
import { isFull, startFor } from '../shared/allocate.ts';
import { EGRESSIPAM_PATH, type IPByPool } from '../shared/annotation.ts';
import { type Shortage, shortages } from '../shared/capacity.ts';
import type { EgressIPAM, Pool } from '../shared/egressipam.ts';
import { otherHolder } from '../shared/explicit.ts';
import type { IPv4 } from '../shared/ip.ts';
import type { Problem } from '../shared/problem.ts';
import { type Decision, impossible, type NamespaceView, type Plan, type Wanted } from './decision.ts';

export type PlanRequest = Plan['request'];

/** A plan in the making. */
export interface Draft extends Omit<Plan, 'growing'> {
  /** What is wrong with the request already. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
  /** Pools in which the namespace gives up one IP for another, and so needs no more room than it has. */
  readonly exchanged: ReadonlySet<Pool>;
}

/** From this share of a pool on, whoever takes an IP of it is told. */
const NEARLY_FULL = 0.8;

/** Denied with all problems, if there are any; else to be carried out. */
export function layPlan(draft: Draft, view: NamespaceView): Decision {
  const { request, egressIPAM, kept, wanted } = draft;
  const problems = [...draft.problems];
  const warnings = [...draft.warnings];
  for (const { kind, pool, own } of wanted) {
    if (kind !== 'search' || own.length > 0) continue;
    const usable = view.usable(egressIPAM, pool);
    if (isFull(usable, view.taken, startFor(request.name, usable))) {
      problems.push(exhausted(egressIPAM, pool, view));
    }
  }
  const growing = growingIn(draft, view);
  const lacking = lackingRoom(egressIPAM, growing, view).map((shortage) => noRoom(shortage, egressIPAM));
  if (egressIPAM.capacityPolicy === 'Deny') problems.push(...lacking);
  else warnings.push(...lacking.map(({ message }) => message));
  if (problems.length > 0) return impossible(...problems);
  warnings.push(...fillWarnings(draft, view));
  return { kind: 'allocate', plan: { request, egressIPAM, kept, wanted, growing }, warnings };
}

/** One search per pool; what the namespace has already comes first, unless it must not be handed out any more. */
export function searches(
  pools: readonly Pool[],
  request: PlanRequest,
  view: NamespaceView,
  egressIPAM: EgressIPAM,
): Wanted[] {
  return pools.map((pool) => {
    const usable = view.usable(egressIPAM, pool);
    const own = view
      .ownAllocations(request.name, pool)
      .map(({ ip }) => ip)
      .filter((ip) => usable.whyNot(ip) === undefined)
      .filter((ip) => otherHolder(view.holdersOf(ip), request.name) === undefined);
    return { kind: 'search', pool, own };
  });
}

/** The listed IPs, each to be claimed as it is. */
export function explicits(requested: IPByPool, request: PlanRequest, view: NamespaceView): Wanted[] {
  return [...requested].map(([pool, ip]) => {
    const mine = view.ownAllocations(request.name, pool).some((allocation) => allocation.ip === ip);
    const own: IPv4[] = mine ? [ip] : [];
    return { kind: 'explicit', pool, ip, own };
  });
}

/** The problem of a pool with nothing left, with the counts and when more is to be had. */
export function exhausted(egressIPAM: EgressIPAM, pool: Pool, view: NamespaceView): Problem {
  const { usable } = view.usable(egressIPAM, pool);
  const { allocated, resting, foreign, nextFreeAt } = view.counts(egressIPAM, pool);
  const next = nextFreeAt === undefined ? '' : `; the next resting one comes free at ${nextFreeAt}`;
  const others = foreign === 0 ? '' : `, ${foreign} in use without an allocation`;
  const counts = `${usable} usable, ${allocated} allocated, ${resting} resting${others}${next}`;
  const message = `${pool.name} of EgressIPAM "${egressIPAM.name}" has no free IP (${counts}); release IPs, or name an EgressIPAM that has free ones`;
  return { code: 'PoolExhausted', path: EGRESSIPAM_PATH, message };
}

/** An IP that is allocated to the namespace and not resting has been counted; so has one that goes for another. */
function growingIn({ wanted, request, exchanged }: Draft, view: NamespaceView): ReadonlySet<Pool> {
  const growing = new Set<Pool>();
  for (const { pool, own } of wanted) {
    const counted = view
      .ownAllocations(request.name, pool)
      .some(({ ip, phase }) => ip === own[0] && phase !== 'Resting');
    if (!counted && !exchanged.has(pool)) growing.add(pool);
  }
  return growing;
}

function lackingRoom(egressIPAM: EgressIPAM, growing: ReadonlySet<Pool>, view: NamespaceView): Shortage[] {
  if (growing.size === 0) return [];
  return shortages(
    egressIPAM.pools.map((pool) => {
      const { free, claimedSince } = view.hostSlots(egressIPAM, pool);
      return { pool, freeHostSlots: free, claimedSince, wanted: growing.has(pool) ? 1 : 0 };
    }),
  );
}

function noRoom(shortage: Shortage, egressIPAM: EgressIPAM): Problem {
  const { labelValue, pools, wanted, available } = shortage;
  const where = `${egressIPAM.topologyLabel}=${labelValue}`;
  const names = pools.map((pool) => pool.name).join(', ');
  const message = `the nodes with ${where} have room for ${available} more egress IPs, and ${wanted} of ${names} would be needed; add nodes or release IPs`;
  return { code: 'NoHostCapacity', path: EGRESSIPAM_PATH, message };
}

function fillWarnings(draft: Draft, view: NamespaceView): string[] {
  const found: string[] = [];
  for (const { pool } of draft.wanted) {
    const { usable } = view.usable(draft.egressIPAM, pool);
    const allocated = view.allocated(pool);
    if (allocated + 1 <= NEARLY_FULL * usable) continue;
    const share = Math.floor((100 * Math.min(allocated + 1, usable)) / usable);
    found.push(`${pool.name} of EgressIPAM "${draft.egressIPAM.name}" is ${share} % allocated`);
  }
  return found;
}
