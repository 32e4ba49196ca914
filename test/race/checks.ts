// What must be true when the race is over? Each check reads what the API shows and what clients were told, and returns what
// is wrong as sentences. Shares no code with the product that decides any of it.
import type { AllocationObject, KubeObject, NamespaceObject } from '../../shared/kinds.ts';
import { EGRESSIPAM_ANNOTATION } from '../../shared/names.ts';
import { cidr, parseAddress, within } from '../sandbox/ipv4.ts';
import { listIn, type Told } from './client.ts';
import { EGRESSIPAM, type RacePool } from './pools.ts';
import { refusedIPs } from './refusal.ts';

/** Everything that is judged. */
export interface Evidence {
  readonly pools: readonly RacePool[];
  readonly namespaces: readonly NamespaceObject[];
  readonly allocations: readonly AllocationObject[];
  /** Objects that carry `egressIPs` or `spec`-less lists of them: NetNamespaces, HostSubnets. */
  readonly netNamespaces: readonly (KubeObject & { readonly egressIPs?: readonly string[] })[];
  readonly hostSubnets: readonly (KubeObject & { readonly egressIPs?: readonly string[] })[];
  /** Addresses that nobody may have, with the words that say why. */
  readonly never: ReadonlyMap<string, RegExp>;
  readonly told: readonly Told[];
  /** Whether an IP was ever allocated to a namespace, or on its NetNamespace. */
  readonly everHeld: (ip: string, namespace: string) => boolean;
  /** What was seen to be wrong while the race was on. */
  readonly meanwhile: readonly string[];
}

export interface Verdict {
  readonly check: string;
  readonly violations: readonly string[];
}

/** One verdict per check, the order of the report. */
export function judge(evidence: Evidence): Verdict[] {
  return Object.entries(CHECKS).map(([check, find]) => ({ check, violations: find(evidence) }));
}

const CHECKS: Readonly<Record<string, (evidence: Evidence) => string[]>> = {
  'IPs listed by two namespaces': ({ namespaces }) => heldTwice(optedIn(namespaces), ipsOf),
  'IPs on two NetNamespaces': ({ netNamespaces }) => heldTwice(netNamespaces, egressIPsOf),
  'IPs on two HostSubnets': ({ hostSubnets }) => heldTwice(hostSubnets, egressIPsOf),
  'IPs held by two at any moment': ({ meanwhile }) => [...meanwhile],
  'namespaces without exactly one IP of each CIDR': incomplete,
  'listed IPs without an allocation for that very namespace': unallocated,
  'listed IPs that are not on the NetNamespace, or others that are': misprogrammed,
  'allocations that their namespace does not list': leaked,
  'IPs that must never be handed out': forbidden,
  'lists other than what was asked for and answered': dishonoured,
  'refusals that do not say rightly who holds the IP': unfounded,
  'impossible requests that were let through': ({ told }) =>
    told.filter(({ ask, became }) => ask.wish === 'impossible' && became === 'created').map(describe),
  'dry runs that left something': traces,
  'requests that were given up': ({ told }) =>
    told
      .filter(({ became }) => became === 'unknown')
      .map((one) => `${describe(one)}: ${one.refusals[0]?.message}`),
};

function incomplete({ namespaces, pools }: Evidence): string[] {
  const cidrs = pools.map((pool) => cidr(pool.cidr));
  return optedIn(namespaces).flatMap((namespace) => {
    const found = ipsOf(namespace).map((ip) => {
      const address = parseAddress(ip) ?? -1;
      return cidrs.findIndex((one) => within(one, address));
    });
    const isComplete = found.toSorted().join() === cidrs.map((_, i) => i).join();
    return isComplete ? [] : [`${namespace.metadata.name} lists ${listIn(namespace)}`];
  });
}

function unallocated({ namespaces, allocations }: Evidence): string[] {
  const holders = new Map(allocations.map(({ metadata, spec }) => [metadata.name, spec.namespace]));
  return optedIn(namespaces).flatMap((namespace) =>
    ipsOf(namespace)
      .filter((ip) => holders.get(ip) !== namespace.metadata.name)
      .map((ip) => `${ip} of ${namespace.metadata.name} is allocated to ${holders.get(ip) ?? 'nobody'}`),
  );
}

function misprogrammed({ namespaces, netNamespaces, never }: Evidence): string[] {
  const wanted = new Map(optedIn(namespaces).map((it) => [it.metadata.name, ipsOf(it).toSorted().join()]));
  return netNamespaces.flatMap((object) => {
    const ips = egressIPsOf(object).filter((ip) => !never.has(ip));
    const { name } = object.metadata;
    const isRight = ips.toSorted().join() === (wanted.get(name) ?? '');
    return isRight ? [] : [`${name} lists ${wanted.get(name) ?? 'nothing'}, its NetNamespace ${ips.join()}`];
  });
}

function leaked({ namespaces, allocations }: Evidence): string[] {
  const listed = new Set(
    optedIn(namespaces).flatMap((it) => ipsOf(it).map((ip) => `${ip} ${it.metadata.name}`)),
  );
  return allocations
    .filter(({ metadata, spec }) => !listed.has(`${metadata.name} ${spec.namespace}`))
    .map(({ metadata, spec }) => `${metadata.name} for "${spec.namespace}"`);
}

function forbidden({ namespaces, never }: Evidence): string[] {
  return optedIn(namespaces).flatMap((namespace) =>
    ipsOf(namespace)
      .filter((ip) => never.has(ip))
      .map((ip) => `${ip} was given to ${namespace.metadata.name}`),
  );
}

/** What was answered is what was asked for, and is stored still. */
function dishonoured({ told, namespaces }: Evidence): string[] {
  const stored = new Map(namespaces.map((it) => [it.metadata.name, listIn(it)]));
  return told.flatMap((one) => {
    if (one.became !== 'created') return [];
    const now = one.ask.twist === 'deleted' ? one.list : stored.get(one.name);
    const isAsAsked = one.asked === undefined || one.asked === one.list;
    return isAsAsked && now === one.list ? [] : [`${describe(one)}, answered ${one.list}, stored ${now}`];
  });
}

function unfounded(evidence: Evidence): string[] {
  const { told, never, everHeld } = evidence;
  return told.flatMap(({ ask, became, refusals }) =>
    (became === 'unknown' ? [] : refusals).flatMap(({ list, message }) => {
      if (ask.twist === 'cannotBeStored' && list === undefined) return [];
      if (ask.wish === 'impossible') return refusedIPs(message).length > 0 ? [] : [message];
      const known = refusedIPs(message).filter(({ ip, holder }) => {
        const words = never.get(ip);
        if (words !== undefined) return words.test(message);
        return list?.split(',').includes(ip) && (holder === '' || everHeld(ip, holder ?? ''));
      });
      const isLabel = ask.twist === 'cannotBeStored' && message.includes('label');
      return known.length > 0 || isLabel ? [] : [`asked for ${list}: ${message}`];
    }),
  );
}

function traces({ told, namespaces, allocations }: Evidence): string[] {
  const dry = new Set(told.filter(({ ask }) => ask.mode === 'dryRun').map(({ ask }) => ask.name));
  return [
    ...namespaces.map(({ metadata }) => metadata.name),
    ...allocations.map(({ spec }) => spec.namespace),
  ].filter((name) => dry.has(name));
}

function heldTwice<T extends KubeObject>(
  objects: readonly T[],
  read: (it: T) => readonly string[],
): string[] {
  const holders = new Map<string, string>();
  return objects.flatMap((object) =>
    read(object).flatMap((ip) => {
      const other = holders.get(ip);
      holders.set(ip, object.metadata.name);
      return other === undefined ? [] : [`${ip} of ${other} and ${object.metadata.name}`];
    }),
  );
}

function optedIn(namespaces: readonly NamespaceObject[]): NamespaceObject[] {
  return namespaces.filter(({ metadata }) => metadata.annotations?.[EGRESSIPAM_ANNOTATION] === EGRESSIPAM);
}

function ipsOf(namespace: NamespaceObject): string[] {
  return listIn(namespace)?.split(',') ?? [];
}

function egressIPsOf({ egressIPs = [] }: { readonly egressIPs?: readonly string[] }): readonly string[] {
  return egressIPs;
}

function describe({ ask, name }: Told): string {
  return `${name || ask.name || 'a namespace without a name'} asked for ${ask.list ?? 'any IPs'}`;
}
