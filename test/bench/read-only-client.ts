// A Kubernetes client over objects in memory that never change: lists answer at once, watches say no more than that they
// are still there. Caches fill themselves from it as they do in a cluster.
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeObject } from '../../shared/kinds.ts';
import type { CallOptions, KubeClient, WatchEvent } from '../../shared/kube/client.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  HOST_SUBNETS,
  NAMESPACES,
  NET_NAMESPACES,
  NODES,
} from '../../shared/kube/resources.ts';
import type { Objects } from './cluster.ts';

/** Milliseconds; API servers send one a minute. */
const BOOKMARKS_EVERY = 60_000;

/** The next event of a watch in which nothing happens, when its time has come; rejects once `signal` is aborted. */
export async function nextBookmark<T extends KubeObject>(signal?: AbortSignal): Promise<WatchEvent<T>> {
  await delay(BOOKMARKS_EVERY, undefined, { ref: false, ...(signal === undefined ? {} : { signal }) });
  return { type: 'BOOKMARK', object: { metadata: { name: '', resourceVersion: '1' } } as T };
}

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
    list: async (resource, { keep = (object: never) => object } = {}) => ({
      resourceVersion: '1',
      items: ((collections.get(resource.plural) ?? []) as never[]).map(keep),
    }),
    async *watch<T extends KubeObject>(_resource: unknown, _from: unknown, options?: CallOptions) {
      for (;;) yield await nextBookmark<T>(options?.signal);
    },
    create: refuse,
    replace: refuse,
    patch: refuse,
    delete: refuse,
  };
}
