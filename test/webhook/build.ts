// Objects, reviews and a small cluster for the webhook's tests: enough to write a case in one line.
import type {
  AllocationObject,
  EgressIPAMObject,
  EgressIPAMStatus,
  HostSubnetObject,
  NamespaceObject,
  NetNamespaceObject,
  Phase,
} from '../../shared/kinds.ts';
import {
  EGRESSIPAM_ANNOTATION,
  EGRESSIPS_ANNOTATION,
  FINALIZER,
  RELEASE_ALL_ANNOTATION,
} from '../../shared/names.ts';
import type { AdmissionRequest, Operation } from '../../webhook/review.ts';

export const A = '10.0.128.0/28';
export const B = '10.0.144.0/28';
/** One IP of each CIDR of `pool()`. */
export const LIST = '10.0.128.7,10.0.144.7';

type Annotations = Readonly<Record<string, string>>;

/** A namespace as it is sent when it is created: no uid, no resourceVersion. */
export function namespace(name: string, annotations: Annotations = {}): NamespaceObject {
  return { metadata: { name, annotations } } as unknown as NamespaceObject;
}

/** One that has opted in, with a list if there is one. */
export function optedIn(name: string, egressIPs?: string, egressIPAM = 'pool'): NamespaceObject {
  return namespace(name, {
    [EGRESSIPAM_ANNOTATION]: egressIPAM,
    ...(egressIPs === undefined ? {} : { [EGRESSIPS_ANNOTATION]: egressIPs }),
  });
}

export function create(object: NamespaceObject | EgressIPAMObject, dryRun = 'no'): AdmissionRequest {
  return review('CREATE', object, undefined, dryRun);
}

export function update<T extends NamespaceObject | EgressIPAMObject>(
  oldObject: T,
  object: T,
): AdmissionRequest {
  return review('UPDATE', object, oldObject);
}

export function remove(oldObject: NamespaceObject | EgressIPAMObject): AdmissionRequest {
  return review('DELETE', undefined, oldObject);
}

function review(
  operation: Operation,
  object: AdmissionRequest['object'],
  oldObject: AdmissionRequest['object'],
  dryRun = 'no',
): AdmissionRequest {
  return { uid: 'u-1', operation, subResource: '', dryRun: dryRun === 'dryRun', object, oldObject };
}

type Assignment = EgressIPAMObject['spec']['cidrAssignments'][number];

/** Two CIDRs of 16 addresses, on bare metal, looked at. */
export function pool(
  options: {
    readonly name?: string;
    readonly cidrs?: readonly (string | Assignment)[];
    readonly spec?: object;
    readonly status?: EgressIPAMStatus;
    readonly metadata?: object;
  } = {},
): EgressIPAMObject {
  const cidrs = options.cidrs ?? [A, B];
  const cidrAssignments = cidrs.map((cidr, index) =>
    typeof cidr === 'string' ? { CIDR: cidr, labelValue: `zone-${index}` } : cidr,
  );
  return {
    metadata: {
      name: options.name ?? 'pool',
      uid: `uid-${options.name ?? 'pool'}`,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-11-22T06:00:00Z',
      ...options.metadata,
    },
    spec: { cidrAssignments, topologyLabel: 'topology.kubernetes.io/zone', ...options.spec },
    status: options.status ?? { cloud: 'none', observedGeneration: 1 },
  };
}

export const releasingAll = { annotations: { [RELEASE_ALL_ANNOTATION]: 'true' } };

export function allocation(
  ip: string,
  namespaceName: string,
  options: {
    readonly phase?: Phase;
    readonly deleting?: 'yes';
    readonly status?: object;
    readonly claim?: string;
  } = {},
): AllocationObject {
  const bound = options.phase === 'Bound' || options.phase === 'Releasing' || options.deleting === 'yes';
  return {
    metadata: {
      name: ip,
      ...(bound ? { finalizers: [FINALIZER] } : {}),
      ...(options.deleting === 'yes' ? { deletionTimestamp: '2026-11-22T07:00:00Z' } : {}),
    },
    spec: {
      egressIPAM: 'pool',
      cidr: ip.startsWith('10.0.128.') ? A : B,
      namespace: namespaceName,
      claim: options.claim ?? 'token-0',
    },
    ...(options.phase === undefined ? {} : { status: { phase: options.phase, ...options.status } }),
  } as unknown as AllocationObject;
}

export function netNamespace(name: string, ...egressIPs: string[]): NetNamespaceObject {
  return { metadata: { name }, netname: name, netid: 1, egressIPs } as unknown as NetNamespaceObject;
}

export function hostSubnet(node: string, hostIP: string, ...egressIPs: string[]): HostSubnetObject {
  return {
    metadata: { name: node },
    host: node,
    hostIP,
    subnet: '10.128.0.0/23',
    egressIPs,
  } as unknown as HostSubnetObject;
}
