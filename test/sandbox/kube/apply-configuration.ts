// Server-side apply: a client states the fields it cares about, owns them from then on, and is refused where
// somebody else owns a different value. Apart from managed-fields.ts because only apply merges, prunes and
// conflicts.

import { changesBetween, fieldsOf, ownershipSchema } from './field-changes.ts';
import {
  childrenOf,
  EMPTY,
  type FieldSet,
  intersection,
  isEmptySet,
  isMember,
  parseFieldSet,
  pathsOf,
  sameSet,
  union,
} from './field-set.ts';
import { memberSchema, partsOf } from './field-topology.ts';
import { clone, fieldOf, isObject, type JsonObject, objectOf, set } from './json.ts';
import type { JSONSchema } from './json-schema.ts';
import { entryOf, inOrder, type ManagedFieldsEntry, without } from './managed-entries.ts';

/** Who applies, and how. */
export interface ApplyOptions {
  readonly manager: string;
  /** Takes conflicting fields over instead of failing. */
  readonly force: boolean;
  /** `v1`, `group/v1`. */
  readonly apiVersion: string;
  /** RFC 3339. */
  readonly time: string;
  readonly subresource?: string;
  /** Of a custom resource: which of its lists are merged item by item. */
  readonly schema?: JSONSchema;
}

/** A field that another manager owns with another value. */
export interface Conflict {
  readonly manager: string;
  /** `.metadata.annotations.a` */
  readonly field: string;
  /** The manager as sentences name it: `"kubectl-annotate" using v1`. */
  readonly owner: string;
}

/** The object after the apply, managedFields included, or what stands against it. */
export type ApplyResult =
  | { readonly ok: true; readonly value: JsonObject }
  | { readonly ok: false; readonly conflicts: readonly Conflict[] };

/** Applies a configuration to the live object, or makes the object from it. Neither argument is changed. */
export function applyConfiguration(
  live: JsonObject | undefined,
  applied: JsonObject,
  options: ApplyOptions,
): ApplyResult {
  const schema = ownershipSchema(applied, options.schema);
  const stored = fieldOf(live, 'metadata', 'managedFields');
  const entries: readonly ManagedFieldsEntry[] = Array.isArray(stored) ? stored : [];
  const own = (entry: ManagedFieldsEntry): boolean =>
    entry.operation === 'Apply' &&
    entry.manager === options.manager &&
    entry.subresource === options.subresource;
  const mine = entries.find(own);
  const others = entries.filter((entry) => !own(entry));
  const fields = fieldsOf(applied, schema);
  const merged = merge(live ?? {}, applied, schema) as JsonObject;
  const kept = others.reduce((all, entry) => union(all, parseFieldSet(entry.fieldsV1)), fields);
  const value = prune(merged, parseFieldSet(mine?.fieldsV1), kept, schema) as JsonObject;
  const changes = changesBetween(live ?? {}, value, schema);
  const conflicts = others.flatMap((entry) => conflictsWith(entry, changes.set));
  if (conflicts.length > 0 && !options.force) return { ok: false, conflicts: conflicts.sort(byOwner) };
  const lost = union(changes.set, changes.removed);
  const left = others.flatMap((entry) => without(entry, lost));
  const same = mine !== undefined && isEmptySet(lost) && sameSet(parseFieldSet(mine.fieldsV1), fields);
  const time = same ? (mine.time ?? options.time) : options.time;
  const entry = entryOf({ ...options, operation: 'Apply', time }, fields);
  const managedFields = inOrder(isEmptySet(fields) ? left : [...left, entry]);
  return { ok: true, value: { ...value, metadata: { ...objectOf(value.metadata), managedFields } } };
}

/** The sentence of a refused apply. */
export function conflictMessage(conflicts: readonly Conflict[]): string {
  const [first] = conflicts;
  if (conflicts.length === 1 && first !== undefined) {
    return `Apply failed with 1 conflict: conflict with ${first.owner}: ${first.field}`;
  }
  const owners = [...new Set(conflicts.map(({ owner }) => owner))];
  const lines = owners.flatMap((owner) => [
    `conflicts with ${owner}:`,
    ...conflicts.filter((conflict) => conflict.owner === owner).map(({ field }) => `- ${field}`),
  ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

function conflictsWith(entry: ManagedFieldsEntry, changed: FieldSet): Conflict[] {
  const contested = intersection(parseFieldSet(entry.fieldsV1), changed);
  const { manager } = entry;
  return pathsOf(contested).map((field) => ({ manager, field, owner: ownerOf(entry) }));
}

function ownerOf({ manager, subresource, operation, apiVersion }: ManagedFieldsEntry): string {
  const name = JSON.stringify(manager);
  const where = subresource === undefined ? name : `${name} with subresource ${JSON.stringify(subresource)}`;
  return operation === 'Update' ? `${where} using ${apiVersion}` : where;
}

function byOwner(a: Conflict, b: Conflict): number {
  const [x, y] = [`${a.owner}\0${a.field}`, `${b.owner}\0${b.field}`];
  return x < y ? -1 : x > y ? 1 : 0;
}

/**
 * What the live value becomes: maps member by member, keyed lists item by item, everything else as applied.
 */
function merge(live: unknown, applied: unknown, schema: JSONSchema | undefined): unknown {
  const before = partsOf(live, schema);
  const parts = partsOf(applied, schema);
  if (before === undefined || parts === undefined || Array.isArray(live) !== Array.isArray(applied)) {
    return clone(applied);
  }
  if (Array.isArray(live)) {
    const news = new Map(parts.map((part) => [part.element, part] as const));
    const items = before.map((part) => {
      const item = news.get(part.element);
      news.delete(part.element);
      return item === undefined ? part.value : merge(part.value, item.value, part.schema);
    });
    return [...items, ...[...news.values()].map((part) => clone(part.value))];
  }
  const result: JsonObject = { ...objectOf(live) };
  for (const [key, value] of Object.entries(objectOf(applied))) {
    set(result, key, merge(result[key], value, memberSchema(schema, key)));
  }
  return result;
}

/**
 * Takes away what the manager applied last time, unless it or somebody else still owns it or a part of it.
 */
function prune(value: unknown, last: FieldSet, kept: FieldSet, schema: JSONSchema | undefined): unknown {
  const parts = partsOf(value, schema);
  if (parts === undefined || isEmptySet(last)) return value;
  const left = parts.flatMap((part) => {
    const dropped = last[part.element];
    if (dropped === undefined) return [part];
    const keeping = kept[part.element];
    if (keeping === undefined && isMember(dropped)) return [];
    const rest = prune(part.value, childrenOf(dropped), childrenOf(keeping ?? EMPTY), part.schema);
    // A parent that nobody owns goes with its last child.
    return keeping === undefined && isHollow(rest) ? [] : [{ ...part, value: rest }];
  });
  if (Array.isArray(value)) return left.map((part) => part.value);
  return Object.fromEntries(left.map((part) => [part.element.slice(2), part.value]));
}

function isHollow(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}
