// Whose are the `egressCIDRs` of a HostSubnet? Ours to take back are those that an EgressIPAM offers or once
// offered. What remains is somebody else's, and then the SDN rules that node: IPs that we put there by hand
// it would take off again.
import type { Allocation } from '../allocation.ts';
import type { HostSubnetFact, World } from './world.ts';

/**
 * Every CIDR that is or was ours to offer, but for those from which an EgressIPAM serves that nobody can
 * judge any more.
 */
export function retractableCIDRs(world: World): ReadonlySet<string> {
  const ours = new Set<string>();
  for (const fact of world.egressIPAMFacts.values()) for (const cidr of fact.publishedCIDRs) ours.add(cidr);
  for (const allocation of world.allocations.values()) if (allocation.ours) ours.add(allocation.cidr);
  for (const allocation of world.allocations.values()) {
    if (isUnjudged(allocation, world)) ours.delete(allocation.cidr);
  }
  for (const { pools } of world.egressIPAMs.valid.values()) for (const pool of pools) ours.add(pool.name);
  return ours;
}

/** The nodes that stay the SDN's, whatever we do. */
export function nodesOfSdn(world: World): ReadonlySet<string> {
  const automatic = [...world.hostSubnets.values()].filter((it) => it.egressCIDRs.length > 0);
  if (automatic.length === 0) return new Set();
  const retractable = retractableCIDRs(world);
  return new Set(automatic.filter((it) => staying(it, retractable).length > 0).map((it) => it.node));
}

/** What of the HostSubnet's `egressCIDRs` is not ours to take back. */
export function staying({ egressCIDRs }: HostSubnetFact, retractable: ReadonlySet<string>): string[] {
  return egressCIDRs.filter((cidr) => !retractable.has(cidr));
}

/** In force, though its EgressIPAM is invalid or gone: what it serves stays as it is. */
function isUnjudged({ ours, phase, egressIPAM }: Allocation, world: World): boolean {
  return ours && phase === 'Bound' && !world.egressIPAMs.valid.has(egressIPAM);
}
