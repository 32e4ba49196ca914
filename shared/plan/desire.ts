// What every namespace is entitled to: for each opted-in namespace the IPs it lists, sorted into those it
// keeps, those it still lacks and those it cannot have. One bad namespace says so about itself and changes
// nothing for the others.
import { requestedIPs } from '../annotation.ts';
import type { EgressIPAM, Pool } from '../egressipam.ts';
import { formatIPv4, type IPv4 } from '../ip.ts';
import { describeProblems } from '../problem.ts';
import { isStolen } from './custody.ts';
import type { NamespaceFact, World } from './world.ts';

/** An IP that a live namespace lists and may have. */
export interface Wanted {
  readonly ip: IPv4;
  readonly namespace: NamespaceFact;
  readonly egressIPAM: EgressIPAM;
  readonly pool: Pool;
}

/** A namespace that has no (lawful) IP of a pool. */
export interface Lack {
  readonly namespace: NamespaceFact;
  readonly egressIPAM: EgressIPAM;
  readonly pool: Pool;
  /** The IP that it lists and cannot have. */
  readonly instead: IPv4 | undefined;
  readonly why: string;
}

/** Something that a person should know; the shell makes an event or a condition of it, once. */
export interface Notice {
  readonly about: { readonly kind: 'Namespace' | 'EgressIPAM'; readonly name: string };
  readonly type: 'Normal' | 'Warning';
  /** UpperCamelCase. */
  readonly reason: string;
  readonly message: string;
}

export interface Desire {
  /** By IP, in the order of namespaces' names. */
  readonly wanted: ReadonlyMap<IPv4, Wanted>;
  readonly wantedOf: ReadonlyMap<string, readonly Wanted[]>;
  readonly lacks: readonly Lack[];
  /** Namespaces that list IPs though they have opted out, or whose EgressIPAM releases everything. */
  readonly unlist: readonly NamespaceFact[];
  readonly notices: readonly Notice[];
}

/** Walks the namespaces in the order of their names, so that equal worlds give equal answers. */
export function desire(world: World): Desire {
  const wanted = new Map<IPv4, Wanted>();
  const wantedOf = new Map<string, readonly Wanted[]>();
  const lacks: Lack[] = [];
  const unlist: NamespaceFact[] = [];
  const notices: Notice[] = [];
  for (const namespace of sortedByName(world.namespaces)) {
    if (namespace.egressIPAM === undefined) {
      if (namespace.text !== undefined) unlist.push(namespace);
      continue;
    }
    const egressIPAM = world.egressIPAMs.valid.get(namespace.egressIPAM);
    if (egressIPAM === undefined) {
      notices.push(noEgressIPAM(namespace, world));
      continue;
    }
    if (egressIPAM.deleting && egressIPAM.releaseAll) {
      if (namespace.text !== undefined) unlist.push(namespace);
      continue;
    }
    const mine = entitled(namespace, egressIPAM, world, { wanted, lacks, notices });
    if (mine.length > 0) wantedOf.set(namespace.name, mine);
  }
  return { wanted, wantedOf, lacks, unlist, notices };
}

interface Found {
  readonly wanted: Map<IPv4, Wanted>;
  readonly lacks: Lack[];
  readonly notices: Notice[];
}

function entitled(namespace: NamespaceFact, egressIPAM: EgressIPAM, world: World, found: Found): Wanted[] {
  const mine: Wanted[] = [];
  const text = namespace.text ?? '';
  const isLeftOut = text.trim() === '';
  const requested = requestedIPs(text, egressIPAM);
  if (!requested.ok && !isLeftOut) {
    const why = describeProblems(requested.problems);
    const message = `The list of egress IPs cannot be served as it is: ${why}`;
    found.notices.push(about(namespace, 'Warning', 'InvalidEgressIPs', message));
  }
  // An invalid list asks for nothing new, but what is there stays: the IPs that are allocated and readable.
  const byPool = requested.ok ? requested.value : readable(namespace, egressIPAM, world);
  for (const pool of egressIPAM.pools) {
    const ip = byPool.get(pool);
    const trouble = ip === undefined ? undefined : whyNot(ip, namespace, world, found);
    if (ip !== undefined && trouble === undefined) {
      const entry = { ip, namespace, egressIPAM, pool };
      found.wanted.set(ip, entry);
      mine.push(entry);
    } else if (requested.ok || isLeftOut) {
      if (namespace.terminating || egressIPAM.deleting) continue;
      const why = trouble ?? `it had no IP of ${pool.name}`;
      found.lacks.push({ namespace, egressIPAM, pool, instead: ip, why });
    }
  }
  return mine;
}

/** Why the namespace cannot have an IP that it lists, or undefined. */
function whyNot(ip: IPv4, namespace: NamespaceFact, world: World, found: Found): string | undefined {
  const other = found.wanted.get(ip);
  if (other !== undefined) return `${formatIPv4(ip)} belongs to namespace ${other.namespace.name}`;
  const allocation = world.allocations.get(ip);
  if (allocation !== undefined && allocation.namespace !== '' && allocation.namespace !== namespace.name) {
    return `${formatIPv4(ip)} belongs to namespace ${allocation.namespace}`;
  }
  if (!isStolen(ip, world)) return undefined;
  const holder = world.inventory?.holders.get(ip);
  const node = world.nodeOfInterface.get(holder ?? '');
  const isTaken = holder !== undefined && node === undefined;
  // What was never claimed was not stolen, either: grant.ts says that it can be no egress IP.
  if (allocation === undefined && !isTaken) return undefined;
  const message = `${formatIPv4(ip)} is ${whoHas(holder, node)}`;
  found.notices.push(about(namespace, 'Warning', 'AddressStolen', message));
  return allocation?.explicit === true ? undefined : message;
}

function whoHas(holder: string | undefined, node: string | undefined): string {
  if (holder === undefined) return 'kept by AWS';
  return node === undefined
    ? `in use by interface ${holder} outside this cluster`
    : `the address of node ${node}`;
}

function readable(namespace: NamespaceFact, egressIPAM: EgressIPAM, world: World): Map<Pool, IPv4> {
  const byPool = new Map<Pool, IPv4>();
  for (const ip of namespace.listed) {
    if (world.allocations.get(ip)?.namespace !== namespace.name) continue;
    const pool = egressIPAM.pools.find(
      (candidate) => ip >= candidate.cidr.first && ip <= candidate.cidr.last,
    );
    if (pool !== undefined && !byPool.has(pool)) byPool.set(pool, ip);
  }
  return byPool;
}

function noEgressIPAM(namespace: NamespaceFact, world: World): Notice {
  const name = namespace.egressIPAM ?? '';
  const invalid = world.egressIPAMs.invalid.get(name);
  const message =
    invalid === undefined
      ? `EgressIPAM "${name}" does not exist; what the namespace has stays as it is`
      : `EgressIPAM "${name}" is invalid; what the namespace has stays as it is: ` +
        describeProblems(invalid);
  return about(
    namespace,
    'Warning',
    invalid === undefined ? 'EgressIPAMNotFound' : 'EgressIPAMInvalid',
    message,
  );
}

export function about(
  namespace: NamespaceFact,
  type: Notice['type'],
  reason: string,
  message: string,
): Notice {
  return { about: { kind: 'Namespace', name: namespace.name }, type, reason, message };
}

function sortedByName(namespaces: ReadonlyMap<string, NamespaceFact>): NamespaceFact[] {
  return [...namespaces.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
