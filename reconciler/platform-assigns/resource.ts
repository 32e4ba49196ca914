// CloudPrivateIPConfig, which OpenShift's network plugin makes for each egress IP and its cloud network config controller
// carries out. We only read it; it is named by the IP.
import type { Condition, KubeObject } from '../../shared/kinds.ts';
import type { Resource } from '../../shared/kube/resources.ts';

export interface CloudPrivateIPConfigObject extends KubeObject {
  readonly spec?: { readonly node?: string };
  readonly status?: { readonly node?: string; readonly conditions?: readonly Condition[] };
}

export const CLOUD_PRIVATE_IP_CONFIGS: Resource<CloudPrivateIPConfigObject> = {
  group: 'cloud.network.openshift.io',
  version: 'v1',
  plural: 'cloudprivateipconfigs',
  kind: 'CloudPrivateIPConfig',
  namespaced: false,
};
