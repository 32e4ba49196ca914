// Collects single steps into as few writes as they need: one patch per HostSubnet and NetNamespace, one
// assign, one move and one unassign per interface. Foreign entries of the lists are carried over as they are.
import { formatIPv4, type IPv4 } from '../ip.ts';
import type { Action, Lane, ReleaseCheck } from './actions.ts';
import type { World } from './world.ts';

interface ListChange {
  readonly add: Set<IPv4>;
  readonly remove: Set<IPv4>;
  readonly checks: ReleaseCheck[];
}

interface Assignment {
  readonly node: string;
  readonly from: Map<IPv4, string>;
  lane: Lane;
}

const LANE_ORDER: Record<Lane, number> = { failover: 0, grant: 1, cleanup: 2 };

export class Draft {
  readonly #world: World;
  readonly #single: Action[] = [];
  readonly #hostSubnets = new Map<string, ListChange & { cidrs: readonly string[] | undefined }>();
  readonly #netNamespaces = new Map<string, ListChange>();
  readonly #assigns = new Map<string, { node: string; ips: IPv4[]; lane: Lane }>();
  readonly #moves = new Map<string, Assignment>();
  readonly #unassigns = new Map<string, { ips: IPv4[]; checks: ReleaseCheck[] }>();

  constructor(world: World) {
    this.#world = world;
  }

  push(action: Action): void {
    this.#single.push(action);
  }

  host(node: string, ip: IPv4): void {
    this.#hostSubnet(node).add.add(ip);
  }

  unhost(node: string, ip: IPv4, check?: ReleaseCheck): void {
    const change = this.#hostSubnet(node);
    change.remove.add(ip);
    if (check !== undefined) change.checks.push(check);
  }

  setCIDRs(node: string, cidrs: readonly string[]): void {
    this.#hostSubnet(node).cidrs = cidrs;
  }

  use(namespace: string, ip: IPv4): void {
    this.#netNamespace(namespace).add.add(ip);
  }

  unuse(namespace: string, ip: IPv4, check?: ReleaseCheck): void {
    const change = this.#netNamespace(namespace);
    change.remove.add(ip);
    if (check !== undefined) change.checks.push(check);
  }

  assign(node: string, interfaceId: string, ip: IPv4, lane: Lane): void {
    const call = this.#assigns.get(interfaceId);
    if (call === undefined) {
      this.#assigns.set(interfaceId, { node, ips: [ip], lane });
    } else {
      call.ips.push(ip);
      if (LANE_ORDER[lane] < LANE_ORDER[call.lane]) call.lane = lane;
    }
  }

  move(node: string, interfaceId: string, ip: IPv4, from: string): void {
    const call = this.#moves.get(interfaceId);
    if (call === undefined)
      this.#moves.set(interfaceId, { node, from: new Map([[ip, from]]), lane: 'failover' });
    else call.from.set(ip, from);
  }

  unassign(interfaceId: string, ip: IPv4, check: ReleaseCheck): void {
    const call = this.#unassigns.get(interfaceId);
    if (call === undefined) {
      this.#unassigns.set(interfaceId, { ips: [ip], checks: [check] });
    } else {
      call.ips.push(ip);
      call.checks.push(check);
    }
  }

  /** Moves first, then what grants, then what cleans up; within that in the order of names. */
  actions(): Action[] {
    const netNamespaces = this.#netNamespacePatches();
    return [
      ...this.#moveCalls(),
      ...this.#hostSubnetPatches(),
      ...netNamespaces,
      ...this.#assignCalls(),
      ...this.#single,
      ...this.#unassignCalls(),
    ];
  }

  #hostSubnetPatches(): Action[] {
    const patches: Action[] = [];
    for (const [node, change] of sorted(this.#hostSubnets)) {
      const fact = this.#world.hostSubnets.get(node);
      if (fact === undefined) continue;
      patches.push({
        kind: 'patchHostSubnet',
        node,
        resourceVersion: fact.resourceVersion,
        add: ascending(change.add),
        remove: ascending(change.remove),
        egressIPs: changed(fact.egressIPs, change),
        checks: change.checks,
        ...(change.cidrs === undefined ? {} : { egressCIDRs: change.cidrs }),
      });
    }
    return patches;
  }

  #netNamespacePatches(): Action[] {
    const patches: Action[] = [];
    for (const [namespace, change] of sorted(this.#netNamespaces)) {
      const fact = this.#world.netNamespaces.get(namespace);
      if (fact === undefined) continue;
      patches.push({
        kind: 'patchNetNamespace',
        namespace,
        resourceVersion: fact.resourceVersion,
        add: ascending(change.add),
        remove: ascending(change.remove),
        egressIPs: changed(fact.egressIPs, change),
        checks: change.checks,
      });
    }
    return patches;
  }

  #assignCalls(): Action[] {
    return [...this.#assigns]
      .map(([interfaceId, call]) => ({
        kind: 'assign' as const,
        interfaceId,
        ...call,
        ips: ascending(call.ips),
      }))
      .sort(
        (a, b) =>
          LANE_ORDER[a.lane] - LANE_ORDER[b.lane] || b.ips.length - a.ips.length || byName(a.node, b.node),
      );
  }

  #moveCalls(): Action[] {
    return sorted(this.#moves).map(([interfaceId, { node, from, lane }]) => ({
      kind: 'reassign' as const,
      node,
      interfaceId,
      from,
      ips: ascending(from.keys()),
      lane,
    }));
  }

  #unassignCalls(): Action[] {
    return sorted(this.#unassigns).map(([interfaceId, { ips, checks }]) => ({
      kind: 'unassign' as const,
      interfaceId,
      ips: ascending(ips),
      checks,
      lane: 'cleanup' as const,
    }));
  }

  #hostSubnet(node: string): ListChange & { cidrs: readonly string[] | undefined } {
    let change = this.#hostSubnets.get(node);
    if (change === undefined) {
      change = { add: new Set(), remove: new Set(), checks: [], cidrs: undefined };
      this.#hostSubnets.set(node, change);
    }
    return change;
  }

  #netNamespace(namespace: string): ListChange {
    let change = this.#netNamespaces.get(namespace);
    if (change === undefined) {
      change = { add: new Set(), remove: new Set(), checks: [] };
      this.#netNamespaces.set(namespace, change);
    }
    return change;
  }
}

/** The stored list without what goes and with what comes; everything else keeps its place. */
function changed(stored: readonly string[], change: ListChange): string[] {
  const gone = new Set([...change.remove].map(formatIPv4));
  const kept = stored.filter((text) => !gone.has(text));
  return [...kept, ...ascending(change.add).map(formatIPv4)];
}

function ascending(ips: Iterable<IPv4>): IPv4[] {
  return [...ips].sort((a, b) => a - b);
}

function sorted<V>(map: ReadonlyMap<string, V>): [string, V][] {
  return [...map].sort(([a], [b]) => byName(a, b));
}

function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
