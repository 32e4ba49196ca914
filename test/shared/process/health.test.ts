import { once } from 'node:events';
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { type Checks, serveHealth, serveMetrics } from '../../../shared/process/health.ts';
import { createMetrics } from '../../../shared/process/metrics.ts';

const loopback = { host: '127.0.0.1', port: 0 };

async function health(t: Test, checks: { healthz?: Checks; readyz?: Checks }) {
  const server = await serveHealth(loopback, { healthz: {}, readyz: {}, ...checks });
  t.teardown(() => server.close());
  return async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, init);
    return [response.status, await response.text()];
  };
}

t.test('a process without complaints is alive and ready', async (t) => {
  const get = await health(t, { readyz: { caches: () => undefined } });
  t.same(await get('/healthz'), [200, 'ok\n']);
  t.same(await get('/readyz?verbose'), [200, 'ok\n']);
});

t.test('one that is not ready says why, and is alive all the same', async (t) => {
  let why: string | undefined = 'waiting for namespaces';
  const get = await health(t, { readyz: { caches: () => why, certificate: () => undefined } });
  t.same(await get('/readyz'), [503, '[-] caches: waiting for namespaces\n[+] certificate\n']);
  t.same(await get('/healthz'), [200, 'ok\n']);
  why = undefined;
  t.same(await get('/readyz'), [200, 'ok\n']);
});

t.test('a check that throws is an internal error, and the server lives on', async (t) => {
  const get = await health(t, {
    readyz: {
      broken: () => {
        throw new Error('bug');
      },
    },
  });
  t.same(await get('/readyz'), [500, 'internal error\n']);
  t.same(await get('/healthz'), [200, 'ok\n']);
});

t.test('nothing else is served', async (t) => {
  const get = await health(t, {});
  t.equal((await get('/'))[0], 404);
  t.equal((await get('/metrics'))[0], 404);
  t.equal((await get('/healthz', { method: 'POST' }))[0], 405);
  t.same(await get('/healthz', { method: 'HEAD' }), [200, '']);
});

t.test('metrics are served as Prometheus reads them', async (t) => {
  const metrics = createMetrics();
  metrics
    .counter({ name: 'allocations_total', help: 'Allocations made.', labels: ['pool'] })
    .inc({ pool: 'a' }, 2);
  metrics.gauge({ name: 'free', help: 'Free addresses.', collect: (gauge) => gauge.set(7) });
  metrics.histogram({ name: 'pass_seconds', help: 'Time of a pass.', buckets: [0.1, 1] }).observe(0.5);
  const server = await serveMetrics(loopback, metrics);
  t.teardown(() => server.close());
  const response = await fetch(`http://127.0.0.1:${server.port}/metrics`);
  const text = await response.text();
  t.match(response.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
  t.match(text, 'allocations_total{pool="a"} 2\n');
  t.match(text, 'free 7\n');
  t.match(text, 'pass_seconds_bucket{le="1"} 1\n');
  t.match(text, 'process_resident_memory_bytes');
});

t.test('registries do not mix', async (t) => {
  const [one, other] = [createMetrics(), createMetrics()];
  one.counter({ name: 'mine_total', help: 'Mine.' }).inc();
  t.notMatch(await other.text(), 'mine_total');
});

t.test('a server that is switched off does not listen', async (t) => {
  const server = await serveHealth('off', { healthz: {}, readyz: {} });
  t.equal(server.port, undefined);
  await server.close();
});

t.test('an address that is taken is an error', async (t) => {
  const first = await serveHealth(loopback, { healthz: {}, readyz: {} });
  t.teardown(() => first.close());
  const taken = { host: '127.0.0.1', port: first.port ?? 0 };
  await t.rejects(serveHealth(taken, { healthz: {}, readyz: {} }), { code: 'EADDRINUSE' });
});

t.test(
  'closing does not wait for clients, neither for idle ones nor for one in the middle of a request',
  async (t) => {
    const server = await serveHealth(loopback, { healthz: {}, readyz: {} });
    await (await fetch(`http://127.0.0.1:${server.port}/healthz`)).text();
    const slow = connect(server.port ?? 0, '127.0.0.1');
    slow.on('error', () => {});
    await once(slow, 'connect');
    slow.write('GET /healthz HTTP/1.1\r\n');
    await fetch(`http://127.0.0.1:${server.port}/healthz`);
    await server.close();
    await t.rejects(fetch(`http://127.0.0.1:${server.port}/healthz`));
  },
);
