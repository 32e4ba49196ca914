// What the reconciler tells the webhook about the cloud: the foreign addresses of a CIDR, as few ranges as will do. The
// webhook has no cloud credentials, so this is all that it knows of the cloud.
import type { Inventory } from './inventory.ts';
import {
  type Cidr,
  contains,
  formatRange,
  type IPv4,
  overlaps,
  parseRange,
  type Range,
  toIPv4,
} from './ip.ts';

/** An EgressIPAM's status holds no more ranges than this per CIDR; beyond it the pool is too fragmented to publish. */
export const MAX_RANGES = 500;

/** Whether the inventory knows all of `cidr`: a CIDR that was not read is unknown, not empty. */
export function isRead(cidr: Cidr, inventory: Inventory | undefined): boolean {
  return inventory?.subnets.some((subnet) => subnet.first <= cidr.first && subnet.last >= cidr.last) === true;
}

/** Addresses in `cidr` that the cloud keeps or uses and that are not ours, merged, ascending. */
export function foreignIn(cidr: Cidr, inventory: Inventory, isOurs: (ip: IPv4) => boolean): Range[] {
  const found: Range[] = [];
  for (const ip of inventory.holders.keys()) {
    if (contains(cidr, ip) && !isOurs(ip)) found.push({ first: ip, last: ip });
  }
  for (const range of inventory.kept) {
    if (!overlaps(range, cidr)) continue;
    found.push({
      first: toIPv4(Math.max(range.first, cidr.first)),
      last: toIPv4(Math.min(range.last, cidr.last)),
    });
  }
  return merge(found);
}

/** Sorted, without overlaps, neighbours joined. */
export function merge(ranges: readonly Range[]): Range[] {
  const merged: { first: IPv4; last: IPv4 }[] = [];
  for (const { first, last } of [...ranges].sort((a, b) => a.first - b.first)) {
    const previous = merged.at(-1);
    if (previous !== undefined && first <= previous.last + 1) {
      if (last > previous.last) previous.last = last;
    } else {
      merged.push({ first, last });
    }
  }
  return merged;
}

export function formatRanges(ranges: readonly Range[]): string[] {
  return ranges.map(formatRange);
}

/** Reads a status back; what cannot be read is left out. */
export function parseRanges(texts: readonly string[]): Range[] {
  const ranges: Range[] = [];
  for (const text of texts) {
    const range = parseRange(text);
    if (typeof range !== 'string') ranges.push(range);
  }
  return ranges;
}
