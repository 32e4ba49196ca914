// API objects as the planner's facts. Each object is read once: the caches hand out the same object until it changes, so
// a pass over 15,000 of them costs a look-up each.
import { type Allocation, parseAllocation } from '../shared/allocation.ts';
import { egressIPAMOf, listedIPs } from '../shared/annotation.ts';
import { type IPv4, parseIPv4 } from '../shared/ip.ts';
import type {
  AllocationObject,
  EgressIPAMObject,
  HostSubnetObject,
  NamespaceObject,
  NetNamespaceObject,
  NodeObject,
} from '../shared/kinds.ts';
import { EGRESSIPS_ANNOTATION } from '../shared/names.ts';
import type {
  EgressIPAMFact,
  HostSubnetFact,
  NamespaceFact,
  NetNamespaceFact,
  NodeFact,
} from '../shared/plan/world.ts';

export const namespaceFact = once((object: NamespaceObject): NamespaceFact => {
  const { metadata } = object;
  return {
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    terminating: metadata.deletionTimestamp !== undefined,
    egressIPAM: egressIPAMOf(object),
    text: metadata.annotations?.[EGRESSIPS_ANNOTATION],
    listed: new Set(listedIPs(object)),
  };
});

/** Without `notReadyFor`, which depends on when it is asked. */
export const nodeFact = once((object: NodeObject): Omit<NodeFact, 'notReadyFor'> => {
  const ready = object.status?.conditions?.find((condition) => condition.type === 'Ready');
  return {
    name: object.metadata.name,
    labels: object.metadata.labels ?? {},
    ready: ready?.status === 'True',
    cordoned: object.spec?.unschedulable === true,
  };
});

export const hostSubnetFact = once((object: HostSubnetObject): HostSubnetFact => {
  const egressIPs = object.egressIPs ?? [];
  return {
    node: object.metadata.name,
    resourceVersion: object.metadata.resourceVersion,
    hostIP: parseIPv4(object.hostIP),
    egressIPs,
    egressCIDRs: object.egressCIDRs ?? [],
    ips: addresses(egressIPs),
  };
});

export const netNamespaceFact = once((object: NetNamespaceObject): NetNamespaceFact => {
  const egressIPs = object.egressIPs ?? [];
  return {
    name: object.metadata.name,
    resourceVersion: object.metadata.resourceVersion,
    egressIPs,
    ips: addresses(egressIPs),
  };
});

export const egressIPAMFact = once((object: EgressIPAMObject): EgressIPAMFact => {
  const { metadata, status } = object;
  return {
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    generation: metadata.generation ?? 0,
    deleting: metadata.deletionTimestamp !== undefined,
    finalizers: metadata.finalizers ?? [],
    publishedCIDRs: (status?.cidrs ?? []).map((cidr) => cidr.CIDR),
  };
});

export const allocationFact: (object: AllocationObject) => Allocation | undefined = once(parseAllocation);

function addresses(texts: readonly string[]): ReadonlySet<IPv4> {
  const ips = new Set<IPv4>();
  for (const text of texts) {
    const ip = parseIPv4(text);
    if (ip !== undefined) ips.add(ip);
  }
  return ips;
}

/** Reads each object once; as long as it is the same object, so is the answer. */
export function once<O extends object, F>(read: (object: O) => F): (object: O) => F {
  const facts = new WeakMap<O, { readonly fact: F }>();
  return (object) => {
    let entry = facts.get(object);
    if (entry === undefined) {
      entry = { fact: read(object) };
      facts.set(object, entry);
    }
    return entry.fact;
  };
}
