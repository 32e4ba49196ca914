// Could a node host what a namespace is about to get? Counts host slots by group of nodes, because several CIDRs with
// one label value are hosted by the same nodes. Numbers only; who looked, and when, is the caller's concern.
import type { Pool } from './egressipam.ts';

/** What is known of the host slots of one pool, and what is asked of it. */
export interface SlotDemand {
  readonly pool: Pool;
  /** As last published (CIDRStatus.freeHostSlots); undefined where no limit is known to exist. */
  readonly freeHostSlots: number | undefined;
  /** IPs claimed since that was published, claims under way included. */
  readonly claimedSince: number;
  /** How many more IPs are asked for. */
  readonly wanted: number;
}

/** A group of nodes that cannot host what is asked for. */
export interface Shortage {
  readonly labelValue: string;
  readonly pools: readonly Pool[];
  readonly wanted: number;
  readonly available: number;
}

/**
 * The groups that lack slots, in the order of the pools. Whether two CIDRs of a group share their slots (one subnet) or
 * not (two subnets) cannot be seen from here: each pool must have enough of its own, and all together no more than the
 * roomiest of them has, which is exact for shared slots and asks too much only of groups that are nearly full.
 */
export function shortages(demands: readonly SlotDemand[]): Shortage[] {
  const groups = Map.groupBy(demands, ({ pool }) => pool.labelValue);
  const found: Shortage[] = [];
  for (const [labelValue, group] of groups) {
    const wanted = sum(group.map((demand) => demand.wanted));
    if (wanted === 0) continue;
    const narrow = group.filter((demand) => demand.wanted > 0 && slots(demand) < demand.wanted);
    const limits = group.map(({ freeHostSlots }) => freeHostSlots ?? Number.POSITIVE_INFINITY);
    const together = Math.max(0, Math.max(...limits) - sum(group.map(({ claimedSince }) => claimedSince)));
    if (narrow.length > 0) {
      const available = sum(narrow.map(slots));
      found.push({
        labelValue,
        pools: narrow.map(({ pool }) => pool),
        wanted: sum(narrow.map((demand) => demand.wanted)),
        available,
      });
    } else if (together < wanted) {
      const pools = group.filter((demand) => demand.wanted > 0).map(({ pool }) => pool);
      found.push({ labelValue, pools, wanted, available: together });
    }
  }
  return found;
}

function slots(demand: SlotDemand): number {
  return Math.max(0, (demand.freeHostSlots ?? Number.POSITIVE_INFINITY) - demand.claimedSince);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
