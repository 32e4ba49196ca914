import t from 'tap';
import { leasedClient } from '../../reconciler/leased-client.ts';
import { Stale } from '../../reconciler/stale.ts';
import type { KubeClient } from '../../shared/kube/client.ts';
import { NAMESPACES } from '../../shared/kube/resources.ts';
import { FakeKubeClient } from '../fakes/kube-client.ts';

const NAMESPACE = { metadata: { name: 'a', uid: '', resourceVersion: '' } };

/** Every write there is, with the options given. */
const WRITES: Record<string, (client: KubeClient, options?: { timeout: number }) => Promise<unknown>> = {
  create: (client, options) => client.create(NAMESPACES, NAMESPACE, options),
  replace: (client, options) => client.replace(NAMESPACES, NAMESPACE, options),
  patch: (client, options) => client.patch(NAMESPACES, 'a', 'application/merge-patch+json', {}, options),
  delete: (client, options) => client.delete(NAMESPACES, 'a', {}, options),
};

t.test('a write that the lease does not cover is not sent', async (t) => {
  for (const [verb, write] of Object.entries(WRITES)) {
    const inner = new FakeKubeClient();
    const client = leasedClient(inner, () => false, 5_000);
    await t.rejects(write(client), Stale, verb);
    t.same(inner.calls, [], verb);
  }
});

t.test("what counts is the write's own deadline, and it is held to that", async (t) => {
  for (const [verb, write] of Object.entries(WRITES)) {
    const asked: number[] = [];
    const given: unknown[] = [];
    const inner = new Proxy(new FakeKubeClient(), {
      get:
        () =>
        (...args: unknown[]) => {
          given.push(args.at(-1));
          return Promise.resolve({});
        },
    });
    const covers = (deadline: number) => asked.push(deadline) > 0;
    const client = leasedClient(inner, covers, 5_000);
    await write(client);
    await write(client, { timeout: 900 });
    t.same(asked, [5_000, 900], verb);
    t.same(given, [{ timeout: 5_000 }, { timeout: 900 }], verb);
  }
});

t.test('reads go through, whoever leads', async (t) => {
  const inner = new FakeKubeClient();
  inner.put(NAMESPACES, NAMESPACE);
  const client = leasedClient(inner, () => false, 5_000);
  t.match(await client.get(NAMESPACES, 'a'), { metadata: { name: 'a' } });
  t.equal((await client.list(NAMESPACES)).items.length, 1);
  const stop = new AbortController();
  const from = { resourceVersion: '0', timeoutSeconds: 1 };
  for await (const { object } of client.watch(NAMESPACES, from, { signal: stop.signal })) {
    t.equal(object.metadata.name, 'a');
    stop.abort();
  }
});
