// Which nodes a metav1.LabelSelector selects. Parsed once into requirements that cannot be wrong.
import type { LabelSelectorObject } from './kinds.ts';
import type { Problem, Result } from './problem.ts';
import { ok, shown } from './problem.ts';
import { isSubdomain } from './subdomain.ts';

type Operator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';

interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  readonly values: ReadonlySet<string>;
}

/** All requirements hold; none selects everything. */
export type Selector = readonly Requirement[];

const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** A label key: an optional DNS prefix of up to 253 characters and a name of up to 63. */
export function isLabelKey(key: string): boolean {
  const slash = key.indexOf('/');
  if (slash < 0) return NAME.test(key);
  const prefix = key.slice(0, slash);
  return isSubdomain(prefix) && NAME.test(key.slice(slash + 1));
}

export function isLabelValue(value: string): boolean {
  return value === '' || NAME.test(value);
}

/** `path` is the selector's own field path. Absent selects every node, as the Go operator does. */
export function parseSelector(selector: LabelSelectorObject | undefined, path: string): Result<Selector> {
  const problems: Problem[] = [];
  const requirements: Requirement[] = [];
  for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) {
    checkKey(key, `${path}.matchLabels`, problems);
    checkValue(value, `${path}.matchLabels[${shown(key)}]`, problems);
    requirements.push({ key, operator: 'In', values: new Set([value]) });
  }
  for (const [index, expression] of (selector?.matchExpressions ?? []).entries()) {
    const requirement = parseExpression(expression, `${path}.matchExpressions[${index}]`, problems);
    if (requirement !== undefined) requirements.push(requirement);
  }
  return problems.length > 0 ? { ok: false, problems } : ok(requirements);
}

export function selects(selector: Selector, labels: Readonly<Record<string, string>>): boolean {
  return selector.every((requirement) => holds(requirement, labels));
}

function holds(requirement: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && requirement.values.has(value);
    case 'NotIn':
      return value === undefined || !requirement.values.has(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

function parseExpression(
  expression: NonNullable<LabelSelectorObject['matchExpressions']>[number],
  path: string,
  problems: Problem[],
): Requirement | undefined {
  const values = expression.values ?? [];
  checkKey(expression.key, `${path}.key`, problems);
  for (const [index, value] of values.entries()) checkValue(value, `${path}.values[${index}]`, problems);
  const { operator } = expression;
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) add(problems, `${path}.values`, `must not be empty with operator ${operator}`);
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) add(problems, `${path}.values`, `must be empty with operator ${operator}`);
      break;
    default:
      add(problems, `${path}.operator`, `"${shown(operator)}" is not one of In, NotIn, Exists, DoesNotExist`);
      return undefined;
  }
  return { key: expression.key, operator, values: new Set(values) };
}

function checkKey(key: string, path: string, problems: Problem[]): void {
  if (!isLabelKey(key))
    add(problems, path, `"${shown(key)}" is not a label key such as topology.kubernetes.io/zone`);
}

function checkValue(value: string, path: string, problems: Problem[]): void {
  if (!isLabelValue(value))
    add(problems, path, `"${shown(value)}" is not a label value (63 letters, digits, -_. at most)`);
}

function add(problems: Problem[], path: string, message: string): void {
  problems.push({ code: 'InvalidSelector', path, message });
}
