// Is an EgressIPAM valid, and which are its pools? From the README's words, without the product's parser.
import type { EgressIPAMObject } from '../../../shared/kinds.ts';
import { isIn, meet, type SlowCidr, type SlowRange, slowCidr, slowIPv4, slowRange } from './addresses.ts';
import { slowDuration } from './durations.ts';
import { isSlowLabelKey, isSlowLabelValue, isSlowSelector } from './labels.ts';

export interface SlowPool extends SlowCidr {
  readonly text: string;
  readonly reserved: readonly SlowRange[];
}

type Spec = EgressIPAMObject['spec'];

/** Why it is not valid, in a word; `pools` if it is. */
export function slowEgressIPAM(spec: Spec): readonly SlowPool[] | string {
  const assignments = spec.cidrAssignments ?? [];
  if (assignments.length < 1 || assignments.length > 256) return 'number of CIDRs';
  if (!isSlowLabelKey(spec.topologyLabel ?? '')) return 'topologyLabel';
  if (!isSlowSelector(spec.nodeSelector)) return 'nodeSelector';
  if (!['Deny', 'Warn'].includes(spec.capacityPolicy ?? 'Deny')) return 'capacityPolicy';
  const period = spec.reuseGracePeriod ?? '0';
  const grace = period.length > 1_000 ? undefined : slowDuration(period);
  if (grace === undefined || grace < 0 || grace > 720 * 3_600_000) return 'reuseGracePeriod';
  const pools: SlowPool[] = [];
  for (const { CIDR = '', labelValue, reservedIPs = [] } of assignments) {
    const cidr = slowCidr(CIDR);
    if (cidr === undefined || cidr.prefix < 8) return 'CIDR';
    if (labelValue === undefined || !isSlowLabelValue(labelValue)) return 'labelValue';
    if (pools.some((other) => meet(other, cidr))) return 'overlap';
    const reserved = reservedIPs.map(slowRange);
    const isInside = (range: SlowRange | undefined) =>
      range !== undefined && isIn(cidr, range.first) && isIn(cidr, range.last);
    if (reservedIPs.length > 1_000 || !reserved.every(isInside)) return 'reservedIPs';
    pools.push({ ...cidr, text: CIDR, reserved: reserved.filter((range) => range !== undefined) });
  }
  return pools;
}

/** Without the blanks around it. */
export function stripped(text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && /\s/.test(text[from] ?? '')) from += 1;
  while (to > from && /\s/.test(text[to - 1] ?? '')) to -= 1;
  return text.slice(from, to);
}

/** What stands in the way of reading `text` as at most one IP of each pool; else the IP of each pool, by its place. */
export function slowList(text: string, pools: readonly SlowPool[]): ReadonlyMap<SlowPool, string> | string {
  const found = new Map<SlowPool, string>();
  const entries = text.split(',');
  if (entries.length > 256) return 'more than 256';
  for (const entry of entries.map(stripped)) {
    const value = slowIPv4(entry);
    if (value === undefined) return `"${entry.slice(0, 50)}" is no address`;
    const pool = pools.find((one) => isIn(one, value));
    if (pool === undefined) return `${entry} is in no CIDR`;
    if (found.has(pool)) return `${entry} is the second of its CIDR`;
    found.set(pool, entry);
  }
  return found;
}
