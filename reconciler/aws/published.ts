// What the webhook must know of the cloud, which it never asks: the addresses of a CIDR that are in use or kept and are
// not ours, as ranges for the EgressIPAM's status. Pure, and fails rather than publish a part.
import type { Inventory } from '../../shared/inventory.ts';
import {
  type Cidr,
  formatCidr,
  formatRange,
  type IPv4,
  overlaps,
  type Range,
  toIPv4,
} from '../../shared/ip.ts';
import { fail, ok, type Result } from '../../shared/problem.ts';

/** More ranges than this would make a status too large to be written and watched. */
export const MAX_RANGES = 500;

/**
 * Ascending, merged where they touch, clipped to the CIDR: the `inUse` of its status. Problems: `SubnetUnknown`, part of
 * the CIDR is in no subnet that was read; `TooFragmented`, more than MAX_RANGES.
 */
export function foreignInUse(
  inventory: Inventory,
  cidr: Cidr,
  ours: { has(ip: IPv4): boolean },
): Result<readonly string[]> {
  const unread = gapIn(cidr, inventory.subnets);
  if (unread !== undefined) {
    const message = `${formatRange(unread)} of ${formatCidr(cidr)} is in no subnet of a node that could be read`;
    return fail({ code: 'SubnetUnknown', path: '', message });
  }
  const single = [...inventory.holders.keys()].filter((ip) => !ours.has(ip));
  const ranges = merged([...single.map((ip) => ({ first: ip, last: ip })), ...inventory.kept], cidr);
  if (ranges.length > MAX_RANGES) {
    const message = `what is in use in ${formatCidr(cidr)} takes ${ranges.length} ranges, more than ${MAX_RANGES}; give the EgressIPAM a part of the subnet that nothing else uses`;
    return fail({ code: 'TooFragmented', path: '', message });
  }
  return ok(ranges.map(formatRange));
}

/** The first stretch of `cidr` that none of the ranges covers. */
function gapIn(cidr: Cidr, ranges: readonly Range[]): Range | undefined {
  let next: number = cidr.first;
  for (const range of merged(ranges, cidr)) {
    if (range.first > next) return { first: toIPv4(next), last: toIPv4(range.first - 1) };
    next = range.last + 1;
  }
  return next > cidr.last ? undefined : { first: toIPv4(next), last: cidr.last };
}

function merged(ranges: readonly Range[], within: Range): Range[] {
  const result: { first: IPv4; last: IPv4 }[] = [];
  const inside = ranges.filter((range) => overlaps(range, within)).sort((a, b) => a.first - b.first);
  for (const range of inside) {
    const first = toIPv4(Math.max(range.first, within.first));
    const last = toIPv4(Math.min(range.last, within.last));
    const before = result.at(-1);
    if (before !== undefined && first <= before.last + 1) before.last = toIPv4(Math.max(before.last, last));
    else result.push({ first, last });
  }
  return result;
}
