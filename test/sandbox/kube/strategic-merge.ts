// Strategic merge patches, which kubectl sends for built-in kinds: lists are merged by key where the kind's
// schema says so, and directives delete, replace and reorder. Apart from patch.ts because it is a language of
// its own.

import { SCHEMAS } from './builtins-schemas.ts';
import { clone, equal, isObject, type JsonObject, set, textOf } from './json.ts';
import type { PatchResult } from './json-patch.ts';
import type { JSONSchema } from './json-schema.ts';
import { OBJECT_META } from './meta-schema.ts';

const DIRECTIVE = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_PREFIX = '$deleteFromPrimitiveList/';
const ORDER_PREFIX = '$setElementOrder/';

/** A patch that makes no sense; carries the sentence. */
class BadPatch extends Error {
  readonly code: 400 | 500;

  constructor(message: string, code: 400 | 500) {
    super(message);
    this.code = code;
  }
}

/** The object after a strategic merge patch; which lists merge is looked up by the object's kind. */
export function applyStrategicMergePatch(current: JsonObject, patch: JsonObject): PatchResult {
  const schema = SCHEMAS[`${textOf(current.apiVersion)}/${textOf(current.kind)}`] ?? {
    properties: { metadata: OBJECT_META },
  };
  try {
    return { ok: true, value: mergeObject(current, patch, schema) };
  } catch (error) {
    if (!(error instanceof BadPatch)) throw error;
    const { code, message } = error;
    // kube-apiserver hands on some faults as if they were its own.
    return code === 400 ? { ok: false, code, reason: 'BadRequest', message } : { ok: false, code, message };
  }
}

function mergeObject(current: JsonObject, patch: JsonObject, schema: JSONSchema): JsonObject {
  const directive = patch[DIRECTIVE];
  if (directive === 'replace') return withoutDirectives(patch);
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge') throw unknownDirective(directive, patch);
  const result = retained(current, patch);
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(DELETE_PREFIX)) continue;
    const name = key.slice(DELETE_PREFIX.length);
    set(result, name, withoutValues(result[name], patch[key]));
  }
  for (const key of Object.keys(patch)) {
    if (!key.startsWith('$')) mergeMember(result, key, patch[key], schema);
  }
  reorder(result, current, patch, schema);
  return result;
}

/** Puts the lists that were merged in the order which the patch states, or in its own. */
function reorder(result: JsonObject, current: JsonObject, patch: JsonObject, schema: JSONSchema): void {
  const named = Object.keys(patch).map((key) =>
    key.startsWith(ORDER_PREFIX) ? key.slice(ORDER_PREFIX.length) : key,
  );
  for (const name of new Set(named)) {
    const child = schema.properties?.[name];
    if (child?.['x-kubernetes-patch-strategy'] !== 'merge') continue;
    const items = result[name];
    const order = patch[ORDER_PREFIX + name] ?? patch[name];
    const before = current[name];
    if (!Array.isArray(items) || !Array.isArray(order) || !Array.isArray(before)) continue;
    set(result, name, interleaved(items, order, before, child['x-kubernetes-patch-merge-key']));
  }
}

function mergeMember(result: JsonObject, key: string, value: unknown, schema: JSONSchema): void {
  const child = schema.properties?.[key] ?? additional(schema);
  if (value === null) {
    delete result[key];
  } else if (isObject(value)) {
    const before = result[key];
    set(result, key, mergeObject(isObject(before) ? before : {}, value, child));
  } else if (Array.isArray(value) && child['x-kubernetes-patch-strategy'] === 'merge') {
    set(result, key, mergeList(result[key], value, child));
  } else {
    set(result, key, Array.isArray(value) ? replacement(value) : clone(value));
  }
}

function additional(schema: JSONSchema): JSONSchema {
  return isObject(schema.additionalProperties) ? schema.additionalProperties : {};
}

/** `$retainKeys` drops what it does not name, and has to name what the patch sets. */
function retained(current: JsonObject, patch: JsonObject): JsonObject {
  const keys = patch[RETAIN_KEYS];
  if (keys === undefined) return { ...current };
  const set = Object.keys(patch).filter((key) => !key.startsWith('$') && patch[key] !== null);
  if (!Array.isArray(keys) || !set.every((key) => keys.includes(key))) {
    throw new BadPatch('invalid patch format of retainKeys', 400);
  }
  return Object.fromEntries(Object.entries(current).filter(([key]) => keys.includes(key)));
}

function mergeList(current: unknown, patch: readonly unknown[], schema: JSONSchema): unknown[] {
  const before: readonly unknown[] = Array.isArray(current) ? current : [];
  const mergeKey = schema['x-kubernetes-patch-merge-key'];
  if (mergeKey === undefined) {
    const added = patch.filter((item) => !before.some((old) => equal(old, item)));
    return [...before, ...new Set(added)];
  }
  if (patch.some((item) => isObject(item) && item[DIRECTIVE] === 'replace')) return replacement(patch);
  let items = [...before];
  for (const item of patch) {
    if (!isObject(item))
      throw new BadPatch('cannot patch a list of objects with a value that is not an object', 400);
    items = mergeItem(items, item, mergeKey, schema.items ?? {});
  }
  return items;
}

function mergeItem(items: unknown[], item: JsonObject, mergeKey: string, schema: JSONSchema): unknown[] {
  const identity = item[mergeKey];
  if (identity === undefined) {
    throw new BadPatch(`map: ${goMap(item)} does not contain declared merge key: ${mergeKey}`, 500);
  }
  const same = (other: unknown): boolean => isObject(other) && equal(other[mergeKey], identity);
  if (item[DIRECTIVE] === 'delete') return items.filter((other) => !same(other));
  const index = items.findIndex(same);
  if (index < 0) return [...items, mergeObject({}, item, schema)];
  return items.map((other, i) => (i === index ? mergeObject(other as JsonObject, item, schema) : other));
}

/** A list that takes the place of the old one: without the item that says so. */
function replacement(patch: readonly unknown[]): unknown[] {
  return patch
    .filter((item) => !(isObject(item) && item[DIRECTIVE] === 'replace'))
    .map((item) => (isObject(item) ? withoutDirectives(item) : clone(item)));
}

function withoutDirectives(patch: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(patch)
      .filter(([key, value]) => !key.startsWith('$') && value !== null)
      .map(([key, value]) => [key, clone(value)]),
  );
}

function withoutValues(current: unknown, values: unknown): unknown {
  if (!Array.isArray(current) || !Array.isArray(values)) return current;
  return current.filter((item) => !values.some((value) => equal(value, item)));
}

/**
 * Items that the order names stand in that order; the others keep theirs, and come before the first of those
 * that stood behind them.
 */
function interleaved(
  items: readonly unknown[],
  order: readonly unknown[],
  before: readonly unknown[],
  mergeKey: string | undefined,
): unknown[] {
  const keyOf = (item: unknown): string =>
    JSON.stringify(mergeKey !== undefined && isObject(item) ? item[mergeKey] : item);
  const ranks = (list: readonly unknown[]): Map<string, number> =>
    new Map(list.map((item, i) => [keyOf(item), i] as const));
  const wanted = ranks(order);
  const stood = ranks(before);
  const byRank = (rank: Map<string, number>) => (a: unknown, b: unknown) =>
    (rank.get(keyOf(a)) ?? 0) - (rank.get(keyOf(b)) ?? 0);
  const named = items.filter((item) => wanted.has(keyOf(item))).sort(byRank(wanted));
  const others = items.filter((item) => !wanted.has(keyOf(item))).sort(byRank(stood));
  const result: unknown[] = [];
  for (const item of named) {
    const rank = stood.get(keyOf(item)) ?? -1;
    while (others.length > 0 && (stood.get(keyOf(others[0])) ?? 0) < rank) result.push(others.shift());
    result.push(item);
  }
  return [...result, ...others];
}

function unknownDirective(directive: unknown, patch: JsonObject): BadPatch {
  return new BadPatch(`unknown patch type: ${String(directive)} in map: ${goMap(patch)}`, 500);
}

/** A map as Go's `%v` prints it. */
export function goMap(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goMap).join(' ')}]`;
  if (!isObject(value)) return value === null ? '<nil>' : String(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${key}:${goMap(value[key])}`);
  return `map[${members.join(' ')}]`;
}
