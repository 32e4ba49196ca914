// Has an EgressIPAM the shape that its type says? The CRD's schema sees to that before we are asked; this is for the day
// when it does not, because the parser trusts the shape. Also compares JSON, however deep somebody nested it.
import type { EgressIPAMObject } from '../shared/kinds.ts';
import type { Problem } from '../shared/problem.ts';

type Json = Readonly<Record<string, unknown>>;

const DEEPEST = 64;

/** What has the wrong type; what it says is not looked at. */
export function shapeProblems(object: EgressIPAMObject): Problem[] {
  const problems: Problem[] = [];
  const { spec } = object as { readonly spec?: unknown };
  if (!isObject(spec)) return [wrong('spec', 'an object')];
  for (const field of ['topologyLabel', 'reuseGracePeriod', 'capacityPolicy']) {
    if (!isTextOrAbsent(spec[field])) problems.push(wrong(`spec.${field}`, 'a string'));
  }
  const assignments = spec.cidrAssignments ?? [];
  if (!Array.isArray(assignments)) problems.push(wrong('spec.cidrAssignments', 'a list'));
  else
    for (const [index, one] of assignments.entries())
      checkAssignment(one, `spec.cidrAssignments[${index}]`, problems);
  checkSelector(spec.nodeSelector, 'spec.nodeSelector', problems);
  return problems;
}

/** Deep equality of parsed JSON; what is nested deeper than anything real counts as different. */
export function sameJson(a: unknown, b: unknown, depth = 0): boolean {
  if (a === b) return true;
  if (depth > DEEPEST || typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) => Object.hasOwn(b, key) && sameJson((a as Json)[key], (b as Json)[key], depth + 1),
  );
}

function checkAssignment(one: unknown, path: string, problems: Problem[]): void {
  if (!isObject(one)) {
    problems.push(wrong(path, 'an object'));
    return;
  }
  for (const field of ['CIDR', 'labelValue']) {
    if (!isTextOrAbsent(one[field])) problems.push(wrong(`${path}.${field}`, 'a string'));
  }
  if (!isTexts(one.reservedIPs)) problems.push(wrong(`${path}.reservedIPs`, 'a list of strings'));
}

function checkSelector(selector: unknown, path: string, problems: Problem[]): void {
  if (selector === undefined) return;
  if (!isObject(selector)) {
    problems.push(wrong(path, 'an object'));
    return;
  }
  const { matchLabels = {}, matchExpressions = [] } = selector;
  if (!isObject(matchLabels) || !Object.values(matchLabels).every((value) => typeof value === 'string')) {
    problems.push(wrong(`${path}.matchLabels`, 'an object of strings'));
  }
  const isExpression = (one: unknown) =>
    isObject(one) && typeof one.key === 'string' && typeof one.operator === 'string' && isTexts(one.values);
  if (!Array.isArray(matchExpressions) || !matchExpressions.every(isExpression)) {
    problems.push(wrong(`${path}.matchExpressions`, 'a list of requirements'));
  }
}

function isTexts(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every((one) => typeof one === 'string'));
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(path: string, expected: string): Problem {
  return { code: 'InvalidShape', path, message: `must be ${expected}` };
}
