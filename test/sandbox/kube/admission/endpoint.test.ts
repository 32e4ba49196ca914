import t from 'tap';
import type { KubeClient } from '../../../../shared/kube/client.ts';
import type { Resource } from '../../../../shared/kube/resources.ts';
import { serverFor, statusOf } from '../testing/exchange.ts';
import { hookEntry, register } from '../testing/hooks.ts';
import { ALLOW, startWebhook } from '../testing/webhook.ts';

const SERVICES: Resource = {
  group: '',
  version: 'v1',
  plural: 'services',
  kind: 'Service',
  namespaced: true,
};
const ENDPOINT_SLICES: Resource = {
  group: 'discovery.k8s.io',
  version: 'v1',
  plural: 'endpointslices',
  kind: 'EndpointSlice',
  namespaced: true,
};

const IN_DEFAULT = { namespace: 'default' };

async function publish(
  client: KubeClient,
  name: string,
  ports: readonly number[],
  ready = true,
): Promise<void> {
  for (const [index, port] of ports.entries()) {
    const labels = { 'kubernetes.io/service-name': name };
    const slice = {
      metadata: { name: `${name}-${index}`, labels },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready } }],
      ports: [
        { name: 'metrics', port: 1, protocol: 'TCP' },
        { name: 'https', port, protocol: 'TCP' },
      ],
    };
    await client.create(ENDPOINT_SLICES, slice, IN_DEFAULT);
  }
}

t.test('a service is called at its ready endpoints in turn, under its own name', async (t) => {
  const { api, exchange } = await serverFor(t);
  const first = await startWebhook(() => ALLOW, ['hook.default.svc']);
  const second = await startWebhook(() => ALLOW, ['hook.default.svc']);
  t.teardown(() => Promise.all([first.close(), second.close()]).then(() => {}));
  const spec = { ports: [{ name: 'https', port: 443 }] };
  await api.client.create(SERVICES, { metadata: { name: 'hook' }, spec }, IN_DEFAULT);
  const service = { name: 'hook', namespace: 'default', path: '/x' };
  const entry = (fields: object) =>
    hookEntry(first, {
      clientConfig: { service, caBundle: `${bundle(first.caBundle, second.caBundle)}` },
      ...fields,
    });
  await register(exchange, 'validating', 'v', entry({}));
  const create = (name: string) =>
    exchange({
      method: 'POST',
      path: '/api/v1/namespaces',
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    });

  const url = 'Post "https://hook.default.svc:443/x?timeout=10s": ';
  t.match(statusOf(await create('a')).message, 'no endpoints available for service "hook"');
  await publish(api.client, 'hook', [first.port, second.port]);
  for (const name of ['a', 'b', 'c', 'd']) t.equal((await create(name)).status, 201);
  t.equal(first.calls.length, 2);
  t.equal(second.calls.length, 2);
  t.equal(first.calls[0]?.headers.host, 'hook.default.svc:443');
  t.equal(first.calls[0]?.path, '/x?timeout=10s');
  t.equal(first.connections() + second.connections(), 2, 'connections are kept');

  await first.close();
  const refusals = [statusOf(await create('e')).message ?? '', statusOf(await create('f')).message ?? ''];
  t.ok(refusals.some((message) => message.includes(url) && message.endsWith('connect: connection refused')));
});

t.test('a port that the service does not have, and endpoints that are not ready', async (t) => {
  const { api, exchange } = await serverFor(t);
  const webhook = await startWebhook(() => ALLOW, ['hook.default.svc']);
  t.teardown(() => webhook.close());
  const spec = { ports: [{ name: 'https', port: 8443 }] };
  await api.client.create(SERVICES, { metadata: { name: 'hook' }, spec }, IN_DEFAULT);
  await publish(api.client, 'hook', [webhook.port], false);
  const rows: readonly (readonly [port: number, why: string])[] = [
    [443, 'no service port 443 found for service "hook"'],
    [8443, 'no endpoints available for service "hook"'],
  ];
  for (const [port, why] of rows) {
    const service = { name: 'hook', namespace: 'default', port };
    const objectSelector = { matchLabels: { port: String(port) } };
    const fields = { clientConfig: { service, caBundle: webhook.caBundle }, objectSelector };
    await register(exchange, 'validating', `p${port}`, hookEntry(webhook, fields));
    const metadata = { name: 'a', labels: { port: String(port) } };
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata };
    t.match(statusOf(await exchange({ method: 'POST', path: '/api/v1/namespaces', body })).message, why);
  }
});

function bundle(...encoded: readonly string[]): string {
  const pem = encoded.map((part) => Buffer.from(part, 'base64').toString()).join('\n');
  return Buffer.from(pem).toString('base64');
}
