// Which kinds exist before anybody adds a CustomResourceDefinition: those that our manifests, kubectl and the
// usual clients touch. A table, apart from how kinds behave.

import { SCHEMAS } from './builtins-schemas.ts';
import type { Column } from './columns.ts';
import * as coreColumns from './core-columns.ts';
import * as groupColumns from './group-columns.ts';
import type { KindSpec, Subresource } from './kind.ts';
import { PLAIN_KINDS, type PlainKind } from './plain-kinds.ts';

export { groupVersionOf, type KindSpec, kindFromCRD } from './kind.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

interface Traits {
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: readonly Subresource[];
  readonly columns?: readonly Column[];
  readonly verbs?: readonly string[];
}

type Scope = 'namespaced' | 'cluster';

/** Where metadata.generation is counted, among the built-in kinds. */
const WITH_GENERATION: ReadonlySet<string> = new Set([
  'Deployment',
  'ReplicaSet',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
  'CustomResourceDefinition',
  'EndpointSlice',
  'PodDisruptionBudget',
  'NetworkPolicy',
  'FlowSchema',
  'PriorityLevelConfiguration',
]);

function define(groupVersion: string, kind: string, plural: string, scope: Scope, traits: Traits): KindSpec {
  const [version = '', group = ''] = groupVersion.split('/').reverse();
  const schema = SCHEMAS[`${groupVersion}/${kind}`];
  return {
    group,
    version,
    plural,
    singular: kind.toLowerCase(),
    kind,
    listKind: `${kind}List`,
    shortNames: traits.shortNames ?? [],
    categories: traits.categories ?? [],
    namespaced: scope === 'namespaced',
    verbs: traits.verbs ?? VERBS,
    subresources: traits.subresources ?? [],
    strategic: true,
    columns: traits.columns ?? groupColumns.NAME_AND_AGE,
    hasGeneration: WITH_GENERATION.has(kind),
    ...(schema === undefined ? {} : { schema }),
  };
}

function definePlain({ groupVersion, kind, plural, scope, shortNames, categories }: PlainKind): KindSpec {
  return define(groupVersion, kind, plural, scope, { shortNames, categories, subresources: STATUS });
}

/** A kind of which one object is posted and answered, and none is stored. */
function review(groupVersion: string, kind: string, plural: string): KindSpec {
  return define(groupVersion, kind, plural, 'cluster', {
    verbs: ['create'],
    columns: groupColumns.DEFAULT_COLUMNS,
  });
}

const STATUS: readonly Subresource[] = ['status'];

const CORE: readonly KindSpec[] = [
  define('v1', 'ConfigMap', 'configmaps', 'namespaced', {
    shortNames: ['cm'],
    columns: coreColumns.CONFIG_MAP_COLUMNS,
  }),
  define('v1', 'Endpoints', 'endpoints', 'namespaced', {
    shortNames: ['ep'],
    columns: coreColumns.ENDPOINTS_COLUMNS,
  }),
  define('v1', 'Event', 'events', 'namespaced', { shortNames: ['ev'], columns: coreColumns.EVENT_COLUMNS }),
  define('v1', 'Namespace', 'namespaces', 'cluster', {
    shortNames: ['ns'],
    // Real ones cannot be deleted by the collection.
    verbs: VERBS.filter((verb) => verb !== 'deletecollection'),
    subresources: ['finalize', 'status'],
    columns: coreColumns.NAMESPACE_COLUMNS,
  }),
  define('v1', 'Node', 'nodes', 'cluster', {
    shortNames: ['no'],
    subresources: STATUS,
    columns: coreColumns.NODE_COLUMNS,
  }),
  define('v1', 'Pod', 'pods', 'namespaced', {
    shortNames: ['po'],
    categories: ['all'],
    subresources: STATUS,
    columns: coreColumns.POD_COLUMNS,
  }),
  define('v1', 'Secret', 'secrets', 'namespaced', { columns: coreColumns.SECRET_COLUMNS }),
  define('v1', 'ServiceAccount', 'serviceaccounts', 'namespaced', {
    shortNames: ['sa'],
    subresources: ['token'],
    columns: coreColumns.SERVICE_ACCOUNT_COLUMNS,
  }),
  define('v1', 'Service', 'services', 'namespaced', {
    shortNames: ['svc'],
    categories: ['all'],
    subresources: STATUS,
    columns: coreColumns.SERVICE_COLUMNS,
  }),
];

const RBAC = 'rbac.authorization.k8s.io/v1';
const ADMISSION = 'admissionregistration.k8s.io/v1';
const FLOW_CONTROL = 'flowcontrol.apiserver.k8s.io/v1';
const AUTHORIZATION = 'authorization.k8s.io/v1';
const AUTHENTICATION = 'authentication.k8s.io/v1';

const GROUPS: readonly KindSpec[] = [
  define('apps/v1', 'Deployment', 'deployments', 'namespaced', {
    shortNames: ['deploy'],
    categories: ['all'],
    subresources: ['scale', 'status'],
    columns: groupColumns.DEPLOYMENT_COLUMNS,
  }),
  define('apps/v1', 'ReplicaSet', 'replicasets', 'namespaced', {
    shortNames: ['rs'],
    categories: ['all'],
    subresources: ['scale', 'status'],
    columns: groupColumns.REPLICA_SET_COLUMNS,
  }),
  define('events.k8s.io/v1', 'Event', 'events', 'namespaced', {
    shortNames: ['ev'],
    columns: coreColumns.EVENT_COLUMNS,
  }),
  review(AUTHENTICATION, 'SelfSubjectReview', 'selfsubjectreviews'),
  review(AUTHENTICATION, 'TokenReview', 'tokenreviews'),
  review(AUTHORIZATION, 'SelfSubjectAccessReview', 'selfsubjectaccessreviews'),
  review(AUTHORIZATION, 'SelfSubjectRulesReview', 'selfsubjectrulesreviews'),
  review(AUTHORIZATION, 'SubjectAccessReview', 'subjectaccessreviews'),
  define('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', 'namespaced', {
    shortNames: ['netpol'],
    columns: groupColumns.NETWORK_POLICY_COLUMNS,
  }),
  define('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', 'namespaced', {
    shortNames: ['pdb'],
    subresources: STATUS,
    columns: groupColumns.PDB_COLUMNS,
  }),
  define(RBAC, 'ClusterRoleBinding', 'clusterrolebindings', 'cluster', {
    columns: groupColumns.BINDING_COLUMNS,
  }),
  define(RBAC, 'ClusterRole', 'clusterroles', 'cluster', { columns: groupColumns.DEFAULT_COLUMNS }),
  define(RBAC, 'RoleBinding', 'rolebindings', 'namespaced', { columns: groupColumns.BINDING_COLUMNS }),
  define(RBAC, 'Role', 'roles', 'namespaced', { columns: groupColumns.DEFAULT_COLUMNS }),
  define(ADMISSION, 'MutatingWebhookConfiguration', 'mutatingwebhookconfigurations', 'cluster', {
    categories: ['api-extensions'],
    columns: groupColumns.WEBHOOKS_COLUMNS,
  }),
  define(ADMISSION, 'ValidatingWebhookConfiguration', 'validatingwebhookconfigurations', 'cluster', {
    categories: ['api-extensions'],
    columns: groupColumns.WEBHOOKS_COLUMNS,
  }),
  define('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'customresourcedefinitions', 'cluster', {
    shortNames: ['crd', 'crds'],
    categories: ['api-extensions'],
    subresources: STATUS,
    columns: groupColumns.DEFAULT_COLUMNS,
  }),
  define('coordination.k8s.io/v1', 'Lease', 'leases', 'namespaced', { columns: groupColumns.LEASE_COLUMNS }),
  define('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', 'namespaced', {
    columns: groupColumns.ENDPOINT_SLICE_COLUMNS,
  }),
  define(FLOW_CONTROL, 'FlowSchema', 'flowschemas', 'cluster', {
    subresources: STATUS,
    columns: groupColumns.FLOW_SCHEMA_COLUMNS,
  }),
  define(FLOW_CONTROL, 'PriorityLevelConfiguration', 'prioritylevelconfigurations', 'cluster', {
    subresources: STATUS,
    columns: groupColumns.PRIORITY_LEVEL_COLUMNS,
  }),
];

/** Every built-in kind, in the order in which discovery lists its group and kind. */
export const BUILTINS: readonly KindSpec[] = [...CORE, ...GROUPS, ...PLAIN_KINDS.map(definePlain)];
