// What must become of a request about an EgressIPAM? The second table of the design over the facts of the fuzzed cluster.
import { EGRESSIPAM_OBJECTS, STATES } from '../world.ts';
import { isIn, meet } from './addresses.ts';
import { isObject, type SlowAnswer } from './answers.ts';
import { type SlowPool, slowEgressIPAM } from './egressipams.ts';
import { numberOf, usesOf } from './facts.ts';
import { annotationOf, type SlowObject, type SlowRequest, textOf } from './reviews.ts';

/** Deeper than this, equality of JSON is nobody's concern. */
const DEEPEST = 60;

/** Faults of the answer; none when it is right. */
export function judgeEgressIPAM(request: SlowRequest, answer: SlowAnswer): string[] {
  if (answer.allowed && answer.patch.length > 0) return ['patches an EgressIPAM'];
  const why = whyRefused(request);
  if (why === 'either') return [];
  if (answer.allowed) return why === undefined ? [] : [`allowed, though ${why}`];
  if (why === undefined) return [`refused though nothing is wrong: ${answer.message}`];
  return answer.code === 422 ? [] : [`code ${answer.code}, though ${why}: ${answer.message}`];
}

function whyRefused({ operation, subResource, object, oldObject }: SlowRequest): string | undefined {
  if (subResource !== '' || operation === 'CONNECT') return undefined;
  if (operation === 'DELETE') return whyKept(oldObject as SlowObject);
  const one = object as SlowObject;
  if (operation === 'CREATE') return whyWrong(one);
  const same = sameJson(one.spec, oldObject?.spec);
  if (same !== 'different') return same === 'same' ? undefined : 'either';
  return whyWrong(one) ?? whyTaken(one, oldObject as SlowObject);
}

function whyKept(object: SlowObject): string | undefined {
  if (textOf(object, 'deletionTimestamp') !== undefined) return undefined;
  if (annotationOf(object, 'release-all') === 'true') return undefined;
  return usesOf(textOf(object, 'name') ?? '').length > 0 ? 'it is in use' : undefined;
}

function whyWrong(object: SlowObject): string | undefined {
  if (!hasShape(object.spec)) return 'it has no shape';
  const pools = slowEgressIPAM(object.spec as never);
  if (typeof pools === 'string') return pools;
  const others = EGRESSIPAM_OBJECTS.filter(
    ({ metadata }) => metadata.name !== textOf(object, 'name') && STATES[metadata.name] !== undefined,
  );
  for (const other of others) {
    const theirs = slowEgressIPAM(other.spec);
    if (typeof theirs === 'string') continue;
    if (theirs.some((their) => pools.some((pool) => meet(their, pool))))
      return `overlaps ${other.metadata.name}`;
  }
  return undefined;
}

/** IPs in use that would not be the namespace's any more. */
function whyTaken(object: SlowObject, oldObject: SlowObject): string | undefined {
  const pools = slowEgressIPAM(object.spec as never) as readonly SlowPool[];
  const old = hasShape(oldObject.spec) ? slowEgressIPAM(oldObject.spec as never) : 'no shape';
  const uses = usesOf(textOf(object, 'name') ?? '');
  for (const { namespace, ip } of uses) {
    const value = numberOf(ip);
    const [was, is] = [typeof old === 'string' ? undefined : poolOf(old, value), poolOf(pools, value)];
    if (typeof old !== 'string' && was === undefined) continue;
    if (is === undefined) return `${ip} would be in no CIDR`;
    const isReserved = (pool: SlowPool | undefined) =>
      pool?.reserved.some((range) => isIn(range, value)) === true;
    if (isReserved(is) && !isReserved(was)) return `${ip} would be reserved`;
    if (typeof old === 'string') continue;
    const merged = uses.some(
      (other) =>
        other.namespace === namespace &&
        poolOf(pools, numberOf(other.ip)) === is &&
        poolOf(old, numberOf(other.ip)) !== undefined &&
        poolOf(old, numberOf(other.ip)) !== was,
    );
    if (merged) return `${namespace} would have two IPs of ${is.text}`;
  }
  return undefined;
}

function poolOf(pools: readonly SlowPool[], value: bigint): SlowPool | undefined {
  return pools.find((pool) => isIn(pool, value));
}

/** Whether every field has the type that the CRD says. */
function hasShape(spec: unknown): boolean {
  if (!isObject(spec)) return false;
  const { cidrAssignments = [], nodeSelector = {}, topologyLabel, reuseGracePeriod, capacityPolicy } = spec;
  if (![topologyLabel, reuseGracePeriod, capacityPolicy].every(isTextOrAbsent)) return false;
  const isAssignment = (one: unknown) =>
    isObject(one) && [one.CIDR, one.labelValue].every(isTextOrAbsent) && isTexts(one.reservedIPs);
  if (!isNull(cidrAssignments) && !(Array.isArray(cidrAssignments) && cidrAssignments.every(isAssignment)))
    return false;
  if (!isObject(nodeSelector)) return false;
  const { matchLabels = {}, matchExpressions = [] } = nodeSelector;
  const isExpression = (one: unknown) =>
    isObject(one) && typeof one.key === 'string' && typeof one.operator === 'string' && isTexts(one.values);
  const areLabels =
    isObject(matchLabels) && Object.entries(matchLabels).every(([, value]) => typeof value === 'string');
  return areLabels && Array.isArray(matchExpressions) && matchExpressions.every(isExpression);
}

function isTexts(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every((one) => typeof one === 'string'));
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

function isNull(value: unknown): value is null {
  return value === null;
}

/** By writing both out with their keys in order. */
function sameJson(a: unknown, b: unknown): 'same' | 'different' | 'too deep' {
  if (depthOf(a) > DEEPEST || depthOf(b) > DEEPEST) return 'too deep';
  return inOrder(a) === inOrder(b) ? 'same' : 'different';
}

function inOrder(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inOrder).join()}]`;
  if (!isObject(value)) return typeof value === 'number' ? `${value + 0}` : `${JSON.stringify(value)}`;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${inOrder(one)}`).join()}}`;
}

function depthOf(value: unknown): number {
  let level: unknown[] = [value];
  let depth = 0;
  while (level.length > 0 && depth <= DEEPEST) {
    depth += 1;
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
  return depth;
}
