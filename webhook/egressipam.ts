// May this EgressIPAM be stored, changed, deleted? A change is judged by putting the new object into the list of all and
// parsing the whole; and nothing that is in use is taken away from under its namespaces. Pure.
import {
  type EgressIPAM,
  type Pool,
  parseEgressIPAM,
  parseEgressIPAMs,
  poolOf,
} from '../shared/egressipam.ts';
import { contains, formatIPv4, type IPv4 } from '../shared/ip.ts';
import type { EgressIPAMObject } from '../shared/kinds.ts';
import { RELEASE_ALL_ANNOTATION } from '../shared/names.ts';
import type { Problem } from '../shared/problem.ts';
import { type Deny, impossible, later } from './decision.ts';
import type { Operation } from './review.ts';
import { sameJson, shapeProblems } from './shape.ts';

export interface EgressIPAMRequest {
  readonly operation: Operation;
  readonly subResource: string;
  readonly object: EgressIPAMObject | undefined;
  readonly oldObject: EgressIPAMObject | undefined;
}

/** A namespace that has opted in to an EgressIPAM, or an allocation for it; a namespace may come up more than once. */
export interface Use {
  /** Empty when it has no name yet. */
  readonly namespace: string;
  readonly ips: readonly IPv4[];
}

export interface EgressIPAMView {
  outOfTouch(): string | undefined;
  stored(): Iterable<EgressIPAMObject>;
  uses(egressIPAM: string): Iterable<Use>;
}

export type Verdict = { readonly kind: 'allow'; readonly warnings: readonly string[] } | Deny;

const ALLOW: Verdict = { kind: 'allow', warnings: [] };
const SHOWN_NAMESPACES = 10;

/** One row of the table per branch. */
export function judge(request: EgressIPAMRequest, view: EgressIPAMView): Verdict {
  const { operation, object, oldObject } = request;
  if (request.subResource !== '') return ALLOW;
  switch (operation) {
    case 'CREATE':
      return object === undefined ? ALLOW : judgeSpec(object, undefined, view);
    case 'UPDATE':
      if (object === undefined || oldObject === undefined || sameJson(object.spec, oldObject.spec))
        return ALLOW;
      return judgeSpec(object, oldObject, view);
    case 'DELETE':
      return oldObject === undefined ? ALLOW : judgeDeletion(oldObject, view);
    case 'CONNECT':
      return ALLOW;
  }
}

function judgeSpec(
  object: EgressIPAMObject,
  oldObject: EgressIPAMObject | undefined,
  view: EgressIPAMView,
): Verdict {
  const misshapen = shapeProblems(object);
  if (misshapen.length > 0) return impossible(...misshapen);
  const outOfTouch = view.outOfTouch();
  if (outOfTouch !== undefined) return later('NotReady', outOfTouch);
  const problems = swappedIn(object, view);
  const parsed = parseEgressIPAM(object);
  if (oldObject !== undefined && parsed.ok) problems.push(...takenAway(parsed.value, oldObject, view));
  return problems.length > 0 ? impossible(...problems) : ALLOW;
}

/**
 * What is wrong with the object in the company of all others. It counts as the youngest, so that whatever it overlaps
 * speaks against it and not against the other; those others only that are valid now, so that one which is invalid
 * because of this very object does not keep it from being changed.
 */
function swappedIn(object: EgressIPAMObject, view: EgressIPAMView): Problem[] {
  const stored = [...view.stored()];
  const { valid } = parseEgressIPAMs(stored);
  const { name } = object.metadata;
  const others = stored.filter(({ metadata }) => metadata.name !== name && valid.has(metadata.name));
  const { creationTimestamp: _, ...metadata } = object.metadata;
  const { invalid } = parseEgressIPAMs([...others, { ...object, metadata }]);
  return [...(invalid.get(name) ?? [])];
}

/** The IPs in use that the change would put outside the EgressIPAM, on its reserved list, or two of in one CIDR. */
function takenAway(after: EgressIPAM, oldObject: EgressIPAMObject, view: EgressIPAMView): Problem[] {
  const parsed = shapeProblems(oldObject).length === 0 ? parseEgressIPAM(oldObject) : undefined;
  const before = parsed?.ok === true ? parsed.value : undefined;
  const outside = new Users();
  const reserved = new Map<Pool, Users>();
  const merged = new Map<Pool, Users>();
  const seen = new Map<string, IPv4>();
  for (const { namespace, ips } of view.uses(after.name)) {
    for (const ip of ips) {
      // What was not the EgressIPAM's before is not taken away by this change.
      const old = before === undefined ? undefined : poolOf(before, ip);
      if (before !== undefined && old === undefined) continue;
      const pool = poolOf(after, ip);
      if (pool === undefined) {
        outside.add(namespace, ip);
        continue;
      }
      if (isReserved(pool, ip) && (old === undefined || !isReserved(old, ip)))
        usersIn(reserved, pool).add(namespace, ip);
      const sibling = seen.get(`${namespace}/${pool.name}`);
      const wasApart = sibling !== undefined && before !== undefined && old !== poolOf(before, sibling);
      if (sibling !== undefined && sibling !== ip && wasApart) usersIn(merged, pool).add(namespace, ip);
      seen.set(`${namespace}/${pool.name}`, ip);
    }
  }
  return [
    ...outside.problems('spec.cidrAssignments', 'would be in no CIDR any more'),
    ...[...reserved].flatMap(([pool, users]) =>
      users.problems(`spec.cidrAssignments[${pool.index}].reservedIPs`, 'would be reserved'),
    ),
    ...[...merged].flatMap(([pool, users]) =>
      users.problems(`spec.cidrAssignments[${pool.index}].CIDR`, `would be one of two IPs of ${pool.name}`),
    ),
  ];
}

function judgeDeletion(object: EgressIPAMObject, view: EgressIPAMView): Verdict {
  if ((object.metadata.deletionTimestamp ?? undefined) !== undefined) return ALLOW;
  const releaseAll = object.metadata.annotations?.[RELEASE_ALL_ANNOTATION] === 'true';
  const outOfTouch = view.outOfTouch();
  if (outOfTouch !== undefined) return releaseAll ? ALLOW : later('NotReady', outOfTouch);
  const users = new Users();
  for (const { namespace, ips } of view.uses(object.metadata.name)) users.add(namespace, ...ips);
  if (users.size === 0) return ALLOW;
  if (releaseAll) return { kind: 'allow', warnings: [`${users.describe()} will lose their egress IPs`] };
  const wayOut = `remove their annotations first, or annotate this EgressIPAM with ${RELEASE_ALL_ANNOTATION}=true to release everything`;
  const message = `EgressIPAM "${object.metadata.name}" is in use by ${users.describe()}; ${wayOut}`;
  return impossible({ code: 'InUse', path: 'metadata.name', message });
}

/** Namespaces that something would happen to, with their IPs. */
class Users {
  readonly #ips = new Map<string, Set<IPv4>>();

  get size(): number {
    return this.#ips.size;
  }

  add(namespace: string, ...ips: readonly IPv4[]): void {
    const known = this.#ips.get(namespace);
    if (known === undefined) this.#ips.set(namespace, new Set(ips));
    else for (const ip of ips) known.add(ip);
  }

  /** At most one problem, which names the namespaces. */
  problems(path: string, what: string): Problem[] {
    if (this.size === 0) return [];
    const message = `IPs in use ${what}: ${this.describe()}; keep them, or have these namespaces give them up first`;
    return [{ code: 'InUse', path, message }];
  }

  describe(): string {
    const names = [...this.#ips.keys()].sort();
    const shown = names.slice(0, SHOWN_NAMESPACES).map((name) => {
      const ips = [...(this.#ips.get(name) ?? [])].sort((a, b) => a - b).map(formatIPv4);
      const who = name === '' ? 'a namespace being created' : `namespace "${name}"`;
      return ips.length === 0 ? who : `${who} (${ips.slice(0, SHOWN_NAMESPACES).join(', ')})`;
    });
    const more = names.length - shown.length;
    return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
  }
}

function usersIn(byPool: Map<Pool, Users>, pool: Pool): Users {
  const users = byPool.get(pool) ?? new Users();
  byPool.set(pool, users);
  return users;
}

function isReserved(pool: Pool, ip: IPv4): boolean {
  return pool.reserved.some((range) => contains(range, ip));
}
