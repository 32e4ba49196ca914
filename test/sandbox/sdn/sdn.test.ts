// The SDN at work on an API server: what it makes of namespaces that come one after the other, late, or in vain.
import t from 'tap';
import { ApiError, type KubeClient } from '../../../shared/kube/client.ts';
import { NAMESPACES, NET_NAMESPACES, type Resource } from '../../../shared/kube/resources.ts';
import { until } from '../../stack/until.ts';
import { startSandbox } from '../cluster.ts';
import { startSdn } from './sdn.ts';

/** A cluster whose SDN is started by the test, over a client that it may change. */
async function withoutSdn(test: { teardown(handler: () => Promise<void>): unknown }) {
  const { kube, sdn, close } = await startSandbox({ platform: 'baremetal', nodes: 1 });
  test.teardown(close);
  await sdn.close();
  return kube.client;
}

async function netids(client: KubeClient): Promise<Map<string, number>> {
  const { items } = await client.list(NET_NAMESPACES);
  return new Map(items.map(({ metadata, netid }) => [metadata.name, netid]));
}

t.test('net ids are never shared, whenever their namespaces come', async (t) => {
  const client = await withoutSdn(t);
  const sdn = await startSdn(client);
  t.teardown(() => sdn.close());
  for (const name of ['a', 'b', 'c']) {
    await client.create(NAMESPACES, { metadata: { name } });
    await sdn.settled();
  }
  const before = await netids(client);
  t.equal(new Set(before.values()).size, before.size);
  await client.delete(NET_NAMESPACES, 'b', {});
  await sdn.settled();
  const after = await netids(client);
  t.equal(after.size, before.size, 'one that somebody deletes comes back');
  t.equal(new Set(after.values()).size, after.size);
});

t.test('a namespace waits for its NetNamespace, and the others do not', async (t) => {
  const client = await withoutSdn(t);
  const sdn = await startSdn(client, { netNamespaceDelayMs: 300 });
  t.teardown(() => sdn.close());
  await client.create(NAMESPACES, { metadata: { name: 'late' } });
  await sdn.settled();
  t.notOk((await netids(client)).has('late'));
  await until(async () => (await netids(client)).has('late'));
});

t.test('what fails is tried again', async (t) => {
  const client = await withoutSdn(t);
  const create = client.create.bind(client);
  let failures = 2;
  t.capture(client, 'create', async (resource: Resource, object: object) => {
    if (resource.plural === NET_NAMESPACES.plural && failures > 0) {
      failures -= 1;
      throw new ApiError('unavailable', 'the server is not there', { status: 503 });
    }
    return await create(resource, object);
  });
  const sdn = await startSdn(client);
  t.teardown(() => sdn.close());
  await client.create(NAMESPACES, { metadata: { name: 'a' } });
  await until(async () => (await netids(client)).has('a'));
  t.equal(failures, 0);
});
