// What a namespace asks for: the two annotations, read strictly where somebody is answered (requestedIPs) and leniently
// where the question is only «does it list this IP» (listedIPs), so that a typo in one entry never releases the others.
import { type EgressIPAM, type Pool, poolOf } from './egressipam.ts';
import { formatIPv4, type IPv4, parseIPv4, whyNotIPv4 } from './ip.ts';
import type { KubeObject } from './kinds.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION } from './names.ts';
import { ok, type Problem, type Result, shown } from './problem.ts';

export const EGRESSIPS_PATH = `metadata.annotations[${EGRESSIPS_ANNOTATION}]`;
export const EGRESSIPAM_PATH = `metadata.annotations[${EGRESSIPAM_ANNOTATION}]`;

/** More entries than any EgressIPAM can have CIDRs; what lies beyond is not read. */
const MAX_ENTRIES = 256;
const MAX_PROBLEMS = 32;
/** Pools that a sentence names. */
const MAX_NAMES = 16;

type Annotated = Pick<KubeObject, 'metadata'>;

/** Name of the EgressIPAM that the namespace has opted in to. */
export function egressIPAMOf(namespace: Annotated | undefined): string | undefined {
  const name = namespace?.metadata.annotations?.[EGRESSIPAM_ANNOTATION]?.trim();
  return name === undefined || name === '' ? undefined : name;
}

/** The annotation as it stands; undefined when absent or blank. */
export function egressIPsText(namespace: Annotated | undefined): string | undefined {
  const text = namespace?.metadata.annotations?.[EGRESSIPS_ANNOTATION];
  return text === undefined || text.trim() === '' ? undefined : text;
}

/** The IPs that an opted-in namespace lists, as far as they can be read; none when it has not opted in. */
export function listedIPs(namespace: Annotated | undefined): IPv4[] {
  if (egressIPAMOf(namespace) === undefined) return [];
  const listed = new Set<IPv4>();
  for (const entry of entriesOf(egressIPsText(namespace) ?? '')) {
    const ip = parseIPv4(entry);
    if (ip !== undefined) listed.add(ip);
  }
  return [...listed];
}

/** One IP per pool, by pool index; a pool may be missing when the list is not complete. */
export type IPByPool = ReadonlyMap<Pool, IPv4>;

/** Reads a list as a request: canonical, no duplicates, inside the EgressIPAM, at most one per CIDR. */
export function requestedIPs(text: string, egressIPAM: EgressIPAM): Result<IPByPool> {
  const problems: Problem[] = [];
  const byPool = new Map<Pool, IPv4>();
  const entries = entriesOf(text);
  if (text.split(',', MAX_ENTRIES + 1).length > MAX_ENTRIES) {
    problems.push(problem('TooMany', `lists more than ${MAX_ENTRIES} IPs; one per CIDR is needed`));
  }
  for (const entry of entries) {
    if (problems.length >= MAX_PROBLEMS) break;
    const fault = place(entry, egressIPAM, byPool);
    if (fault !== undefined) problems.push(fault);
  }
  return problems.length > 0 ? { ok: false, problems } : ok(byPool);
}

/** The annotation's value for these IPs, in the order of `cidrAssignments`. */
export function formatEgressIPs(byPool: IPByPool): string {
  return [...byPool]
    .sort(([a], [b]) => a.index - b.index)
    .map(([, ip]) => formatIPv4(ip))
    .join(',');
}

/** One sentence on what would be right: `one IP from each of 10.0.128.0/20, 10.0.144.0/20`. */
export function wantedShape(egressIPAM: EgressIPAM): string {
  const names = egressIPAM.pools.slice(0, MAX_NAMES).map((pool) => pool.name);
  const more = egressIPAM.pools.length - names.length;
  const rest = more > 0 ? ` and ${more} more` : '';
  return names.length === 1 ? `one IP of ${names[0]}` : `one IP from each of ${names.join(', ')}${rest}`;
}

function place(entry: string, egressIPAM: EgressIPAM, byPool: Map<Pool, IPv4>): Problem | undefined {
  const ip = parseIPv4(entry);
  if (ip === undefined) return problem('InvalidIP', whyNotListed(entry));
  const pool = poolOf(egressIPAM, ip);
  if (pool === undefined) {
    const message = `${entry} is in no CIDR of EgressIPAM "${egressIPAM.name}"; list ${wantedShape(egressIPAM)}`;
    return problem('OutsideCIDR', message);
  }
  const before = byPool.get(pool);
  if (before === ip) return problem('DuplicateIP', `${entry} is listed twice`);
  if (before !== undefined) {
    const message = `${formatIPv4(before)} and ${entry} are both of ${pool.name}; list ${wantedShape(egressIPAM)}`;
    return problem('TwoOfOneCIDR', message);
  }
  byPool.set(pool, ip);
  return undefined;
}

/** Why the entry is not an address, with what is wrong with the list where that is it. */
function whyNotListed(entry: string): string {
  if (entry === '') return 'an entry is empty; list IPs with one comma between them';
  if (/[\s;]/.test(entry))
    return `"${shown(entry)}" is not one IPv4 address; list IPs with commas between them`;
  return whyNotIPv4(entry);
}

function entriesOf(text: string): string[] {
  return text.split(',', MAX_ENTRIES).map((entry) => entry.trim());
}

function problem(code: string, message: string): Problem {
  return { code, path: EGRESSIPS_PATH, message };
}
