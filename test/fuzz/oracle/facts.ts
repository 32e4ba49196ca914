// What is so in the fuzzed cluster, as the judge reads it: pools, who holds which address, what nobody may have.
import type { AllocationObject, KubeObject, NamespaceObject } from '../../../shared/kinds.ts';
import { ALLOCATIONS, HOST_SUBNETS, NAMESPACES, NET_NAMESPACES } from '../../../shared/kube/resources.ts';
import { EGRESSIPAM_OBJECTS, STATES, WORLD } from '../world.ts';
import { isIn, type SlowRange, slowIPv4, slowRange, slowText } from './addresses.ts';
import { type SlowPool, slowEgressIPAM } from './egressipams.ts';
import { annotationOf } from './reviews.ts';

export interface SlowEgressIPAM {
  readonly name: string;
  readonly state: 'gives' | 'refuses' | 'postpones';
  readonly pools: readonly SlowPool[];
  /** Whether its nodes have no room for one more IP, and that counts. */
  readonly isCramped: boolean;
  readonly isDraining: boolean;
}

interface SlowHolder {
  readonly kind: 'allocation' | 'namespace' | 'netNamespace' | 'hostSubnet';
  readonly name: string;
  readonly isDeleted: boolean;
}

const holders = new Map<string, SlowHolder[]>();
const nodes = new Set<string>();
const inUse: SlowRange[] = [];

for (const [resource, object] of WORLD) {
  const add = (ip: string, kind: SlowHolder['kind'], name: string, isDeleted = false) =>
    holders.set(ip, [...(holders.get(ip) ?? []), { kind, name, isDeleted }]);
  const { name } = object.metadata;
  const { egressIPs = [], hostIP } = object as KubeObject & { egressIPs?: string[]; hostIP?: string };
  if (resource === ALLOCATIONS) {
    const { metadata, spec } = object as AllocationObject;
    add(name, 'allocation', spec.namespace, metadata.deletionTimestamp !== undefined);
  } else if (resource === NAMESPACES) {
    const list = annotationOf(object as NamespaceObject as never, 'egressips') ?? '';
    for (const ip of list.split(',')) add(ip, 'namespace', name);
  } else if (resource === NET_NAMESPACES) for (const ip of egressIPs) add(ip, 'netNamespace', name);
  else if (resource === HOST_SUBNETS) {
    nodes.add(hostIP ?? '');
    for (const ip of egressIPs) add(ip, 'hostSubnet', name);
  }
}
for (const { status } of EGRESSIPAM_OBJECTS) {
  for (const text of status?.cidrs?.flatMap((one) => one.inUse ?? []) ?? []) {
    const range = slowRange(text);
    if (range !== undefined) inUse.push(range);
  }
}

/** By name. */
export const EGRESSIPAMS: ReadonlyMap<string, SlowEgressIPAM> = new Map(
  EGRESSIPAM_OBJECTS.map(({ metadata, spec }) => {
    const pools = slowEgressIPAM(spec);
    const egressIPAM = {
      name: metadata.name,
      state: STATES[metadata.name] ?? 'refuses',
      pools: typeof pools === 'string' ? [] : pools,
      isCramped: metadata.name === 'no-room',
      isDraining: metadata.name === 'draining',
    };
    return [metadata.name, egressIPAM] as const;
  }),
);

/** IPs that are allocated to, or listed by, namespaces that use the EgressIPAM. */
export function usesOf(egressIPAM: string): { readonly namespace: string; readonly ip: string }[] {
  const found: { namespace: string; ip: string }[] = [];
  for (const [resource, object] of WORLD) {
    if (resource === NAMESPACES && annotationOf(object as never, 'egressipam') === egressIPAM) {
      const list = annotationOf(object as never, 'egressips') ?? '';
      for (const ip of list.split(',')) found.push({ namespace: object.metadata.name, ip });
    }
    if (resource !== ALLOCATIONS) continue;
    const { metadata, spec, status } = object as AllocationObject;
    const isActive = (status?.phase ?? 'Claimed') === 'Claimed' || status?.phase === 'Bound';
    if (spec.egressIPAM === egressIPAM && isActive)
      found.push({ namespace: spec.namespace, ip: metadata.name });
  }
  return found;
}

/** Why nobody may ever have the IP; undefined when somebody may. */
export function whyNever(pool: SlowPool, value: bigint): string | undefined {
  if (pool.prefix < 31 && (value === pool.first || value === pool.last)) return 'network or broadcast';
  if (pool.reserved.some((range) => isIn(range, value))) return 'reserved';
  if (nodes.has(slowText(value))) return "a node's";
  return inUse.some((range) => isIn(range, value)) ? "the cloud's" : undefined;
}

/** Who keeps `namespace` from having the IP; undefined when nobody does. */
export function whoHolds(ip: string, namespace: string): string | undefined {
  const all = holders.get(ip) ?? [];
  const isOwn = ({ kind, name }: SlowHolder) =>
    namespace !== '' && kind !== 'hostSubnet' && name === namespace;
  const own = all.filter(isOwn);
  // What was deleted by hand stays in force until it is released.
  const dying = own.find(({ isDeleted }) => isDeleted);
  const others = all.filter((one) => !isOwn(one) && !(one.kind === 'hostSubnet' && own.length > 0));
  const found = dying ?? others[0];
  return found === undefined ? undefined : `${found.kind} ${found.name}`;
}

/** Whether the pool has an IP that the namespace could be given. */
export function hasRoom(pool: SlowPool, namespace: string): boolean {
  for (let value = pool.first; value <= pool.last; value++) {
    if (whyNever(pool, value) !== undefined) continue;
    const ip = slowText(value);
    const all = holders.get(ip) ?? [];
    if (all.length === 0) return true;
    const isAllocated = all.some(({ kind, name }) => kind === 'allocation' && name === namespace);
    if (namespace !== '' && isAllocated && whoHolds(ip, namespace) === undefined) return true;
  }
  return false;
}

/** The IP as a number; it is known to be one. */
export function numberOf(ip: string): bigint {
  return slowIPv4(ip) ?? -1n;
}
