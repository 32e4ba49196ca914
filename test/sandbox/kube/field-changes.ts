// Which fields differ between two versions of an object, as field sets, and which fields an applied
// configuration names. The hot path of every write: equal parts are skipped without looking inside.

import { SCHEMAS } from './builtins-schemas.ts';
import { EMPTY, type FieldSet, isEmptySet, withSelf } from './field-set.ts';
import { memberSchema, type Part, partsOf } from './field-topology.ts';
import { equal, isObject, type JsonObject, objectOf, textOf } from './json.ts';
import type { JSONSchema } from './json-schema.ts';
import { OBJECT_META } from './meta-schema.ts';

/** What happened between two versions. */
export interface Changes {
  /** Added or modified. */
  readonly set: FieldSet;
  readonly removed: FieldSet;
}

/** The schema that says how the object's fields are owned: a built-in kind's, or the one given. */
export function ownershipSchema(object: JsonObject, custom: JSONSchema | undefined): JSONSchema {
  const builtin = SCHEMAS[`${textOf(object.apiVersion)}/${textOf(object.kind)}`];
  if (builtin !== undefined) return builtin;
  return { ...custom, properties: { ...custom?.properties, metadata: OBJECT_META } };
}

const UNOWNED: ReadonlySet<string> = new Set(['apiVersion', 'kind']);
const UNOWNED_METADATA: ReadonlySet<string> = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'managedFields',
]);
/** Members that a Go object has before anybody sets them, so that nobody is said to have added them. */
const ALWAYS_THERE: ReadonlySet<string> = new Set([
  'metadata',
  'spec',
  'status',
  'template',
  'containers',
  'strategy',
  'source',
  'names',
  'nodeInfo',
]);

/** The fields that differ. */
export function changesBetween(before: JsonObject, after: JsonObject, schema: JSONSchema): Changes {
  const set: Record<string, FieldSet> = {};
  const removed: Record<string, FieldSet> = {};
  const builtin = isBuiltin(after);
  for (const key of topLevelKeys(before, after)) {
    const metadata = key === 'metadata';
    const a = metadata ? ownedMetadata(before.metadata) : before[key];
    const b = metadata ? ownedMetadata(after.metadata) : after[key];
    const preset = metadata || (builtin && ALWAYS_THERE.has(key));
    record(
      compare(preset ? (a ?? {}) : a, preset ? (b ?? {}) : b, memberSchema(schema, key), preset),
      `f:${key}`,
    );
  }
  return { set, removed };

  function record(changes: NodeChanges, element: string): void {
    if (changes.set !== undefined) set[element] = changes.set;
    if (changes.removed !== undefined) removed[element] = changes.removed;
  }
}

function isBuiltin(object: JsonObject): boolean {
  return Object.hasOwn(SCHEMAS, `${textOf(object.apiVersion)}/${textOf(object.kind)}`);
}

function topLevelKeys(before: JsonObject, after: JsonObject): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => !UNOWNED.has(key)).sort();
}

/** Metadata as far as it is owned; empty labels, annotations and lists are as good as absent. */
function ownedMetadata(metadata: unknown): JsonObject {
  const owned: JsonObject = {};
  for (const [key, value] of Object.entries(objectOf(metadata))) {
    if (!UNOWNED_METADATA.has(key) && !isHollow(value)) owned[key] = value;
  }
  return owned;
}

function isHollow(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === null || (isObject(value) && Object.keys(value).length === 0);
}

interface NodeChanges {
  readonly set?: FieldSet;
  readonly removed?: FieldSet;
}

const SAME: NodeChanges = {};

function compare(
  before: unknown,
  after: unknown,
  schema: JSONSchema | undefined,
  preset: boolean,
): NodeChanges {
  if (before === after) return SAME;
  if (before === undefined) return { set: whole(after, schema) };
  if (after === undefined) return { removed: whole(before, schema) };
  const a = partsOf(before, schema);
  const b = partsOf(after, schema);
  if (a === undefined && b === undefined) return equal(before, after) ? SAME : { set: EMPTY };
  if (a === undefined || b === undefined)
    return { set: whole(after, schema), removed: whole(before, schema) };
  return compareParts(a, b, preset);
}

function compareParts(before: readonly Part[], after: readonly Part[], preset: boolean): NodeChanges {
  const set: [string, FieldSet][] = [];
  const removed: [string, FieldSet][] = [];
  const old = new Map(before.map((part) => [part.element, part] as const));
  for (const part of after) {
    const was = old.get(part.element);
    old.delete(part.element);
    const nested = preset && ALWAYS_THERE.has(part.element.slice(2));
    const changes = compare(was?.value ?? (nested ? {} : undefined), part.value, part.schema, nested);
    if (changes.set !== undefined) set.push([part.element, changes.set]);
    if (changes.removed !== undefined) removed.push([part.element, changes.removed]);
  }
  for (const part of old.values()) removed.push([part.element, whole(part.value, part.schema)]);
  return {
    ...(set.length === 0 ? {} : { set: tree(set) }),
    ...(removed.length === 0 ? {} : { removed: tree(removed) }),
  };
}

/**
 * A value with everything in it, its parents included: what is owned of something that appears or vanishes.
 */
function whole(value: unknown, schema: JSONSchema | undefined): FieldSet {
  const parts = partsOf(value, schema);
  if (parts === undefined || parts.length === 0) return EMPTY;
  return withSelf(tree(parts.map((part) => [part.element, whole(part.value, part.schema)])), true);
}

function tree(entries: [string, FieldSet][]): FieldSet {
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** The fields that a configuration names: its leaves, and the items of its lists. */
export function fieldsOf(configuration: JsonObject, schema: JSONSchema): FieldSet {
  const { apiVersion: _, kind: __, metadata, ...rest } = configuration;
  const owned = Object.entries(objectOf(metadata)).filter(([key]) => !UNOWNED_METADATA.has(key));
  const named = owned.length === 0 ? rest : { ...rest, metadata: Object.fromEntries(owned) };
  return namedTree(partsOf(named, schema) ?? []);
}

function namedTree(parts: readonly Part[]): FieldSet {
  return tree(
    parts.flatMap((part) => {
      const fields = namedIn(part);
      return fields === undefined ? [] : [[part.element, fields] satisfies [string, FieldSet]];
    }),
  );
}

/** undefined: there is nothing in it but empty lists of which the items are owned one by one. */
function namedIn({ element, value, schema }: Part): FieldSet | undefined {
  const parts = partsOf(value, schema);
  if (parts === undefined || (parts.length === 0 && !Array.isArray(value))) return EMPTY;
  const below = namedTree(parts);
  const item = element.startsWith('k:');
  return isEmptySet(below) && !item ? undefined : withSelf(below, item);
}
