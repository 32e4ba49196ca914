// Who places an EgressIPAM's IPs, we or the SDN? The SDN can on bare metal, where the EgressIPAM has one CIDR.
// Both modes never mix on a node: one that any explicit pool selects, or that hosts what the SDN would not
// place, is explicit for all.
import type { EgressIPAM } from '../egressipam.ts';
import { lawfulNodes } from './lawful.ts';
import type { World } from './world.ts';

export type Mode = 'explicit' | 'automatic';

/** The SDN, `automatic`, where the EgressIPAM has one CIDR and a node of its own. */
export function modesOf(world: World): ReadonlyMap<EgressIPAM, Mode> {
  const explicit = world.cloud === 'none' ? explicitNodes(world) : new Set<string>();
  const modes = new Map<EgressIPAM, Mode>();
  for (const egressIPAM of world.egressIPAMs.valid.values()) {
    const [pool, ...others] = egressIPAM.pools;
    if (world.cloud !== 'none' || pool === undefined || others.length > 0) {
      modes.set(egressIPAM, 'explicit');
      continue;
    }
    const nodes = lawfulNodes(world, egressIPAM, pool);
    const isCrowdedOut = nodes.length > 0 && nodes.every((node) => explicit.has(node.name));
    modes.set(egressIPAM, isCrowdedOut ? 'explicit' : 'automatic');
  }
  return modes;
}

/** The nodes on which the SDN may place the EgressIPAM's IPs, schedulable or not. */
export function selectedBySdn(egressIPAM: EgressIPAM, world: World): ReadonlySet<string> {
  const explicit = explicitNodes(world);
  const nodes = egressIPAM.pools.flatMap((pool) => lawfulNodes(world, egressIPAM, pool));
  return new Set(nodes.map((node) => node.name).filter((name) => !explicit.has(name)));
}

/**
 * Nodes that an EgressIPAM of several CIDRs selects, or that still host what we, and not the SDN, have put
 * there.
 */
export function explicitNodes(world: World): Set<string> {
  const explicit = new Set<string>();
  for (const egressIPAM of world.egressIPAMs.valid.values()) {
    if (egressIPAM.pools.length === 1) continue;
    for (const pool of egressIPAM.pools) {
      for (const node of lawfulNodes(world, egressIPAM, pool)) explicit.add(node.name);
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
export function isPlaceable(namespace: string, { netNamespaces }: World): boolean {
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
