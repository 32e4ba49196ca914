// The writes of the OpenShift SDN data plane: one merge patch per object, with the resourceVersion it was decided on, so
// that a change by anybody else in between means planning again. NetNamespaces and HostSubnets are custom resources:
// strategic merge patches are refused there.

import type { HostSubnetObject, NetNamespaceObject } from '../../shared/kinds.ts';
import type { CallOptions, KubeClient } from '../../shared/kube/client.ts';
import { HOST_SUBNETS, NET_NAMESPACES } from '../../shared/kube/resources.ts';
import type { Action } from '../../shared/plan/actions.ts';

type Kind<K extends Action['kind']> = Extract<Action, { kind: K }>;

export async function patchHostSubnet(
  client: KubeClient,
  action: Kind<'patchHostSubnet'>,
  options: CallOptions,
): Promise<HostSubnetObject> {
  const patch = {
    metadata: { resourceVersion: action.resourceVersion },
    ...(action.add.length + action.remove.length > 0 ? { egressIPs: action.egressIPs } : {}),
    ...(action.egressCIDRs === undefined ? {} : { egressCIDRs: action.egressCIDRs }),
  };
  return await client.patch(HOST_SUBNETS, action.node, 'application/merge-patch+json', patch, options);
}

export async function patchNetNamespace(
  client: KubeClient,
  action: Kind<'patchNetNamespace'>,
  options: CallOptions,
): Promise<NetNamespaceObject> {
  const patch = { metadata: { resourceVersion: action.resourceVersion }, egressIPs: action.egressIPs };
  return await client.patch(NET_NAMESPACES, action.namespace, 'application/merge-patch+json', patch, options);
}
