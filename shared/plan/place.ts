// Which node hosts which IP. Deterministic, with the least movement that is lawful.
//
//   hard, always          selected by the EgressIPAM, topology label matches, has a HostSubnet, room on its interface,
//                         no other IP of the same namespace on it (two would deactivate each other)
//   hard, for a new host  Ready and not cordoned
//   then                  incumbent, most free capacity, name
//
//   incumbent is …        the IP …
//   lawful, Ready         stays
//   NotReady              moves if another node can take it: an only IP at once, one of several after the hold
//   cordoned              moves at once if another node can take it, else stays
//   gone or deselected    moves, or has no node at all
//   not readable in EC2   stays: unknown is not empty
import type { Pool } from '../egressipam.ts';
import { contains, type IPv4 } from '../ip.ts';
import { type Selector, selects } from '../selector.ts';
import type { Desire, Wanted } from './desire.ts';
import type { NodeFact, World } from './world.ts';

export interface Placement {
  /** undefined: no lawful node. */
  readonly node: string | undefined;
  /** Where it was until now. */
  readonly incumbent: string | undefined;
  /** Why it has no node, for people. */
  readonly why: string | undefined;
}

export interface Placements {
  readonly byIP: ReadonlyMap<IPv4, Placement>;
  /** Milliseconds until a hold runs out. */
  readonly wakeIn: number | undefined;
}

/** Stands for «no limit is known»: larger than any number of IPs, and still comparable after a subtraction. */
const UNLIMITED = 1_000_000_000;

/** Nodes that may host a pool's IPs, before capacity and readiness are looked at; sorted by name. */
export function lawfulNodes(
  world: World,
  topologyLabel: string,
  nodeSelector: Selector,
  pool: Pool,
): NodeFact[] {
  const nodes: NodeFact[] = [];
  for (const node of world.nodes.values()) {
    if (node.labels[topologyLabel] !== pool.labelValue || !selects(nodeSelector, node.labels)) continue;
    if (world.hostSubnets.has(node.name)) nodes.push(node);
  }
  return nodes.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Places every wanted IP that has an allocation of ours or is about to get one. */
export function place(world: World, desire: Desire, placeable: readonly Wanted[]): Placements {
  const placing = new Placing(world, desire);
  const displaced: Wanted[] = [];
  const leaving: Wanted[] = [];
  for (const wanted of placeable) {
    switch (placing.incumbency(wanted)) {
      case 'stays':
        placing.keep(wanted);
        break;
      case 'leaves':
        placing.keep(wanted);
        leaving.push(wanted);
        break;
      case 'none':
        displaced.push(wanted);
    }
  }
  for (const wanted of displaced) placing.choose(wanted);
  for (const wanted of leaving) placing.moveIfPossible(wanted);
  return { byIP: placing.placements, wakeIn: placing.wakeIn };
}

class Placing {
  readonly placements = new Map<IPv4, Placement>();
  wakeIn: number | undefined;
  readonly #world: World;
  readonly #desire: Desire;
  readonly #free = new Map<string, number>();
  readonly #namespacesOn = new Map<string, Set<string>>();
  readonly #lawful = new Map<Pool, { list: readonly NodeFact[]; names: ReadonlySet<string> }>();
  readonly #hostedBy: ReadonlyMap<IPv4, string>;

  constructor(world: World, desire: Desire) {
    this.#world = world;
    this.#desire = desire;
    this.#hostedBy = hostsByIP(world);
  }

  incumbency(wanted: Wanted): 'stays' | 'leaves' | 'none' {
    const name = this.#incumbentOf(wanted.ip);
    if (name === undefined || !this.#lawfulFor(wanted).names.has(name)) return 'none';
    const node = this.#world.nodes.get(name);
    if (node === undefined || this.#namespacesOn.get(name)?.has(wanted.namespace.name) === true)
      return 'none';
    if (this.#world.cloud === 'aws' && this.#world.inventory?.hosts.has(name) !== true) return 'stays';
    if (!this.#isOnInterface(wanted.ip, name) && this.#freeOn(name) <= 0) return 'none';
    if (node.cordoned) return 'leaves';
    return node.ready || this.#holds(wanted, node) ? 'stays' : 'leaves';
  }

  keep(wanted: Wanted): void {
    const node = this.#incumbentOf(wanted.ip);
    if (node === undefined) return;
    this.#occupy(wanted, node);
    this.placements.set(wanted.ip, { node, incumbent: node, why: undefined });
  }

  choose(wanted: Wanted): void {
    const incumbent = this.#incumbentOf(wanted.ip);
    const node = this.#best(wanted);
    if (node !== undefined) this.#occupy(wanted, node);
    const why = node === undefined ? this.#whyNone(wanted) : undefined;
    this.placements.set(wanted.ip, { node, incumbent, why });
  }

  moveIfPossible(wanted: Wanted): void {
    const incumbent = this.#incumbentOf(wanted.ip);
    const node = this.#best(wanted);
    if (node === undefined || incumbent === undefined) return;
    this.#namespacesOn.get(incumbent)?.delete(wanted.namespace.name);
    this.#occupy(wanted, node);
    this.placements.set(wanted.ip, { node, incumbent, why: undefined });
  }

  /** Where the IP is, or is just being put: by its interface, else by its HostSubnet, else by what was written down before the first write. */
  #incumbentOf(ip: IPv4): string | undefined {
    const promised = this.#world.promised.get(ip);
    if (promised !== undefined) return promised;
    const holder = this.#world.inventory?.holders.get(ip);
    const byInterface = holder === undefined ? undefined : this.#world.nodeOfInterface.get(holder);
    return byInterface ?? this.#hostedBy.get(ip) ?? this.#world.allocations.get(ip)?.node;
  }

  #holds(wanted: Wanted, node: NodeFact): boolean {
    const several = (this.#desire.wantedOf.get(wanted.namespace.name)?.length ?? 0) > 1;
    const left = this.#world.timing.notReadyHold - node.notReadyFor;
    if (!several || left <= 0) return false;
    this.wakeIn = Math.min(this.wakeIn ?? left, left);
    return true;
  }

  #best(wanted: Wanted): string | undefined {
    let best: string | undefined;
    let most = 0;
    for (const node of this.#lawfulFor(wanted).list) {
      if (!node.ready || node.cordoned) continue;
      if (this.#namespacesOn.get(node.name)?.has(wanted.namespace.name) === true) continue;
      if (!this.#isReachable(wanted.ip, node.name)) continue;
      const free = this.#freeOn(node.name);
      if (free > most) {
        best = node.name;
        most = free;
      }
    }
    return best;
  }

  #occupy(wanted: Wanted, node: string): void {
    const namespaces = this.#namespacesOn.get(node);
    if (namespaces === undefined) this.#namespacesOn.set(node, new Set([wanted.namespace.name]));
    else namespaces.add(wanted.namespace.name);
    if (!this.#isOnInterface(wanted.ip, node)) this.#free.set(node, this.#freeOn(node) - 1);
  }

  /** Free slots; what is on the interface already, ours or foreign, has its slot. */
  #freeOn(node: string): number {
    let free = this.#free.get(node);
    if (free === undefined) {
      const host = this.#world.inventory?.hosts.get(node);
      if (host !== undefined) free = host.slots - host.secondary.length;
      else free = this.#world.cloud === 'aws' ? 0 : UNLIMITED;
      this.#free.set(node, free);
    }
    return free;
  }

  #isOnInterface(ip: IPv4, node: string): boolean {
    const host = this.#world.inventory?.hosts.get(node);
    return host !== undefined && this.#world.inventory?.holders.get(ip) === host.interfaceId;
  }

  #isReachable(ip: IPv4, node: string): boolean {
    const subnet = this.#world.inventory?.hosts.get(node)?.subnet;
    return subnet === undefined ? this.#world.cloud !== 'aws' : contains(subnet, ip);
  }

  #lawfulFor(wanted: Wanted): { list: readonly NodeFact[]; names: ReadonlySet<string> } {
    let lawful = this.#lawful.get(wanted.pool);
    if (lawful === undefined) {
      const { topologyLabel, nodeSelector } = wanted.egressIPAM;
      const list = lawfulNodes(this.#world, topologyLabel, nodeSelector, wanted.pool);
      lawful = { list, names: new Set(list.map((node) => node.name)) };
      this.#lawful.set(wanted.pool, lawful);
    }
    return lawful;
  }

  #whyNone(wanted: Wanted): string {
    const { list } = this.#lawfulFor(wanted);
    const label = `${wanted.egressIPAM.topologyLabel}=${wanted.pool.labelValue}`;
    if (list.length === 0) return `no selected node has the label ${label} and a HostSubnet`;
    const fit = list.filter((node) => node.ready && !node.cordoned);
    if (fit.length === 0) return `none of the ${list.length} nodes with ${label} is Ready and schedulable`;
    const inSubnet = fit.filter((node) => this.#isReachable(wanted.ip, node.name));
    if (inSubnet.length === 0)
      return `no node with ${label} has its interface in a subnet that contains the IP`;
    return `none of the ${inSubnet.length} nodes with ${label} has room for another IP of this namespace`;
  }
}

function hostsByIP(world: World): Map<IPv4, string> {
  const hosts = new Map<IPv4, string>();
  for (const hostSubnet of world.hostSubnets.values()) {
    for (const ip of hostSubnet.ips) {
      const before = hosts.get(ip);
      if (before === undefined || hostSubnet.node < before) hosts.set(ip, hostSubnet.node);
    }
  }
  return hosts;
}
