// What users and the webhook do to namespaces in a history: as the webhook does it, as it slips by while the
// webhook is away, and as it ends.
import type { Allocation } from '../../../shared/allocation.ts';
import { formatIPv4, type IPv4, toIPv4 } from '../../../shared/ip.ts';
import { next } from './apply.ts';
import { addressesIn, type Cluster, cidr, holderOf, namespaceFact } from './cluster.ts';
import type { Happening, Name } from './histories.ts';

/** As the webhook does it: claims first, own ones before free ones, then the list. */
export function admit(cluster: Cluster, name: string, egressIPAM: string, pick: number): void {
  const chosen = cidrsOf(cluster, egressIPAM).map((text) => {
    const own = [...cluster.allocations.values()].find(
      (it) => it.namespace === name && it.cidr === text && !it.deleting,
    );
    if (own !== undefined && pick % 2 === 0) return claimAnew(cluster, own);
    return claimFree(cluster, name, egressIPAM, text, pick);
  });
  if (chosen.includes(undefined)) return;
  editNamespace(cluster, name, egressIPAM, chosen.map((it) => formatIPv4(it ?? toIPv4(0))).join(','));
}

/** While the webhook is away: an address from each CIDR, whoever has it. */
export function slipBy(cluster: Cluster, name: string, egressIPAM: string, pick: number): void {
  const texts = cidrsOf(cluster, egressIPAM).map((text, at) =>
    formatIPv4(toIPv4(cidr(text).first + ((pick + at) % 8))),
  );
  editNamespace(
    cluster,
    name,
    egressIPAM,
    pick % 5 === 0 ? [...texts, 'nonsense'].join(',') : texts.join(','),
  );
}

/** A claim whose namespace write never arrived. */
export function claimOnly(cluster: Cluster, name: string, pick: number): void {
  const [first] = cidrsOf(cluster, 'blue');
  if (first !== undefined) claimFree(cluster, pick % 3 === 0 ? '' : name, 'blue', first, pick);
}

export function retake(cluster: Cluster, name: string): void {
  const own = [...cluster.allocations.values()].filter((it) => it.namespace === name && !it.deleting);
  const namespace = cluster.namespaces.get(name);
  if (namespace?.egressIPAM === undefined) return;
  const chosen = cidrsOf(cluster, namespace.egressIPAM).map((text) => own.find((it) => it.cidr === text));
  if (chosen.includes(undefined)) return;
  const texts = chosen.flatMap((it) => (it === undefined ? [] : [formatIPv4(claimAnew(cluster, it))]));
  editNamespace(cluster, name, namespace.egressIPAM, texts.join(','));
}

export function editNamespace(
  cluster: Cluster,
  name: string,
  egressIPAM: string | undefined,
  text: string | undefined,
): void {
  const before = cluster.namespaces.get(name);
  const resourceVersion = next(cluster);
  const base = before ?? { name, uid: `uid-${name}-${resourceVersion}`, terminating: false };
  cluster.namespaces.set(name, namespaceFact(base, egressIPAM, text, resourceVersion));
  if (!cluster.netNamespaces.has(name)) addNetNamespace(cluster, name);
}

export function endNamespace(cluster: Cluster, it: Extract<Happening, { name: Name }>): void {
  const before = cluster.namespaces.get(it.name);
  if (before === undefined) return;
  if (it.kind === 'terminate') {
    cluster.namespaces.set(it.name, { ...before, terminating: true, resourceVersion: next(cluster) });
  } else if (it.kind === 'delete namespace') {
    cluster.namespaces.delete(it.name);
    cluster.netNamespaces.delete(it.name);
  } else if (!cluster.netNamespaces.delete(it.name)) {
    addNetNamespace(cluster, it.name);
  }
}

function claimAnew(cluster: Cluster, allocation: Allocation): IPv4 {
  const resourceVersion = next(cluster);
  cluster.allocations.set(allocation.ip, {
    ...allocation,
    resourceVersion,
    claim: `token-${resourceVersion}`,
  });
  return allocation.ip;
}

function claimFree(
  cluster: Cluster,
  name: string,
  egressIPAM: string,
  text: string,
  pick: number,
): IPv4 | undefined {
  const { first } = cidr(text);
  for (let at = 0; at < 10; at++) {
    const ip = toIPv4(first + 4 + ((pick + at) % 10));
    if (isTaken(cluster, ip)) continue;
    const resourceVersion = next(cluster);
    cluster.allocations.set(ip, {
      ip,
      uid: `uid-${resourceVersion}`,
      resourceVersion,
      egressIPAM,
      cidr: text,
      namespace: name,
      claim: `token-${resourceVersion}`,
      phase: 'Claimed',
      ours: false,
      deleting: false,
      explicit: pick % 4 === 0,
      namespaceUID: undefined,
      node: undefined,
      interface: undefined,
      restingSince: undefined,
    });
    return ip;
  }
  return undefined;
}

function isTaken(cluster: Cluster, ip: IPv4): boolean {
  const objects = [...cluster.netNamespaces.values(), ...cluster.hostSubnets.values()];
  return (
    cluster.allocations.has(ip) ||
    holderOf(cluster, ip) !== undefined ||
    objects.some((it) => it.ips.has(ip)) ||
    [...cluster.namespaces.values()].some((it) => it.listed.has(ip))
  );
}

function addNetNamespace(cluster: Cluster, name: string): void {
  cluster.netNamespaces.set(name, {
    name,
    resourceVersion: next(cluster),
    egressIPs: [],
    ips: addressesIn([]),
  });
}

function cidrsOf(cluster: Cluster, name: string): string[] {
  const texts = cluster.egressIPAMs.get(name)?.spec.cidrAssignments.map((it) => it.CIDR) ?? [];
  return texts.filter((text) => text.includes('/'));
}
