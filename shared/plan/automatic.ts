// Automatic mode (modes.ts): the SDN places IPs by itself on nodes that carry the CIDR in `egressCIDRs`. This
// file says which nodes carry which CIDRs.
//
//   a node …                                    carries the CIDR
//   selected, schedulable                       yes
//   selected, cordoned                          only while no other selected node is Ready and schedulable
//   selected, and explicit for another reason   no
//   deselected                                  no
//
// Where a node stops to carry a CIDR, its IPs leave its HostSubnet in the same patch, and the SDN places them
// anew; only a switch to explicit mode keeps them there. The SDN places one IP of a namespace: where there are
// more on its NetNamespace, what we have put on a node stays, and so does the node's explicit mode.
import type { EgressIPAM } from '../egressipam.ts';
import type { Held } from './breaker.ts';
import type { Desire, Wanted } from './desire.ts';
import type { Draft } from './draft.ts';
import { isDrained } from './finalizers.ts';
import { lawfulNodes } from './lawful.ts';
import { explicitNodes, isPlaceable, type Mode } from './modes.ts';
import { retractableCIDRs, staying } from './offers.ts';
import type { World } from './world.ts';

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
      const selected = lawfulNodes(world, egressIPAM, pool).filter((node) => !explicit.has(node.name));
      const schedulable = selected.filter((node) => !node.cordoned);
      for (const { name } of schedulable.some((node) => node.ready) ? schedulable : selected) {
        const cidrs = offered.get(name) ?? new Set();
        offered.set(name, cidrs.add(pool.name));
      }
    }
  }
  return offered;
}

function isSelected(node: string, { egressIPAM, pool }: Wanted, world: World): boolean {
  return lawfulNodes(world, egressIPAM, pool).some(({ name }) => name === node);
}
