// May this namespace have the IPs that it names? Every fault of a list at once, each with a way out. Apart from
// annotation.ts, which only reads: this needs to know who holds what.
import { EGRESSIPS_PATH, listedIPs, requestedIPs, wantedShape } from './annotation.ts';
import { type EgressIPAM, type Pool, poolOf } from './egressipam.ts';
import type { Holder } from './holdings.ts';
import { formatIPv4, type IPv4 } from './ip.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION } from './names.ts';
import type { Problem } from './problem.ts';
import type { UsableAddresses } from './usable.ts';

/** What has to be known of the pools and of who holds what. */
export interface Surroundings {
  usable(egressIPAM: EgressIPAM, pool: Pool): UsableAddresses;
  holdersOf(ip: IPv4): readonly Holder[];
}

/** A list that somebody wrote. */
export interface ExplicitList {
  readonly text: string;
  readonly egressIPAM: EgressIPAM;
  /** Empty when it has no name yet. */
  readonly namespace: string;
  /** What the namespace lists already: not judged again, so that nobody is blocked by what has become of an old IP. */
  readonly before: ReadonlySet<IPv4>;
  /** Pools that need not be in the list, since they are filled in. */
  readonly filledIn: ReadonlySet<Pool>;
}

/** All problems of the list, none when it can be had as it is. */
export function problemsOf(list: ExplicitList, surroundings: Surroundings): Problem[] {
  const { egressIPAM, text, namespace, before, filledIn } = list;
  const requested = requestedIPs(text, egressIPAM);
  const problems = requested.ok ? [] : [...requested.problems];
  const served = new Set<Pool>(filledIn);
  for (const ip of readableIPs(text)) {
    const pool = poolOf(egressIPAM, ip);
    if (pool === undefined) continue;
    served.add(pool);
    if (before.has(ip)) continue;
    const fault = faultOf(ip, surroundings.usable(egressIPAM, pool), surroundings.holdersOf(ip), namespace);
    if (fault !== undefined) problems.push(fault);
  }
  for (const pool of egressIPAM.pools) {
    if (!served.has(pool)) problems.push(missing(pool, egressIPAM));
  }
  return problems;
}

/** Who stands in the way of `namespace` having the IP; undefined when nobody does. */
export function otherHolder(holders: readonly Holder[], namespace: string): Holder | undefined {
  const known = holders.some((holder) => isOf(holder, namespace));
  return holders.find((holder) => {
    if (isOf(holder, namespace)) return false;
    // A node hosts an IP for somebody. When the IP is this namespace's already, that is who.
    return !(holder.kind === 'hostSubnet' && known);
  });
}

/** `is allocated to namespace "a"`, to follow the address. */
export function describeHolder(holder: Holder): string {
  const name = `"${holder.name}"`;
  switch (holder.kind) {
    case 'allocation':
      return holder.name === ''
        ? 'is allocated to a namespace being created'
        : `is allocated to namespace ${name}`;
    case 'namespace':
      return `is listed by namespace ${name}`;
    case 'netNamespace':
      return `is on the NetNamespace of ${name}`;
    case 'hostSubnet':
      return `is on the HostSubnet of node ${name}, though no allocation exists for it`;
  }
}

/** The problem of an explicit IP that cannot be had because `why`, with the way out. */
export function unavailable(ip: IPv4, why: string, pool: Pool): Problem {
  const wayOut = `choose another IP of ${pool.name}, or leave the annotation out to be given free IPs`;
  return { code: 'Taken', path: EGRESSIPS_PATH, message: `${formatIPv4(ip)} ${why}; ${wayOut}` };
}

function faultOf(
  ip: IPv4,
  usable: UsableAddresses,
  holders: readonly Holder[],
  namespace: string,
): Problem | undefined {
  const why = usable.whyNot(ip);
  if (why !== undefined) return { ...unavailable(ip, why, usable.pool), code: 'NotUsable' };
  const holder = otherHolder(holders, namespace);
  return holder === undefined ? undefined : unavailable(ip, describeHolder(holder), usable.pool);
}

function missing(pool: Pool, egressIPAM: EgressIPAM): Problem {
  const message = `no IP of ${pool.name} is listed; list ${wantedShape(egressIPAM)}, or leave the annotation out`;
  return { code: 'MissingIP', path: EGRESSIPS_PATH, message };
}

/** The entries that are addresses, whatever else is in the list. */
function readableIPs(text: string): IPv4[] {
  const annotations = { [EGRESSIPAM_ANNOTATION]: '-', [EGRESSIPS_ANNOTATION]: text };
  return listedIPs({ metadata: { name: '', uid: '', resourceVersion: '', annotations } });
}

function isOf(holder: Holder, namespace: string): boolean {
  return namespace !== '' && holder.kind !== 'hostSubnet' && holder.name === namespace;
}
