// The protobuf messages of those kinds that kubectl posts as protobuf and that are served here: field number, name in
// JSON, type. From the generated.proto files of k8s.io/api, cut down to what clients set.

/** How one field is read; `bytes` become base64, as in JSON. */
export type FieldType =
  | 'string'
  | 'int'
  | 'bool'
  | 'bytes'
  | 'time'
  | 'intOrString'
  | { readonly message: Message }
  | { readonly list: FieldType }
  | { readonly map: FieldType };

export type Message = { readonly [number: number]: readonly [name: string, type: FieldType] };

const STRINGS: FieldType = { list: 'string' };
const STRING_MAP: FieldType = { map: 'string' };

function one(message: Message): FieldType {
  return { message };
}

function many(message: Message): FieldType {
  return { list: { message } };
}

/** What every object is wrapped in. */
export const UNKNOWN: Message = {
  1: ['typeMeta', one({ 1: ['apiVersion', 'string'], 2: ['kind', 'string'] })],
  2: ['raw', 'bytes'],
};

const METADATA: FieldType = one({
  1: ['name', 'string'],
  2: ['generateName', 'string'],
  3: ['namespace', 'string'],
  5: ['uid', 'string'],
  6: ['resourceVersion', 'string'],
  7: ['generation', 'int'],
  8: ['creationTimestamp', 'time'],
  11: ['labels', STRING_MAP],
  12: ['annotations', STRING_MAP],
  13: [
    'ownerReferences',
    many({
      1: ['kind', 'string'],
      3: ['name', 'string'],
      4: ['uid', 'string'],
      5: ['apiVersion', 'string'],
      6: ['controller', 'bool'],
      7: ['blockOwnerDeletion', 'bool'],
    }),
  ],
  14: ['finalizers', STRINGS],
});

const NAMED: Message = { 1: ['name', 'string'] };

const POLICY_RULES = many({
  1: ['verbs', STRINGS],
  2: ['apiGroups', STRINGS],
  3: ['resources', STRINGS],
  4: ['resourceNames', STRINGS],
  5: ['nonResourceURLs', STRINGS],
});

const ROLE: Message = { 1: ['metadata', METADATA], 2: ['rules', POLICY_RULES] };

const BINDING: Message = {
  1: ['metadata', METADATA],
  2: [
    'subjects',
    many({
      1: ['kind', 'string'],
      2: ['apiGroup', 'string'],
      3: ['name', 'string'],
      4: ['namespace', 'string'],
    }),
  ],
  3: ['roleRef', one({ 1: ['apiGroup', 'string'], 2: ['kind', 'string'], 3: ['name', 'string'] })],
};

const RESOURCE_ATTRIBUTES = one({
  1: ['namespace', 'string'],
  2: ['verb', 'string'],
  3: ['group', 'string'],
  4: ['version', 'string'],
  5: ['resource', 'string'],
  6: ['subresource', 'string'],
  7: ['name', 'string'],
});

const ACCESS: Message = {
  1: ['resourceAttributes', RESOURCE_ATTRIBUTES],
  2: ['nonResourceAttributes', one({ 1: ['path', 'string'], 2: ['verb', 'string'] })],
};

function withSpec(spec: Message): Message {
  return { 1: ['metadata', METADATA], 2: ['spec', one(spec)] };
}

const SERVICE_SPEC: Message = {
  1: [
    'ports',
    many({
      1: ['name', 'string'],
      2: ['protocol', 'string'],
      3: ['port', 'int'],
      4: ['targetPort', 'intOrString'],
      5: ['nodePort', 'int'],
    }),
  ],
  2: ['selector', STRING_MAP],
  3: ['clusterIP', 'string'],
  4: ['type', 'string'],
  10: ['externalName', 'string'],
};

const DELETE_OPTIONS: Message = {
  1: ['gracePeriodSeconds', 'int'],
  2: ['preconditions', one({ 1: ['uid', 'string'], 2: ['resourceVersion', 'string'] })],
  3: ['orphanDependents', 'bool'],
  4: ['propagationPolicy', 'string'],
  5: ['dryRun', STRINGS],
};

const RBAC = 'rbac.authorization.k8s.io/v1';
const AUTHORIZATION = 'authorization.k8s.io/v1';

const MESSAGES: Readonly<Record<string, Message>> = {
  'v1/Namespace': withSpec({ 1: ['finalizers', STRINGS] }),
  'v1/Secret': {
    1: ['metadata', METADATA],
    2: ['data', { map: 'bytes' }],
    3: ['type', 'string'],
    4: ['stringData', STRING_MAP],
    5: ['immutable', 'bool'],
  },
  'v1/ConfigMap': {
    1: ['metadata', METADATA],
    2: ['data', STRING_MAP],
    3: ['binaryData', { map: 'bytes' }],
    4: ['immutable', 'bool'],
  },
  'v1/ServiceAccount': {
    1: ['metadata', METADATA],
    3: ['imagePullSecrets', many(NAMED)],
    4: ['automountServiceAccountToken', 'bool'],
  },
  'v1/Service': withSpec(SERVICE_SPEC),
  [`${RBAC}/Role`]: ROLE,
  [`${RBAC}/ClusterRole`]: ROLE,
  [`${RBAC}/RoleBinding`]: BINDING,
  [`${RBAC}/ClusterRoleBinding`]: BINDING,
  [`${AUTHORIZATION}/SelfSubjectAccessReview`]: withSpec(ACCESS),
  [`${AUTHORIZATION}/SubjectAccessReview`]: withSpec({
    ...ACCESS,
    3: ['user', 'string'],
    4: ['groups', STRINGS],
    6: ['uid', 'string'],
  }),
  [`${AUTHORIZATION}/SelfSubjectRulesReview`]: withSpec({ 1: ['namespace', 'string'] }),
  'authentication.k8s.io/v1/TokenRequest': withSpec({
    1: ['audiences', STRINGS],
    4: ['expirationSeconds', 'int'],
  }),
  'authentication.k8s.io/v1/SelfSubjectReview': { 1: ['metadata', METADATA] },
  'authentication.k8s.io/v1/TokenReview': withSpec({ 1: ['token', 'string'], 2: ['audiences', STRINGS] }),
};

/** undefined: not a kind that is read here. Options have the version of the API they are sent to. */
export function messageOf(apiVersion: string, kind: string): Message | undefined {
  return kind === 'DeleteOptions' ? DELETE_OPTIONS : MESSAGES[`${apiVersion}/${kind}`];
}
