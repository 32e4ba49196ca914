// The fields of the built-in kinds outside the core group, without those that extend the API server. See
// core-schemas.ts.

import {
  atomicList,
  atomicMap,
  BOOLEAN,
  INT_OR_STRING,
  INTEGER,
  type JSONSchema,
  OPEN,
  OPEN_OBJECT,
  oneOf,
  record,
  TEXT,
  TIME,
  withDefault,
} from './json-schema.ts';
import { CONDITIONS, LABEL_SELECTOR, OBJECT_REFERENCE, topLevel } from './meta-schema.ts';
import { POD_TEMPLATE } from './pod-schema.ts';

const EVENTS_EVENT = topLevel('Event is a report of something that happened in the cluster.', {
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

const DEPLOYMENT = topLevel('Deployment enables declarative updates of pods.', {
  spec: record(
    {
      minReadySeconds: INTEGER,
      paused: BOOLEAN,
      progressDeadlineSeconds: withDefault(INTEGER, 600),
      replicas: withDefault(INTEGER, 1),
      revisionHistoryLimit: withDefault(INTEGER, 10),
      selector: LABEL_SELECTOR,
      strategy: withDefault(
        record({
          rollingUpdate: record({ maxSurge: INT_OR_STRING, maxUnavailable: INT_OR_STRING }),
          type: withDefault(oneOf('Recreate', 'RollingUpdate'), 'RollingUpdate'),
        }),
        { rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' }, type: 'RollingUpdate' },
      ),
      template: POD_TEMPLATE,
    },
    'selector',
    'template',
  ),
  status: { ...OPEN_OBJECT, properties: { conditions: CONDITIONS } },
});

const REPLICA_SET = topLevel('ReplicaSet ensures that a number of pods runs at any time.', {
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

const ROLE = topLevel('Role is a namespaced grouping of rules.', { rules: atomicList(POLICY_RULE) });
const CLUSTER_ROLE = topLevel('ClusterRole is a cluster-wide grouping of rules.', {
  aggregationRule: record({ clusterRoleSelectors: atomicList(LABEL_SELECTOR) }),
  rules: atomicList(POLICY_RULE),
});
const BINDING = topLevel(
  'A binding grants the rules of a role to users, groups and service accounts.',
  { roleRef: ROLE_REF, subjects: atomicList(SUBJECT) },
  'roleRef',
);

const LEASE = topLevel('Lease is a lock that its holder renews.', {
  spec: record({
    acquireTime: TIME,
    holderIdentity: TEXT,
    leaseDurationSeconds: INTEGER,
    leaseTransitions: INTEGER,
    preferredHolder: TEXT,
    renewTime: TIME,
    strategy: TEXT,
  }),
});

const PDB = topLevel('PodDisruptionBudget limits how many pods are evicted at once.', {
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

const NETWORK_POLICY = topLevel('NetworkPolicy says what traffic pods may have.', {
  spec: record({
    egress: atomicList(record({ ports: POLICY_PORTS, to: atomicList(PEER) })),
    ingress: atomicList(record({ from: atomicList(PEER), ports: POLICY_PORTS })),
    podSelector: LABEL_SELECTOR,
    policyTypes: atomicList(TEXT),
  }),
});

function open(description: string): JSONSchema {
  return topLevel(description, {
    spec: OPEN,
    status: { ...OPEN_OBJECT, properties: { conditions: CONDITIONS } },
  });
}

const ENDPOINT_SLICE = topLevel(
  'EndpointSlice is a part of the addresses that implement a service.',
  { addressType: TEXT, endpoints: atomicList(OPEN_OBJECT), ports: atomicList(OPEN_OBJECT) },
  'addressType',
  'endpoints',
);

/** By `group/version/Kind`. */
export const GROUP_SCHEMAS: Readonly<Record<string, JSONSchema>> = {
  'apps/v1/Deployment': DEPLOYMENT,
  'apps/v1/ReplicaSet': REPLICA_SET,
  'events.k8s.io/v1/Event': EVENTS_EVENT,
  'networking.k8s.io/v1/NetworkPolicy': NETWORK_POLICY,
  'policy/v1/PodDisruptionBudget': PDB,
  'rbac.authorization.k8s.io/v1/ClusterRole': CLUSTER_ROLE,
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': BINDING,
  'rbac.authorization.k8s.io/v1/Role': ROLE,
  'rbac.authorization.k8s.io/v1/RoleBinding': BINDING,
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
