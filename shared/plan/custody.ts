// Who has an address in the cloud: nobody, a node of ours, or somebody else? While a node cannot be read, an interface that
// no node is known by may be that node's, so what looks stolen is only unknown then.
import type { IPv4 } from '../ip.ts';
import type { World } from './world.ts';

/**
 * `node`: on the device-0 interface of a node. `former`: on the interface where we had put it, which is no known node's
 * any more. `unknown`: on an interface that may be a node's. `stranger`: somebody else in the VPC has it.
 */
export type Custody = 'nobody' | 'node' | 'former' | 'unknown' | 'stranger';

export function custodyOf(ip: IPv4, world: World): Custody {
  const holder = world.inventory?.holders.get(ip);
  if (holder === undefined) return 'nobody';
  if (world.nodeOfInterface.has(holder)) return 'node';
  const allocation = world.allocations.get(ip);
  if (allocation?.ours === true && allocation.interface === holder) return 'former';
  return (world.inventory?.unknownNodes.size ?? 0) > 0 ? 'unknown' : 'stranger';
}

export function isStolen(ip: IPv4, world: World): boolean {
  return custodyOf(ip, world) === 'stranger';
}
