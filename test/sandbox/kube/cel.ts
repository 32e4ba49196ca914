// The Common Expression Language, as admission and CustomResourceDefinitions use it. The one importer of the
// CEL library: it adds the functions that Kubernetes adds, and turns JSON numbers into CEL's integers.

import { Environment, Optional } from '@marcbachmann/cel-js';
import { isObject, type JsonObject, set } from './json.ts';
import { checkFormat } from './schema-formats.ts';

/** An expression, ready to be evaluated many times. */
export interface CelProgram {
  /** What the expression may give; `dyn` when only evaluation tells. */
  readonly type: string;
  evaluate(variables: JsonObject): CelValue;
}

/** What an expression gives, or why it fails. */
export type CelValue =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string };

/** Compiles expressions over a fixed list of variables. */
export type CelCompiler = (
  expression: string,
) => { readonly ok: true; readonly value: CelProgram } | { readonly ok: false; readonly message: string };

/** A compiler for expressions over these variables, all of unknown type. */
export function celCompiler(...variables: readonly string[]): CelCompiler {
  const environment = new Environment({
    unlistedVariablesAreDyn: false,
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
  });
  for (const name of variables) environment.registerVariable(name, 'dyn');
  environment
    .registerFunction('isIP(string): bool', isIp)
    .registerFunction('isCIDR(string): bool', (text: string) => checkFormat('cidr', text))
    .registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) =>
      text.replaceAll(from, to),
    )
    .registerFunction('string.find(string): string', (text: string, pattern: string) => {
      const match = new RegExp(pattern, 'u').exec(text);
      return match?.[0] ?? '';
    })
    .registerFunction('list<dyn>.isSorted(): bool', (list: readonly unknown[]) =>
      list.every((item, i) => i === 0 || !isLess(item, list[i - 1])),
    );
  return (expression) => {
    try {
      const program = environment.parse(expression);
      const checked = program.check();
      if (!checked.valid) return { ok: false, message: sentenceOf(checked.error) };
      const type = checked.type ?? 'dyn';
      return { ok: true, value: { type, evaluate: (context) => evaluate(program, context) } };
    } catch (error) {
      return { ok: false, message: sentenceOf(error) };
    }
  };
}

function evaluate(program: (context: JsonObject) => unknown, variables: JsonObject): CelValue {
  try {
    return { ok: true, value: program(variables) };
  } catch (error) {
    return { ok: false, message: sentenceOf(error) };
  }
}

function isIp(text: string): boolean {
  return checkFormat('ipv4', text) || checkFormat('ipv6', text);
}

function isLess(a: unknown, b: unknown): boolean {
  return (a as string | number | bigint) < (b as string | number | bigint);
}

/** The first line of a library error, spelled like the API server's: `no such key: x`. */
function sentenceOf(error: unknown): string {
  const text = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** JSON as CEL values: whole numbers become integers. Parts without numbers are shared, not copied. */
export function toCel(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) {
    const items = value.map(toCel);
    return items.every((item, i) => item === value[i]) ? value : items;
  }
  return isObject(value) ? objectToCel(value) : value;
}

function objectToCel(object: JsonObject): JsonObject {
  let copy: JsonObject | undefined;
  for (const key of Object.keys(object)) {
    const value = object[key];
    const converted = toCel(value);
    if (converted === value) continue;
    copy ??= { ...object };
    set(copy, key, converted);
  }
  return copy ?? object;
}

/** A value that may be missing, as `optional` in CEL. */
export function optional(value: unknown): unknown {
  return value === undefined ? Optional.none() : Optional.of(value);
}
