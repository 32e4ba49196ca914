// The roles and bindings that every cluster has: what any authenticated user may look at, and the roles that
// administrators bind. Apart from rbac.ts, which evaluates them like any other.

import type { JsonObject } from './json.ts';

const API_VERSION = 'rbac.authorization.k8s.io/v1';
const LABELS = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const AUTHENTICATED = ['system:authenticated'];
const READ = ['get', 'list', 'watch'];

function clusterRole(name: string, rules: readonly JsonObject[]): JsonObject {
  return { apiVersion: API_VERSION, kind: 'ClusterRole', metadata: { name, labels: LABELS }, rules };
}

function bindGroups(role: string, groups: readonly string[]): JsonObject {
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterRoleBinding',
    metadata: { name: role, labels: LABELS },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: groups.map((name) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name })),
  };
}

const DISCOVERY_URLS = ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*'];
const HEALTH_URLS = ['/healthz', '/livez', '/readyz', '/version', '/version/'];
const REVIEWS = ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'];

const VIEWED: readonly JsonObject[] = [
  {
    apiGroups: [''],
    resources: ['configmaps', 'endpoints', 'events', 'namespaces', 'pods', 'pods/status', 'serviceaccounts'],
    verbs: READ,
  },
  { apiGroups: [''], resources: ['namespaces/status', 'services', 'services/status'], verbs: READ },
  { apiGroups: ['apps'], resources: ['deployments', 'deployments/status', 'replicasets'], verbs: READ },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ },
  { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: READ },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets', 'poddisruptionbudgets/status'], verbs: READ },
];

/** ClusterRoles and ClusterRoleBindings to store before anything else. */
export const BOOTSTRAP_RBAC: readonly JsonObject[] = [
  clusterRole('cluster-admin', [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ]),
  clusterRole('system:discovery', [{ nonResourceURLs: [...DISCOVERY_URLS, ...HEALTH_URLS], verbs: ['get'] }]),
  clusterRole('system:public-info-viewer', [{ nonResourceURLs: HEALTH_URLS, verbs: ['get'] }]),
  clusterRole('system:basic-user', [
    { apiGroups: ['authorization.k8s.io'], resources: REVIEWS, verbs: ['create'] },
    { apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
  ]),
  clusterRole('system:auth-delegator', [
    { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
    { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
  ]),
  {
    ...clusterRole('view', VIEWED),
    aggregationRule: {
      clusterRoleSelectors: [{ matchLabels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } }],
    },
  },
  bindGroups('cluster-admin', ['system:masters']),
  bindGroups('system:discovery', AUTHENTICATED),
  bindGroups('system:basic-user', AUTHENTICATED),
  bindGroups('system:public-info-viewer', [...AUTHENTICATED, 'system:unauthenticated']),
];
