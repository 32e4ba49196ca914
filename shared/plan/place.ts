// Which node hosts which IP. Deterministic, with the least movement that is lawful.
//
//   hard, always          selected by the EgressIPAM, topology label matches, has a HostSubnet, room on its
//                         interface, no other IP of the same NetNamespace on it (two would deactivate each
//                         other), except the one that this IP replaces, with which it is swapped in one patch
//   hard, for a new host  Ready and not cordoned, and not in somebody else's automatic mode
//   then                  incumbent, most free capacity, name
//
//   incumbent is …        the IP …
//   lawful, Ready         stays
//   NotReady              moves if another node can take it: at once, unless another IP of the namespace is
//                         active; then after the hold
//   NotReady, and its     moves at once if another node can take it
//   instance is gone
//   cordoned              moves at once if another node can take it, else stays
//   gone or deselected    moves, or has no node at all; deselected by a large edit: stays (breaker.ts)
//   not readable in EC2   stays: unknown is not empty
import type { Pool } from '../egressipam.ts';
import type { IPv4 } from '../ip.ts';
import type { Held } from './breaker.ts';
import type { Desire, Wanted } from './desire.ts';
import { lawfulNodes } from './lawful.ts';
import { Neighbours } from './neighbours.ts';
import { Roomiest } from './roomiest.ts';
import { type Spot, Spots } from './spots.ts';
import type { NodeFact, World } from './world.ts';

export interface Placement {
  /** undefined: no lawful node. */
  readonly node: string | undefined;
  /** Where it was until now. */
  readonly incumbent: string | undefined;
  /** Why it has no node, for people. */
  readonly why: string | undefined;
  /** Nodes that lack nothing but room for it, when it has no node. */
  readonly full: readonly string[];
}

export interface Placements {
  readonly byIP: ReadonlyMap<IPv4, Placement>;
  /** Milliseconds until a hold runs out. */
  readonly wakeIn: number | undefined;
}

const NONE: readonly string[] = [];

/**
 * Who chooses first when room is scarce: what carries traffic before what is new, an outage before a
 * maintenance.
 */
const ORDER = ['homeless', 'outage', 'new', 'maintenance'] as const;

type Turn = (typeof ORDER)[number];

/** Places every wanted IP that has an allocation of ours or is about to get one. */
export function place(world: World, desire: Desire, held: Held, placeable: readonly Wanted[]): Placements {
  const placing = new Placing(world, desire, held);
  const moving = new Map<Turn, Wanted[]>(ORDER.map((turn) => [turn, []]));
  // Who serves keeps its node, also against one of the same namespace that is only on its way to it.
  const serving = placeable.filter((wanted) => placing.isServing(wanted));
  const coming = placeable.filter((wanted) => !placing.isServing(wanted));
  for (const wanted of [...serving, ...coming]) {
    const turn = placing.keepOrMove(wanted);
    if (turn !== 'stays') moving.get(turn)?.push(wanted);
  }
  for (const turn of ORDER) {
    for (const wanted of placing.inTurn(moving.get(turn) ?? [])) {
      if (turn === 'homeless' || turn === 'new') placing.choose(wanted);
      else placing.moveIfPossible(wanted);
    }
  }
  return { byIP: placing.placements, wakeIn: placing.wakeIn };
}

/** The lawful nodes of a pool, sorted by name. */
interface Lawful {
  readonly list: readonly NodeFact[];
  readonly names: ReadonlySet<string>;
  /** Those that may be new hosts: Ready, not cordoned, not ruled by the SDN. */
  readonly open: readonly string[];
  readonly byRoom: Roomiest;
}

class Placing {
  readonly placements = new Map<IPv4, Placement>();
  wakeIn: number | undefined;
  readonly #world: World;
  readonly #desire: Desire;
  readonly #lawful = new Map<Pool, Lawful>();
  readonly #hostedBy: ReadonlyMap<IPv4, string>;
  readonly #neighbours: Neighbours;
  readonly #spots: Spots;
  readonly #held: ReadonlySet<IPv4>;

  constructor(world: World, desire: Desire, held: Held) {
    this.#world = world;
    this.#desire = desire;
    this.#hostedBy = hostsByIP(world);
    this.#neighbours = new Neighbours(world, desire);
    this.#spots = new Spots(world, held.offers.keys());
    this.#held = held.ips;
  }

  /**
   * Whether it stays where it is; else why it looks for a node. It keeps its place until it has found one.
   */
  keepOrMove(wanted: Wanted): Turn | 'stays' {
    const { ip, namespace } = wanted;
    const name = this.#incumbentOf(ip);
    const spot = name === undefined ? undefined : this.#spots.of(name);
    const turn = spot === undefined ? 'nowhere' : this.#incumbency(wanted, spot);
    if (spot === undefined || turn === 'nowhere') {
      return this.#world.netNamespaces.get(namespace.name)?.ips.has(ip) === true ? 'homeless' : 'new';
    }
    this.#spots.occupy(spot, namespace.name, ip);
    this.placements.set(ip, { node: spot.name, incumbent: spot.name, why: undefined, full: NONE });
    return turn;
  }

  /**
   * Who is on its way already comes first, then everybody by name: if the choice of who may move changed from
   * pass to pass, two who want the same room would push each other about for ever.
   */
  inTurn(moving: readonly Wanted[]): readonly Wanted[] {
    const isOnItsWay = ({ ip, namespace }: Wanted) =>
      !this.#hostedBy.has(ip) && this.#world.netNamespaces.get(namespace.name)?.ips.has(ip) === true;
    const byName = [...moving].sort((a, b) => compare(a.namespace.name, b.namespace.name) || a.ip - b.ip);
    return [...byName.filter(isOnItsWay), ...byName.filter((wanted) => !isOnItsWay(wanted))];
  }

  /** On its NetNamespace and on a HostSubnet. */
  isServing({ ip, namespace }: Wanted): boolean {
    return this.#hostedBy.has(ip) && this.#world.netNamespaces.get(namespace.name)?.ips.has(ip) === true;
  }

  #incumbency(wanted: Wanted, spot: Spot): 'nowhere' | 'outage' | 'maintenance' | 'stays' {
    const { ip, namespace } = wanted;
    const { name, node } = spot;
    if (this.#held.has(ip)) return 'stays';
    if (node === undefined || !this.#lawfulFor(wanted).names.has(name)) return 'nowhere';
    if (spot.namespaces.has(namespace.name)) return 'nowhere';
    if (this.#world.cloud !== 'none' && spot.host === undefined) {
      if (!this.#stands(ip)) return 'nowhere';
      return this.#isGone(node) ? 'outage' : 'stays';
    }
    const isComing = this.#hostedBy.get(ip) !== name;
    const isKeptOut = isComing && (spot.isOfSdn || this.#neighbours.forbid(name, wanted));
    if (isKeptOut || !this.#spots.isReachable(ip, spot)) return 'nowhere';
    if (spot.free <= 0 && !this.#spots.isOnInterface(ip, spot)) return 'nowhere';
    if (!node.ready && !this.#holds(wanted, node)) return 'outage';
    const isDisturbed = spot.isOfSdn || this.#neighbours.disturb(name, wanted);
    return node.cordoned || isDisturbed ? 'maintenance' : 'stays';
  }

  choose(wanted: Wanted): void {
    const { ip, namespace } = wanted;
    const incumbent = this.#incumbentOf(ip);
    const node = this.#best(wanted);
    if (node !== undefined) this.#spots.occupy(this.#spots.of(node), namespace.name, ip);
    const why = node === undefined ? this.#whyNone(wanted) : undefined;
    const full = node === undefined ? this.#fitFor(wanted) : NONE;
    this.placements.set(ip, { node, incumbent, why, full });
  }

  moveIfPossible(wanted: Wanted): void {
    const { ip, namespace } = wanted;
    const incumbent = this.#incumbentOf(ip);
    const node = this.#best(wanted);
    if (node === undefined || incumbent === undefined) return;
    this.#spots.of(incumbent).namespaces.delete(namespace.name);
    this.#spots.occupy(this.#spots.of(node), namespace.name, ip);
    this.placements.set(ip, { node, incumbent, why: undefined, full: NONE });
  }

  /**
   * Where the IP is, or is just being put: by its interface, else by its HostSubnet, else by what was written
   * down before the first write.
   */
  #incumbentOf(ip: IPv4): string | undefined {
    const promised = this.#world.promised.get(ip);
    if (promised !== undefined) return promised;
    const holder = this.#world.inventory?.holders.get(ip);
    const byInterface = holder === undefined ? undefined : this.#world.nodeOfInterface.get(holder);
    const written = this.#world.allocations.get(ip)?.node;
    // Somebody may have put it on a second HostSubnet: then where we had put it counts.
    const isThere = written !== undefined && this.#world.hostSubnets.get(written)?.ips.has(ip) === true;
    return byInterface ?? (isThere ? written : (this.#hostedBy.get(ip) ?? written));
  }

  /** Whether it is anywhere, or only written down to come there. */
  #stands(ip: IPv4): boolean {
    return this.#hostedBy.has(ip) || this.#world.inventory?.holders.has(ip) === true;
  }

  /** EC2 was read, and the node has no instance any more. One that is Ready has joined since. */
  #isGone(node: NodeFact): boolean {
    const { inventory } = this.#world;
    return inventory !== undefined && !inventory.unknownNodes.has(node.name) && !node.ready;
  }

  /**
   * The SDN has failed over by itself where another IP of the namespace is active; moving both at once
   * disrupts twice.
   */
  #holds(wanted: Wanted, node: NodeFact): boolean {
    const left = this.#world.timing.notReadyHold - node.notReadyFor;
    if (left <= 0 || !this.#hasActiveSibling(wanted)) return false;
    this.wakeIn = Math.min(this.wakeIn ?? left, left);
    return true;
  }

  #hasActiveSibling(wanted: Wanted): boolean {
    const { name } = wanted.namespace;
    const used = this.#world.netNamespaces.get(name)?.ips;
    if (used?.has(wanted.ip) !== true) return false;
    return (this.#desire.wantedOf.get(name) ?? []).some(({ ip }) => {
      const host = this.#hostedBy.get(ip);
      if (ip === wanted.ip || !used.has(ip) || host === undefined) return false;
      return this.#world.nodes.get(host)?.ready === true;
    });
  }

  #best(wanted: Wanted): string | undefined {
    return this.#lawfulFor(wanted).byRoom.find((name) => this.#fits(wanted, name));
  }

  /** Nodes that may take the IP as far as everything but room is concerned, sorted by name. */
  #fitFor(wanted: Wanted): string[] {
    const { open } = this.#lawfulFor(wanted);
    return open.filter((name) => this.#fits(wanted, name));
  }

  /** Whether an open node may take the IP, as far as everything but room is concerned. */
  #fits(wanted: Wanted, name: string): boolean {
    const spot = this.#spots.of(name);
    return (
      this.#spots.isReachable(wanted.ip, spot) &&
      !spot.namespaces.has(wanted.namespace.name) &&
      !this.#neighbours.forbid(name, wanted)
    );
  }

  #lawfulFor({ egressIPAM, pool }: Wanted): Lawful {
    let lawful = this.#lawful.get(pool);
    if (lawful === undefined) {
      const list = lawfulNodes(this.#world, egressIPAM, pool);
      const open = list
        .filter(({ name, ready, cordoned }) => ready && !cordoned && !this.#spots.of(name).isOfSdn)
        .map(({ name }) => name);
      const byRoom = new Roomiest(open, (name) => this.#spots.of(name).free);
      lawful = { list, names: new Set(list.map((node) => node.name)), open, byRoom };
      this.#lawful.set(pool, lawful);
    }
    return lawful;
  }

  #whyNone(wanted: Wanted): string {
    const { list } = this.#lawfulFor(wanted);
    const label = `${wanted.egressIPAM.topologyLabel}=${wanted.pool.labelValue}`;
    if (list.length === 0) return `no selected node has the label ${label} and a HostSubnet`;
    const fit = list.filter((node) => node.ready && !node.cordoned);
    if (fit.length === 0) return `none of the ${list.length} nodes with ${label} is Ready and schedulable`;
    const inSubnet = fit.filter((node) => this.#spots.isReachable(wanted.ip, this.#spots.of(node.name)));
    if (inSubnet.length === 0)
      return `no node with ${label} has its interface in a subnet that contains the IP`;
    if (inSubnet.every((node) => this.#spots.of(node.name).isOfSdn))
      return (
        `every node with ${label} carries egressCIDRs that are no EgressIPAM's, ` +
        'so the SDN decides what it hosts'
      );
    return `none of the ${inSubnet.length} nodes with ${label} has room for another IP of this namespace`;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
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
