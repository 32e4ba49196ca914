// The schema of what all objects have in common: metadata, conditions, label selectors. Apart because apply,
// patches, OpenAPI and the built-in kinds all lean on it, for custom resources, too.

import {
  atomicList,
  atomicMap,
  BOOLEAN,
  INTEGER,
  type JSONSchema,
  listBy,
  mapOf,
  OPEN_OBJECT,
  type Properties,
  record,
  setOf,
  TEXT,
  TIME,
} from './json-schema.ts';

const OWNER_REFERENCE: JSONSchema = atomicMap(
  record(
    {
      apiVersion: TEXT,
      blockOwnerDeletion: BOOLEAN,
      controller: BOOLEAN,
      kind: TEXT,
      name: TEXT,
      uid: TEXT,
    },
    'apiVersion',
    'kind',
    'name',
    'uid',
  ),
);

const MANAGED_FIELDS_ENTRY: JSONSchema = record({
  apiVersion: TEXT,
  fieldsType: TEXT,
  fieldsV1: OPEN_OBJECT,
  manager: TEXT,
  operation: TEXT,
  subresource: TEXT,
  time: TIME,
});

/** metav1.ObjectMeta. */
export const OBJECT_META: JSONSchema = {
  ...record({
    annotations: mapOf(TEXT),
    creationTimestamp: TIME,
    deletionGracePeriodSeconds: INTEGER,
    deletionTimestamp: TIME,
    finalizers: setOf(TEXT),
    generateName: TEXT,
    generation: INTEGER,
    labels: mapOf(TEXT),
    managedFields: atomicList(MANAGED_FIELDS_ENTRY),
    name: TEXT,
    namespace: TEXT,
    ownerReferences: listBy('uid', OWNER_REFERENCE),
    resourceVersion: TEXT,
    selfLink: TEXT,
    uid: TEXT,
  }),
  description: 'Standard metadata of an object: its name, labels, annotations, owners and finalizers.',
};

/** metav1.LabelSelector. */
export const LABEL_SELECTOR: JSONSchema = atomicMap(
  record({
    matchExpressions: atomicList(
      record({ key: TEXT, operator: TEXT, values: atomicList(TEXT) }, 'key', 'operator'),
    ),
    matchLabels: mapOf(TEXT),
  }),
);

/** Conditions of a built-in kind: kinds differ in which times they carry. */
export const CONDITIONS: JSONSchema = listBy(
  'type',
  record(
    {
      lastHeartbeatTime: TIME,
      lastProbeTime: TIME,
      lastTransitionTime: TIME,
      lastUpdateTime: TIME,
      message: TEXT,
      observedGeneration: INTEGER,
      reason: TEXT,
      status: TEXT,
      type: TEXT,
    },
    'status',
    'type',
  ),
);

/** A namespaced reference to an object; most members are optional. */
export const OBJECT_REFERENCE: JSONSchema = atomicMap(
  record({
    apiVersion: TEXT,
    fieldPath: TEXT,
    kind: TEXT,
    name: TEXT,
    namespace: TEXT,
    resourceVersion: TEXT,
    uid: TEXT,
  }),
);

/** An object with type and metadata, these members and no others. */
export function topLevel(
  description: string,
  properties: Properties,
  ...required: readonly string[]
): JSONSchema {
  return {
    description,
    ...record({ apiVersion: TEXT, kind: TEXT, metadata: OBJECT_META, ...properties }, ...required),
  };
}
