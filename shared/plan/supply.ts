// IPs for namespaces that lack one: admitted while the webhook was away, a pool that grew, an IP that somebody else
// holds. First the allocations that are already for this namespace, then a free address; only when every one that is
// missing has been claimed does the list on the namespace change.

import { freeAddresses, startFor } from '../allocate.ts';
import type { Allocation } from '../allocation.ts';
import { formatEgressIPs } from '../annotation.ts';
import type { Pool } from '../egressipam.ts';
import type { IPv4 } from '../ip.ts';
import { about, type Desire, isStolen, type Lack, type Notice } from './desire.ts';
import type { Draft } from './draft.ts';
import type { NamespaceFact, World } from './world.ts';

/** Plans claims and changed lists. */
export function supply(wish: Desire, world: World, draft: Draft, notices: Notice[]): void {
  for (const namespace of wish.unlist) {
    const why =
      namespace.egressIPAM === undefined ? 'it has opted out' : 'its EgressIPAM releases everything';
    annotate(namespace, undefined, why, draft);
  }
  if (wish.lacks.length === 0) return;
  const claimed = allocationsByNamespace(world);
  const picked = new Set<IPv4>();
  for (const [namespace, lacks] of byNamespace(wish.lacks)) {
    const found = new Map<Pool, IPv4>();
    for (const lack of lacks) {
      const own = ownClaim(lack, claimed.get(namespace.name) ?? [], world);
      if (own !== undefined) found.set(lack.pool, own);
      else claimFree(lack, world, picked, draft, notices);
    }
    if (found.size < lacks.length) continue;
    for (const wanted of wish.wantedOf.get(namespace.name) ?? []) found.set(wanted.pool, wanted.ip);
    annotate(namespace, formatEgressIPs(found), lacks.map((lack) => lack.why).join('; '), draft);
  }
}

/** An allocation of the pool that is already for this namespace, in any phase. */
function ownClaim(lack: Lack, claimed: readonly Allocation[], world: World): IPv4 | undefined {
  const usable = world.usable.get(lack.pool);
  return claimed.find((allocation) => {
    const { ip } = allocation;
    if (allocation.deleting || ip === lack.instead || isStolen(ip, world)) return false;
    return (
      usable !== undefined && (allocation.ours || usable.whyNot(ip) === undefined) && usable.contains(ip)
    );
  })?.ip;
}

function claimFree(lack: Lack, world: World, picked: Set<IPv4>, draft: Draft, notices: Notice[]): void {
  const { pool, namespace, egressIPAM } = lack;
  // Without a fresh look at the cloud nobody knows what is free there.
  if (
    world.cloud === 'aws' &&
    (world.inventory === undefined || world.inventoryAge > world.timing.inventoryFresh)
  )
    return;
  const usable = world.usable.get(pool);
  if (usable === undefined) return;
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
    return;
  }
  const message = `${pool.name} of EgressIPAM "${egressIPAM.name}" has no free address: ${usable.usable} usable, all held`;
  notices.push(about(namespace, 'Warning', 'PoolExhausted', message));
}

function annotate(namespace: NamespaceFact, egressIPs: string | undefined, why: string, draft: Draft): void {
  const { name, resourceVersion } = namespace;
  draft.push({ kind: 'annotate', namespace: name, resourceVersion, egressIPs, why });
}

function byNamespace(lacks: readonly Lack[]): Map<NamespaceFact, Lack[]> {
  const grouped = new Map<NamespaceFact, Lack[]>();
  for (const lack of lacks) {
    const group = grouped.get(lack.namespace);
    if (group === undefined) grouped.set(lack.namespace, [lack]);
    else group.push(lack);
  }
  return grouped;
}

function allocationsByNamespace(world: World): Map<string, Allocation[]> {
  const grouped = new Map<string, Allocation[]>();
  for (const allocation of [...world.allocations.values()].sort((a, b) => a.ip - b.ip)) {
    const group = grouped.get(allocation.namespace);
    if (group === undefined) grouped.set(allocation.namespace, [allocation]);
    else group.push(allocation);
  }
  return grouped;
}
