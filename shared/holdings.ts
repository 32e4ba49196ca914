// Who holds which address, over everything that can: allocations, namespaces that list it, NetNamespaces, HostSubnets.
// Kept up to date change by change, because a webhook cannot afford to walk 15,000 objects for each request.
import { AddressSet } from './address-set.ts';
import type { IPv4 } from './ip.ts';

export type HolderKind = 'allocation' | 'namespace' | 'netNamespace' | 'hostSubnet';

/** `name` is the namespace that the allocation is for, or the name of the namespace, NetNamespace or node. */
export interface Holder {
  readonly kind: HolderKind;
  readonly name: string;
}

export class Holdings {
  /** Every address that somebody holds. */
  readonly taken = new AddressSet();
  readonly #holders = new Map<IPv4, Holder[]>();
  /** All but the allocations, which hold one address each. */
  readonly #byObject = new Map<string, { holder: Holder; ips: readonly IPv4[] }>();

  /** The namespace that the address is allocated to from now on, empty while it has no name; undefined: to none. */
  setAllocation(ip: IPv4, namespace: string | undefined): void {
    const before = this.#holders.get(ip)?.find(({ kind }) => kind === 'allocation');
    if (before?.name === namespace) return;
    if (before !== undefined) this.#remove(ip, before);
    if (namespace !== undefined) this.#add(ip, { kind: 'allocation', name: namespace });
  }

  /** What any other object holds from now on; an empty list forgets it. */
  set(holder: Holder & { readonly kind: Exclude<HolderKind, 'allocation'> }, ips: readonly IPv4[]): void {
    const key = `${holder.kind}/${holder.name}`;
    const before = this.#byObject.get(key);
    if (before !== undefined) for (const ip of before.ips) this.#remove(ip, before.holder);
    if (ips.length === 0) {
      this.#byObject.delete(key);
      return;
    }
    this.#byObject.set(key, { holder, ips });
    for (const ip of ips) this.#add(ip, holder);
  }

  holdersOf(ip: IPv4): readonly Holder[] {
    return this.#holders.get(ip) ?? [];
  }

  #add(ip: IPv4, holder: Holder): void {
    const holders = this.#holders.get(ip);
    if (holders === undefined) {
      this.#holders.set(ip, [holder]);
      this.taken.add(ip);
    } else {
      holders.push(holder);
    }
  }

  #remove(ip: IPv4, holder: Holder): void {
    const holders = this.#holders.get(ip);
    if (holders === undefined) return;
    const index = holders.indexOf(holder);
    if (index >= 0) holders.splice(index, 1);
    if (holders.length > 0) return;
    this.#holders.delete(ip);
    this.taken.delete(ip);
  }
}
