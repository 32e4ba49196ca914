// Strategic merge patches, which kubectl sends for built-in kinds: lists are merged by key where the kind's schema says
// so, and directives delete, replace and reorder. Apart from patch.ts because it is a language of its own.

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
class BadPatch extends Error {}

/** The object after a strategic merge patch; which lists merge is looked up by the object's kind. */
export function applyStrategicMergePatch(current: JsonObject, patch: JsonObject): PatchResult {
  const schema = SCHEMAS[`${textOf(current.apiVersion)}/${textOf(current.kind)}`] ?? {
    properties: { metadata: OBJECT_META },
  };
  try {
    return { ok: true, value: mergeObject(current, patch, schema) };
  } catch (error) {
    if (!(error instanceof BadPatch)) throw error;
    return { ok: false, code: 400, reason: 'BadRequest', message: error.message };
  }
}

function mergeObject(current: JsonObject, patch: JsonObject, schema: JSONSchema): JsonObject {
  const directive = patch[DIRECTIVE];
  if (directive === 'replace') return withoutDirectives(patch);
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge') throw unknownDirective(directive, patch);
  const result = retained(current, patch[RETAIN_KEYS]);
  for (const key of Object.keys(patch)) {
    if (key === DIRECTIVE || key === RETAIN_KEYS) continue;
    if (key.startsWith(DELETE_PREFIX)) {
      const name = key.slice(DELETE_PREFIX.length);
      set(result, name, withoutValues(result[name], patch[key]));
    } else if (!key.startsWith(ORDER_PREFIX)) {
      mergeMember(result, key, patch[key], schema);
    }
  }
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(ORDER_PREFIX)) continue;
    const name = key.slice(ORDER_PREFIX.length);
    const mergeKey = schema.properties?.[name]?.['x-kubernetes-patch-merge-key'];
    if (Array.isArray(result[name])) set(result, name, ordered(result[name], patch[key], mergeKey));
  }
  return result;
}

function mergeMember(result: JsonObject, key: string, value: unknown, schema: JSONSchema): void {
  const child = schema.properties?.[key] ?? additional(schema);
  if (value === null) {
    delete result[key];
  } else if (isObject(value)) {
    const before = result[key];
    if (value[DIRECTIVE] === 'delete') delete result[key];
    else set(result, key, mergeObject(isObject(before) ? before : {}, value, child));
  } else if (Array.isArray(value) && child['x-kubernetes-patch-strategy'] === 'merge') {
    set(result, key, mergeList(result[key], value, child));
  } else {
    set(result, key, Array.isArray(value) ? replacement(value) : clone(value));
  }
}

function additional(schema: JSONSchema): JSONSchema {
  return isObject(schema.additionalProperties) ? schema.additionalProperties : {};
}

/** `$retainKeys` drops what it does not name. */
function retained(current: JsonObject, keys: unknown): JsonObject {
  if (!Array.isArray(keys)) return { ...current };
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
      throw new BadPatch('cannot patch a list of objects with a value that is not an object');
    items = mergeItem(items, item, mergeKey, schema.items ?? {});
  }
  return items;
}

function mergeItem(items: unknown[], item: JsonObject, mergeKey: string, schema: JSONSchema): unknown[] {
  const identity = item[mergeKey];
  if (identity === undefined) {
    throw new BadPatch(`map: ${goMap(item)} does not contain declared merge key: ${mergeKey}`);
  }
  const same = (other: unknown): boolean => isObject(other) && equal(other[mergeKey], identity);
  if (item[DIRECTIVE] === 'delete') return items.filter((other) => !same(other));
  const index = items.findIndex(same);
  if (index < 0) return [...items, mergeObject({}, item, schema)];
  return items.map((other, i) => (i === index ? mergeObject(other as JsonObject, item, schema) : other));
}

/** A list that takes the place of the old one: without the items that only carry a directive. */
function replacement(patch: readonly unknown[]): unknown[] {
  return patch
    .filter((item) => !(isObject(item) && item[DIRECTIVE] === 'replace' && Object.keys(item).length === 1))
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
 * The items in the order the client gave, while those it does not know keep their place relative to the items that
 * stood before them.
 */
function ordered(items: readonly unknown[], order: unknown, mergeKey: string | undefined): unknown[] {
  if (!Array.isArray(order)) return [...items];
  const keyOf = (item: unknown): string =>
    JSON.stringify(mergeKey !== undefined && isObject(item) ? item[mergeKey] : item);
  const rank = new Map(order.map((item, i) => [keyOf(item), i] as const));
  const known = items.filter((item) => rank.has(keyOf(item)));
  known.sort((a, b) => (rank.get(keyOf(a)) ?? 0) - (rank.get(keyOf(b)) ?? 0));
  const result: unknown[] = [];
  let next = 0;
  for (const item of items) {
    if (!rank.has(keyOf(item))) result.push(item);
    else result.push(known[next++]);
  }
  return result;
}

function unknownDirective(directive: unknown, patch: JsonObject): BadPatch {
  return new BadPatch(`Unknown patch type: ${String(directive)} in map: ${goMap(patch)}`);
}

/** A map as Go's `%v` prints it. */
function goMap(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goMap).join(' ')}]`;
  if (!isObject(value)) return value === null ? '<nil>' : String(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${key}:${goMap(value[key])}`);
  return `map[${members.join(' ')}]`;
}
