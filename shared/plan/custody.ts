// Who has an address in the cloud: nobody, a node of ours, or somebody else? An interface that no node is
// known by may be that of a node which cannot be read now: what looks stolen is only unknown then.
import type { IPv4 } from '../ip.ts';
import type { World } from './world.ts';

/**
 * `node`: on the device-0 interface of a node. `former`: on the interface where we had put it, which is no
 * known node's any more. `unknown`: on an interface that may be a node's. `stranger`: somebody else in the
 * VPC has it.
 */
export type Custody = 'nobody' | 'node' | 'former' | 'unknown' | 'stranger';

export function custodyOf(ip: IPv4, world: World): Custody {
  const holder = world.inventory?.holders.get(ip);
  if (holder === undefined) return 'nobody';
  if (world.nodeOfInterface.has(holder)) return 'node';
  const allocation = world.allocations.get(ip);
  if (allocation?.ours === true && allocation.interface === holder) return 'former';
  return mayBeUnknownNodes(holder, world) ? 'unknown' : 'stranger';
}

/** A node that cannot be read is still known by its address, which its interface has, too. */
function mayBeUnknownNodes(holder: string, { inventory, hostSubnets }: World): boolean {
  return [...(inventory?.unknownNodes.keys() ?? [])].some((node) => {
    const hostIP = hostSubnets.get(node)?.hostIP;
    return hostIP === undefined || inventory?.holders.get(hostIP) === holder;
  });
}

export function isStolen(ip: IPv4, world: World): boolean {
  return custodyOf(ip, world) === 'stranger';
}
