// Objects that several tests begin with.
import type { KubeClient } from '../../../../shared/kube/client.ts';
import type { Resource } from '../../../../shared/kube/resources.ts';

export const CRDS: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

const IPV4_PART = '([0-9]|[0-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])';
const IPV4 = `^(${IPV4_PART}\\.){3}${IPV4_PART}$`;

function column(name: string, jsonPath: string, description: string): object {
  return { name, jsonPath, description, type: 'string' };
}

/** As OpenShift's, as far as the recorded exchanges show it. */
export const HOST_SUBNET_CRD = {
  metadata: { name: 'hostsubnets.network.openshift.io' },
  spec: {
    group: 'network.openshift.io',
    names: { kind: 'HostSubnet', listKind: 'HostSubnetList', plural: 'hostsubnets', singular: 'hostsubnet' },
    scope: 'Cluster',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        additionalPrinterColumns: [
          column('Host', '.host', 'The name of the node'),
          column(
            'Host IP',
            '.hostIP',
            'The IP address to be used as a VTEP by other nodes in the overlay network',
          ),
          column(
            'Subnet',
            '.subnet',
            'The CIDR range of the overlay network assigned to the node for its pods',
          ),
          column('Egress CIDRs', '.egressCIDRs', 'The network egress CIDRs'),
          column('Egress IPs', '.egressIPs', 'The network egress IP addresses'),
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            required: ['host', 'hostIP', 'subnet'],
            properties: {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              metadata: { type: 'object' },
              host: { type: 'string' },
              hostIP: { type: 'string', pattern: IPV4 },
              subnet: { type: 'string' },
              egressCIDRs: { type: 'array', items: { type: 'string' } },
              egressIPs: { type: 'array', items: { type: 'string', pattern: IPV4 } },
            },
          },
        },
      },
    ],
  },
};

/** Accepts anything below its root; no status. */
export function openCrd(
  group: string,
  kind: string,
  options: { scope?: string; subresources?: object } = {},
) {
  const singular = kind.toLowerCase();
  const plural = `${singular}s`;
  const { scope = 'Cluster', subresources } = options;
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const version = {
    name: 'v1',
    served: true,
    storage: true,
    schema,
    ...(subresources ? { subresources } : {}),
  };
  return {
    metadata: { name: `${plural}.${group}` },
    spec: { group, scope, names: { kind, plural, singular, listKind: `${kind}List` }, versions: [version] },
  };
}

export async function installHostSubnets(client: KubeClient): Promise<void> {
  await client.create(CRDS, HOST_SUBNET_CRD);
  await client.create(CRDS, openCrd('network.openshift.io', 'NetNamespace'));
}
