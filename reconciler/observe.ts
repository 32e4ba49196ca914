// Gathers everything that a plan is made from. Reads caches only: what has to be fetched was fetched before.
import { AddressSet } from '../shared/address-set.ts';
import type { Allocation } from '../shared/allocation.ts';
import { type EgressIPAMs, type Pool, parseEgressIPAMs } from '../shared/egressipam.ts';
import type { Inventory } from '../shared/inventory.ts';
import { type IPv4, parseIPv4, type Range } from '../shared/ip.ts';
import type { EgressIPAMObject, KubeObject } from '../shared/kinds.ts';
import type { NodeFact, Timing, World } from '../shared/plan/world.ts';
import { foreignIn } from '../shared/published.ts';
import { UsableAddresses } from '../shared/usable.ts';
import { ClaimAges } from './ages.ts';
import type { Caches } from './caches.ts';
import {
  allocationFact,
  egressIPAMFact,
  hostSubnetFact,
  namespaceFact,
  netNamespaceFact,
  nodeFact,
} from './facts.ts';
import { platformAssignments, platformInventory } from './platform-assigns/inventory.ts';

export interface ObserverOptions {
  readonly caches: Caches;
  readonly cloud: World['cloud'];
  /** What EC2 showed last, on AWS. */
  readonly inventory: () => Inventory | undefined;
  readonly timing: Timing;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly wallClock: () => number;
}

export class Observer {
  readonly #options: ObserverOptions;
  readonly #ages = new ClaimAges();
  readonly #notReadySince = new Map<string, number>();
  #parsed: { readonly objects: readonly EgressIPAMObject[]; readonly all: EgressIPAMs } | undefined;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  /** A namespace changed what it lists: whatever it listed or lists now was not unlisted without a break. */
  listingChanged(ips: Iterable<IPv4>): void {
    this.#ages.touch(ips);
  }

  /** The world as it stands now; `busy` are the IPs with an action under way, `promised` the nodes it puts them on. */
  observe(busy: ReadonlySet<IPv4>, promised: ReadonlyMap<IPv4, string>): World {
    const { caches, cloud, timing } = this.#options;
    const now = this.#options.now();
    const namespaces = facts(caches.namespaces.store, namespaceFact, (fact) => fact.name);
    const hostSubnets = facts(caches.hostSubnets.store, hostSubnetFact, (fact) => fact.node);
    const inventory =
      cloud === 'platform'
        ? platformInventory(caches.nodes.store.values(), hostSubnets, now)
        : this.#options.inventory();
    const netNamespaces = facts(caches.netNamespaces.store, netNamespaceFact, (fact) => fact.name);
    const allocations = new Map<IPv4, Allocation>();
    for (const object of caches.allocations.store.values()) {
      const allocation = allocationFact(object);
      if (allocation !== undefined) allocations.set(allocation.ip, allocation);
    }
    this.#ages.update(allocations, listedBy(namespaces), now);
    const base = {
      cloud,
      wallClock: this.#options.wallClock(),
      egressIPAMs: this.#egressIPAMs(),
      egressIPAMFacts: facts(caches.egressIPAMs.store, egressIPAMFact, (fact) => fact.name),
      namespaces,
      nodes: this.#nodes(now),
      hostSubnets,
      netNamespaces,
      allocations,
      claimAges: this.#ages.at(now),
      inventory,
      nodeOfInterface: nodesByInterface(inventory),
      inventoryAge: inventory === undefined ? Number.POSITIVE_INFINITY : now - inventory.observedAt,
      busy,
      promised,
      platformAssignments: platformAssignments(caches.platformConfigs?.store.values() ?? [], parseIPv4),
      timing,
    };
    return lazily(base);
  }

  #egressIPAMs(): EgressIPAMs {
    const objects = [...this.#options.caches.egressIPAMs.store.values()];
    const before = this.#parsed;
    const isSame =
      before !== undefined &&
      before.objects.length === objects.length &&
      before.objects.every((object, index) => object === objects[index]);
    if (!isSame) this.#parsed = { objects, all: parseEgressIPAMs(objects) };
    return this.#parsed?.all ?? { valid: new Map(), invalid: new Map() };
  }

  #nodes(now: number): Map<string, NodeFact> {
    const nodes = new Map<string, NodeFact>();
    for (const object of this.#options.caches.nodes.store.values()) {
      const fact = nodeFact(object);
      if (fact.ready) this.#notReadySince.delete(fact.name);
      else if (!this.#notReadySince.has(fact.name)) this.#notReadySince.set(fact.name, now);
      nodes.set(fact.name, { ...fact, notReadyFor: now - (this.#notReadySince.get(fact.name) ?? now) });
    }
    for (const name of this.#notReadySince.keys()) if (!nodes.has(name)) this.#notReadySince.delete(name);
    return nodes;
  }
}

type Eager = Omit<World, 'usable' | 'taken'>;

/** Usable and taken addresses are worked out only by a pass that has to choose one. */
function lazily(base: Eager): World {
  let usable: Map<Pool, UsableAddresses> | undefined;
  let taken: AddressSet | undefined;
  return {
    ...base,
    get usable() {
      usable ??= usableAddresses(base);
      return usable;
    },
    get taken() {
      taken ??= takenAddresses(base);
      return taken;
    },
  };
}

function usableAddresses(world: Eager): Map<Pool, UsableAddresses> {
  const hostIPs = new Map<IPv4, string>();
  for (const { hostIP, node } of world.hostSubnets.values())
    if (hostIP !== undefined) hostIPs.set(hostIP, node);
  const usable = new Map<Pool, UsableAddresses>();
  for (const egressIPAM of world.egressIPAMs.valid.values()) {
    for (const pool of egressIPAM.pools) {
      const inUse: readonly Range[] =
        world.inventory === undefined ? [] : foreignIn(pool.cidr, world.inventory, (ip) => isOurs(world, ip));
      usable.set(pool, new UsableAddresses(pool, { hostIPs, inUse }));
    }
  }
  return usable;
}

function takenAddresses(world: Eager): AddressSet {
  const taken = new AddressSet();
  for (const ip of world.allocations.keys()) taken.add(ip);
  for (const namespace of world.namespaces.values()) for (const ip of namespace.listed) taken.add(ip);
  for (const netNamespace of world.netNamespaces.values()) for (const ip of netNamespace.ips) taken.add(ip);
  for (const hostSubnet of world.hostSubnets.values()) for (const ip of hostSubnet.ips) taken.add(ip);
  return taken;
}

/** An address on an interface is ours when there is an allocation that says so; a mere claim does not. */
function isOurs(world: Eager, ip: IPv4): boolean {
  const allocation = world.allocations.get(ip);
  return allocation !== undefined && (allocation.ours || allocation.phase === 'Resting');
}

function facts<O extends KubeObject, F>(
  store: ReadonlyMap<string, O>,
  read: (object: O) => F,
  key: (fact: F) => string,
): Map<string, F> {
  const found = new Map<string, F>();
  for (const object of store.values()) {
    const fact = read(object);
    found.set(key(fact), fact);
  }
  return found;
}

function listedBy(namespaces: ReadonlyMap<string, { readonly listed: ReadonlySet<IPv4> }>) {
  let anywhere: Set<IPv4> | undefined;
  return (ip: IPv4, namespace: string): boolean => {
    if (namespace !== '') return namespaces.get(namespace)?.listed.has(ip) === true;
    anywhere ??= new Set([...namespaces.values()].flatMap((fact) => [...fact.listed]));
    return anywhere.has(ip);
  };
}

function nodesByInterface(inventory: Inventory | undefined): Map<string, string> {
  const nodes = new Map<string, string>();
  for (const host of inventory?.hosts.values() ?? []) nodes.set(host.interfaceId, host.node);
  return nodes;
}
