import t from 'tap';
import type { CallOptions, KubeClient } from '../../../../shared/kube/client.ts';
import { LEASES, NAMESPACES, type Resource, SECRETS } from '../../../../shared/kube/resources.ts';
import { serverFor } from '../testing/exchange.ts';

/** The revision of an object's deletion, when it is seen. */
async function gone(
  client: KubeClient,
  resource: Resource,
  name: string,
  from: string,
  options: CallOptions = {},
): Promise<number> {
  const since = { resourceVersion: from, timeoutSeconds: 20 };
  for await (const { type, object } of client.watch(resource, since, options)) {
    if (type === 'DELETED' && object.metadata.name === name) return Number(object.metadata.resourceVersion);
  }
  throw new Error(`${name} is still there`);
}

t.test('a deleted namespace is emptied and then goes', async (t) => {
  const { api } = await serverFor(t);
  const { client } = api;
  await client.create(NAMESPACES, { metadata: { name: 'a' } });
  await client.create(SECRETS, { metadata: { name: 's' } }, { namespace: 'a' });
  await client.create(LEASES, { metadata: { name: 'l' } }, { namespace: 'a' });
  await client.create(SECRETS, { metadata: { name: 's' } }, { namespace: 'default' });
  const { resourceVersion } = await client.list(NAMESPACES);
  await client.delete(NAMESPACES, 'a', {});
  await gone(client, NAMESPACES, 'a', resourceVersion);
  t.equal(await client.get(SECRETS, 's', { namespace: 'a' }), undefined);
  t.equal(await client.get(LEASES, 'l', { namespace: 'a' }), undefined);
  t.ok(await client.get(SECRETS, 's', { namespace: 'default' }));
});

t.test('what a finalizer holds holds its namespace', async (t) => {
  const { api } = await serverFor(t);
  const { client } = api;
  await client.create(NAMESPACES, { metadata: { name: 'a' } });
  const metadata = { name: 's', finalizers: ['example.com/held'] };
  await client.create(SECRETS, { metadata }, { namespace: 'a' });
  const { resourceVersion } = await client.list(NAMESPACES);
  await client.delete(NAMESPACES, 'a', {});
  const marked = { resourceVersion, timeoutSeconds: 20 };
  for await (const { object } of client.watch(SECRETS, marked, { namespace: 'a' })) {
    if (object.metadata.deletionTimestamp !== undefined) break;
  }
  t.match(await client.get(NAMESPACES, 'a'), { status: { phase: 'Terminating' } });
  const release = { metadata: { finalizers: null } };
  await client.patch(SECRETS, 's', 'application/merge-patch+json', release, { namespace: 'a' });
  const secretGone = await gone(client, SECRETS, 's', resourceVersion, { namespace: 'a' });
  t.ok((await gone(client, NAMESPACES, 'a', resourceVersion)) > secretGone);
});

t.test('a namespace with a finalizer of its own waits for that, too', async (t) => {
  const { api, exchange } = await serverFor(t);
  const { client } = api;
  await client.create(NAMESPACES, { metadata: { name: 'a', finalizers: ['example.com/held'] } });
  const { resourceVersion } = await client.list(NAMESPACES);
  await client.delete(NAMESPACES, 'a', {});
  for await (const { object } of client.watch(NAMESPACES, { resourceVersion, timeoutSeconds: 20 })) {
    if (object.spec?.finalizers === undefined || object.spec.finalizers.length === 0) break;
  }
  t.equal((await exchange({ path: '/api/v1/namespaces/a' })).status, 200);
  await client.patch(NAMESPACES, 'a', 'application/merge-patch+json', { metadata: { finalizers: null } });
  t.equal(await client.get(NAMESPACES, 'a'), undefined);
});

t.test('without the controller a namespace stays until somebody finalizes it', async (t) => {
  const { api, exchange } = await serverFor(t, { namespaceController: false });
  await api.client.create(NAMESPACES, { metadata: { name: 'a' } });
  await api.client.delete(NAMESPACES, 'a', {});
  const stored = await api.client.get(NAMESPACES, 'a');
  t.match(stored, { status: { phase: 'Terminating' }, spec: { finalizers: ['kubernetes'] } });
  const body = { ...stored, spec: { finalizers: [] } };
  const put = await exchange({ method: 'PUT', path: '/api/v1/namespaces/a/finalize', body });
  t.equal(put.status, 200);
  t.equal(await api.client.get(NAMESPACES, 'a'), undefined);
});
