// The fields of the kinds of the core group: what is unknown here is reported by field validation, and lists
// say how they are merged. Parts that neither our manifests nor our users touch are left open.

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
  OPEN_OBJECT,
  oneOf,
  record,
  TEXT,
  TIME,
  withDefault,
} from './json-schema.ts';
import { CONDITIONS, OBJECT_REFERENCE, topLevel } from './meta-schema.ts';
import { POD_SPEC, POD_STATUS } from './pod-schema.ts';

const LOCAL_REFERENCE: JSONSchema = atomicMap(record({ name: TEXT }));

const NAMESPACE = topLevel('Namespace provides a scope for names.', {
  spec: record({ finalizers: atomicList(TEXT) }),
  status: record({ conditions: CONDITIONS, phase: TEXT }),
});

const NODE = topLevel('Node is a worker of the cluster.', {
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

const SECRET = topLevel('Secret holds secret data of a certain type; the values of data are base64.', {
  data: mapOf(BASE64),
  immutable: BOOLEAN,
  stringData: mapOf(TEXT),
  type: TEXT,
});

const CONFIG_MAP = topLevel('ConfigMap holds configuration data for pods to consume.', {
  binaryData: mapOf(BASE64),
  data: mapOf(TEXT),
  immutable: BOOLEAN,
});

const SERVICE_ACCOUNT = topLevel('ServiceAccount binds together a name and the secrets that stand for it.', {
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

const SERVICE = topLevel('Service is a named abstraction of software listening on ports.', {
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

const ENDPOINTS = topLevel('Endpoints lists the addresses that implement a service.', {
  subsets: atomicList(OPEN_OBJECT),
});

const EVENT = topLevel('Event is a report of something that happened in the cluster.', {
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

const POD = topLevel('Pod is a collection of containers that run on one host.', {
  spec: POD_SPEC,
  status: POD_STATUS,
});

/** By `v1/Kind`. */
export const CORE_SCHEMAS: Readonly<Record<string, JSONSchema>> = {
  'v1/ConfigMap': CONFIG_MAP,
  'v1/Endpoints': ENDPOINTS,
  'v1/Event': EVENT,
  'v1/Namespace': NAMESPACE,
  'v1/Node': NODE,
  'v1/Pod': POD,
  'v1/Secret': SECRET,
  'v1/ServiceAccount': SERVICE_ACCOUNT,
  'v1/Service': SERVICE,
};
