// The CEL rules of a schema (x-kubernetes-validations): compiled once, checked after types and bounds are right.
import type { JsonObject } from './json.ts';
import type { JSONSchema } from './json-schema.ts';
import type { Cause } from './schema-validate.ts';

/** All rules of one schema. */
export interface RuleSet {
  /** What the rules refuse; `old` is the stored object, for rules on transitions. */
  check(object: JsonObject, old: JsonObject | undefined): Cause[];
  readonly problems: readonly string[];
}

/** Compiles the rules anywhere in a schema. */
export function compileRules(_schema: JSONSchema): RuleSet {
  return { check: () => [], problems: [] };
}
