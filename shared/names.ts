// The names that are contracts: with users, with the Go operator we replace, and between our own processes.
// They stand apart so that nobody spells one by hand; the manifests and the tests repeat them on purpose.

export const API_GROUP = 'redhatcop.redhat.io';
export const API_VERSION = 'v1alpha1';

const PREFIX = 'egressip-ipam-operator.redhat-cop.io';

/** On a namespace: the name of its EgressIPAM. Setting it opts in, removing it opts out. */
export const EGRESSIPAM_ANNOTATION = `${PREFIX}/egressipam`;
/** On a namespace: its egress IPs, a comma-separated list, one per cidrAssignment. */
export const EGRESSIPS_ANNOTATION = `${PREFIX}/egressips`;
/** On an EgressIPAM, `"true"`: deleting it releases every IP it has given out. */
export const RELEASE_ALL_ANNOTATION = `${PREFIX}/release-all`;
/** On an EgressIPAM, `"true"`: the breaker does not stop large displacements. */
export const ALLOW_DISRUPTION_ANNOTATION = `${PREFIX}/allow-disruption`;
/** On the leader's Lease: when each EgressIPAM's cloud was last observed, JSON `{name: RFC 3339 time}`. */
export const OBSERVED_ANNOTATION = `${PREFIX}/observed`;

/** On an EgressIPAllocation, `"true"`: the user named this very IP, so it is reported and never replaced. */
export const EXPLICIT_ANNOTATION = `${PREFIX}/explicit`;

/** Our finalizer, on EgressIPAMs and allocations. From it on, what the object stands for is ours to clean up. */
export const FINALIZER = `${PREFIX}/release`;
/** The Go operator's finalizer on EgressIPAMs; adoption replaces it by ours. */
export const GO_OPERATOR_FINALIZER = 'EgressIPAM_controller';

/** Namespace in which both processes, their Lease and the webhook's Secret live. */
export const OPERATOR_NAMESPACE = 'egressip-ipam-operator';
export const RECONCILER_LEASE = 'egressip-ipam-reconciler';
export const WEBHOOK_SERVICE = 'egressip-ipam-webhook';
export const WEBHOOK_SECRET = 'egressip-ipam-webhook-certs';
/** Name of both the Mutating- and the ValidatingWebhookConfiguration. */
export const WEBHOOK_CONFIGURATION = 'egressip-ipam-webhook';
