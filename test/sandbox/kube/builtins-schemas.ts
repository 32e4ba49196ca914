// The fields of the built-in kinds: what is unknown here is reported by field validation, and lists say how they are
// merged. Parts that neither our manifests nor our users touch are left open. The pods' part is in pod-schema.ts.

import {
  atomicList,
  atomicMap,
  BASE64,
  BOOLEAN,
  INT_OR_STRING,
  INTEGER,
  type JSONSchema,
  listBy,
  mapOf,
  OPEN,
  OPEN_OBJECT,
  oneOf,
  type Properties,
  record,
  TEXT,
  TIME,
  withDefault,
} from './json-schema.ts';
import { CONDITIONS, LABEL_SELECTOR, OBJECT_META, OBJECT_REFERENCE } from './meta-schema.ts';
import { POD_SPEC, POD_STATUS, POD_TEMPLATE } from './pod-schema.ts';

function object(description: string, properties: Properties, ...required: readonly string[]): JSONSchema {
  return {
    description,
    ...record({ apiVersion: TEXT, kind: TEXT, metadata: OBJECT_META, ...properties }, ...required),
  };
}

const LOCAL_REFERENCE: JSONSchema = atomicMap(record({ name: TEXT }));

const NAMESPACE = object('Namespace provides a scope for names.', {
  spec: record({ finalizers: atomicList(TEXT) }),
  status: record({ conditions: CONDITIONS, phase: TEXT }),
});

const NODE = object('Node is a worker of the cluster.', {
  spec: record({
    configSource: OPEN_OBJECT,
    externalID: TEXT,
    podCIDR: TEXT,
    podCIDRs: {
      type: 'array',
      items: TEXT,
      'x-kubernetes-list-type': 'set',
      'x-kubernetes-patch-strategy': 'merge',
    },
    providerID: TEXT,
    taints: atomicList(record({ effect: TEXT, key: TEXT, timeAdded: TIME, value: TEXT }, 'effect', 'key')),
    unschedulable: BOOLEAN,
  }),
  status: {
    ...OPEN_OBJECT,
    properties: {
      addresses: listBy('type', record({ address: TEXT, type: TEXT }, 'address', 'type')),
      allocatable: mapOf(INT_OR_STRING),
      capacity: mapOf(INT_OR_STRING),
      conditions: CONDITIONS,
      daemonEndpoints: OPEN_OBJECT,
      images: atomicList(OPEN_OBJECT),
      nodeInfo: OPEN_OBJECT,
      phase: TEXT,
      volumesAttached: atomicList(OPEN_OBJECT),
      volumesInUse: atomicList(TEXT),
    },
  },
});

const SECRET = object('Secret holds secret data of a certain type; the values of data are base64.', {
  data: mapOf(BASE64),
  immutable: BOOLEAN,
  stringData: mapOf(TEXT),
  type: TEXT,
});

const CONFIG_MAP = object('ConfigMap holds configuration data for pods to consume.', {
  binaryData: mapOf(BASE64),
  data: mapOf(TEXT),
  immutable: BOOLEAN,
});

const SERVICE_ACCOUNT = object('ServiceAccount binds together a name and the secrets that stand for it.', {
  automountServiceAccountToken: BOOLEAN,
  imagePullSecrets: atomicList(LOCAL_REFERENCE),
  secrets: listBy('name', OBJECT_REFERENCE),
});

const SERVICE_PORT = record(
  {
    appProtocol: TEXT,
    name: TEXT,
    nodePort: INTEGER,
    port: INTEGER,
    protocol: withDefault(TEXT, 'TCP'),
    targetPort: INT_OR_STRING,
  },
  'port',
);

const SERVICE = object('Service is a named abstraction of software listening on ports.', {
  spec: record({
    allocateLoadBalancerNodePorts: BOOLEAN,
    clusterIP: TEXT,
    clusterIPs: atomicList(TEXT),
    externalIPs: atomicList(TEXT),
    externalName: TEXT,
    externalTrafficPolicy: TEXT,
    healthCheckNodePort: INTEGER,
    internalTrafficPolicy: TEXT,
    ipFamilies: atomicList(TEXT),
    ipFamilyPolicy: TEXT,
    loadBalancerClass: TEXT,
    loadBalancerIP: TEXT,
    loadBalancerSourceRanges: atomicList(TEXT),
    ports: listBy('port', SERVICE_PORT, 'protocol'),
    publishNotReadyAddresses: BOOLEAN,
    selector: atomicMap(mapOf(TEXT)),
    sessionAffinity: withDefault(TEXT, 'None'),
    sessionAffinityConfig: OPEN_OBJECT,
    trafficDistribution: TEXT,
    type: withDefault(oneOf('ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'), 'ClusterIP'),
  }),
  status: record({ conditions: CONDITIONS, loadBalancer: OPEN_OBJECT }),
});

const ENDPOINTS = object('Endpoints lists the addresses that implement a service.', {
  subsets: atomicList(OPEN_OBJECT),
});

const EVENT = object('Event is a report of something that happened in the cluster.', {
  action: TEXT,
  count: INTEGER,
  eventTime: TIME,
  firstTimestamp: TIME,
  involvedObject: OBJECT_REFERENCE,
  lastTimestamp: TIME,
  message: TEXT,
  reason: TEXT,
  related: OBJECT_REFERENCE,
  reportingComponent: TEXT,
  reportingInstance: TEXT,
  series: record({ count: INTEGER, lastObservedTime: TIME }),
  source: record({ component: TEXT, host: TEXT }),
  type: TEXT,
});

const EVENTS_EVENT = object('Event is a report of something that happened in the cluster.', {
  action: TEXT,
  deprecatedCount: INTEGER,
  deprecatedFirstTimestamp: TIME,
  deprecatedLastTimestamp: TIME,
  deprecatedSource: record({ component: TEXT, host: TEXT }),
  eventTime: TIME,
  note: TEXT,
  reason: TEXT,
  regarding: OBJECT_REFERENCE,
  related: OBJECT_REFERENCE,
  reportingController: TEXT,
  reportingInstance: TEXT,
  series: record({ count: INTEGER, lastObservedTime: TIME }, 'count', 'lastObservedTime'),
  type: TEXT,
});

const POD = object('Pod is a collection of containers that run on one host.', {
  spec: POD_SPEC,
  status: POD_STATUS,
});

const DEPLOYMENT = object('Deployment enables declarative updates of pods.', {
  spec: record(
    {
      minReadySeconds: INTEGER,
      paused: BOOLEAN,
      progressDeadlineSeconds: withDefault(INTEGER, 600),
      replicas: withDefault(INTEGER, 1),
      revisionHistoryLimit: withDefault(INTEGER, 10),
      selector: LABEL_SELECTOR,
      strategy: record({
        rollingUpdate: record({ maxSurge: INT_OR_STRING, maxUnavailable: INT_OR_STRING }),
        type: oneOf('Recreate', 'RollingUpdate'),
      }),
      template: POD_TEMPLATE,
    },
    'selector',
    'template',
  ),
  status: { ...OPEN_OBJECT, properties: { conditions: CONDITIONS } },
});

const REPLICA_SET = object('ReplicaSet ensures that a number of pods runs at any time.', {
  spec: record(
    {
      minReadySeconds: INTEGER,
      replicas: withDefault(INTEGER, 1),
      selector: LABEL_SELECTOR,
      template: POD_TEMPLATE,
    },
    'selector',
  ),
  status: { ...OPEN_OBJECT, properties: { conditions: CONDITIONS } },
});

const POLICY_RULE = record(
  {
    apiGroups: atomicList(TEXT),
    nonResourceURLs: atomicList(TEXT),
    resourceNames: atomicList(TEXT),
    resources: atomicList(TEXT),
    verbs: atomicList(TEXT),
  },
  'verbs',
);
const SUBJECT = atomicMap(
  record({ apiGroup: TEXT, kind: TEXT, name: TEXT, namespace: TEXT }, 'kind', 'name'),
);
const ROLE_REF = atomicMap(
  record(
    { apiGroup: withDefault(TEXT, 'rbac.authorization.k8s.io'), kind: TEXT, name: TEXT },
    'kind',
    'name',
  ),
);

const ROLE = object('Role is a namespaced grouping of rules.', { rules: atomicList(POLICY_RULE) });
const CLUSTER_ROLE = object('ClusterRole is a cluster-wide grouping of rules.', {
  aggregationRule: record({ clusterRoleSelectors: atomicList(LABEL_SELECTOR) }),
  rules: atomicList(POLICY_RULE),
});
const BINDING = object(
  'A binding grants the rules of a role to users, groups and service accounts.',
  { roleRef: ROLE_REF, subjects: atomicList(SUBJECT) },
  'roleRef',
);

const LEASE = object('Lease is a lock that its holder renews.', {
  spec: record({
    acquireTime: TIME,
    holderIdentity: TEXT,
    leaseDurationSeconds: { type: 'integer', minimum: 1 },
    leaseTransitions: INTEGER,
    preferredHolder: TEXT,
    renewTime: TIME,
    strategy: TEXT,
  }),
});

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
  timeoutSeconds: withDefault({ type: 'integer', minimum: 1, maximum: 30 }, 10),
};

function webhookConfiguration(description: string, fields: Properties): JSONSchema {
  const webhook = record(
    { ...WEBHOOK_FIELDS, ...fields },
    'admissionReviewVersions',
    'clientConfig',
    'name',
    'sideEffects',
  );
  return object(description, { webhooks: listBy('name', webhook) });
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

const CUSTOM_RESOURCE_DEFINITION = object(
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

const PDB = object('PodDisruptionBudget limits how many pods are evicted at once.', {
  spec: record({
    maxUnavailable: INT_OR_STRING,
    minAvailable: INT_OR_STRING,
    selector: LABEL_SELECTOR,
    unhealthyPodEvictionPolicy: TEXT,
  }),
  status: { ...OPEN_OBJECT, properties: { conditions: CONDITIONS } },
});

const PEER = record({
  ipBlock: record({ cidr: TEXT, except: atomicList(TEXT) }, 'cidr'),
  namespaceSelector: LABEL_SELECTOR,
  podSelector: LABEL_SELECTOR,
});
const POLICY_PORTS = atomicList(
  record({ endPort: INTEGER, port: INT_OR_STRING, protocol: withDefault(TEXT, 'TCP') }),
);

const NETWORK_POLICY = object('NetworkPolicy says what traffic pods may have.', {
  spec: record({
    egress: atomicList(record({ ports: POLICY_PORTS, to: atomicList(PEER) })),
    ingress: atomicList(record({ from: atomicList(PEER), ports: POLICY_PORTS })),
    podSelector: LABEL_SELECTOR,
    policyTypes: atomicList(TEXT),
  }),
});

function open(description: string): JSONSchema {
  return object(description, {
    spec: OPEN,
    status: { ...OPEN_OBJECT, properties: { conditions: CONDITIONS } },
  });
}

const ENDPOINT_SLICE = object(
  'EndpointSlice is a part of the addresses that implement a service.',
  { addressType: TEXT, endpoints: atomicList(OPEN_OBJECT), ports: atomicList(OPEN_OBJECT) },
  'addressType',
  'endpoints',
);

/** By `groupVersion/Kind`. */
export const SCHEMAS: Readonly<Record<string, JSONSchema>> = {
  'v1/ConfigMap': CONFIG_MAP,
  'v1/Endpoints': ENDPOINTS,
  'v1/Event': EVENT,
  'v1/Namespace': NAMESPACE,
  'v1/Node': NODE,
  'v1/Pod': POD,
  'v1/Secret': SECRET,
  'v1/ServiceAccount': SERVICE_ACCOUNT,
  'v1/Service': SERVICE,
  'apps/v1/Deployment': DEPLOYMENT,
  'apps/v1/ReplicaSet': REPLICA_SET,
  'events.k8s.io/v1/Event': EVENTS_EVENT,
  'networking.k8s.io/v1/NetworkPolicy': NETWORK_POLICY,
  'policy/v1/PodDisruptionBudget': PDB,
  'rbac.authorization.k8s.io/v1/ClusterRole': CLUSTER_ROLE,
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': BINDING,
  'rbac.authorization.k8s.io/v1/Role': ROLE,
  'rbac.authorization.k8s.io/v1/RoleBinding': BINDING,
  'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration': MUTATING_WEBHOOKS,
  'admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration': VALIDATING_WEBHOOKS,
  'apiextensions.k8s.io/v1/CustomResourceDefinition': CUSTOM_RESOURCE_DEFINITION,
  'coordination.k8s.io/v1/Lease': LEASE,
  'discovery.k8s.io/v1/EndpointSlice': ENDPOINT_SLICE,
  'flowcontrol.apiserver.k8s.io/v1/FlowSchema': open('FlowSchema sorts requests into priority levels.'),
  'flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration': open(
    'PriorityLevelConfiguration limits the requests of one priority level.',
  ),
  'authentication.k8s.io/v1/SelfSubjectReview': open('Who the caller is.'),
  'authentication.k8s.io/v1/TokenReview': open('Whom a token stands for.'),
  'authorization.k8s.io/v1/SelfSubjectAccessReview': open('Whether the caller may do something.'),
  'authorization.k8s.io/v1/SelfSubjectRulesReview': open('What the caller may do in a namespace.'),
  'authorization.k8s.io/v1/SubjectAccessReview': open('Whether a user may do something.'),
};
