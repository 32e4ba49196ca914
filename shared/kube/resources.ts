// Where each kind that we touch lives in the API, so that paths are spelled once.

import type {
  AllocationObject,
  EgressIPAMObject,
  HostSubnetObject,
  InfrastructureObject,
  KubeObject,
  LeaseObject,
  NamespaceObject,
  NetNamespaceObject,
  NodeObject,
  SecretObject,
} from '../kinds.ts';
import { API_GROUP, API_VERSION } from '../names.ts';

/** One kind's place in the API. `T` is the shape of its objects and exists for the type checker alone. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shape?: T;
}

export const NAMESPACES: Resource<NamespaceObject> = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
};
export const NODES: Resource<NodeObject> = {
  group: '',
  version: 'v1',
  plural: 'nodes',
  kind: 'Node',
  namespaced: false,
};
export const SECRETS: Resource<SecretObject> = {
  group: '',
  version: 'v1',
  plural: 'secrets',
  kind: 'Secret',
  namespaced: true,
};
/** Events of the core group: what `kubectl describe` shows. */
export const EVENTS: Resource = {
  group: '',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};
export const LEASES: Resource<LeaseObject> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};
export const NET_NAMESPACES: Resource<NetNamespaceObject> = {
  group: 'network.openshift.io',
  version: 'v1',
  plural: 'netnamespaces',
  kind: 'NetNamespace',
  namespaced: false,
};
export const HOST_SUBNETS: Resource<HostSubnetObject> = {
  group: 'network.openshift.io',
  version: 'v1',
  plural: 'hostsubnets',
  kind: 'HostSubnet',
  namespaced: false,
};
export const EGRESSIPAMS: Resource<EgressIPAMObject> = {
  group: API_GROUP,
  version: API_VERSION,
  plural: 'egressipams',
  kind: 'EgressIPAM',
  namespaced: false,
};
export const ALLOCATIONS: Resource<AllocationObject> = {
  group: API_GROUP,
  version: API_VERSION,
  plural: 'egressipallocations',
  kind: 'EgressIPAllocation',
  namespaced: false,
};
export const INFRASTRUCTURES: Resource<InfrastructureObject> = {
  group: 'config.openshift.io',
  version: 'v1',
  plural: 'infrastructures',
  kind: 'Infrastructure',
  namespaced: false,
};
export const MUTATING_WEBHOOK_CONFIGURATIONS: Resource = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural: 'mutatingwebhookconfigurations',
  kind: 'MutatingWebhookConfiguration',
  namespaced: false,
};
export const VALIDATING_WEBHOOK_CONFIGURATIONS: Resource = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural: 'validatingwebhookconfigurations',
  kind: 'ValidatingWebhookConfiguration',
  namespaced: false,
};
