// Who has an address in the cloud: nobody, a node of ours, or somebody else? An interface that no node is
// known by may be that of a node which cannot be read now: what looks stolen is only unknown then.
import type { Allocation } from '../allocation.ts';
import { contains, type IPv4 } from '../ip.ts';
import type { World } from './world.ts';

/**
 * `node`: a secondary address of a node's device-0 interface. `former`: on the interface where we had put it,
 * which is no known node's any more. `unknown`: on an interface that may be a node's. `stranger`: somebody
 * else in the VPC has it, or a node has it for itself, as its primary address, or AWS keeps it.
 */
export type Custody = 'nobody' | 'node' | 'former' | 'unknown' | 'stranger';

export function custodyOf(ip: IPv4, world: World): Custody {
  const holder = world.inventory?.holders.get(ip);
  if (holder === undefined) return isKept(ip, world) ? 'stranger' : 'nobody';
  const node = world.nodeOfInterface.get(holder);
  if (node !== undefined) return isAddressOf(node, ip, world) ? 'stranger' : 'node';
  const allocation = world.allocations.get(ip);
  if (allocation?.ours === true && allocation.interface === holder) return 'former';
  return mayBeUnknownNodes(holder, world) ? 'unknown' : 'stranger';
}

/** No interface ever gets it: the first four of a subnet, its last, and what is delegated as a prefix. */
export function isKept(ip: IPv4, { cloud, inventory }: World): boolean {
  return cloud === 'aws' && inventory?.kept.some((range) => contains(range, ip)) === true;
}

/** AWS may give a new node any free address of its subnet, also one that was just claimed. */
function isAddressOf(node: string, ip: IPv4, { inventory }: World): boolean {
  return inventory?.hosts.get(node)?.primary === ip;
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

/**
 * Whether EC2 does not tell now if the allocation's IP is on an interface of ours: it may be on that of a node
 * which cannot be read, or in a subnet that was not read.
 */
export function isOutOfSight({ ip, node }: Allocation, world: World): boolean {
  const { cloud, inventory } = world;
  if (cloud !== 'aws') return false;
  if (inventory === undefined || inventory.unknownNodes.has(node ?? '')) return true;
  if (custodyOf(ip, world) === 'unknown') return true;
  return inventory.unknownNodes.size > 0 && !inventory.subnets.some((subnet) => contains(subnet, ip));
}
