// When may an EgressIPAM go? It carries our finalizer while it is served; once it is being deleted, until
// nothing of it is in use any more. What EC2 was asked and does not tell about is not waited for: its
// allocations, which have a finalizer of their own, are given back when EC2 is in reach again. The Go operator's
// finalizer is replaced by ours.
import type { Allocation } from '../allocation.ts';
import type { EgressIPAM } from '../egressipam.ts';
import { FINALIZER, GO_OPERATOR_FINALIZER } from '../names.ts';
import { isOutOfSight } from './custody.ts';
import type { Draft } from './draft.ts';
import type { Sightings } from './sightings.ts';
import type { World } from './world.ts';

/** Plans what the finalizers of every EgressIPAM should be. */
export function finalizeEgressIPAMs(world: World, seen: Sightings, draft: Draft): void {
  for (const fact of [...world.egressIPAMFacts.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const others = fact.finalizers.filter((name) => name !== FINALIZER && name !== GO_OPERATOR_FINALIZER);
    const valid = world.egressIPAMs.valid.get(fact.name);
    const wantsOurs =
      valid !== undefined && (!fact.deleting || !isDrained(valid, world) || isOffered(valid, seen));
    // A finalizer cannot be added to an object that is being deleted, and an invalid one keeps what it has
    // until then.
    if (fact.deleting ? wantsOurs : valid === undefined) continue;
    const finalizers = wantsOurs ? [...others, FINALIZER] : others;
    const isSame =
      finalizers.length === fact.finalizers.length &&
      finalizers.every((name) => fact.finalizers.includes(name));
    if (isSame) continue;
    const { name, resourceVersion } = fact;
    draft.push({ kind: 'finalizeEgressIPAM', name, resourceVersion, finalizers });
  }
}

/** Being deleted, and nothing of it is in use any more. */
export function isDrained(egressIPAM: EgressIPAM, world: World): boolean {
  if (!egressIPAM.deleting) return false;
  const isUnread = world.cloud === 'aws' && world.inventory === undefined;
  for (const allocation of world.allocations.values()) {
    if (!allocation.ours || allocation.egressIPAM !== egressIPAM.name) continue;
    if (isUnread || !isOutOfSight(allocation, world) || isUsed(allocation, world)) return false;
  }
  for (const namespace of world.namespaces.values()) {
    if (namespace.egressIPAM === egressIPAM.name && namespace.listed.size > 0) return false;
  }
  return true;
}

/** In use as far as the cluster goes, or not known yet to be given back. */
function isUsed({ ip, phase }: Allocation, { netNamespaces, hostSubnets }: World): boolean {
  const lists = [...netNamespaces.values(), ...hostSubnets.values()];
  return phase === 'Claimed' || phase === 'Bound' || lists.some(({ ips }) => ips.has(ip));
}

function isOffered(egressIPAM: EgressIPAM, seen: Sightings): boolean {
  return egressIPAM.pools.some((pool) => seen.offeredBy(pool.name).length > 0);
}
