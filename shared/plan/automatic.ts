// Bare metal with one CIDR: the SDN places IPs by itself on nodes that carry the CIDR in `egressCIDRs`. This file says
// which nodes carry which CIDRs. Both modes never mix on a node: one that any explicit pool selects is explicit for all.
import type { EgressIPAM } from '../egressipam.ts';
import type { Draft } from './draft.ts';
import { lawfulNodes } from './place.ts';
import type { World } from './world.ts';

export type Mode = 'explicit' | 'automatic';

/** Who places this EgressIPAM's IPs: we, or the SDN. */
export function modeOf(egressIPAM: EgressIPAM, world: World): Mode {
  return world.cloud === 'none' && egressIPAM.pools.length === 1 ? 'automatic' : 'explicit';
}

/** Plans the changes to `egressCIDRs`; CIDRs that no EgressIPAM of ours knows are foreign and stay. */
export function offerCIDRs(world: World, draft: Draft): void {
  const known = knownCIDRs(world);
  const offered = offeredByNode(world);
  for (const hostSubnet of world.hostSubnets.values()) {
    const foreign = hostSubnet.egressCIDRs.filter((cidr) => !known.has(cidr));
    const ours = [...(offered.get(hostSubnet.node) ?? [])].sort();
    const desired = [...foreign, ...ours];
    const isSame =
      desired.length === hostSubnet.egressCIDRs.length &&
      desired.every((cidr) => hostSubnet.egressCIDRs.includes(cidr));
    if (!isSame) draft.setCIDRs(hostSubnet.node, desired);
  }
}

function offeredByNode(world: World): Map<string, Set<string>> {
  const explicit = new Set<string>();
  const automatic: EgressIPAM[] = [];
  for (const egressIPAM of world.egressIPAMs.valid.values()) {
    if (modeOf(egressIPAM, world) === 'automatic') {
      if (!isDrained(egressIPAM, world)) automatic.push(egressIPAM);
      continue;
    }
    for (const pool of egressIPAM.pools) {
      for (const node of lawfulNodes(world, egressIPAM.topologyLabel, egressIPAM.nodeSelector, pool)) {
        explicit.add(node.name);
      }
    }
  }
  const offered = new Map<string, Set<string>>();
  for (const egressIPAM of automatic) {
    for (const pool of egressIPAM.pools) {
      const selected = lawfulNodes(world, egressIPAM.topologyLabel, egressIPAM.nodeSelector, pool).filter(
        (node) => !explicit.has(node.name),
      );
      const schedulable = selected.filter((node) => !node.cordoned);
      for (const node of schedulable.length > 0 ? schedulable : selected) {
        const cidrs = offered.get(node.name) ?? new Set();
        offered.set(node.name, cidrs.add(pool.name));
      }
    }
  }
  return offered;
}

/** Every CIDR that is or was ours to offer. */
function knownCIDRs(world: World): Set<string> {
  const known = new Set<string>();
  for (const egressIPAM of world.egressIPAMs.valid.values())
    for (const pool of egressIPAM.pools) known.add(pool.name);
  for (const fact of world.egressIPAMFacts.values()) for (const cidr of fact.publishedCIDRs) known.add(cidr);
  for (const allocation of world.allocations.values()) if (allocation.ours) known.add(allocation.cidr);
  return known;
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
