// Holds an object against a structural schema: which fields are unknown (and dropped), which defaults are
// missing, what is wrong. Causes are phrased as a real API server phrases them. Apart from json-schema.ts,
// the language itself; a schema is compiled once per CustomResourceDefinition and walked once per write.

import { clone, isObject, type JsonObject, set } from './json.ts';
import type { JSONSchema } from './json-schema.ts';
import { compileRules, type RuleSet } from './schema-rules.ts';
import { type Cause, causesOf, compileNode, type SchemaNode } from './schema-validate.ts';

export type { JSONSchema } from './json-schema.ts';
export type { Cause } from './schema-validate.ts';

/** A schema, ready for use. */
export interface CompiledSchema {
  /**
   * Removes what the schema does not know, in place; the paths of what was removed, as `spec.foo`,
   * `list[0].bar`.
   */
  prune(object: JsonObject): string[];
  /** Fills in defaults, in place, and drops nulls that the schema does not allow. */
  default(object: JsonObject): void;
  /**
   * Everything that is wrong, in the order of the schema; `old` is the stored object, for rules on
   * transitions.
   */
  validate(object: JsonObject, old?: JsonObject): Cause[];
  /** Why a rule of the schema cannot be compiled; empty when all is well. */
  readonly problems: readonly string[];
}

/** Compiles the `openAPIV3Schema` of a version, or the schema of a built-in kind. */
export function compileSchema(openAPIV3Schema: JSONSchema): CompiledSchema {
  const root = compileNode(openAPIV3Schema);
  const rules: RuleSet = compileRules(openAPIV3Schema);
  return {
    prune: (object) => pruneRoot(root, object),
    default: (object) => fillDefaults(root, object),
    validate: (object, old) => {
      const causes = causesOf(root, object);
      if (rules.empty) return causes;
      return [...causes, ...(causes.some(isBlocking) ? [UNCHECKED] : rules.check(object, old))];
    },
    problems: rules.problems,
  };
}

/** Faults that keep rules from being evaluated, because they may rely on types and bounds. */
function isBlocking({ reason }: Cause): boolean {
  return BLOCKING.has(reason);
}

const BLOCKING: ReadonlySet<string> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);
const UNCHECKED: Cause = {
  reason: 'FieldValueInvalid',
  message:
    'Invalid value: "null": some validation rules were not checked because the object was invalid; ' +
    'correct the existing errors to complete validation',
  field: '<nil>',
};

const ROOT_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

function pruneRoot(root: SchemaNode, object: JsonObject): string[] {
  const unknown: string[] = [];
  pruneObject(root, object, '', unknown, ROOT_FIELDS);
  return unknown;
}

const NOTHING: ReadonlySet<string> = new Set();

function pruneValue(node: SchemaNode, value: unknown, path: string, unknown: string[]): void {
  if (Array.isArray(value)) {
    if (node.items === undefined) return;
    for (const [i, item] of value.entries()) pruneValue(node.items, item, `${path}[${i}]`, unknown);
  } else if (isObject(value)) {
    pruneObject(node, value, path, unknown, node.embedded ? ROOT_FIELDS : NOTHING);
  }
}

function pruneObject(
  node: SchemaNode,
  object: JsonObject,
  path: string,
  unknown: string[],
  kept: ReadonlySet<string>,
): void {
  for (const key of Object.keys(object)) {
    if (kept.has(key)) continue;
    const child = node.properties?.get(key) ?? node.additional;
    const childPath = path === '' ? key : `${path}.${key}`;
    if (child !== undefined) {
      pruneValue(child, object[key], childPath, unknown);
    } else if (!node.open) {
      delete object[key];
      unknown.push(childPath);
    }
  }
}

function fillDefaults(node: SchemaNode, value: unknown): void {
  if (Array.isArray(value)) {
    if (node.items !== undefined) for (const item of value) fillDefaults(node.items, item);
  } else if (isObject(value)) {
    fillObject(node, value);
  }
}

function fillObject(node: SchemaNode, object: JsonObject): void {
  for (const key of Object.keys(object)) {
    const child = node.properties?.get(key) ?? node.additional;
    // A null that may not stay is as good as absent.
    if (object[key] === null && child !== undefined && !child.nullable) delete object[key];
  }
  for (const [key, child] of node.properties ?? []) {
    if (object[key] === undefined && child.default !== undefined) set(object, key, clone(child.default));
  }
  for (const key of Object.keys(object)) {
    const child = node.properties?.get(key) ?? node.additional;
    if (child !== undefined) fillDefaults(child, object[key]);
  }
}
