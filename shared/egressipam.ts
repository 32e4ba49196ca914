// What an EgressIPAM means: parsed once, with every problem and its field path, into a type that cannot be wrong.
// Webhook and reconciler call the same parser, one before an object is stored, the other on what is stored.
import { parseDuration } from './duration.ts';
import { type Cidr, formatCidr, formatRange, overlaps, parseCidr, parseRange, type Range } from './ip.ts';
import type { EgressIPAMObject } from './kinds.ts';
import { ALLOW_DISRUPTION_ANNOTATION, RELEASE_ALL_ANNOTATION } from './names.ts';
import { ok, type Problem, type Result, shown } from './problem.ts';
import { isLabelKey, isLabelValue, parseSelector, type Selector } from './selector.ts';

/** One cidrAssignment. */
export interface Pool {
  /** Position in `cidrAssignments`. */
  readonly index: number;
  readonly cidr: Cidr;
  /** `cidr` as text, which also names the pool in statuses and allocations. */
  readonly name: string;
  /** Value of the topology label on the nodes that host this pool's IPs. */
  readonly labelValue: string;
  readonly reserved: readonly Range[];
}

/** A valid EgressIPAM: at least one pool, no two of which overlap. */
export interface EgressIPAM {
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly createdAt: string;
  readonly deleting: boolean;
  readonly topologyLabel: string;
  readonly nodeSelector: Selector;
  readonly pools: readonly Pool[];
  /** Milliseconds that a released IP rests. */
  readonly reuseGracePeriod: number;
  readonly capacityPolicy: 'Deny' | 'Warn';
  readonly releaseAll: boolean;
  readonly allowDisruption: boolean;
}

/** Released addresses rest five minutes unless `reuseGracePeriod` says otherwise. */
export const DEFAULT_REUSE_GRACE_PERIOD = 5 * 60_000;
const MAX_REUSE_GRACE_PERIOD = 30 * 24 * 3_600_000;
const MAX_CIDRS = 256;
const MAX_RESERVED = 1_000;
const SHORTEST_PREFIX = 8;

/** Judges one object alone; see parseEgressIPAMs for what it must not share with others. */
export function parseEgressIPAM(object: EgressIPAMObject): Result<EgressIPAM> {
  const problems: Problem[] = [];
  const { spec, metadata } = object;
  const pools = parsePools(spec?.cidrAssignments ?? [], problems);
  const topologyLabel = spec?.topologyLabel ?? '';
  if (!isLabelKey(topologyLabel)) {
    add(
      problems,
      'InvalidLabel',
      'spec.topologyLabel',
      `"${shown(topologyLabel)}" is not a label key such as topology.kubernetes.io/zone`,
    );
  }
  const selector = parseSelector(spec?.nodeSelector, 'spec.nodeSelector');
  if (!selector.ok) problems.push(...selector.problems);
  const reuseGracePeriod = parseGrace(spec?.reuseGracePeriod, problems);
  const capacityPolicy = spec?.capacityPolicy ?? 'Deny';
  if (capacityPolicy !== 'Deny' && capacityPolicy !== 'Warn') {
    add(
      problems,
      'InvalidValue',
      'spec.capacityPolicy',
      `"${shown(capacityPolicy)}" is not one of Deny, Warn`,
    );
  }
  if (problems.length > 0 || !selector.ok) return { ok: false, problems };
  return ok({
    name: metadata.name,
    uid: metadata.uid ?? '',
    generation: metadata.generation ?? 0,
    createdAt: metadata.creationTimestamp ?? '',
    deleting: metadata.deletionTimestamp !== undefined,
    topologyLabel,
    nodeSelector: selector.value,
    pools,
    reuseGracePeriod,
    capacityPolicy: capacityPolicy === 'Warn' ? 'Warn' : 'Deny',
    releaseAll: metadata.annotations?.[RELEASE_ALL_ANNOTATION] === 'true',
    allowDisruption: metadata.annotations?.[ALLOW_DISRUPTION_ANNOTATION] === 'true',
  });
}

/** Every EgressIPAM, judged together: of two that overlap, the older one is valid. */
export interface EgressIPAMs {
  readonly valid: ReadonlyMap<string, EgressIPAM>;
  readonly invalid: ReadonlyMap<string, readonly Problem[]>;
}

/** Parses all of them; an object without creationTimestamp (not stored yet) counts as the youngest. */
export function parseEgressIPAMs(objects: Iterable<EgressIPAMObject>): EgressIPAMs {
  const valid = new Map<string, EgressIPAM>();
  const invalid = new Map<string, readonly Problem[]>();
  const byAge = [...objects].sort(
    (a, b) => compare(age(a), age(b)) || compare(a.metadata.name, b.metadata.name),
  );
  for (const object of byAge) {
    const parsed = parseEgressIPAM(object);
    const problems = parsed.ok ? overlapsWithOthers(parsed.value, valid.values()) : parsed.problems;
    if (parsed.ok && problems.length === 0) valid.set(object.metadata.name, parsed.value);
    else invalid.set(object.metadata.name, problems);
  }
  return { valid, invalid };
}

/** The pool that `ip` lies in. */
export function poolOf(egressIPAM: EgressIPAM, ip: number): Pool | undefined {
  return egressIPAM.pools.find((pool) => ip >= pool.cidr.first && ip <= pool.cidr.last);
}

function age(object: EgressIPAMObject): string {
  return object.metadata.creationTimestamp ?? '~';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function overlapsWithOthers(egressIPAM: EgressIPAM, others: Iterable<EgressIPAM>): Problem[] {
  const problems: Problem[] = [];
  for (const other of others) {
    for (const pool of egressIPAM.pools) {
      const theirs = other.pools.find((candidate) => overlaps(candidate.cidr, pool.cidr));
      if (theirs === undefined) continue;
      const message = `${pool.name} overlaps ${theirs.name} of EgressIPAM "${other.name}"; an address can belong to one EgressIPAM only`;
      add(problems, 'OverlappingCIDR', `spec.cidrAssignments[${pool.index}].CIDR`, message);
    }
  }
  return problems;
}

function parsePools(assignments: EgressIPAMObject['spec']['cidrAssignments'], problems: Problem[]): Pool[] {
  if (assignments.length === 0) {
    add(problems, 'Required', 'spec.cidrAssignments', 'at least one CIDR is needed');
  }
  if (assignments.length > MAX_CIDRS) {
    add(
      problems,
      'TooMany',
      'spec.cidrAssignments',
      `${assignments.length} CIDRs; at most ${MAX_CIDRS} are supported`,
    );
    return [];
  }
  const pools: Pool[] = [];
  for (const [index, assignment] of assignments.entries()) {
    const path = `spec.cidrAssignments[${index}]`;
    if (assignment.labelValue === undefined || !isLabelValue(assignment.labelValue)) {
      add(
        problems,
        'InvalidLabel',
        `${path}.labelValue`,
        `"${shown(assignment.labelValue ?? '')}" is not a label value`,
      );
    }
    const cidr = parsePoolCidr(assignment.CIDR ?? '', pools, `${path}.CIDR`, problems);
    const reserved = parseReserved(assignment.reservedIPs ?? [], cidr, `${path}.reservedIPs`, problems);
    if (cidr === undefined) continue;
    pools.push({ index, cidr, name: formatCidr(cidr), labelValue: assignment.labelValue ?? '', reserved });
  }
  return pools;
}

function parsePoolCidr(
  text: string,
  others: readonly Pool[],
  path: string,
  problems: Problem[],
): Cidr | undefined {
  const cidr = parseCidr(text);
  if (typeof cidr === 'string') {
    add(problems, 'InvalidCIDR', path, cidr);
    return undefined;
  }
  if (cidr.prefix < SHORTEST_PREFIX) {
    const message = `${formatCidr(cidr)} is too large; use /${SHORTEST_PREFIX} or longer`;
    add(problems, 'InvalidCIDR', path, message);
    return undefined;
  }
  const other = others.find((pool) => overlaps(pool.cidr, cidr));
  if (other === undefined) return cidr;
  const message = `${formatCidr(cidr)} overlaps ${other.name} of spec.cidrAssignments[${other.index}]; each address needs one CIDR`;
  add(problems, 'OverlappingCIDR', path, message);
  return undefined;
}

/** While the CIDR is wrong, nothing is said of what lies outside. */
function parseReserved(
  texts: readonly string[],
  cidr: Cidr | undefined,
  path: string,
  problems: Problem[],
): Range[] {
  if (texts.length > MAX_RESERVED) {
    add(
      problems,
      'TooMany',
      path,
      `${texts.length} entries; at most ${MAX_RESERVED} are supported, use ranges`,
    );
    return [];
  }
  const ranges: Range[] = [];
  for (const [index, text] of texts.entries()) {
    const range = parseRange(text);
    if (typeof range === 'string') {
      add(problems, 'InvalidReservedIP', `${path}[${index}]`, range);
    } else if (cidr !== undefined && (range.first < cidr.first || range.last > cidr.last)) {
      const message = `${formatRange(range)} is outside ${formatCidr(cidr)}; reserve addresses of this CIDR only`;
      add(problems, 'InvalidReservedIP', `${path}[${index}]`, message);
    } else {
      ranges.push({ first: range.first, last: range.last });
    }
  }
  return ranges;
}

function parseGrace(text: string | undefined, problems: Problem[]): number {
  if (text === undefined) return DEFAULT_REUSE_GRACE_PERIOD;
  const value = parseDuration(text);
  if (value === undefined || value < 0 || value > MAX_REUSE_GRACE_PERIOD) {
    const message = `"${shown(text)}" is not a duration from 0s to 720h, such as 5m or 1h30m`;
    add(problems, 'InvalidValue', 'spec.reuseGracePeriod', message);
    return DEFAULT_REUSE_GRACE_PERIOD;
  }
  return value;
}

function add(problems: Problem[], code: string, path: string, message: string): void {
  problems.push({ code, path, message });
}
