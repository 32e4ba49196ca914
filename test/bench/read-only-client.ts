// A Kubernetes client over objects in memory that never change: lists answer at once, watches stay silent. Caches fill
// themselves from it as they do in a cluster.
import type { KubeObject } from '../../shared/kinds.ts';
import type { KubeClient } from '../../shared/kube/client.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  HOST_SUBNETS,
  NAMESPACES,
  NET_NAMESPACES,
  NODES,
} from '../../shared/kube/resources.ts';
import type { Objects } from './cluster.ts';

/** Rejects whatever would write. */
export function readOnlyClient(objects: Objects): KubeClient {
  const collections = new Map<string, readonly KubeObject[]>([
    [NAMESPACES.plural, objects.namespaces],
    [NODES.plural, objects.nodes],
    [NET_NAMESPACES.plural, objects.netNamespaces],
    [HOST_SUBNETS.plural, objects.hostSubnets],
    [EGRESSIPAMS.plural, objects.egressIPAMs],
    [ALLOCATIONS.plural, objects.allocations],
  ]);
  const refuse = () => Promise.reject(new Error('nothing is written here'));
  return {
    get: async () => undefined,
    list: async (resource) => ({
      resourceVersion: '1',
      items: (collections.get(resource.plural) ?? []) as never[],
    }),
    async *watch(_resource, _from, options) {
      await new Promise<void>((resolve) => {
        options?.signal?.addEventListener('abort', () => resolve(), { once: true });
      });
    },
    create: refuse,
    replace: refuse,
    patch: refuse,
    delete: refuse,
  };
}
