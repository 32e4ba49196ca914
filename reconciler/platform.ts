// Who assigns IPs to interfaces on this cluster: we over EC2, the platform itself, or nobody because a HostSubnet is all
// it takes. Pure; what it judges by is read once at the start.
import type { InfrastructureObject, NodeObject } from '../shared/kinds.ts';

export type AssignFlag = 'auto' | 'ec2' | 'platform' | 'none';

export type Platform =
  | { readonly kind: 'aws'; readonly region: string | undefined }
  /** The platform itself, OpenShift 4.10 and newer in a cloud. */
  | { readonly kind: 'platform' }
  | { readonly kind: 'none' }
  /** We know what it is and cannot serve it. */
  | { readonly kind: 'unsupported'; readonly message: string };

/** On nodes of OpenShift 4.10 and newer in a cloud: the platform assigns egress IPs itself. */
export const EGRESS_IPCONFIG_ANNOTATION = 'cloud.network.openshift.io/egress-ipconfig';

const HAND_ASSIGNED_CLOUDS = new Set([
  'Azure',
  'GCP',
  'IBMCloud',
  'AlibabaCloud',
  'PowerVS',
  'Nutanix',
  'OpenStack',
]);

/** `infrastructure` is `infrastructures.config.openshift.io/cluster`, undefined where there is none. */
export function detectPlatform(
  flag: AssignFlag,
  infrastructure: InfrastructureObject | undefined,
  nodes: Iterable<NodeObject>,
): Platform {
  const status = infrastructure?.status?.platformStatus;
  if (flag === 'ec2') return { kind: 'aws', region: status?.aws?.region };
  if (flag === 'none') return { kind: 'none' };
  if (flag === 'platform' || hasPlatformAnnotation(nodes)) return { kind: 'platform' };
  const type = status?.type;
  if (type === 'AWS') return { kind: 'aws', region: status?.aws?.region };
  if (type !== undefined && HAND_ASSIGNED_CLOUDS.has(type)) {
    const message = `Platform ${type} is not supported: nobody would assign the IPs to its interfaces; use --assign=none if that is done by hand`;
    return { kind: 'unsupported', message };
  }
  return { kind: 'none' };
}

function hasPlatformAnnotation(nodes: Iterable<NodeObject>): boolean {
  for (const node of nodes)
    if (node.metadata.annotations?.[EGRESS_IPCONFIG_ANNOTATION] !== undefined) return true;
  return false;
}
