// IPs for namespaces that lack one: admitted while the webhook was away, a pool that grew, an IP that
// somebody else holds. First the allocations that are already for this namespace, then a free address; only
// when every one that can be had has been claimed does the list on the namespace change, once.

import { freeAddresses, startFor } from '../allocate.ts';
import type { Allocation } from '../allocation.ts';
import { formatEgressIPs } from '../annotation.ts';
import type { Pool } from '../egressipam.ts';
import type { IPv4 } from '../ip.ts';
import { isRead } from '../published.ts';
import { isStolen } from './custody.ts';
import { about, type Desire, type Lack, type Notice } from './desire.ts';
import type { Draft } from './draft.ts';
import type { NamespaceFact, World } from './world.ts';

/**
 * Plans claims and changed lists. Returns the allocations that lists are about to name: nobody may collect
 * them now.
 */
export function supply(wish: Desire, world: World, draft: Draft, notices: Notice[]): ReadonlySet<IPv4> {
  for (const namespace of wish.unlist) {
    const why =
      namespace.egressIPAM === undefined ? 'it has opted out' : 'its EgressIPAM releases everything';
    annotate(namespace, undefined, why, draft);
  }
  const promised = new Set<IPv4>();
  if (wish.lacks.length === 0) return promised;
  const claimed = Map.groupBy(ascending(world.allocations), (allocation) => allocation.namespace);
  const picked = new Set<IPv4>();
  for (const [namespace, lacks] of Map.groupBy(wish.lacks, (lack) => lack.namespace)) {
    const supplied = lacks.map((lack) => {
      const own = ownClaim(lack, claimed.get(namespace.name) ?? [], world);
      if (own === undefined) return { lack, ip: claimFree(lack, world, picked, draft, notices) };
      promised.add(own.ip);
      return { lack, ip: whenListed(own, lack, world) };
    });
    if (supplied.every(({ ip }) => ip !== 'waits')) relist(namespace, supplied, wish, draft);
  }
  return promised;
}

/**
 * `waits`: it comes some time, and the list changes once then; `none`: what the namespace can have, it has
 * without it.
 */
type Supplied = IPv4 | 'waits' | 'none';

function relist(
  namespace: NamespaceFact,
  supplied: readonly { readonly lack: Lack; readonly ip: Supplied }[],
  wish: Desire,
  draft: Draft,
): void {
  const found = new Map<Pool, IPv4>();
  const why: string[] = [];
  for (const { lack, ip } of supplied) {
    if (typeof ip !== 'number') continue;
    found.set(lack.pool, ip);
    why.push(lack.why);
  }
  if (found.size === 0) return;
  for (const wanted of wish.wantedOf.get(namespace.name) ?? []) found.set(wanted.pool, wanted.ip);
  annotate(namespace, formatEgressIPs(found), why.join('; '), draft);
}

/** One that is not ours may be somebody else's in the VPC by now: EC2 tells, when it was read. */
function whenListed({ ip, ours }: Allocation, { pool }: Lack, world: World): Supplied {
  if (world.busy.has(ip)) return 'waits';
  if (ours || world.cloud === 'none') return ip;
  if (!isFresh(world)) return 'waits';
  return isRead(pool.cidr, world.inventory) ? ip : 'none';
}

/** An allocation of the pool that is already for this namespace, in any phase. */
function ownClaim(lack: Lack, claimed: readonly Allocation[], world: World): Allocation | undefined {
  const usable = world.usable.get(lack.pool);
  return claimed.find((allocation) => {
    const { ip } = allocation;
    if (allocation.deleting || ip === lack.instead || isStolen(ip, world)) return false;
    return (
      usable !== undefined && (allocation.ours || usable.whyNot(ip) === undefined) && usable.contains(ip)
    );
  });
}

function claimFree(lack: Lack, world: World, picked: Set<IPv4>, draft: Draft, notices: Notice[]): Supplied {
  const { pool, namespace, egressIPAM } = lack;
  const usable = world.usable.get(pool);
  if (usable === undefined || !isFresh(world)) return 'waits';
  if (world.cloud !== 'none' && !isRead(pool.cidr, world.inventory)) {
    const message =
      `No IP of ${pool.name} can be chosen: ` +
      'it lies in no subnet of the nodes that EC2 could be asked about';
    notices.push(about(namespace, 'Warning', 'NoHost', message));
    return 'none';
  }
  for (const ip of freeAddresses(usable, world.taken, startFor(namespace.name, usable))) {
    if (picked.has(ip)) continue;
    picked.add(ip);
    draft.push({
      kind: 'claim',
      ip,
      namespace: namespace.name,
      egressIPAM: egressIPAM.name,
      cidr: pool.name,
    });
    return 'waits';
  }
  const message =
    `${pool.name} of EgressIPAM "${egressIPAM.name}" has no free address: ` +
    `${usable.usable} usable, all held`;
  notices.push(about(namespace, 'Warning', 'PoolExhausted', message));
  return 'none';
}

/** Without a fresh look at the cloud nobody knows what is free there. */
function isFresh({ cloud, inventory, inventoryAge, timing }: World): boolean {
  return cloud === 'none' || (inventory !== undefined && inventoryAge <= timing.inventoryFresh);
}

function annotate(namespace: NamespaceFact, egressIPs: string | undefined, why: string, draft: Draft): void {
  const { name, resourceVersion } = namespace;
  draft.push({ kind: 'annotate', namespace: name, resourceVersion, egressIPs, why });
}

function ascending(allocations: ReadonlyMap<IPv4, Allocation>): Allocation[] {
  return [...allocations.values()].sort((a, b) => a.ip - b.ip);
}
