import t from 'tap';
import { NAMESPACES } from '../../../shared/kube/resources.ts';
import type { Fault } from './faults.ts';
import { type Exchange, type Received, serverFor, statusOf } from './testing/exchange.ts';

const PATH = '/api/v1/namespaces';

function create(exchange: Exchange, name: string, token = 'admin'): Promise<Received> {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  return exchange({ method: 'POST', path: PATH, body, token });
}

t.test('a refusal hits the requests that it is meant for, as often as it is meant to', async (t) => {
  const { api, exchange } = await serverFor(t);
  const rows: readonly (readonly [fault: Fault, code: number, reason: string])[] = [
    [
      { on: { verb: 'create', resource: 'namespaces' }, effect: { kind: 'refuse', code: 409 }, times: 1 },
      409,
      'Conflict',
    ],
    [
      { on: { user: 'admin' }, effect: { kind: 'refuse', code: 429, retryAfterSeconds: 3 }, times: 1 },
      429,
      'TooManyRequests',
    ],
    [{ on: {}, effect: { kind: 'refuse', code: 500 }, times: 1 }, 500, 'InternalError'],
    [
      { on: {}, effect: { kind: 'refuse', code: 503, retryAfterSeconds: 2 }, times: 1 },
      503,
      'ServiceUnavailable',
    ],
  ];
  for (const [fault, code, reason] of rows) {
    api.faults.add(fault);
    const refused = await create(exchange, `n-${code}`);
    t.equal(refused.status, code);
    t.equal(statusOf(refused).reason, reason);
    t.equal((await create(exchange, `n-${code}`)).status, 201, 'the next one is not hit');
  }
  const missing: readonly Fault['on'][] = [
    { verb: 'list' },
    { resource: 'secrets' },
    { user: 'bob' },
    { subresource: 'status' },
    { name: 'other' },
  ];
  for (const on of missing) api.faults.add({ on, effect: { kind: 'refuse', code: 503 } });
  t.equal((await create(exchange, 'unharmed')).status, 201);
  t.equal((await exchange({ path: PATH })).status, 503);
  api.faults.clear();
  t.equal((await exchange({ path: PATH })).status, 200);
});

t.test('a fault lasts until it is taken back', async (t) => {
  const { api, exchange } = await serverFor(t);
  const end = api.faults.add({ on: { verb: 'list' }, effect: { kind: 'refuse', code: 503 } });
  t.equal((await exchange({ path: PATH })).status, 503);
  t.equal((await exchange({ path: PATH })).status, 503);
  end();
  t.equal((await exchange({ path: PATH })).status, 200);
});

t.test('a slow answer is late but right', async (t) => {
  const { api, exchange } = await serverFor(t);
  api.faults.add({ on: { verb: 'list' }, effect: { kind: 'latency', milliseconds: 200 } });
  const start = performance.now();
  t.equal((await exchange({ path: PATH })).status, 200);
  t.ok(performance.now() - start >= 195);
});

t.test('a connection breaks before the request takes effect, or after', async (t) => {
  const { api, exchange } = await serverFor(t);
  for (const when of ['before', 'after'] as const) {
    api.faults.add({ on: { verb: 'create' }, effect: { kind: 'drop', when }, times: 1 });
    await t.rejects(create(exchange, when), { code: 'ECONNRESET' });
    t.equal((await api.client.get(NAMESPACES, when)) !== undefined, when === 'after', when);
  }
});

t.test('a silent connection answers nothing', async (t) => {
  const { api, exchange } = await serverFor(t);
  api.faults.add({ on: { verb: 'create' }, effect: { kind: 'silence', when: 'after' }, times: 1 });
  const { resourceVersion } = await api.client.list(NAMESPACES);
  const unanswered = create(exchange, 'silent').then(
    () => 'answered',
    () => 'cut',
  );
  for await (const { object } of api.client.watch(NAMESPACES, { resourceVersion, timeoutSeconds: 10 })) {
    if (object.metadata.name === 'silent') break;
  }
  t.equal((await exchange({ path: `${PATH}/silent` })).status, 200, 'it took effect');
  api.faults.cutConnections();
  t.equal(await unanswered, 'cut');
});

t.test('a watch falls silent, and others do not', async (t) => {
  const { api, exchange } = await serverFor(t);
  const { resourceVersion } = await api.client.list(NAMESPACES);
  const path = `${PATH}?watch=1&timeoutSeconds=1&resourceVersion=${resourceVersion}`;
  const silent = exchange({ path });
  const watched = () => api.audit.entries({ verb: 'watch' }).length === 1;
  for (; !watched(); await new Promise((resolve) => setImmediate(resolve)));
  api.faults.muteWatches();
  const speaking = exchange({ path });
  await create(exchange, 'a');
  t.match((await speaking).body, { type: 'ADDED', object: { metadata: { name: 'a' } } });
  api.faults.cutConnections();
  await t.rejects(silent, 'not even its end came');
});

t.test('a restart breaks connections and forgets history, and goes on serving', async (t) => {
  const { api, exchange } = await serverFor(t);
  const { resourceVersion } = await api.client.list(NAMESPACES);
  await create(exchange, 'a');
  const watching = exchange({ path: `${PATH}?watch=1&resourceVersion=${resourceVersion}` });
  const cut = t.rejects(watching);
  await exchange({ path: PATH });
  api.faults.restart();
  await cut;
  const again = await exchange({
    path: `${PATH}?watch=1&timeoutSeconds=1&resourceVersion=${resourceVersion}`,
  });
  t.match(again.body, { type: 'ERROR', object: { code: 410 } });
  t.ok(await api.client.get(NAMESPACES, 'a'), 'nothing stored is lost');
});

t.test('the in-process client meets no faults', async (t) => {
  const { api } = await serverFor(t);
  api.faults.add({ on: {}, effect: { kind: 'refuse', code: 503 } });
  t.ok(await api.client.list(NAMESPACES));
});
