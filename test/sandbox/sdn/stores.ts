// The kinds that the SDN follows, and what they hold at one time: as it knows them, or fresh from the API server.
import type {
  HostSubnetObject,
  KubeObject,
  NamespaceObject,
  NetNamespaceObject,
  NodeObject,
} from '../../../shared/kinds.ts';
import type { KubeClient } from '../../../shared/kube/client.ts';
import type { Resource } from '../../../shared/kube/resources.ts';
import { HOST_SUBNETS, NAMESPACES, NET_NAMESPACES, NODES } from '../../../shared/kube/resources.ts';
import type { Followed } from './follow.ts';
import type { CloudPrivateIPConfigObject } from './platform.ts';
import { CLOUD_PRIVATE_IP_CONFIGS } from './platform.ts';

/** What the SDN follows. */
export interface Stores {
  readonly nodes: Followed<NodeObject>;
  readonly hostSubnets: Followed<HostSubnetObject>;
  readonly netNamespaces: Followed<NetNamespaceObject>;
  readonly namespaces: Followed<NamespaceObject>;
  readonly configs: Followed<CloudPrivateIPConfigObject> | undefined;
}

/** What there is, at one time. */
export interface View {
  readonly nodes: readonly NodeObject[];
  readonly hostSubnets: readonly HostSubnetObject[];
  readonly netNamespaces: readonly NetNamespaceObject[];
  readonly namespaces: readonly NamespaceObject[];
  readonly configs: readonly CloudPrivateIPConfigObject[];
}

/** What the stores hold. */
export function viewOf(stores: Stores): View {
  return {
    nodes: objectsOf(stores.nodes),
    hostSubnets: objectsOf(stores.hostSubnets),
    netNamespaces: objectsOf(stores.netNamespaces),
    namespaces: objectsOf(stores.namespaces),
    configs: objectsOf(stores.configs),
  };
}

/** What the API server holds. */
export async function listAll(client: KubeClient, stores: Stores): Promise<View> {
  const itemsOf = async <T extends KubeObject>(resource: Resource<T>) => (await client.list(resource)).items;
  return {
    nodes: await itemsOf(NODES),
    hostSubnets: await itemsOf(HOST_SUBNETS),
    netNamespaces: await itemsOf(NET_NAMESPACES),
    namespaces: await itemsOf(NAMESPACES),
    configs: stores.configs === undefined ? [] : await itemsOf(CLOUD_PRIVATE_IP_CONFIGS),
  };
}

export function objectsOf<T extends KubeObject>(store: Followed<T> | undefined): readonly T[] {
  return store === undefined ? [] : [...store.objects.values()];
}

/** Does the store know of everything that was just listed? */
export function isCurrent<T extends KubeObject>(store: Followed<T>, fresh: readonly T[]): boolean {
  if (store.objects.size !== fresh.length) return false;
  return fresh.every(
    ({ metadata: { name, resourceVersion } }) =>
      Number(store.objects.get(name)?.metadata.resourceVersion) >= Number(resourceVersion),
  );
}
