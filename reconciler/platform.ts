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
  nodes: readonly NodeObject[],
): Platform {
  const status = infrastructure?.status?.platformStatus;
  if (flag === 'ec2') return { kind: 'aws', region: status?.aws?.region };
  if (flag === 'none') return { kind: 'none' };
  if (flag === 'platform' || hasPlatformAnnotation(nodes)) return { kind: 'platform' };
  // An API server that has just started may not serve the object yet: what the nodes say of themselves is no less true.
  const type = status?.type ?? providerOf(nodes);
  if (type === 'AWS') return { kind: 'aws', region: status?.aws?.region };
  if (type !== undefined && HAND_ASSIGNED_CLOUDS.has(type)) {
    const message = `Platform ${type} is not supported: nobody would assign the IPs to its interfaces; use --assign=none if that is done by hand`;
    return { kind: 'unsupported', message };
  }
  return { kind: 'none' };
}

const PROVIDERS: ReadonlyMap<string, string> = new Map([
  ['aws', 'AWS'],
  ['azure', 'Azure'],
  ['gce', 'GCP'],
  ['openstack', 'OpenStack'],
]);

/** The cloud in which the nodes are by their `providerID`, `aws:///eu-central-1a/i-0123…`; undefined when they name none. */
function providerOf(nodes: readonly NodeObject[]): string | undefined {
  for (const { spec } of nodes) {
    const platform = PROVIDERS.get(spec?.providerID?.split('://')[0] ?? '');
    if (platform !== undefined) return platform;
  }
  return undefined;
}

/** Whether the platform says of one of the nodes what it assigns there. */
export function hasPlatformAnnotation(nodes: readonly NodeObject[]): boolean {
  return nodes.some(({ metadata }) => metadata.annotations?.[EGRESS_IPCONFIG_ANNOTATION] !== undefined);
}
