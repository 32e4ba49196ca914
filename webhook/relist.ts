// What becomes of a change to the list of IPs of a namespace that stays with its EgressIPAM? What was left out is put
// back, because manifests without the list are applied again and again; what was changed is judged like a new list.
import {
  EGRESSIPS_PATH,
  egressIPsText,
  type IPByPool,
  listedIPs,
  requestedIPs,
} from '../shared/annotation.ts';
import { type EgressIPAM, type Pool, poolOf } from '../shared/egressipam.ts';
import { problemsOf } from '../shared/explicit.ts';
import { formatIPv4, type IPv4 } from '../shared/ip.ts';
import type { NamespaceObject } from '../shared/kinds.ts';
import { EGRESSIPS_ANNOTATION } from '../shared/names.ts';
import { describeProblems } from '../shared/problem.ts';
import type { Decision, NamespaceView, Plan } from './decision.ts';
import { lookUp } from './opt-in.ts';
import { annotationPatch } from './patch.ts';
import { explicits, layPlan, searches } from './plan.ts';

type Request = Plan['request'] & { readonly oldObject: NamespaceObject };

/** Characters; API servers cut warnings short when there are many. */
const LONGEST_REASON = 500;
const NOTHING: Decision = { kind: 'allow', patch: [], warnings: [] };

/** `name` is the EgressIPAM before and after. */
export function relist(request: Request, name: string, view: NamespaceView): Decision {
  const { object, oldObject } = request;
  const before = new Set(listedIPs(oldObject));
  const after = listedIPs(object);
  const onlyLeavesOut = isReadable(object, after.length) && after.every((ip) => before.has(ip));
  if (onlyLeavesOut) {
    if (after.length === before.size) return NOTHING;
    // Whoever drains it takes the IPs off its namespaces; putting them back would keep it for ever.
    if (view.isDraining(name)) return NOTHING;
    const egressIPAM = view.egressIPAM(name);
    if (egressIPAM === undefined || requestedIPs(egressIPsText(oldObject) ?? '', egressIPAM).ok) {
      return putBack(request, before, after);
    }
  }
  const decision = change(request, name, before, view);
  return onlyLeavesOut && after.length === 0 ? orPutBack(decision, request) : decision;
}

/** Leaving out a list that cannot be served asks for another one; but as long as none is to be had, it blocks nobody. */
function orPutBack(decision: Decision, request: Request): Decision {
  const refusal = decision.kind === 'wait' ? decision.otherwise : decision;
  if (refusal.kind !== 'deny') return decision;
  const all = describeProblems(refusal.problems);
  const why = all.length > LONGEST_REASON ? `${all.slice(0, LONGEST_REASON - 1)}…` : all;
  const warning = `${EGRESSIPS_PATH}: put back as it was, since no other IPs can be given now: ${why}`;
  return { kind: 'allow', patch: oldList(request), warnings: [warning] };
}

/** The old list, as it was written. Needs to know nothing else, so it works in every state of everything else. */
function putBack(request: Request, before: ReadonlySet<IPv4>, after: readonly IPv4[]): Decision {
  const patch = oldList(request);
  if (after.length === 0) return { kind: 'allow', patch, warnings: [] };
  const missing = [...before].filter((ip) => !after.includes(ip));
  return { kind: 'allow', patch, warnings: [putBackWarning(missing)] };
}

function oldList({ object, oldObject }: Request) {
  return annotationPatch(object, EGRESSIPS_ANNOTATION, egressIPsText(oldObject));
}

function putBackWarning(ips: readonly IPv4[]): string {
  const list = ips.map(formatIPv4).join(', ');
  return `${EGRESSIPS_PATH}: ${list} put back; a namespace has one IP of each CIDR. Name others to change them`;
}

function change(request: Request, name: string, before: ReadonlySet<IPv4>, view: NamespaceView): Decision {
  const target = lookUp(name, view);
  if (target.kind !== 'found') return target;
  const { egressIPAM } = target;
  const text = egressIPsText(request.object);
  const all = new Set(egressIPAM.pools);
  const problems =
    text === undefined
      ? []
      : problemsOf({ text, egressIPAM, namespace: request.name, before, filledIn: all }, view);
  const listed = firstOfEach(listedIPs(request.object), egressIPAM);
  const old = firstOfEach(before, egressIPAM);
  const kept = new Map([...listed].filter(([, ip]) => before.has(ip)));
  const added = new Map([...listed].filter(([, ip]) => !before.has(ip)));
  const warnings = [...target.warnings];
  const back = [...old].filter(([pool]) => !listed.has(pool));
  for (const [pool, ip] of back) kept.set(pool, ip);
  if (back.length > 0 && listed.size > 0) warnings.push(putBackWarning(back.map(([, ip]) => ip)));
  const gaps = egressIPAM.pools.filter((pool) => !listed.has(pool) && !old.has(pool));
  const wanted = [...explicits(added, request, view), ...searches(gaps, request, view, egressIPAM)];
  const exchanged = new Set([...added.keys()].filter((pool) => old.has(pool)));
  return layPlan({ request, egressIPAM, kept, wanted, exchanged, problems, warnings }, view);
}

function firstOfEach(ips: Iterable<IPv4>, egressIPAM: EgressIPAM): IPByPool & Map<Pool, IPv4> {
  const byPool = new Map<Pool, IPv4>();
  for (const ip of ips) {
    const pool = poolOf(egressIPAM, ip);
    if (pool !== undefined && !byPool.has(pool)) byPool.set(pool, ip);
  }
  return byPool;
}

/** Whether every entry of the list is an IP, none twice. */
function isReadable(object: NamespaceObject, count: number): boolean {
  const text = egressIPsText(object);
  return count === (text === undefined ? 0 : text.split(',', count + 2).length);
}
