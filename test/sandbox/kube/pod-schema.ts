// The fields of pods and pod templates: enough that a misspelt field in a Deployment is noticed. Apart
// because they are the largest part of the built-in schemas, and shared by three kinds.

import {
  atomicList,
  atomicMap,
  BOOLEAN,
  INT_OR_STRING,
  INTEGER,
  type JSONSchema,
  listBy,
  mapOf,
  OPEN_OBJECT,
  record,
  TEXT,
  withDefault,
} from './json-schema.ts';
import { CONDITIONS, LABEL_SELECTOR, OBJECT_META } from './meta-schema.ts';

const HTTP_HEADERS = atomicList(record({ name: TEXT, value: TEXT }, 'name', 'value'));
const HTTP_GET = record({
  host: TEXT,
  httpHeaders: HTTP_HEADERS,
  path: TEXT,
  port: INT_OR_STRING,
  scheme: TEXT,
});
const EXEC = record({ command: atomicList(TEXT) });
const TCP_SOCKET = record({ host: TEXT, port: INT_OR_STRING });

const PROBE = record({
  exec: EXEC,
  failureThreshold: INTEGER,
  grpc: record({ port: INTEGER, service: TEXT }),
  httpGet: HTTP_GET,
  initialDelaySeconds: INTEGER,
  periodSeconds: INTEGER,
  successThreshold: INTEGER,
  tcpSocket: TCP_SOCKET,
  terminationGracePeriodSeconds: INTEGER,
  timeoutSeconds: INTEGER,
});

const HANDLER = record({
  exec: EXEC,
  httpGet: HTTP_GET,
  sleep: record({ seconds: INTEGER }),
  tcpSocket: TCP_SOCKET,
});

const SECCOMP_PROFILE = record({ localhostProfile: TEXT, type: TEXT }, 'type');

const CONTAINER_SECURITY = record({
  allowPrivilegeEscalation: BOOLEAN,
  appArmorProfile: OPEN_OBJECT,
  capabilities: record({ add: atomicList(TEXT), drop: atomicList(TEXT) }),
  privileged: BOOLEAN,
  procMount: TEXT,
  readOnlyRootFilesystem: BOOLEAN,
  runAsGroup: INTEGER,
  runAsNonRoot: BOOLEAN,
  runAsUser: INTEGER,
  seLinuxOptions: OPEN_OBJECT,
  seccompProfile: SECCOMP_PROFILE,
  windowsOptions: OPEN_OBJECT,
});

const KEY_SELECTOR = atomicMap(record({ key: TEXT, name: TEXT, optional: BOOLEAN }, 'key'));

const ENV = record(
  {
    name: TEXT,
    value: TEXT,
    valueFrom: record({
      configMapKeyRef: KEY_SELECTOR,
      fieldRef: atomicMap(record({ apiVersion: TEXT, fieldPath: TEXT }, 'fieldPath')),
      resourceFieldRef: atomicMap(record({ containerName: TEXT, divisor: INT_OR_STRING, resource: TEXT })),
      secretKeyRef: KEY_SELECTOR,
    }),
  },
  'name',
);

const CONTAINER = record(
  {
    args: atomicList(TEXT),
    command: atomicList(TEXT),
    env: listBy('name', ENV),
    envFrom: atomicList(OPEN_OBJECT),
    image: TEXT,
    imagePullPolicy: TEXT,
    lifecycle: record({ postStart: HANDLER, preStop: HANDLER, stopSignal: TEXT }),
    livenessProbe: PROBE,
    name: TEXT,
    ports: listBy(
      'containerPort',
      record(
        {
          containerPort: INTEGER,
          hostIP: TEXT,
          hostPort: INTEGER,
          name: TEXT,
          protocol: withDefault(TEXT, 'TCP'),
        },
        'containerPort',
      ),
      'protocol',
    ),
    readinessProbe: PROBE,
    resizePolicy: atomicList(OPEN_OBJECT),
    resources: record({
      claims: listBy('name', record({ name: TEXT, request: TEXT }, 'name')),
      limits: mapOf(INT_OR_STRING),
      requests: mapOf(INT_OR_STRING),
    }),
    restartPolicy: TEXT,
    securityContext: CONTAINER_SECURITY,
    startupProbe: PROBE,
    stdin: BOOLEAN,
    stdinOnce: BOOLEAN,
    terminationMessagePath: TEXT,
    terminationMessagePolicy: TEXT,
    tty: BOOLEAN,
    volumeDevices: listBy('devicePath', record({ devicePath: TEXT, name: TEXT })),
    volumeMounts: listBy(
      'mountPath',
      record(
        {
          mountPath: TEXT,
          mountPropagation: TEXT,
          name: TEXT,
          readOnly: BOOLEAN,
          recursiveReadOnly: TEXT,
          subPath: TEXT,
          subPathExpr: TEXT,
        },
        'mountPath',
        'name',
      ),
    ),
    workingDir: TEXT,
  },
  'name',
);

const TOLERATION = record({
  effect: TEXT,
  key: TEXT,
  operator: TEXT,
  tolerationSeconds: INTEGER,
  value: TEXT,
});

const TOPOLOGY_SPREAD = record(
  {
    labelSelector: LABEL_SELECTOR,
    matchLabelKeys: atomicList(TEXT),
    maxSkew: INTEGER,
    minDomains: INTEGER,
    nodeAffinityPolicy: TEXT,
    nodeTaintsPolicy: TEXT,
    topologyKey: TEXT,
    whenUnsatisfiable: TEXT,
  },
  'maxSkew',
  'topologyKey',
  'whenUnsatisfiable',
);

const POD_SECURITY = record({
  appArmorProfile: OPEN_OBJECT,
  fsGroup: INTEGER,
  fsGroupChangePolicy: TEXT,
  runAsGroup: INTEGER,
  runAsNonRoot: BOOLEAN,
  runAsUser: INTEGER,
  seLinuxOptions: OPEN_OBJECT,
  seccompProfile: SECCOMP_PROFILE,
  supplementalGroups: atomicList(INTEGER),
  supplementalGroupsPolicy: TEXT,
  sysctls: atomicList(OPEN_OBJECT),
  windowsOptions: OPEN_OBJECT,
});

const AFFINITY = record({
  nodeAffinity: OPEN_OBJECT,
  podAffinity: OPEN_OBJECT,
  podAntiAffinity: OPEN_OBJECT,
});

/** core/v1 PodSpec. */
export const POD_SPEC: JSONSchema = record(
  {
    activeDeadlineSeconds: INTEGER,
    affinity: AFFINITY,
    automountServiceAccountToken: BOOLEAN,
    containers: listBy('name', CONTAINER),
    dnsConfig: OPEN_OBJECT,
    dnsPolicy: TEXT,
    enableServiceLinks: BOOLEAN,
    ephemeralContainers: listBy('name', OPEN_OBJECT),
    hostAliases: listBy('ip', record({ hostnames: atomicList(TEXT), ip: TEXT }, 'ip')),
    hostIPC: BOOLEAN,
    hostNetwork: BOOLEAN,
    hostPID: BOOLEAN,
    hostUsers: BOOLEAN,
    hostname: TEXT,
    imagePullSecrets: listBy('name', record({ name: TEXT })),
    initContainers: listBy('name', CONTAINER),
    nodeName: TEXT,
    nodeSelector: atomicMap(mapOf(TEXT)),
    os: record({ name: TEXT }, 'name'),
    overhead: mapOf(INT_OR_STRING),
    preemptionPolicy: TEXT,
    priority: INTEGER,
    priorityClassName: TEXT,
    readinessGates: atomicList(record({ conditionType: TEXT }, 'conditionType')),
    resourceClaims: listBy('name', OPEN_OBJECT),
    resources: OPEN_OBJECT,
    restartPolicy: TEXT,
    runtimeClassName: TEXT,
    schedulerName: TEXT,
    schedulingGates: listBy('name', record({ name: TEXT }, 'name')),
    securityContext: POD_SECURITY,
    serviceAccount: TEXT,
    serviceAccountName: TEXT,
    setHostnameAsFQDN: BOOLEAN,
    shareProcessNamespace: BOOLEAN,
    subdomain: TEXT,
    terminationGracePeriodSeconds: INTEGER,
    tolerations: atomicList(TOLERATION),
    topologySpreadConstraints: listBy('topologyKey', TOPOLOGY_SPREAD, 'whenUnsatisfiable'),
    volumes: listBy('name', { ...OPEN_OBJECT, properties: { name: TEXT }, required: ['name'] }),
  },
  'containers',
);

/** core/v1 PodStatus, as far as anything merges it. */
export const POD_STATUS: JSONSchema = { ...OPEN_OBJECT, properties: { conditions: CONDITIONS } };

/** core/v1 PodTemplateSpec. */
export const POD_TEMPLATE: JSONSchema = record({ metadata: OBJECT_META, spec: POD_SPEC });
