// What kube-controller-manager does about namespaces that are being deleted: delete what is in them, then take off the
// finalizer in spec. A bare kube-apiserver has nobody who does; then they stay Terminating.
import { NAMESPACES } from '../collection-key.ts';
import { type ApiRequest, dispatch, type Services } from '../dispatch.ts';
import type { ServedKind } from '../registry.ts';
import { Refusal } from '../status.ts';
import type { Version } from '../storage.ts';
import type { User } from '../users.ts';

const CONTROLLER: User = {
  name: 'system:serviceaccount:kube-system:namespace-controller',
  uid: 'namespace-controller',
  groups: ['system:masters', 'system:authenticated'],
};

/** Starts when a namespace is marked and again whenever something in it goes; returns what stops it. */
export function startNamespaceController(services: Services): () => void {
  const { storage, registry } = services.cluster;
  const namespaces = storage.collection(NAMESPACES);
  const underWay = new Set<string>();
  let stopped = false;

  async function finish(name: string): Promise<void> {
    if (underWay.has(name)) return;
    underWay.add(name);
    try {
      await deleteContent(services, name);
      if (!stopped && isEmpty(registry.all(), name)) await finalize(services, name);
    } catch (error) {
      // Somebody else was faster, or a webhook objects: the next event tries again.
      if (!(error instanceof Refusal)) throw error;
    } finally {
      underWay.delete(name);
    }
  }

  const stop = namespaces.listen(({ type, version }) => {
    if (type !== 'DELETED' && isTerminating(version)) setImmediate(() => void finish(version.name));
  });
  const timer = setInterval(() => {
    for (const version of namespaces.list()) if (isTerminating(version)) void finish(version.name);
  }, 1000);
  timer.unref();
  return () => {
    stopped = true;
    stop();
    clearInterval(timer);
  };
}

function isTerminating({ object }: Version): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

function content(kinds: readonly ServedKind[], namespace: string): [ServedKind, Version][] {
  return kinds
    .filter((kind) => kind.spec.namespaced)
    .flatMap((kind) =>
      kind.collection.list(namespace).map((version): [ServedKind, Version] => [kind, version]),
    );
}

function isEmpty(kinds: readonly ServedKind[], namespace: string): boolean {
  return content(kinds, namespace).length === 0;
}

async function deleteContent(services: Services, namespace: string): Promise<void> {
  for (const [kind, version] of content(services.cluster.registry.all(), namespace)) {
    if (isTerminating(version)) continue;
    const root = kind.spec.group === '' ? '/api' : `/apis/${kind.spec.group}`;
    const path = `${root}/${kind.spec.version}/namespaces/${namespace}/${kind.spec.plural}/${version.name}`;
    await dispatch(services, request('DELETE', path, undefined));
  }
}

async function finalize(services: Services, name: string): Promise<void> {
  const stored = services.cluster.storage.collection(NAMESPACES).get('', name);
  const spec = stored?.object.spec as { finalizers?: readonly string[] } | undefined;
  if (stored === undefined || !isTerminating(stored) || !spec?.finalizers?.length) return;
  const body = { ...stored.object, spec: { finalizers: [] } };
  await dispatch(services, request('PUT', `/api/v1/namespaces/${name}/finalize`, body));
}

function request(method: string, path: string, body: object | undefined): ApiRequest {
  return {
    method,
    path,
    query: new URLSearchParams(),
    user: CONTROLLER,
    accept: '',
    contentType: 'application/json',
    agent: 'kube-controller-manager',
    body: body === undefined ? '' : JSON.stringify(body),
    warnings: [],
  };
}
