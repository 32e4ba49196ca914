// Which allocations does a namespace have, and how many does a pool have? Kept up to date change by change, since a
// request has no time to walk them all.
import { AddressSet } from '../shared/address-set.ts';
import { type Allocation, parseAllocation } from '../shared/allocation.ts';
import type { Pool } from '../shared/egressipam.ts';
import { type Cidr, contains, type IPv4 } from '../shared/ip.ts';
import type { AllocationObject, Phase } from '../shared/kinds.ts';

/** What is likeliest to be in use comes first. */
const ORDER: Readonly<Record<Phase, number>> = { Bound: 0, Claimed: 1, Releasing: 2, Resting: 3 };

export class AllocationIndex {
  readonly #byIP = new Map<IPv4, Allocation>();
  readonly #byNamespace = new Map<string, Allocation[]>();
  /** Those that are not resting. */
  readonly #active = new AddressSet();
  /** How many of them lie in a CIDR, for each that was asked about. */
  readonly #counts = new Map<string, { readonly cidr: Cidr; count: number }>();

  /** Returns what the object named by `ip` stands for now; undefined when it is gone, or stands for nothing. */
  changed(ip: IPv4, object: AllocationObject | undefined): Allocation | undefined {
    this.#forget(ip);
    const allocation = object === undefined ? undefined : parseAllocation(object);
    if (allocation !== undefined) this.#add(allocation);
    return allocation;
  }

  /** Of the namespace, in the pool, in any phase, not being deleted; those first that are likeliest to be in use. */
  of(namespace: string, pool: Pool): Allocation[] {
    if (namespace === '') return [];
    const allocations = this.#byNamespace.get(namespace) ?? [];
    if (allocations.length === 0) return [];
    return allocations
      .filter(({ ip, deleting }) => !deleting && contains(pool.cidr, ip))
      .sort((a, b) => ORDER[a.phase] - ORDER[b.phase] || a.ip - b.ip);
  }

  /** How many of the pool are not resting. */
  countActive(pool: Pool): number {
    const known = this.#counts.get(pool.name);
    if (known !== undefined) return known.count;
    const count = this.#active.count(pool.cidr);
    this.#counts.set(pool.name, { cidr: pool.cidr, count });
    return count;
  }

  /** All of one pool; walks everything, so not for every request. */
  in(pool: Pool): Allocation[] {
    return [...this.#byIP.values()].filter(({ ip }) => contains(pool.cidr, ip));
  }

  all(): Iterable<Allocation> {
    return this.#byIP.values();
  }

  #add(allocation: Allocation): void {
    const { ip, namespace, phase } = allocation;
    this.#byIP.set(ip, allocation);
    if (phase !== 'Resting') {
      this.#active.add(ip);
      this.#count(ip, 1);
    }
    const siblings = this.#byNamespace.get(namespace);
    if (siblings === undefined) this.#byNamespace.set(namespace, [allocation]);
    else siblings.push(allocation);
  }

  #forget(ip: IPv4): void {
    const before = this.#byIP.get(ip);
    if (before === undefined) return;
    this.#byIP.delete(ip);
    if (before.phase !== 'Resting') {
      this.#active.delete(ip);
      this.#count(ip, -1);
    }
    const siblings = this.#byNamespace.get(before.namespace) ?? [];
    siblings.splice(siblings.indexOf(before), 1);
    if (siblings.length === 0) this.#byNamespace.delete(before.namespace);
  }

  #count(ip: IPv4, change: 1 | -1): void {
    for (const counted of this.#counts.values()) if (contains(counted.cidr, ip)) counted.count += change;
  }
}
