// What a NetNamespace gains and loses in one patch. OpenShift SDN drops a namespace that lists IPs of which
// none is active, and deactivates two IPs of one NetNamespace that share a node. So an old IP stays until
// what replaces it is hosted, and leaves in the very patch that brings it; the two never are on the
// NetNamespace together.
//
//   an old IP leaves when …
//   nobody is served in its place     the namespace is gone, has opted out, or its EgressIPAM releases
//                                     everything: all of the namespace's IPs together
//   its node is not Ready             another IP of the namespace serves
//   its CIDR has a new IP             that one is hosted and comes in the same patch (or is in use already)
//   its CIDR has a new IP that only   at once: no node has room for both
//   the old one keeps from a node
//   its CIDR is the namespace's no    none of the namespace's IPs is on its way, and one of them serves
//   more
//   nothing in its place: the list    never: it stays until somebody mends the list
//   cannot be read, nothing is free
import type { Allocation } from '../allocation.ts';
import { poolOf } from '../egressipam.ts';
import { formatIPv4, type IPv4 } from '../ip.ts';
import { about, type Desire, type Lack, type Notice, type Wanted } from './desire.ts';
import type { Draft } from './draft.ts';
import type { Progress } from './grant.ts';
import type { Placement } from './place.ts';
import { isDue } from './release.ts';
import type { Sightings } from './sightings.ts';
import type { World } from './world.ts';

export interface SwapStage {
  readonly world: World;
  readonly wish: Desire;
  readonly seen: Sightings;
  readonly draft: Draft;
  readonly notices: Notice[];
  readonly progress: ReadonlyMap<IPv4, Progress>;
  readonly placements: ReadonlyMap<IPv4, Placement>;
}

/** One namespace: what lacks nothing but the NetNamespace, and what is on it and should not be. */
interface Change {
  readonly ready: Wanted[];
  readonly old: Allocation[];
}

/** Puts on the NetNamespaces what may come, and returns what may leave its own NetNamespace now. */
export function swap(ready: readonly Wanted[], stage: SwapStage): ReadonlySet<IPv4> {
  const { draft, wish } = stage;
  const leaving = new Set<IPv4>();
  const lacks = Map.groupBy(wish.lacks, (lack) => lack.namespace.name);
  for (const [namespace, change] of changes(ready, stage)) {
    const one = new Swap(namespace, change, lacks.get(namespace) ?? [], stage);
    for (const wanted of one.coming) draft.use(namespace, wanted.ip);
    for (const { ip } of one.leaving()) leaving.add(ip);
    stage.notices.push(...one.notices());
  }
  return leaving;
}

function changes(ready: readonly Wanted[], { world, seen }: SwapStage): Map<string, Change> {
  const found = new Map<string, Change>();
  const of = (name: string): Change => {
    const change = found.get(name) ?? { ready: [], old: [] };
    found.set(name, change);
    return change;
  };
  for (const wanted of ready) of(wanted.namespace.name).ready.push(wanted);
  for (const allocation of world.allocations.values()) {
    const { ip, namespace, ours } = allocation;
    if (!ours || seen.isListed(ip, namespace) || !seen.netNamespacesOf(ip).includes(namespace)) continue;
    of(namespace).old.push(allocation);
  }
  return found;
}

class Swap {
  readonly coming: Set<Wanted>;
  readonly #ready: readonly Wanted[];
  readonly #used: ReadonlySet<IPv4>;
  readonly #old: readonly Allocation[];
  readonly #wanted: readonly Wanted[];
  readonly #lacks: readonly Lack[];
  readonly #stage: SwapStage;

  constructor(namespace: string, change: Change, lacks: readonly Lack[], stage: SwapStage) {
    this.coming = new Set(change.ready);
    this.#ready = change.ready;
    this.#used = stage.world.netNamespaces.get(namespace)?.ips ?? new Set();
    this.#old = change.old;
    this.#wanted = stage.wish.wantedOf.get(namespace) ?? [];
    this.#lacks = lacks;
    this.#stage = stage;
    this.#settle();
  }

  leaving(): Allocation[] {
    return this.#old.filter((old) => isDue(old, this.#stage.world) && this.#mayLeave(old));
  }

  notices(): Notice[] {
    return [...this.#revokedFirst(), ...this.#disturbed()];
  }

  #revokedFirst(): Notice[] {
    return this.leaving().flatMap((old) => {
      const wanted = this.#successors(old).find((it) => this.#isKeptOutBy(old, it));
      if (wanted === undefined) return [];
      const message =
        `${formatIPv4(old.ip)} is taken off before ${formatIPv4(wanted.ip)} is hosted: ` +
        'no node has room for both';
      return [about(wanted.namespace, 'Warning', 'RevokedFirst', message)];
    });
  }

  /** What waits for something that does not go away by itself. */
  #disturbed(): Notice[] {
    const { seen } = this.#stage;
    const strangers = [...this.#used].filter((ip) => !this.#old.some((old) => old.ip === ip));
    return this.#ready.flatMap((wanted) => {
      const node = seen.hostsOf(wanted.ip).find((it) => strangers.some((ip) => seen.isHostedBy(ip, it)));
      if (node === undefined) return [];
      const message =
        `${formatIPv4(wanted.ip)} is not used yet: ` +
        `another IP of the same NetNamespace is on node ${node}, too`;
      return [about(wanted.namespace, 'Warning', 'SharedNode', message)];
    });
  }

  /**
   * Who comes depends on who leaves, and the other way round: begins with everybody, until nobody else has to
   * wait.
   */
  #settle(): void {
    for (let before = -1; before !== this.coming.size; ) {
      before = this.coming.size;
      const gone = new Set(this.leaving().map((old) => old.ip));
      const staying = [...this.#used].filter((ip) => !gone.has(ip));
      for (const wanted of this.coming) if (!this.#mayCome(wanted, staying)) this.coming.delete(wanted);
    }
  }

  #mayCome(wanted: Wanted, staying: readonly IPv4[]): boolean {
    if (this.#old.length > 0 && !this.#isHealthy(wanted)) return false;
    const hosts = this.#stage.seen.hostsOf(wanted.ip);
    const others = [...staying, ...[...this.coming].filter((it) => it.ip < wanted.ip).map((it) => it.ip)];
    return others.every(
      (ip) =>
        !this.#stage.seen.hostsOf(ip).some((node) => hosts.includes(node)) &&
        !this.#old.some((old) => old.ip === ip && this.#successors(old).includes(wanted)),
    );
  }

  #mayLeave(old: Allocation): boolean {
    const successors = this.#successors(old);
    const { world } = this.#stage;
    const namespace = world.namespaces.get(old.namespace);
    const egressIPAM = world.egressIPAMs.valid.get(namespace?.egressIPAM ?? '');
    const isReleasedAll = egressIPAM?.deleting === true && egressIPAM.releaseAll;
    // Together: one that stays on alone, and is not active, would drop the namespace.
    if (namespace?.egressIPAM === undefined || isReleasedAll) return this.#areAllDue();
    const pool = egressIPAM === undefined ? undefined : poolOf(egressIPAM, old.ip);
    if (!this.#isActive(old) && this.#wanted.some((it) => this.#serves(it))) return true;
    if (successors.length === 0 || this.#lacks.some((lack) => lack.pool === pool)) return false;
    if (successors.every((it) => it.pool === pool)) {
      return successors.every((it) => this.#serves(it) || this.#isKeptOutBy(old, it));
    }
    const isUnderWay = successors.some((it) => this.#stage.progress.get(it.ip) === 'pending');
    return !isUnderWay && successors.some((it) => this.#serves(it));
  }

  #areAllDue(): boolean {
    const { world } = this.#stage;
    const ours = [...this.#used].filter((ip) => world.allocations.get(ip)?.ours === true);
    return ours.every((ip) => this.#old.some((old) => old.ip === ip && isDue(old, world)));
  }

  /** What serves the namespace in the place of the old IP: the new one of its CIDR, else all that it has. */
  #successors(old: Allocation): readonly Wanted[] {
    const sameCIDR = this.#wanted.filter(({ pool }) => pool.cidr.first <= old.ip && old.ip <= pool.cidr.last);
    return sameCIDR.length > 0 ? sameCIDR : this.#wanted;
  }

  #serves(wanted: Wanted): boolean {
    if (this.coming.has(wanted)) return true;
    const isHosted = this.#stage.progress.get(wanted.ip) === 'hosted';
    return isHosted && this.#used.has(wanted.ip) && this.#isHealthy(wanted);
  }

  #isHealthy({ ip }: Wanted): boolean {
    const { seen, world } = this.#stage;
    return seen.hostsOf(ip).every((node) => world.nodes.get(node)?.ready === true);
  }

  #isActive({ ip }: Allocation): boolean {
    const { seen, world } = this.#stage;
    return seen.hostsOf(ip).some((node) => world.nodes.get(node)?.ready === true);
  }

  /** Whether the new IP lacks nothing but the room that the old one takes. */
  #isKeptOutBy(old: Allocation, wanted: Wanted): boolean {
    const { world, seen, placements, progress } = this.#stage;
    const isReadyForIt = world.allocations.get(wanted.ip)?.phase === 'Bound';
    if (!isReadyForIt || progress.get(wanted.ip) !== 'stuck') return false;
    const holder = world.inventory?.holders.get(old.ip);
    const nodes = [...seen.hostsOf(old.ip), world.nodeOfInterface.get(holder ?? '')];
    return placements.get(wanted.ip)?.full.some((node) => nodes.includes(node)) === true;
  }
}
