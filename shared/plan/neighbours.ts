// Who else of the same NetNamespace is on a node? OpenShift SDN deactivates both of two such IPs, so this
// decides where an IP must not go, beside the namespace's own wanted IPs, which place.ts keeps apart by
// itself.
import { poolOf } from '../egressipam.ts';
import type { IPv4 } from '../ip.ts';
import type { Desire, Wanted } from './desire.ts';
import type { World } from './world.ts';

export class Neighbours {
  readonly #world: World;
  readonly #desire: Desire;
  readonly #unserved = new Map<string, readonly IPv4[]>();

  constructor(world: World, desire: Desire) {
    this.#world = world;
    this.#desire = desire;
  }

  /** Whether the IP must not be put on the node: what is there would deactivate it, and be deactivated. */
  forbid(node: string, wanted: Wanted): boolean {
    return this.#on(node, wanted).some((ip) => !this.#isSwappedFor(ip, wanted));
  }

  /** Whether something is there that will not go away by itself: foreign, or listed and not served. */
  disturb(node: string, wanted: Wanted): boolean {
    return this.#on(node, wanted).some((ip) => !this.#isLeaving(ip, wanted));
  }

  /**
   * IPs on the namespace's NetNamespace and on the node's HostSubnet that the namespace is not served with.
   */
  #on(node: string, wanted: Wanted): readonly IPv4[] {
    const unserved = this.#unservedOf(wanted.namespace.name);
    if (unserved.length === 0) return unserved;
    const hosted = this.#world.hostSubnets.get(node)?.ips;
    return unserved.filter((ip) => ip !== wanted.ip && hosted?.has(ip) === true);
  }

  /** Hardly any namespace has some, and this is asked for each IP and node. */
  #unservedOf(namespace: string): readonly IPv4[] {
    let unserved = this.#unserved.get(namespace);
    if (unserved === undefined) {
      const used = this.#world.netNamespaces.get(namespace)?.ips ?? [];
      unserved = [...used].filter((ip) => this.#desire.wanted.get(ip)?.namespace.name !== namespace);
      this.#unserved.set(namespace, unserved);
    }
    return unserved;
  }

  /** An old IP may share the node with its replacement, because the two never share the NetNamespace. */
  #isSwappedFor(old: IPv4, wanted: Wanted): boolean {
    if (this.#world.netNamespaces.get(wanted.namespace.name)?.ips.has(wanted.ip) === true) return false;
    const isOwn = this.#world.allocations.get(old)?.namespace === wanted.namespace.name;
    const pool = poolOf(wanted.egressIPAM, old);
    return isOwn && this.#isLeaving(old, wanted) && (pool === undefined || pool === wanted.pool);
  }

  /** Ours, and not the namespace's any more or never was: it is taken off the NetNamespace. */
  #isLeaving(ip: IPv4, { namespace }: Wanted): boolean {
    const allocation = this.#world.allocations.get(ip);
    if (allocation?.ours !== true) return false;
    return allocation.namespace !== namespace.name || !namespace.listed.has(ip);
  }
}
