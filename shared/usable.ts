// Which addresses of a pool may ever be handed out. One definition, for the webhook, the reconciler and the status:
// two definitions would sooner or later hand out an address that the other half refuses.
import { AddressSet } from './address-set.ts';
import type { Pool } from './egressipam.ts';
import { contains, formatIPv4, type IPv4, type Range, sizeOf, toIPv4 } from './ip.ts';

/** What is known beside the EgressIPAM itself. */
export interface Surroundings {
  /**
   * HostSubnet.hostIP of every node, with the node's name. Not Node.status.addresses: egress IPs show up there, too.
   */
  readonly hostIPs: ReadonlyMap<IPv4, string>;
  /** What the cloud keeps or uses and is not ours (CIDRStatus.inUse); empty on bare metal. */
  readonly inUse: readonly Range[];
}

/** Addresses that are never handed out, and why: reads after the address, «is the network address of …». */
export interface Exclusion extends Range {
  readonly why: string;
  /** The cloud's own, which is another thing where the address is being adopted. */
  readonly by: 'EgressIPAM' | 'node' | 'cloud';
}

/** Everything in the pool that is never handed out; the entries may overlap. */
export function exclusions(pool: Pool, surroundings: Surroundings): Exclusion[] {
  const { cidr } = pool;
  const found: Exclusion[] = [];
  // A /31 or /32 has neither a network nor a broadcast address (RFC 3021).
  if (cidr.prefix < 31) {
    found.push({
      first: cidr.first,
      last: cidr.first,
      by: 'EgressIPAM',
      why: `is the network address of ${pool.name}`,
    });
    found.push({
      first: cidr.last,
      last: cidr.last,
      by: 'EgressIPAM',
      why: `is the broadcast address of ${pool.name}`,
    });
  }
  for (const range of pool.reserved)
    found.push({ ...range, by: 'EgressIPAM', why: `is in reservedIPs of ${pool.name}` });
  for (const [ip, node] of surroundings.hostIPs) {
    if (contains(cidr, ip))
      found.push({ first: ip, last: ip, by: 'node', why: `is the address of node "${node}"` });
  }
  for (const range of surroundings.inUse) {
    const first = toIPv4(Math.max(range.first, cidr.first));
    const last = toIPv4(Math.min(range.last, cidr.last));
    if (first <= last) found.push({ first, last, by: 'cloud', why: 'is kept or used by the cloud' });
  }
  return found;
}

/** The answer of `exclusions` as a set, with the counts that statuses and sentences need. */
export class UsableAddresses {
  readonly pool: Pool;
  readonly excluded: AddressSet;
  readonly size: number;
  readonly usable: number;
  readonly #exclusions: readonly Exclusion[];

  constructor(pool: Pool, surroundings: Surroundings) {
    this.pool = pool;
    this.#exclusions = exclusions(pool, surroundings);
    this.excluded = AddressSet.of(this.#exclusions);
    this.size = sizeOf(pool.cidr);
    this.usable = this.size - this.excluded.count(pool.cidr);
  }

  contains(ip: IPv4): boolean {
    return contains(this.pool.cidr, ip);
  }

  /** Why `ip` is never handed out: «is the address of node "n1"»; undefined when it may be. */
  whyNot(ip: IPv4): string | undefined {
    if (!contains(this.pool.cidr, ip)) return `is not in ${this.pool.name}`;
    if (!this.excluded.has(ip)) return undefined;
    return this.#exclusions.find((exclusion) => contains(exclusion, ip))?.why;
  }

  /** The same for an address that is on an interface of ours already, where the cloud shows it as in use. */
  whyNeverOurs(ip: IPv4): string | undefined {
    if (!contains(this.pool.cidr, ip)) return `is not in ${this.pool.name}`;
    return this.#exclusions.find((exclusion) => exclusion.by !== 'cloud' && contains(exclusion, ip))?.why;
  }

  /** `10.0.128.7 is the address of node "n1"`. */
  explain(ip: IPv4): string | undefined {
    const why = this.whyNot(ip);
    return why === undefined ? undefined : `${formatIPv4(ip)} ${why}`;
  }
}
