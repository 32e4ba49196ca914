// The SDN's actions as calls to the Kubernetes API, and to the cloud where the platform assigns.
import type { KubeObject, NodeObject } from '../../../shared/kinds.ts';
import type { KubeClient } from '../../../shared/kube/client.ts';
import { HOST_SUBNETS, NET_NAMESPACES, NODES } from '../../../shared/kube/resources.ts';
import { EGRESS_IPCONFIG_ANNOTATION } from './accept.ts';
import type { SdnCloud } from './cloud.ts';
import type { CloudPrivateIPConfigObject, PlatformWork } from './platform.ts';
import { assignedCondition, CLOUD_PRIVATE_IP_CONFIGS, CONFIG_FINALIZER } from './platform.ts';
import type { Upkeep } from './upkeep.ts';

const MERGE = 'application/merge-patch+json';

/** Gives the object as it then is; undefined after a deletion. */
export async function carryOutUpkeep(client: KubeClient, action: Upkeep): Promise<KubeObject | undefined> {
  const { name } = action;
  const meta = { apiVersion: 'network.openshift.io/v1', metadata: { name } };
  switch (action.kind) {
    case 'createNetNamespace':
      return client.create(NET_NAMESPACES, {
        ...meta,
        kind: 'NetNamespace',
        netname: name,
        netid: action.netid,
      });
    case 'createHostSubnet': {
      const { hostIP, subnet } = action;
      return client.create(HOST_SUBNETS, { ...meta, kind: 'HostSubnet', host: name, hostIP, subnet });
    }
    case 'patchHostSubnet': {
      const { resourceVersion, change } = action;
      return client.patch(HOST_SUBNETS, name, MERGE, { metadata: { resourceVersion }, ...change });
    }
    case 'deleteNetNamespace':
      await client.delete(NET_NAMESPACES, name, { uid: action.uid });
      return undefined;
    case 'deleteHostSubnet':
      await client.delete(HOST_SUBNETS, name, { uid: action.uid });
      return undefined;
  }
}

export interface PlatformTools {
  readonly client: KubeClient;
  readonly cloud: SdnCloud;
  readonly node: (name: string) => NodeObject | undefined;
  readonly now: () => Date;
}

/** Gives why the cloud refused, if it did. */
export async function carryOutPlatformWork(
  tools: PlatformTools,
  work: PlatformWork,
): Promise<string | undefined> {
  const { client } = tools;
  switch (work.kind) {
    case 'annotate': {
      const metadata = { annotations: { [EGRESS_IPCONFIG_ANNOTATION]: work.annotation } };
      await client.patch(NODES, work.node, MERGE, { metadata });
      return undefined;
    }
    case 'createConfig': {
      const { kind, group, version } = CLOUD_PRIVATE_IP_CONFIGS;
      const config = {
        apiVersion: `${group}/${version}`,
        kind,
        metadata: { name: work.ip },
        spec: { node: work.node },
      };
      await client.create(CLOUD_PRIVATE_IP_CONFIGS, config);
      return undefined;
    }
    case 'deleteConfig':
      await client.delete(CLOUD_PRIVATE_IP_CONFIGS, work.ip, { uid: work.uid });
      return undefined;
    case 'assign':
      return assignConfig(tools, work.config, work.node);
    case 'unassign':
      return unassignConfig(tools, work.config);
  }
}

async function assignConfig(
  tools: PlatformTools,
  config: CloudPrivateIPConfigObject,
  nodeName: string,
): Promise<string | undefined> {
  const { name, finalizers = [] } = config.metadata;
  if (!finalizers.includes(CONFIG_FINALIZER)) {
    const metadata = { finalizers: [...finalizers, CONFIG_FINALIZER] };
    await tools.client.patch(CLOUD_PRIVATE_IP_CONFIGS, name, MERGE, { metadata });
  }
  await writeStatus(tools, config, nodeName, 'pending', 'Adding IP address to node');
  const node = tools.node(nodeName);
  const refusal = node === undefined ? `node ${nodeName} not found` : tools.cloud.assign(node, name);
  if (refusal === undefined)
    await writeStatus(tools, config, nodeName, 'success', 'IP address successfully added');
  else
    await writeStatus(
      tools,
      config,
      nodeName,
      'error',
      `Error processing cloud assignment request, err: ${refusal}`,
    );
  return refusal;
}

async function unassignConfig(tools: PlatformTools, config: CloudPrivateIPConfigObject): Promise<undefined> {
  const { name, finalizers = [] } = config.metadata;
  const nodeName = config.status?.node ?? '';
  await writeStatus(tools, config, nodeName, 'pending', 'Deleting IP address from node');
  const node = tools.node(nodeName);
  if (node !== undefined) tools.cloud.unassign(node, name);
  const metadata = { finalizers: finalizers.filter((it) => it !== CONFIG_FINALIZER) };
  await tools.client.patch(CLOUD_PRIVATE_IP_CONFIGS, name, MERGE, { metadata });
}

function writeStatus(
  { client, now }: PlatformTools,
  config: CloudPrivateIPConfigObject,
  node: string,
  outcome: 'pending' | 'success' | 'error',
  message: string,
): Promise<unknown> {
  const { name, generation } = config.metadata;
  const conditions = [assignedCondition(outcome, message, now(), generation)];
  const status = { status: { node, conditions } };
  return client.patch(CLOUD_PRIVATE_IP_CONFIGS, name, MERGE, status, { subresource: 'status' });
}
