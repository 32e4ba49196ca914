// Label and field selectors: from the query of a list, and as objects (`matchLabels`, `matchExpressions`).
// They become predicates once per request, not once per object.

import { fieldOf, isObject, type JsonObject, listOf, objectOf, textOf } from './json.ts';
import { parseRequirements } from './label-parser.ts';
import { labelValueFaults, qualifiedNameFaults } from './metadata.ts';

/** Whether an object is selected. */
export type Predicate = (object: JsonObject) => boolean;

/** A selector, or why it is none. */
export type SelectorResult =
  | { readonly ok: true; readonly value: Predicate }
  | { readonly ok: false; readonly message: string };

type Labels = JsonObject;
type LabelPredicate = (labels: Labels) => boolean;

const EVERYTHING: SelectorResult = { ok: true, value: () => true };
/** `a=b,c!=d,e in (f,g),h notin (i),j,!k`. */
export function parseLabelSelector(text: string): SelectorResult {
  const parsed = parseRequirements(text);
  if (typeof parsed === 'string') return { ok: false, message: parsed };
  const requirements: LabelPredicate[] = [];
  for (const { key, operator, values } of parsed) {
    const compiled = requirement(key, operator, values);
    if (typeof compiled === 'string') {
      return { ok: false, message: `unable to parse requirement: ${compiled}` };
    }
    requirements.push(compiled);
  }
  return byLabels(requirements);
}

/** A metav1.LabelSelector: an absent one selects nothing, an empty one everything. */
export function compileLabelSelector(selector: unknown): SelectorResult {
  if (selector === undefined || selector === null) return { ok: true, value: () => false };
  const requirements: LabelPredicate[] = [];
  for (const [key, value] of Object.entries(objectOf(fieldOf(selector, 'matchLabels')))) {
    requirements.push((labels) => labels[key] === value);
  }
  for (const expression of listOf(fieldOf(selector, 'matchExpressions')).map(objectOf)) {
    const requirement = fromExpression(expression);
    if (typeof requirement === 'string') return { ok: false, message: requirement };
    requirements.push(requirement);
  }
  return byLabels(requirements);
}

/** `metadata.name=a,status.phase!=Active`; a field that an object lacks is the empty string. */
export function parseFieldSelector(text: string): SelectorResult {
  const terms: Predicate[] = [];
  for (const part of splitFields(text)) {
    const term = /^([^=!]*)(==|!=|=)(.*)$/s.exec(part);
    if (term === null) {
      return { ok: false, message: `invalid selector: '${text}'; can't understand '${part}'` };
    }
    const [, field = '', operator, raw = ''] = term;
    if (/(?<!\\)=/.test(raw)) {
      return { ok: false, message: 'invalid field selector: unescaped character in value: 61' };
    }
    const path = field.trim().split('.');
    const wanted = raw.replaceAll(/\\([\\,=])/g, '$1');
    const negated = operator === '!=';
    terms.push((object) => (fieldText(object, path) === wanted) !== negated);
  }
  if (terms.length === 0) return EVERYTHING;
  return { ok: true, value: (object) => terms.every((term) => term(object)) };
}

function fieldText(object: JsonObject, path: readonly string[]): string {
  const value = fieldOf(object, ...path);
  return value === undefined || value === null ? '' : String(value);
}

function byLabels(requirements: readonly LabelPredicate[]): SelectorResult {
  if (requirements.length === 0) return EVERYTHING;
  return {
    ok: true,
    value: (object) => {
      const found = fieldOf(object, 'metadata', 'labels');
      const labels = isObject(found) ? found : {};
      return requirements.every((requirement) => requirement(labels));
    },
  };
}

/** Splits at commas that no backslash precedes. */
function splitFields(text: string): string[] {
  return (text.match(/(?:\\.|[^,\\])+/gs) ?? []).filter((part) => part.trim() !== '');
}

function fromExpression(expression: JsonObject): LabelPredicate | string {
  const operator = textOf(expression.operator);
  const known = ['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(operator);
  if (!known) return `"${operator}" is not a valid label selector operator`;
  return requirement(textOf(expression.key), operator, listOf(expression.values).map(textOf));
}

function requirement(key: string, operator: string, values: readonly string[]): LabelPredicate | string {
  const problem = requirementProblem(key, operator, values);
  if (problem !== undefined) return problem;
  const wanted = new Set<unknown>(values);
  const bound = Number(values[0]);
  switch (operator) {
    case 'In':
      return (labels) => wanted.has(labels[key]);
    case 'NotIn':
      return (labels) => !wanted.has(labels[key]);
    case 'Exists':
      return (labels) => labels[key] !== undefined;
    case 'DoesNotExist':
      return (labels) => labels[key] === undefined;
    case 'Gt':
      return (labels) => Number(labels[key]) > bound;
    default:
      return (labels) => Number(labels[key]) < bound;
  }
}

function requirementProblem(key: string, operator: string, values: readonly string[]): string | undefined {
  const keyFaults = qualifiedNameFaults(key);
  if (keyFaults.length > 0) return `key: Invalid value: ${JSON.stringify(key)}: ${keyFaults.join('; ')}`;
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0) {
    return "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty";
  }
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
    return `values: Invalid value: ${JSON.stringify(values)}: values set must be empty for exists and does not exist`;
  }
  if ((operator === 'Gt' || operator === 'Lt') && !/^-?\d+$/.test(values[0] ?? '')) {
    return `values[0]: Invalid value: ${JSON.stringify(values[0])}: for 'Gt', 'Lt' operators, the value must be an integer`;
  }
  const bad = values.find((value) => labelValueFaults(value).length > 0);
  if (bad === undefined) return undefined;
  const why = labelValueFaults(bad).join('; ');
  return `values[${values.indexOf(bad)}][${key}]: Invalid value: ${JSON.stringify(bad)}: ${why}`;
}
