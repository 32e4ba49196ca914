// The CEL rules of a schema (`x-kubernetes-validations`): compiled once, checked after types and bounds are
// right. Apart from schema-validate.ts because rules need the stored object as well, and a language.

import { type CelProgram, type CelValue, celCompiler, optional } from './cel.ts';
import { isObject, type JsonObject, set } from './json.ts';
import type { JSONSchema, ValidationRule } from './json-schema.ts';
import type { Cause } from './schema-validate.ts';

/** All rules of one schema. */
export interface RuleSet {
  /** There is no rule anywhere. */
  readonly empty: boolean;
  /** What the rules refuse; `old` is the stored object, for rules on transitions. */
  check(object: JsonObject, old: JsonObject | undefined): Cause[];
  /** Rules that do not compile, as sentences. */
  readonly problems: readonly string[];
}

interface CompiledRule {
  readonly rule: ValidationRule;
  readonly program: CelProgram;
  readonly message: CelProgram | undefined;
  /** The rule compares with the stored value, and so is skipped where there is none. */
  readonly transition: boolean;
}

/** A part of the schema with rules at or below it. */
interface RuleNode {
  readonly schema: JSONSchema;
  readonly rules: readonly CompiledRule[];
  readonly properties: ReadonlyMap<string, RuleNode>;
  readonly additional: RuleNode | undefined;
  readonly items: RuleNode | undefined;
}

type Compile = (rule: ValidationRule, path: string) => CompiledRule | undefined;

/** Compiles the rules anywhere in a schema. */
export function compileRules(schema: JSONSchema): RuleSet {
  const problems: string[] = [];
  const celOf = celCompiler('self', 'oldSelf');
  const compile: Compile = (rule, path) => {
    const program = celOf(rule.rule);
    const message = rule.messageExpression === undefined ? undefined : celOf(rule.messageExpression);
    if (!program.ok) problems.push(`${path}.rule: Invalid value: compilation failed: ${program.message}`);
    else if (program.value.type !== 'bool' && program.value.type !== 'dyn') {
      problems.push(`${path}.rule: Invalid value: cel expression must evaluate to a bool`);
    }
    if (message?.ok === false) {
      problems.push(`${path}.messageExpression: Invalid value: compilation failed: ${message.message}`);
    }
    if (!program.ok) return undefined;
    const transition = /\boldSelf\b/.test(rule.rule) && rule.optionalOldSelf !== true;
    return { rule, program: program.value, message: message?.ok ? message.value : undefined, transition };
  };
  const root = compileNode(schema, 'openAPIV3Schema', compile);
  return {
    empty: root === undefined,
    problems,
    check: (object, old) => {
      const causes: Cause[] = [];
      if (root !== undefined) checkNode(root, object, old, '', causes);
      return causes;
    },
  };
}

function compileNode(schema: JSONSchema, path: string, compile: Compile): RuleNode | undefined {
  const rules = (schema['x-kubernetes-validations'] ?? []).flatMap(
    (rule, i) => compile(rule, `${path}.x-kubernetes-validations[${i}]`) ?? [],
  );
  const properties = new Map<string, RuleNode>();
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    const node = compileNode(child, `${path}.properties[${key}]`, compile);
    if (node !== undefined) properties.set(key, node);
  }
  const { additionalProperties, items } = schema;
  const additional = isObject(additionalProperties)
    ? compileNode(additionalProperties, `${path}.additionalProperties`, compile)
    : undefined;
  const itemNode = items === undefined ? undefined : compileNode(items, `${path}.items`, compile);
  const any = rules.length + properties.size > 0 || additional !== undefined || itemNode !== undefined;
  return any ? { schema, rules, properties, additional, items: itemNode } : undefined;
}

function checkNode(node: RuleNode, value: unknown, old: unknown, path: string, causes: Cause[]): void {
  if (value === undefined || value === null) return;
  if (node.rules.length > 0) {
    const self = valueToCel(value, node.schema);
    const oldSelf = old === undefined || old === null ? undefined : valueToCel(old, node.schema);
    for (const rule of node.rules) {
      const cause = refusal(rule, self, oldSelf, node.schema, path);
      if (cause !== undefined) causes.push(cause);
    }
  }
  if (Array.isArray(value) && node.items !== undefined) {
    for (const [i, item] of value.entries()) {
      checkNode(node.items, item, counterpart(old, item, node.schema), `${path}[${i}]`, causes);
    }
  } else if (isObject(value)) {
    for (const [key, child] of Object.entries(value)) {
      const below = node.properties.get(key) ?? node.additional;
      if (below === undefined) continue;
      checkNode(
        below,
        child,
        isObject(old) ? old[key] : undefined,
        path === '' ? key : `${path}.${key}`,
        causes,
      );
    }
  }
}

/** The stored item with the same keys; items of other lists have none. */
function counterpart(old: unknown, item: unknown, schema: JSONSchema): unknown {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (keys === undefined || !Array.isArray(old) || !isObject(item)) return undefined;
  return old.find((other) => isObject(other) && keys.every((key) => other[key] === item[key]));
}

function refusal(
  { rule, program, message, transition }: CompiledRule,
  self: unknown,
  oldSelf: unknown,
  schema: JSONSchema,
  path: string,
): Cause | undefined {
  if (transition && oldSelf === undefined) return undefined;
  const variables = { self, oldSelf: rule.optionalOldSelf === true ? optional(oldSelf) : oldSelf };
  const result = program.evaluate(variables);
  if (result.ok && result.value === true) return undefined;
  const detail = result.ok
    ? messageOf(rule, message?.evaluate(variables))
    : `${result.message} evaluating rule: ${rule.message ?? rule.rule}`;
  const field = `${path}${rule.fieldPath ?? ''}`.replace(/^\./, '');
  return { field: field === '' ? '<nil>' : field, ...phrased(rule.reason, detail, schema.type ?? 'object') };
}

function messageOf(rule: ValidationRule, computed: CelValue | undefined): string {
  if (computed?.ok === true && typeof computed.value === 'string' && computed.value.trim() !== '') {
    return computed.value;
  }
  return rule.message ?? `failed rule: ${rule.rule.trim()}`;
}

function phrased(
  reason: string | undefined,
  detail: string,
  type: string,
): { reason: string; message: string } {
  switch (reason) {
    case 'FieldValueForbidden':
      return { reason, message: `Forbidden: ${detail}` };
    case 'FieldValueRequired':
      return { reason, message: `Required value: ${detail}` };
    case 'FieldValueDuplicate':
      return { reason, message: `Duplicate value: ${JSON.stringify(type)}` };
    default:
      return { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(type)}: ${detail}` };
  }
}

/** Names that CEL keeps for itself: a member of such a name is `__name__` in a rule. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    'true false null in as break const continue else for function if import let loop package namespace ' +
    'return var void while'
  ).split(' '),
);

function escaped(name: string): string {
  if (RESERVED.has(name)) return `__${name}__`;
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__');
}

/** A value as its rules see it: members that the schema names are escaped, whole numbers are integers. */
function valueToCel(value: unknown, schema: JSONSchema | undefined): unknown {
  if (typeof value === 'number') {
    return Number.isInteger(value) && schema?.type !== 'number' ? BigInt(value) : value;
  }
  if (Array.isArray(value)) return value.map((item) => valueToCel(item, schema?.items));
  if (!isObject(value)) return value;
  const copy: JsonObject = {};
  for (const [key, member] of Object.entries(value)) {
    const { properties, additionalProperties } = schema ?? {};
    const named = properties !== undefined && Object.hasOwn(properties, key);
    const child = named ? properties[key] : isObject(additionalProperties) ? additionalProperties : undefined;
    set(copy, named ? escaped(key) : key, valueToCel(member, child));
  }
  return copy;
}
