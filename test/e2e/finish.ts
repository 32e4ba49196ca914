// The end of namespaces where no controller sees to it: empties them, then takes their finalizer off, which a bare
// kube-apiserver leaves to others.
import { setTimeout as delay } from 'node:timers/promises';
import type { NamespaceObject } from '../../shared/kinds.ts';
import { isApiError, type KubeClient } from '../../shared/kube/client.ts';
import { EVENTS, LEASES, NAMESPACES, type Resource, SECRETS } from '../../shared/kube/resources.ts';
import { isOfAStory } from './marks.ts';
import type { RawApi } from './raw-api.ts';

const RBAC = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: true };
/** What the suite and the product put into namespaces. */
const CONTENT: readonly Resource[] = [
  EVENTS,
  LEASES,
  SECRETS,
  { group: '', version: 'v1', plural: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true },
  { ...RBAC, plural: 'rolebindings', kind: 'RoleBinding' },
  { ...RBAC, plural: 'roles', kind: 'Role' },
];
const LOOK_EVERY = 100;
/** A controller that has not renewed its Lease for so many milliseconds is not there. */
const LEASE_LIFE = 60_000;

/** Whether somebody else finishes namespaces. */
export async function hasNamespaceController(client: KubeClient): Promise<boolean> {
  const lease = await client.get(LEASES, 'kube-controller-manager', { namespace: 'kube-system' });
  return Date.now() - Date.parse(lease?.spec?.renewTime ?? '') < LEASE_LIFE;
}

/** Finishes a namespace that is being deleted. */
export async function finishNamespace(
  client: KubeClient,
  raw: RawApi,
  { metadata }: NamespaceObject,
): Promise<void> {
  const { name } = metadata;
  for (const resource of CONTENT) {
    const { items } = await client.list(resource, { namespace: name });
    for (const item of items) await client.delete(resource, item.metadata.name, {}, { namespace: name });
  }
  const namespace = await client.get(NAMESPACES, name);
  if (namespace?.metadata.deletionTimestamp === undefined) return;
  const body = { ...namespace, apiVersion: 'v1', kind: 'Namespace', spec: { finalizers: [] } };
  try {
    await raw.request('PUT', `/api/v1/namespaces/${name}/finalize`, body);
  } catch (error) {
    if (!isApiError(error, 'notFound', 'conflict')) throw error;
  }
}

/** Finishes the stories' namespaces as they are deleted, until it is stopped; the function returned resolves then. */
export function keepFinishing(client: KubeClient, raw: RawApi): () => Promise<void> {
  const stop = new AbortController();
  const work = async () => {
    while (!stop.signal.aborted) {
      const { items } = await client.list(NAMESPACES);
      const ending = items.filter((it) => isOfAStory(it) && it.metadata.deletionTimestamp !== undefined);
      for (const namespace of ending) await finishNamespace(client, raw, namespace);
      await delay(LOOK_EVERY, undefined, { signal: stop.signal }).catch(() => {});
    }
  };
  const working = work();
  return async () => {
    stop.abort();
    await working;
  };
}
