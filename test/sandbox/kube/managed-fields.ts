// Who owns which field of an object (metadata.managedFields), kept on every write. Apart from the handlers
// because it is pure; server-side apply, which asks these entries for permission, is in
// apply-configuration.ts.

import { changesBetween, ownershipSchema } from './field-changes.ts';
import { difference, isEmptySet, parseFieldSet, union } from './field-set.ts';
import { fieldOf, isObject, type JsonObject } from './json.ts';
import type { JSONSchema } from './json-schema.ts';
import { entryOf, inOrder, type ManagedFieldsEntry, without } from './managed-entries.ts';

export {
  type ApplyOptions,
  type ApplyResult,
  applyConfiguration,
  type Conflict,
  conflictMessage,
} from './apply-configuration.ts';
export type { ManagedFieldsEntry } from './managed-entries.ts';

/**
 * The entries after `manager` turned `before` (undefined: there was none) into `after` by anything but apply.
 * `time` is RFC 3339. `schema` is that of a custom resource: it says which of its lists are owned item by
 * item.
 */
export function trackUpdate(
  before: JsonObject | undefined,
  after: JsonObject,
  manager: string,
  apiVersion: string,
  subresource: string | undefined,
  time: string,
  schema?: JSONSchema,
): readonly ManagedFieldsEntry[] {
  const entries = entriesOf(before, after);
  if (entries === 'reset') return [];
  const { set, removed } = changesBetween(before ?? {}, after, ownershipSchema(after, schema));
  if (isEmptySet(set) && isEmptySet(removed)) return entries;
  const own = (entry: ManagedFieldsEntry): boolean =>
    entry.manager === manager &&
    entry.operation === 'Update' &&
    entry.apiVersion === apiVersion &&
    entry.subresource === subresource;
  const mine = entries.find(own);
  const lost = union(set, removed);
  const others = entries.filter((entry) => !own(entry)).flatMap((entry) => without(entry, lost));
  const kept = difference(parseFieldSet(mine?.fieldsV1), removed);
  const fields = union(kept, set);
  if (isEmptySet(fields)) return inOrder(others);
  const touched = isEmptySet(set) && mine?.time !== undefined ? mine.time : time;
  const ownership = { manager, operation: 'Update', apiVersion, time: touched, subresource } as const;
  return inOrder([...others, entryOf(ownership, fields)]);
}

/**
 * The entries to start from: a client that read the object sends them back, one that made it anew does not.
 */
function entriesOf(
  before: JsonObject | undefined,
  after: JsonObject,
): readonly ManagedFieldsEntry[] | 'reset' {
  const sent = fieldOf(after, 'metadata', 'managedFields');
  if (Array.isArray(sent) && sent.length > 0) {
    // One empty entry is how a client asks to forget who owned what.
    if (sent.length === 1 && isObject(sent[0]) && Object.keys(sent[0]).length === 0) return 'reset';
    if (before !== undefined) return sent.filter(isEntry);
  }
  const stored = fieldOf(before, 'metadata', 'managedFields');
  return Array.isArray(stored) ? stored : [];
}

function isEntry(value: unknown): value is ManagedFieldsEntry {
  return isObject(value) && isObject(value.fieldsV1) && typeof value.manager === 'string';
}
