// Where each IP is seen right now, turned round from the lists that NetNamespaces and HostSubnets carry.
import type { IPv4 } from '../ip.ts';
import type { World } from './world.ts';

const NOWHERE: readonly string[] = [];

export class Sightings {
  readonly #world: World;
  readonly #netNamespaces = new Map<IPv4, readonly string[]>();
  readonly #hosts = new Map<IPv4, readonly string[]>();
  /** Lists of all namespaces together, which only a claim without a name asks for. */
  #listed: ReadonlySet<IPv4> | undefined;
  readonly #offered = new Map<string, readonly string[]>();

  constructor(world: World) {
    this.#world = world;
    // One list for all IPs of an object: nearly always it is the only one that has them.
    for (const { name, ips } of world.netNamespaces.values()) {
      const alone = [name];
      for (const ip of ips) add(this.#netNamespaces, ip, alone);
    }
    for (const { node, ips, egressCIDRs } of world.hostSubnets.values()) {
      const alone = [node];
      for (const ip of ips) add(this.#hosts, ip, alone);
      for (const cidr of egressCIDRs) add(this.#offered, cidr, alone);
    }
  }

  /** Names of the NetNamespaces that have the IP. */
  netNamespacesOf(ip: IPv4): readonly string[] {
    return this.#netNamespaces.get(ip) ?? NOWHERE;
  }

  /** Names of the nodes whose HostSubnets have the IP. */
  hostsOf(ip: IPv4): readonly string[] {
    return this.#hosts.get(ip) ?? NOWHERE;
  }

  isHostedBy(ip: IPv4, node: string): boolean {
    return this.#world.hostSubnets.get(node)?.ips.has(ip) === true;
  }

  /** Names of the nodes whose HostSubnets have the CIDR among their egressCIDRs. */
  offeredBy(cidr: string): readonly string[] {
    return this.#offered.get(cidr) ?? NOWHERE;
  }

  /** Whether `namespace` (empty: any namespace) lists the IP. */
  isListed(ip: IPv4, namespace: string): boolean {
    if (namespace === '') return this.#listedAnywhere.has(ip);
    return this.#world.namespaces.get(namespace)?.listed.has(ip) === true;
  }

  get #listedAnywhere(): ReadonlySet<IPv4> {
    this.#listed ??= allListed(this.#world);
    return this.#listed;
  }
}

function allListed({ namespaces }: World): ReadonlySet<IPv4> {
  const listed = new Set<IPv4>();
  for (const namespace of namespaces.values()) for (const ip of namespace.listed) listed.add(ip);
  return listed;
}

function add<K>(map: Map<K, readonly string[]>, key: K, alone: readonly string[]): void {
  const others = map.get(key);
  map.set(key, others === undefined ? alone : [...others, ...alone]);
}
