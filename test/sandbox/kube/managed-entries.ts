// One entry of metadata.managedFields and the order of several. Apart because updates and applies both write
// them.

import { difference, type FieldSet, isEmptySet, parseFieldSet } from './field-set.ts';
import type { JsonObject } from './json.ts';
import type { ManagedFields } from './object.ts';

/** One entry of metadata.managedFields. */
export type ManagedFieldsEntry = ManagedFields;

/** Under whose name, and how, fields are written. */
export interface Ownership {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  /** RFC 3339. */
  readonly time: string;
  readonly subresource?: string | undefined;
}

/** One entry, its members in the order in which the API spells them. */
export function entryOf(ownership: Ownership, fields: FieldSet): ManagedFieldsEntry {
  const { manager, operation, apiVersion, time, subresource } = ownership;
  return {
    manager,
    operation,
    apiVersion,
    time,
    fieldsType: 'FieldsV1',
    fieldsV1: fields as JsonObject,
    ...(subresource === undefined ? {} : { subresource }),
  };
}

/** The entry without some fields; none when nothing is left. */
export function without(entry: ManagedFieldsEntry, lost: FieldSet): readonly ManagedFieldsEntry[] {
  const fields = parseFieldSet(entry.fieldsV1);
  const left = difference(fields, lost);
  if (left === fields) return [entry];
  return isEmptySet(left) ? [] : [{ ...entry, fieldsV1: left as JsonObject }];
}

/** Applies before updates, then by time and name. */
export function inOrder(entries: readonly ManagedFieldsEntry[]): readonly ManagedFieldsEntry[] {
  const key = (e: ManagedFieldsEntry): string =>
    [e.operation, e.time ?? '', e.manager, e.apiVersion, e.subresource ?? ''].join('\0');
  return [...entries].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}
