// Bare metal with one CIDR: the SDN places IPs by itself on nodes that carry the CIDR in `egressCIDRs`. This
// file says which nodes carry which CIDRs. Both modes never mix on a node: one that any explicit pool selects
// is explicit for all.
//
//   a node …                                    carries the CIDR
//   selected, schedulable                       yes
//   selected, cordoned                          only while no other selected node is Ready and schedulable
//   selected by an explicit pool, too           no
//   deselected                                  no
//
// Where a node stops to carry a CIDR, its IPs leave its HostSubnet in the same patch, and the SDN places them
// anew; only a switch to explicit mode keeps them there. The SDN places one IP of a namespace: where there are
// more on its NetNamespace, what we have put on a node stays, and so does the node's explicit mode.
import type { EgressIPAM, Pool } from '../egressipam.ts';
import type { Held } from './breaker.ts';
import type { Desire, Wanted } from './desire.ts';
import type { Draft } from './draft.ts';
import { retractableCIDRs, staying } from './offers.ts';
import { lawfulNodes } from './place.ts';
import type { NodeFact, World } from './world.ts';

export type Mode = 'explicit' | 'automatic';

/** Who places each EgressIPAM's IPs, we or the SDN: the SDN where it has one CIDR and a node of its own. */
export function modesOf(world: World): ReadonlyMap<EgressIPAM, Mode> {
  const explicit = world.cloud === 'none' ? explicitNodes(world) : new Set<string>();
  const modes = new Map<EgressIPAM, Mode>();
  for (const egressIPAM of world.egressIPAMs.valid.values()) {
    const [pool, ...others] = egressIPAM.pools;
    if (world.cloud !== 'none' || pool === undefined || others.length > 0) {
      modes.set(egressIPAM, 'explicit');
      continue;
    }
    const nodes = nodesOf(egressIPAM, pool, world);
    const isCrowdedOut = nodes.length > 0 && nodes.every((node) => explicit.has(node.name));
    modes.set(egressIPAM, isCrowdedOut ? 'explicit' : 'automatic');
  }
  return modes;
}

/** The nodes on which the SDN may place the EgressIPAM's IPs, schedulable or not. */
export function selectedBySdn(egressIPAM: EgressIPAM, world: World): ReadonlySet<string> {
  const explicit = explicitNodes(world);
  const nodes = egressIPAM.pools.flatMap((pool) => nodesOf(egressIPAM, pool, world));
  return new Set(nodes.map((node) => node.name).filter((name) => !explicit.has(name)));
}

/** What each node's `egressCIDRs` should be; CIDRs that no EgressIPAM of ours knows are foreign and stay. */
export function desiredOffers(
  world: World,
  modes: ReadonlyMap<EgressIPAM, Mode>,
  held: Held,
): ReadonlyMap<string, readonly string[]> {
  const desired = new Map<string, readonly string[]>();
  const isPlain = [...world.hostSubnets.values()].every(({ egressCIDRs }) => egressCIDRs.length === 0);
  if (isPlain && ![...modes.values()].includes('automatic')) return desired;
  const retractable = retractableCIDRs(world);
  const offered = offeredByNode(world, modes);
  for (const hostSubnet of world.hostSubnets.values()) {
    const { node } = hostSubnet;
    const kept = staying(hostSubnet, retractable);
    const wished = new Set([...(offered.get(node) ?? []), ...(held.offers.get(node) ?? [])]);
    const added = [...wished].filter((cidr) => !kept.includes(cidr)).sort();
    if (kept.length + added.length > 0) desired.set(node, [...kept, ...added]);
  }
  return desired;
}

/**
 * Plans the changes to `egressCIDRs`, and takes off what the SDN has placed where it may not place any more.
 */
export function offerCIDRs(
  world: World,
  wish: Desire,
  modes: ReadonlyMap<EgressIPAM, Mode>,
  offers: ReadonlyMap<string, readonly string[]>,
  held: Held,
  draft: Draft,
): void {
  for (const { node, egressCIDRs, ips } of world.hostSubnets.values()) {
    const desired = offers.get(node) ?? [];
    const isSame =
      desired.length === egressCIDRs.length && desired.every((cidr) => egressCIDRs.includes(cidr));
    if (!isSame) draft.setCIDRs(node, desired);
    if (world.cloud !== 'none') continue;
    for (const ip of ips) {
      const wanted = wish.wanted.get(ip);
      if (wanted === undefined || modes.get(wanted.egressIPAM) !== 'automatic') continue;
      if (world.busy.has(ip) || held.ips.has(ip) || desired.includes(wanted.pool.name)) continue;
      if (isPlaceable(wanted.namespace.name, world) || !isSelected(node, wanted, world))
        draft.unhost(node, ip);
    }
  }
}

function offeredByNode(world: World, modes: ReadonlyMap<EgressIPAM, Mode>): Map<string, Set<string>> {
  const explicit = explicitNodes(world);
  const offered = new Map<string, Set<string>>();
  for (const [egressIPAM, mode] of modes) {
    if (mode === 'explicit' || isDrained(egressIPAM, world)) continue;
    for (const pool of egressIPAM.pools) {
      const selected = nodesOf(egressIPAM, pool, world).filter((node) => !explicit.has(node.name));
      const schedulable = selected.filter((node) => !node.cordoned);
      for (const { name } of schedulable.some((node) => node.ready) ? schedulable : selected) {
        const cidrs = offered.get(name) ?? new Set();
        offered.set(name, cidrs.add(pool.name));
      }
    }
  }
  return offered;
}

/**
 * Nodes that an EgressIPAM of several CIDRs selects, or that still host what we, and not the SDN, have put
 * there.
 */
function explicitNodes(world: World): Set<string> {
  const explicit = new Set<string>();
  for (const egressIPAM of world.egressIPAMs.valid.values()) {
    if (egressIPAM.pools.length === 1) continue;
    for (const pool of egressIPAM.pools) {
      for (const node of nodesOf(egressIPAM, pool, world)) explicit.add(node.name);
    }
  }
  const single = singleCIDRs(world);
  for (const { node, ips, egressCIDRs } of world.hostSubnets.values()) {
    for (const ip of ips) {
      const allocation = world.allocations.get(ip);
      if (allocation?.ours !== true) continue;
      const mayBePlaced = single.has(allocation.cidr) && isPlaceable(allocation.namespace, world);
      if (!egressCIDRs.includes(allocation.cidr) && !mayBePlaced) explicit.add(node);
    }
  }
  return explicit;
}

/** The SDN places one IP of a namespace; while there are more, what we have put somewhere has to stay. */
function isPlaceable(namespace: string, { netNamespaces }: World): boolean {
  return (netNamespaces.get(namespace)?.ips.size ?? 0) <= 1;
}

function singleCIDRs(world: World): Set<string> {
  const single = new Set<string>();
  for (const { pools } of world.egressIPAMs.valid.values()) {
    const [pool, ...others] = pools;
    if (pool !== undefined && others.length === 0) single.add(pool.name);
  }
  return single;
}

function isSelected(node: string, { egressIPAM, pool }: Wanted, world: World): boolean {
  return nodesOf(egressIPAM, pool, world).some(({ name }) => name === node);
}

function nodesOf({ topologyLabel, nodeSelector }: EgressIPAM, pool: Pool, world: World): NodeFact[] {
  return lawfulNodes(world, topologyLabel, nodeSelector, pool);
}

/** Being deleted, and nothing of it is in use any more. */
export function isDrained(egressIPAM: EgressIPAM, world: World): boolean {
  if (!egressIPAM.deleting) return false;
  for (const allocation of world.allocations.values()) {
    if (allocation.ours && allocation.egressIPAM === egressIPAM.name) return false;
  }
  for (const namespace of world.namespaces.values()) {
    if (namespace.egressIPAM === egressIPAM.name && namespace.listed.size > 0) return false;
  }
  return true;
}
