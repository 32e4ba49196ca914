// What is each node like while a plan is made: how much room is left, and whose IPs are on it so far?
// Everything of a node in one place, because placing asks for it several times for each of thousands of IPs.
import type { HostInterface } from '../inventory.ts';
import { contains, type IPv4 } from '../ip.ts';
import { nodesOfSdn } from './offers.ts';
import type { NodeFact, World } from './world.ts';

/** One node. */
export interface Spot {
  readonly name: string;
  /** undefined: gone. */
  readonly node: NodeFact | undefined;
  /** undefined: not known in the cloud, or there is none. */
  readonly host: HostInterface | undefined;
  /** The SDN decides what it hosts. */
  readonly isOfSdn: boolean;
  /** Those with an IP on it. */
  readonly namespaces: Set<string>;
  /** Free slots; what is on the interface already, ours or foreign, has its slot. */
  free: number;
}

/**
 * Stands for «no limit is known»: larger than any number of IPs, and still comparable after a subtraction.
 */
const UNLIMITED = 1_000_000_000;

export class Spots {
  readonly #world: World;
  readonly #nodesOfSdn: ReadonlySet<string>;
  readonly #spots = new Map<string, Spot>();

  /** `held`: nodes that go on to offer a CIDR to the SDN. */
  constructor(world: World, held: Iterable<string>) {
    this.#world = world;
    this.#nodesOfSdn = new Set([...nodesOfSdn(world), ...held]);
  }

  of(name: string): Spot {
    let spot = this.#spots.get(name);
    if (spot === undefined) {
      spot = this.#make(name);
      this.#spots.set(name, spot);
    }
    return spot;
  }

  /** Counts the IP as one of the namespace's on the node. */
  occupy(spot: Spot, namespace: string, ip: IPv4): void {
    spot.namespaces.add(namespace);
    if (!this.isOnInterface(ip, spot)) spot.free -= 1;
  }

  isOnInterface(ip: IPv4, { host }: Spot): boolean {
    return host !== undefined && this.#world.inventory?.holders.get(ip) === host.interfaceId;
  }

  isReachable(ip: IPv4, { host }: Spot): boolean {
    return host === undefined ? this.#world.cloud === 'none' : contains(host.subnet, ip);
  }

  #make(name: string): Spot {
    const { nodes, inventory, cloud } = this.#world;
    const host = inventory?.hosts.get(name);
    const unknown = cloud === 'none' ? UNLIMITED : 0;
    return {
      name,
      node: nodes.get(name),
      host,
      isOfSdn: this.#nodesOfSdn.has(name),
      namespaces: new Set(),
      free: host === undefined ? unknown : host.slots - host.secondary.length,
    };
  }
}
