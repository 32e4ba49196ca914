// Automatic mode: which node hosts which IP where HostSubnets carry `egressCIDRs`. One pure round; the SDN does another
// one after each change. An IP that has to leave its node is only taken off in this round and placed in the next, as the
// real one does it. Source: openshift/sdn, ReallocateEgressIPs; names decide where there it is left to chance.
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

/** What each node may host, whatever it hosts now. */
class Nodes {
  readonly names: readonly string[];
  readonly #view: AutomaticView;
  readonly #cidrs: ReadonlyMap<string, readonly { readonly first: number; readonly last: number }[]>;

  constructor(view: AutomaticView) {
    this.#view = view;
    const automatic = view.hostSubnets.filter((it) => (it.egressCIDRs?.length ?? 0) > 0);
    this.names = automatic.map((it) => it.metadata.name).sort();
    this.#cidrs = new Map(
      automatic.map((it) => [
        it.metadata.name,
        it.egressCIDRs?.flatMap((text) => parseCidr(text) ?? []) ?? [],
      ]),
    );
  }

  /** A node in explicit mode keeps what was written on it. */
  mayKeep(ip: string, node: string): boolean {
    return !this.#cidrs.has(node) || this.mayHost(ip, node);
  }

  mayHost(ip: string, node: string): boolean {
    const cidrs = this.#cidrs.get(node) ?? [];
    return !this.#view.offline.has(node) && cidrs.some((range) => within(range, parseAddress(ip) ?? -1));
  }

  roomOn(node: string): number {
    return this.#view.capacity?.get(node) ?? Number.POSITIVE_INFINITY;
  }
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
  const candidates = (ip: string) =>
    nodes.names.filter((node) => nodes.mayHost(ip, node) && sizeOn(placed, node) < nodes.roomOn(node));
  // Those that only one node can host come first.
  const [fixed, free] = [
    pending.filter((ip) => candidates(ip).length === 1),
    pending.filter((ip) => candidates(ip).length > 1),
  ];
  for (const ip of [...fixed, ...free]) {
    const [best] = candidates(ip).sort((a, b) => sizeOn(placed, a) - sizeOn(placed, b) || (a < b ? -1 : 1));
    if (best !== undefined) placed.get(best)?.push(ip);
  }
  return new Map([...placed].map(([node, ips]) => [node, ips.sort(byAddress)]));
}

function sizeOn(placed: ReadonlyMap<string, readonly string[]>, node: string): number {
  return placed.get(node)?.length ?? 0;
}

function byAddress(a: string, b: string): number {
  return (parseAddress(a) ?? 0) - (parseAddress(b) ?? 0);
}
