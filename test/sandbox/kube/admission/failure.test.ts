// What becomes of a request when a webhook fails.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { type Exchange, serverFor, statusOf } from '../testing/exchange.ts';
import { createNamespace as create, hookEntry, register, webhookFor } from '../testing/hooks.ts';
import { ALLOW, type Answer, jsonPatch, startWebhook } from '../testing/webhook.ts';

/** Of a server that knows nothing of TLS. */
async function plainPort(t: { teardown(fn: () => void): void }): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A service with this one endpoint on loopback. */
async function serveAt(exchange: Exchange, name: string, port: number): Promise<void> {
  const ports = [{ port: 443 }];
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports } };
  await exchange({ method: 'POST', path: '/api/v1/namespaces/default/services', body: service });
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ port }],
    endpoints: [{ addresses: ['127.0.0.1'] }],
  };
  const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
  await exchange({ method: 'POST', path: slices, body: slice });
}

const INTERNAL = 'Internal error occurred: failed calling webhook "hook.example.com": ';

t.test('a webhook that fails refuses or is passed over, as its failure policy says', async (t) => {
  const { exchange } = await serverFor(t);
  const failures: readonly (readonly [what: string, answer: () => Answer | Promise<Answer>, why: RegExp])[] =
    [
      [
        'hangs',
        () => new Promise(() => {}),
        /^failed to call webhook: Post "https:.*\/hook\?timeout=1s": context deadline exceeded$/,
      ],
      [
        'is unavailable',
        () => ({ http: 503, body: 'x' }),
        /^failed to call webhook: the server is currently unable to handle the request$/,
      ],
      [
        'has no such path',
        () => ({ http: 404, body: '' }),
        /^failed to call webhook: the server could not find the requested resource$/,
      ],
      ['forbids it', () => ({ http: 403, body: 'not you\n' }), /^failed to call webhook: not you$/],
      [
        'talks nonsense',
        () => ({ http: 200, body: 'nonsense' }),
        /^failed to call webhook: couldn't get version\/kind; json parse error: invalid character 'o' in literal null \(expecting 'u'\)$/,
      ],
      [
        'says nothing',
        () => ({ http: 200, body: '{}' }),
        /^received invalid webhook response: webhook response was absent$/,
      ],
      [
        'sends a patch of another kind',
        () => ({ allowed: true, ...jsonPatch({ op: 'test', path: '', value: 1 }), patchType: 'MergePatch' }),
        /^unsupported patch type "MergePatch"$/,
      ],
      [
        'sends a patch that is none',
        () => ({ allowed: true, patch: Buffer.from('{}').toString('base64'), patchType: 'JSONPatch' }),
        /^received undecodable patch in webhook response: json: cannot unmarshal object into Go value of type jsonpatch.Patch$/,
      ],
    ];
  let answer: () => Answer | Promise<Answer> = () => ALLOW;
  const webhook = await webhookFor(t, () => answer());
  await register(
    exchange,
    'mutating',
    'fail',
    hookEntry(webhook, { timeoutSeconds: 1, objectSelector: { matchLabels: { policy: 'fail' } } }),
  );
  await register(
    exchange,
    'mutating',
    'ignore',
    hookEntry(webhook, {
      timeoutSeconds: 1,
      failurePolicy: 'Ignore',
      objectSelector: { matchLabels: { policy: 'ignore' } },
    }),
  );
  for (const [index, [what, failing, why]] of failures.entries()) {
    answer = failing;
    const refused = await create(exchange, `fail-${index}`, { labels: { policy: 'fail' } });
    t.equal(refused.status, 500, what);
    const { message = '' } = statusOf(refused);
    t.ok(message.startsWith(INTERNAL), message);
    t.match(message.slice(INTERNAL.length), why);
    t.equal((await create(exchange, `ignore-${index}`, { labels: { policy: 'ignore' } })).status, 201, what);
  }
});

t.test('a webhook that cannot be reached or trusted is told in the words of Go', async (t) => {
  const { exchange } = await serverFor(t);
  const [webhook, other] = [await webhookFor(t), await webhookFor(t)];
  const closed = await startWebhook(() => ALLOW);
  await closed.close();
  const rows: readonly (readonly [name: string, clientConfig: object, why: RegExp])[] = [
    ['closed', { url: `${closed.url}/hook` }, /dial tcp 127\.0\.0\.1:\d+: connect: connection refused$/],
    [
      'untrusted',
      { url: `${webhook.url}/hook`, caBundle: other.caBundle },
      /tls: failed to verify certificate: x509: certificate signed by unknown authority$/,
    ],
    [
      'plain',
      { url: `https://127.0.0.1:${await plainPort(t)}/` },
      /: http: server gave HTTP response to HTTPS client$/,
    ],
    [
      'others',
      { service: { name: 'others', namespace: 'default' }, caBundle: webhook.caBundle },
      /tls: failed to verify certificate: x509: certificate is valid for localhost, not others\.default\.svc$/,
    ],
    [
      'nowhere',
      { service: { name: 'none', namespace: 'default' } },
      /failed to call webhook: Post "https:\/\/none\.default\.svc:443\/\?timeout=10s": service "none" not found$/,
    ],
  ];
  await serveAt(exchange, 'others', webhook.port);
  for (const [name, clientConfig, why] of rows) {
    const objectSelector = { matchLabels: { to: name } };
    await register(exchange, 'validating', name, hookEntry(webhook, { clientConfig, objectSelector }));
    t.match(statusOf(await create(exchange, name, { labels: { to: name } })).message, why);
  }
});

t.test('the request as a whole has a time limit, too', async (t) => {
  const { exchange } = await serverFor(t, { requestTimeoutMs: 300 });
  const webhook = await webhookFor(t, () => new Promise(() => {}));
  await register(exchange, 'mutating', 'slow', hookEntry(webhook, { failurePolicy: 'Ignore' }));
  const late = await create(exchange, 'a');
  t.equal(late.status, 504);
  t.equal(statusOf(late).reason, 'Timeout');
});

t.test('a deletion cannot be patched', async (t) => {
  const { exchange } = await serverFor(t);
  const remove = jsonPatch({ op: 'remove', path: '/metadata/labels' });
  const webhook = await webhookFor(t, () => ({ allowed: true, ...remove }));
  const rules = [{ apiGroups: [''], apiVersions: ['v1'], resources: ['namespaces'], operations: ['DELETE'] }];
  await register(exchange, 'mutating', 'm', hookEntry(webhook, { rules, failurePolicy: 'Ignore' }));
  const path = '/api/v1/namespaces/kube-node-lease';
  const refused = await exchange({ method: 'DELETE', path });
  t.equal(refused.status, 500);
  t.equal(
    statusOf(refused).message,
    'Internal error occurred: admission webhook "hook.example.com" attempted to modify the object, which is not supported for this operation',
  );
});
