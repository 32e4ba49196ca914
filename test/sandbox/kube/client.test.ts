import t from 'tap';
import { isApiError } from '../../../shared/kube/client.ts';
import { LEASES, NAMESPACES, NODES, type Resource } from '../../../shared/kube/resources.ts';
import { serverFor } from './testing/exchange.ts';

const MERGE = 'application/merge-patch+json';

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'fine';
  } catch (error) {
    return isApiError(error) ? `${error.code} ${error.status}` : `not an ApiError: ${error}`;
  }
}

t.test('the in-process client does what the port promises', async (t) => {
  const { api } = await serverFor(t);
  const { client } = api;
  t.equal(await client.get(NODES, 'n1'), undefined);
  const created = await client.create(NODES, { metadata: { name: 'n1' } });
  t.match(created, { kind: 'Node', metadata: { name: 'n1', uid: String, resourceVersion: String } });
  const patched = await client.patch(NODES, 'n1', MERGE, { spec: { unschedulable: true } });
  t.equal(patched.spec?.unschedulable, true);
  const replaced = await client.replace(NODES, { ...patched, spec: {} });
  t.equal(replaced.spec?.unschedulable, undefined);
  const status = { conditions: [{ type: 'Ready', status: 'True' }] };
  const ready = await client.replace(NODES, { ...replaced, status }, { subresource: 'status' });
  t.match(ready.status, status);
  const { items, resourceVersion } = await client.list(NODES);
  t.same(items, [ready]);
  t.equal(resourceVersion, ready.metadata.resourceVersion);
  await client.delete(NODES, 'n1', { uid: created.metadata.uid });
  await client.delete(NODES, 'n1', {});
  t.equal(await client.get(NODES, 'n1'), undefined);
  const lease = await client.create(LEASES, { metadata: { name: 'l' } }, { namespace: 'default' });
  t.same(await client.get(LEASES, 'l', { namespace: 'default' }), lease);
});

t.test('failures are told apart by code', async (t) => {
  const { api } = await serverFor(t);
  const { client } = api;
  const nothing: Resource = { group: 'x.y', version: 'v1', plural: 'zs', kind: 'Z', namespaced: false };
  const namespace = await client.create(NAMESPACES, { metadata: { name: 'a' } });
  const stale = { ...namespace, metadata: { ...namespace.metadata, resourceVersion: '1' } };
  t.equal(await codeOf(client.create(NAMESPACES, { metadata: { name: 'a' } })), 'alreadyExists 409');
  t.equal(await codeOf(client.replace(NAMESPACES, stale)), 'conflict 409');
  t.equal(await codeOf(client.delete(NAMESPACES, 'a', { uid: 'other' })), 'conflict 409');
  t.equal(await codeOf(client.create(NAMESPACES, { metadata: { name: 'A' } })), 'invalid 422');
  t.equal(await codeOf(client.patch(NAMESPACES, 'b', MERGE, {})), 'notFound 404');
  t.equal(await codeOf(client.list(nothing)), 'notFound 404');
  t.equal(await codeOf(client.delete(NAMESPACES, 'default', {})), 'forbidden 403');
});

t.test('its objects are copies', async (t) => {
  const { api } = await serverFor(t);
  const { client } = api;
  const got = (await client.get(NAMESPACES, 'default')) as { metadata: { name: string } } | undefined;
  if (got !== undefined) got.metadata.name = 'spoilt';
  t.equal((await client.get(NAMESPACES, 'default'))?.metadata.name, 'default');
});

t.test('it watches until its time is up, it is aborted, or the reader leaves', async (t) => {
  const { api } = await serverFor(t);
  const { client } = api;
  const { resourceVersion } = await client.list(NAMESPACES);
  await client.create(NAMESPACES, { metadata: { name: 'a' } });
  const seen: string[] = [];
  for await (const { type, object } of client.watch(NAMESPACES, { resourceVersion, timeoutSeconds: 1 })) {
    seen.push(`${type} ${object.metadata.name}`);
  }
  t.same(seen, ['ADDED a']);
  const abort = new AbortController();
  const from = { resourceVersion: '0', timeoutSeconds: 60 };
  let count = 0;
  for await (const _ of client.watch(NAMESPACES, from, { signal: abort.signal })) {
    count += 1;
    if (count === 5) abort.abort();
  }
  t.equal(count, 5);
  for await (const _ of client.watch(NAMESPACES, from)) break;
  api.faults.forgetWatchHistory();
  const late = async () => {
    for await (const _ of client.watch(NAMESPACES, { resourceVersion, timeoutSeconds: 1 }))
      t.fail('too late');
  };
  t.equal(await codeOf(late()), 'expired 410');
});
