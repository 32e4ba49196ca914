// The shape of the objects that the API server stores and sends, and the order in which it spells their fields.
// An object is never changed once it is stored: every change makes a new one, and may share parts with the old.
import { isObject, type JsonObject } from './json.ts';

/** Who owns which fields of an object (metadata.managedFields). */
export interface ManagedFields {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly time?: string;
  readonly fieldsType: 'FieldsV1';
  readonly fieldsV1: JsonObject;
  readonly subresource?: string;
}

/** metav1.ObjectMeta. Writable while a handler prepares an object. */
export interface Metadata {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Readonly<Record<string, string>>;
  annotations?: Readonly<Record<string, string>>;
  ownerReferences?: readonly JsonObject[];
  finalizers?: readonly string[];
  managedFields?: readonly ManagedFields[];
}

/** Any object with type and metadata. */
export interface ApiObject {
  kind: string;
  apiVersion: string;
  metadata: Metadata;
  [field: string]: unknown;
}

const METADATA_ORDER: readonly (keyof Metadata)[] = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
];

export const METADATA_FIELDS: ReadonlySet<string> = new Set(METADATA_ORDER);

/** Fields in the order of the Go types, as built-in kinds are printed; maps are sorted by key. */
export function inTypeOrder(object: ApiObject): ApiObject {
  const { kind, apiVersion, metadata, ...rest } = object;
  return { kind, apiVersion, metadata: orderedMetadata(metadata), ...rest };
}

/** Every field by name, as custom resources are printed. */
export function inNameOrder(object: ApiObject): ApiObject {
  return sorted(object);
}

/** The name by which refusals and watches know an object: `namespace/name` or `name`. */
export function keyOf(metadata: Metadata): string {
  const name = metadata.name ?? '';
  return metadata.namespace === undefined ? name : `${metadata.namespace}/${name}`;
}

// Room for resourceVersion is made here, because storage sets it last.
function orderedMetadata(metadata: Metadata): Metadata {
  const ordered: JsonObject = {};
  for (const field of METADATA_ORDER) {
    const value = field === 'resourceVersion' ? (metadata.resourceVersion ?? '') : metadata[field];
    if (value === undefined) continue;
    ordered[field] = field === 'labels' || field === 'annotations' ? sorted(value) : value;
  }
  return ordered;
}

function sorted<T>(value: T): T {
  if (Array.isArray(value)) return value.map(sorted) as T;
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  for (const key of Object.keys(value).sort()) {
    const field = (value as JsonObject)[key];
    if (field !== undefined) result[key] = sorted(field);
  }
  return result as T;
}
