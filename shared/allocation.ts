// What a stored EgressIPAllocation says, parsed; and the objects that claim and retake one. The name is the IP.
import { formatIPv4, type IPv4, parseIPv4 } from './ip.ts';
import type { AllocationObject, Phase } from './kinds.ts';
import { API_GROUP, API_VERSION, EXPLICIT_ANNOTATION, FINALIZER } from './names.ts';

export interface Allocation {
  readonly ip: IPv4;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly egressIPAM: string;
  /** The CIDR as text, as it was when the IP was claimed. */
  readonly cidr: string;
  /** Empty for a claim whose namespace has no name yet. */
  readonly namespace: string;
  /** Token of the current claim. */
  readonly claim: string;
  readonly phase: Phase;
  /** Has our finalizer: the IP is ours, and what stands outside for it is ours to clean up. */
  readonly ours: boolean;
  /** Somebody asked for its deletion. */
  readonly deleting: boolean;
  /** The user named this very IP. */
  readonly explicit: boolean;
  readonly namespaceUID: string | undefined;
  readonly node: string | undefined;
  readonly interface: string | undefined;
  /** When the IP came to rest, RFC 3339. */
  readonly restingSince: string | undefined;
}

/** Condition type whose transition time says since when a `Resting` IP rests. */
export const RELEASED_CONDITION = 'Released';

/** undefined when the object's name is not a canonical IPv4 address: then it stands for nothing. */
export function parseAllocation(object: AllocationObject): Allocation | undefined {
  const { metadata, spec, status } = object;
  const ip = parseIPv4(metadata.name);
  if (ip === undefined) return undefined;
  const released = status?.conditions?.find((condition) => condition.type === RELEASED_CONDITION);
  return {
    ip,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    egressIPAM: spec?.egressIPAM ?? '',
    cidr: spec?.cidr ?? '',
    namespace: spec?.namespace ?? '',
    claim: spec?.claim ?? '',
    phase: status?.phase ?? 'Claimed',
    ours: metadata.finalizers?.includes(FINALIZER) ?? false,
    deleting: metadata.deletionTimestamp !== undefined,
    explicit: metadata.annotations?.[EXPLICIT_ANNOTATION] === 'true',
    namespaceUID: status?.namespaceUID,
    node: status?.node,
    interface: status?.interface,
    restingSince: released?.status === 'True' ? released.lastTransitionTime : undefined,
  };
}

export interface ClaimSpec {
  readonly ip: IPv4;
  readonly egressIPAM: string;
  readonly cidr: string;
  readonly namespace: string;
  /** Whether the user named this IP or we chose it. */
  readonly origin: 'explicit' | 'automatic';
}

/** The object whose creation is the claim. */
export function claimObject(spec: ClaimSpec, token: string): object {
  return {
    apiVersion: `${API_GROUP}/${API_VERSION}`,
    kind: 'EgressIPAllocation',
    metadata: {
      name: formatIPv4(spec.ip),
      ...(spec.origin === 'explicit' ? { annotations: { [EXPLICIT_ANNOTATION]: 'true' } } : {}),
    },
    spec: { egressIPAM: spec.egressIPAM, cidr: spec.cidr, namespace: spec.namespace, claim: token },
  };
}

/** The stored object with a new claim; it carries the resourceVersion read, so that a deletion in between wins. */
export function retakenObject(stored: AllocationObject, spec: ClaimSpec, token: string): AllocationObject {
  return {
    ...stored,
    spec: { egressIPAM: spec.egressIPAM, cidr: spec.cidr, namespace: spec.namespace, claim: token },
  };
}
