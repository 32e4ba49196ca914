// OpenShift 4.10 and newer in a cloud: the SDN makes a CloudPrivateIPConfig per active IP, and the cloud network config
// controller assigns it on the node's interface. Which of both has to do what, as a pure function. That controller takes
// an address that is already there for its own success, never looks again at one that succeeded, and gives up after 15
// retries.
import type { Condition, KubeObject, NodeObject } from '../../../shared/kinds.ts';
import type { Resource } from '../../../shared/kube/resources.ts';
import { EGRESS_IPCONFIG_ANNOTATION } from './accept.ts';
import type { IPVerdict } from './verdict.ts';

export interface CloudPrivateIPConfigObject extends KubeObject {
  readonly spec: { readonly node?: string };
  readonly status?: { readonly node?: string; readonly conditions: readonly Condition[] };
}

export const CLOUD_PRIVATE_IP_CONFIGS: Resource<CloudPrivateIPConfigObject> = {
  group: 'cloud.network.openshift.io',
  version: 'v1',
  plural: 'cloudprivateipconfigs',
  kind: 'CloudPrivateIPConfig',
  namespaced: false,
};

export const CONFIG_FINALIZER = 'cloudprivateipconfig.cloud.network.openshift.io/finalizer';
export const MAX_RETRIES = 15;

export type PlatformWork =
  | { readonly kind: 'annotate'; readonly node: string; readonly annotation: string }
  | { readonly kind: 'createConfig'; readonly ip: string; readonly node: string }
  | { readonly kind: 'deleteConfig'; readonly ip: string; readonly uid: string }
  | { readonly kind: 'assign'; readonly config: CloudPrivateIPConfigObject; readonly node: string }
  | { readonly kind: 'unassign'; readonly config: CloudPrivateIPConfigObject };

export interface PlatformView {
  readonly nodes: readonly NodeObject[];
  /** What the annotation of each node is to say. */
  readonly annotations: ReadonlyMap<string, string>;
  readonly ips: ReadonlyMap<string, IPVerdict>;
  readonly configs: readonly CloudPrivateIPConfigObject[];
  /** How often each IP (its config's uid) was tried in vain. */
  readonly failures: ReadonlyMap<string, number>;
}

export function platformWork(view: PlatformView): PlatformWork[] {
  const byIP = new Map(view.configs.map((it) => [it.metadata.name, it]));
  const wanted = new Map(
    [...view.ips.values()].filter((it) => it.active).flatMap((it) => it.nodes.map((node) => [it.ip, node])),
  );
  const created = [...wanted].flatMap(([ip, node]): PlatformWork[] =>
    byIP.has(ip) ? [] : [{ kind: 'createConfig', ip, node }],
  );
  const annotated = view.nodes.flatMap(({ metadata: { name, annotations } }): PlatformWork[] => {
    const annotation = view.annotations.get(name);
    if (annotation === undefined || annotations?.[EGRESS_IPCONFIG_ANNOTATION] === annotation) return [];
    return [{ kind: 'annotate', node: name, annotation }];
  });
  return [
    ...annotated,
    ...created,
    ...view.configs.flatMap((config) => workOn(config, wanted, view.failures)),
  ];
}

function workOn(
  config: CloudPrivateIPConfigObject,
  wanted: ReadonlyMap<string, string>,
  failures: ReadonlyMap<string, number>,
): PlatformWork[] {
  const { name: ip, uid, deletionTimestamp } = config.metadata;
  const { node } = config.spec;
  if (deletionTimestamp !== undefined) return [{ kind: 'unassign', config }];
  // A move is a deletion, and a creation once that is done: the object is named by the IP.
  if (node === undefined || wanted.get(ip) !== node) return [{ kind: 'deleteConfig', ip, uid }];
  if (isAssigned(config) || (failures.get(uid) ?? 0) > MAX_RETRIES) return [];
  return [{ kind: 'assign', config, node }];
}

export function isAssigned(config: CloudPrivateIPConfigObject): boolean {
  return config.status?.conditions.some((it) => it.type === 'Assigned' && it.status === 'True') ?? false;
}

/** The condition that the controller writes. */
export function assignedCondition(
  outcome: 'pending' | 'success' | 'error',
  message: string,
  at: Date,
  generation: number | undefined,
): Condition {
  const status = { pending: 'Unknown', success: 'True', error: 'False' } as const;
  const reason = {
    pending: 'CloudResponsePending',
    success: 'CloudResponseSuccess',
    error: 'CloudResponseError',
  } as const;
  return {
    type: 'Assigned',
    status: status[outcome],
    reason: reason[outcome],
    message,
    lastTransitionTime: `${at.toISOString().slice(0, 19)}Z`,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
}
