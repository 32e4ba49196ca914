// Where each IP is seen right now, turned round from the lists that NetNamespaces and HostSubnets carry.
import type { IPv4 } from '../ip.ts';
import type { World } from './world.ts';

export class Sightings {
  readonly #world: World;
  readonly #netNamespaces = new Map<IPv4, string[]>();
  readonly #hosts = new Map<IPv4, string[]>();
  readonly #listed = new Set<IPv4>();
  readonly #offered = new Map<string, string[]>();

  constructor(world: World) {
    this.#world = world;
    for (const netNamespace of world.netNamespaces.values()) {
      for (const ip of netNamespace.ips) push(this.#netNamespaces, ip, netNamespace.name);
    }
    for (const hostSubnet of world.hostSubnets.values()) {
      for (const ip of hostSubnet.ips) push(this.#hosts, ip, hostSubnet.node);
      for (const cidr of hostSubnet.egressCIDRs) push(this.#offered, cidr, hostSubnet.node);
    }
    for (const namespace of world.namespaces.values())
      for (const ip of namespace.listed) this.#listed.add(ip);
  }

  /** Names of the NetNamespaces that have the IP. */
  netNamespacesOf(ip: IPv4): readonly string[] {
    return this.#netNamespaces.get(ip) ?? [];
  }

  /** Names of the nodes whose HostSubnets have the IP. */
  hostsOf(ip: IPv4): readonly string[] {
    return this.#hosts.get(ip) ?? [];
  }

  isHostedBy(ip: IPv4, node: string): boolean {
    return this.#world.hostSubnets.get(node)?.ips.has(ip) === true;
  }

  /** Names of the nodes whose HostSubnets have the CIDR among their egressCIDRs. */
  offeredBy(cidr: string): readonly string[] {
    return this.#offered.get(cidr) ?? [];
  }

  /** Whether `namespace` (empty: any namespace) lists the IP. */
  isListed(ip: IPv4, namespace: string): boolean {
    if (namespace === '') return this.#listed.has(ip);
    return this.#world.namespaces.get(namespace)?.listed.has(ip) === true;
  }
}

function push<K>(map: Map<K, string[]>, key: K, name: string): void {
  const names = map.get(key);
  if (names === undefined) map.set(key, [name]);
  else names.push(name);
}
