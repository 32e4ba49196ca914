// Automatic mode: which node hosts which IP where HostSubnets carry `egressCIDRs`. One pure round; the SDN does another
// one after each change. An IP that has to leave its node is only taken off in this round and placed in the next, as the
// real one does it. Source: openshift/sdn, ReallocateEgressIPs; names decide where there it is left to chance.
import type { Cidr } from '../ipv4.ts';
import { parseAddress, parseCidr, within } from '../ipv4.ts';
import type { IPVerdict, ListedIPs } from './verdict.ts';
import { judge } from './verdict.ts';

export interface AutomaticNode {
  readonly metadata: { readonly name: string };
  readonly egressIPs?: readonly string[];
  readonly egressCIDRs?: readonly string[];
}

export interface AutomaticView {
  readonly hostSubnets: readonly AutomaticNode[];
  readonly netNamespaces: readonly ListedIPs[];
  readonly offline: ReadonlySet<string>;
  /** Egress IPs that fit on a node; no limit where it is absent. */
  readonly capacity?: ReadonlyMap<string, number>;
}

/** IPs by node, of the nodes in automatic mode. */
export type Placement = ReadonlyMap<string, readonly string[]>;

/** What the `egressIPs` of each HostSubnet in automatic mode are to be, ascending by IP. */
export function placeAutomatically(view: AutomaticView): Placement {
  const nodes = new Nodes(view);
  const { ips } = judge(view);
  const wanted = wantedIPs(view, ips);
  const kept = activeIPs(wanted, ips);
  const moving = [...kept].filter(([ip, node]) => !nodes.mayKeep(ip, node)).map(([ip]) => ip);
  const settled = place(nodes, kept, wanted, new Set(moving));
  if (moving.length > 0) return settled;
  const scratch = place(nodes, new Map(), wanted, new Set());
  const neglected = [...scratch].filter(([node, own]) => sizeOn(settled, node) < Math.floor(own.length / 2));
  if (neglected.length === 0) return settled;
  // A node that came back gets its share: what it would have from scratch is taken off elsewhere, and placed next time.
  const share = neglected.flatMap(([node, own]) => own.filter((ip) => kept.get(ip) !== node));
  return place(nodes, kept, wanted, new Set(share));
}

/** One egress IP per namespace only: the first listed (*). None that two namespaces or two nodes claim. */
function wantedIPs(view: AutomaticView, ips: ReadonlyMap<string, IPVerdict>): readonly string[] {
  const first = new Set(view.netNamespaces.flatMap((it) => it.egressIPs?.slice(0, 1) ?? []));
  const contested = (it: IPVerdict | undefined) =>
    it === undefined || it.namespaces.length > 1 || it.nodes.length > 1;
  return [...first].filter((ip) => !contested(ips.get(ip))).sort(byAddress);
}

/** The node of each IP that is active now. */
function activeIPs(wanted: readonly string[], ips: ReadonlyMap<string, IPVerdict>): Map<string, string> {
  const active = wanted.flatMap((ip) => ips.get(ip) ?? []).filter((it) => it.active);
  return new Map(active.flatMap((it) => it.nodes.map((node) => [it.ip, node] as const)));
}

/** Nodes with the same `egressCIDRs`. */
interface Group {
  readonly cidrs: readonly Cidr[];
  /** Those online, ascending. */
  readonly names: readonly string[];
}

/** What each node may host, whatever it hosts now. */
class Nodes {
  /** Those in automatic mode, ascending. */
  readonly names: readonly string[];
  readonly #automatic: ReadonlySet<string>;
  readonly #capacity: ReadonlyMap<string, number>;
  readonly #groups: readonly Group[];
  readonly #groupOf: ReadonlyMap<string, Group>;
  readonly #candidates = new Map<string, readonly string[]>();

  constructor(view: AutomaticView) {
    const automatic = view.hostSubnets.filter((it) => (it.egressCIDRs?.length ?? 0) > 0);
    this.names = automatic.map((it) => it.metadata.name).sort();
    this.#automatic = new Set(this.names);
    this.#capacity = view.capacity ?? new Map();
    const alike = Map.groupBy(automatic, (it) => String(it.egressCIDRs));
    this.#groups = [...alike.values()].map((members) => ({
      cidrs: members[0]?.egressCIDRs?.flatMap((text) => parseCidr(text) ?? []) ?? [],
      names: members.map((it) => it.metadata.name).filter((name) => !view.offline.has(name)),
    }));
    this.#groupOf = new Map(this.#groups.flatMap((group) => group.names.map((name) => [name, group])));
  }

  /** A node in explicit mode keeps what was written on it. */
  mayKeep(ip: string, node: string): boolean {
    if (!this.#automatic.has(node)) return true;
    const group = this.#groupOf.get(node);
    return group !== undefined && reaches(group, ip);
  }

  /** The nodes online whose CIDRs contain the IP, ascending. */
  candidates(ip: string): readonly string[] {
    const groups = this.#groups.filter((group) => reaches(group, ip));
    const key = groups.map((group) => this.#groups.indexOf(group)).join();
    const known = this.#candidates.get(key) ?? groups.flatMap((group) => group.names).sort();
    this.#candidates.set(key, known);
    return known;
  }

  roomOn(node: string): number {
    return this.#capacity.get(node) ?? Number.POSITIVE_INFINITY;
  }
}

function reaches(group: Group, ip: string): boolean {
  const address = parseAddress(ip) ?? -1;
  return group.cidrs.some((range) => within(range, address));
}

/** Keeps what may stay, but for `withheld`, which is on no node in this round; then places the rest. */
function place(
  nodes: Nodes,
  kept: ReadonlyMap<string, string>,
  wanted: readonly string[],
  withheld: ReadonlySet<string>,
): Placement {
  const placed = new Map<string, string[]>(nodes.names.map((name) => [name, []]));
  for (const ip of wanted) {
    const node = kept.get(ip);
    if (node !== undefined && !withheld.has(ip)) placed.get(node)?.push(ip);
  }
  const pending = wanted.filter((ip) => !withheld.has(ip) && !kept.has(ip));
  const choices = pending.map((ip) => ({ ip, candidates: nodes.candidates(ip) }));
  // Those that only one node can host come first.
  const few = choices.filter(({ candidates }) => candidates.length === 1);
  const many = choices.filter(({ candidates }) => candidates.length > 1);
  for (const { ip, candidates } of [...few, ...many]) leastLoaded(nodes, placed, candidates)?.push(ip);
  return new Map([...placed].map(([node, ips]) => [node, ips.sort(byAddress)]));
}

/** What is on the first by name of those that have the fewest IPs, and room. */
function leastLoaded(
  nodes: Nodes,
  placed: ReadonlyMap<string, string[]>,
  candidates: readonly string[],
): string[] | undefined {
  let best: string[] | undefined;
  for (const node of candidates) {
    const ips = placed.get(node) ?? [];
    if ((best === undefined || ips.length < best.length) && ips.length < nodes.roomOn(node)) best = ips;
  }
  return best;
}

function sizeOn(placed: ReadonlyMap<string, readonly string[]>, node: string): number {
  return placed.get(node)?.length ?? 0;
}

function byAddress(a: string, b: string): number {
  return (parseAddress(a) ?? 0) - (parseAddress(b) ?? 0);
}
