// The fields of the kinds that extend the API server: webhook configurations and CustomResourceDefinitions.
// Apart from the other groups because our manifests rest on them, and so nearly nothing is left open.

import {
  atomicList,
  BASE64,
  BOOLEAN,
  INTEGER,
  type JSONSchema,
  listBy,
  OPEN_OBJECT,
  oneOf,
  type Properties,
  record,
  TEXT,
  withDefault,
} from './json-schema.ts';
import { CONDITIONS, LABEL_SELECTOR, topLevel } from './meta-schema.ts';

const WEBHOOK_RULE = record({
  apiGroups: atomicList(TEXT),
  apiVersions: atomicList(TEXT),
  operations: atomicList(oneOf('*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE')),
  resources: atomicList(TEXT),
  scope: withDefault(oneOf('*', 'Cluster', 'Namespaced'), '*'),
});

const WEBHOOK_FIELDS: Properties = {
  admissionReviewVersions: atomicList(TEXT),
  clientConfig: record({
    caBundle: BASE64,
    service: record(
      { name: TEXT, namespace: TEXT, path: TEXT, port: withDefault(INTEGER, 443) },
      'name',
      'namespace',
    ),
    url: TEXT,
  }),
  failurePolicy: withDefault(oneOf('Fail', 'Ignore'), 'Fail'),
  matchConditions: listBy('name', record({ expression: TEXT, name: TEXT }, 'expression', 'name')),
  matchPolicy: withDefault(oneOf('Equivalent', 'Exact'), 'Equivalent'),
  name: TEXT,
  namespaceSelector: withDefault(LABEL_SELECTOR, {}),
  objectSelector: withDefault(LABEL_SELECTOR, {}),
  rules: atomicList(WEBHOOK_RULE),
  sideEffects: oneOf('None', 'NoneOnDryRun'),
  timeoutSeconds: withDefault(INTEGER, 10),
};

function webhookConfiguration(description: string, fields: Properties): JSONSchema {
  const webhook = record(
    { ...WEBHOOK_FIELDS, ...fields },
    'admissionReviewVersions',
    'clientConfig',
    'name',
    'sideEffects',
  );
  return topLevel(description, { webhooks: listBy('name', webhook) });
}

const MUTATING_WEBHOOKS = webhookConfiguration('Which webhooks may change an object before it is stored.', {
  reinvocationPolicy: withDefault(oneOf('IfNeeded', 'Never'), 'Never'),
});
const VALIDATING_WEBHOOKS = webhookConfiguration('Which webhooks may refuse an object.', {});

const CRD_NAMES = record({
  categories: atomicList(TEXT),
  kind: TEXT,
  listKind: TEXT,
  plural: TEXT,
  shortNames: atomicList(TEXT),
  singular: TEXT,
});

const CRD_VERSION = record(
  {
    additionalPrinterColumns: atomicList(
      record(
        {
          description: TEXT,
          format: TEXT,
          jsonPath: TEXT,
          name: TEXT,
          priority: INTEGER,
          type: TEXT,
        },
        'jsonPath',
        'name',
        'type',
      ),
    ),
    deprecated: BOOLEAN,
    deprecationWarning: TEXT,
    name: TEXT,
    schema: record({ openAPIV3Schema: OPEN_OBJECT }),
    selectableFields: atomicList(record({ jsonPath: TEXT }, 'jsonPath')),
    served: BOOLEAN,
    storage: BOOLEAN,
    subresources: record({
      scale: record({ labelSelectorPath: TEXT, specReplicasPath: TEXT, statusReplicasPath: TEXT }),
      status: OPEN_OBJECT,
    }),
  },
  'name',
  'served',
  'storage',
);

const CUSTOM_RESOURCE_DEFINITION = topLevel(
  'CustomResourceDefinition adds a kind to the API.',
  {
    spec: record(
      {
        conversion: OPEN_OBJECT,
        group: TEXT,
        names: CRD_NAMES,
        preserveUnknownFields: BOOLEAN,
        scope: oneOf('Cluster', 'Namespaced'),
        versions: atomicList(CRD_VERSION),
      },
      'group',
      'names',
      'scope',
      'versions',
    ),
    status: record({
      acceptedNames: CRD_NAMES,
      conditions: {
        ...CONDITIONS,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['type'],
      },
      storedVersions: atomicList(TEXT),
    }),
  },
  'spec',
);

/** By `group/version/Kind`. */
export const EXTENSION_SCHEMAS: Readonly<Record<string, JSONSchema>> = {
  'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration': MUTATING_WEBHOOKS,
  'admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration': VALIDATING_WEBHOOKS,
  'apiextensions.k8s.io/v1/CustomResourceDefinition': CUSTOM_RESOURCE_DEFINITION,
};
