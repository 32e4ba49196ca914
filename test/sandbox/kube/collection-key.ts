// How collections are called inside the API server, after kube-apiserver's GroupResource. Apart so that storage's users
// need not import each other to agree on it.

/** `namespaces`, `leases.coordination.k8s.io`; the same for all versions of a kind. */
export function collectionKey(group: string, plural: string): string {
  return group === '' ? plural : `${plural}.${group}`;
}

export const NAMESPACES = 'namespaces';
export const SERVICES = 'services';
export const ENDPOINT_SLICES = 'endpointslices.discovery.k8s.io';
export const CRDS = 'customresourcedefinitions.apiextensions.k8s.io';
export const MUTATING = 'mutatingwebhookconfigurations.admissionregistration.k8s.io';
export const VALIDATING = 'validatingwebhookconfigurations.admissionregistration.k8s.io';
