import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { ApiError } from '../../../shared/kube/client.ts';
import { type Connection, type ConnectionOptions, connect } from '../../../shared/kube/connection.ts';
import type { KubeConfig } from '../../../shared/kube/kubeconfig.ts';
import { ALLOCATIONS, HOST_SUBNETS, LEASES, NAMESPACES } from '../../../shared/kube/resources.ts';
import { type Answerer, type ApiServer, makeCA, reply, startApiServer, status } from './api-server.ts';

const userAgent = 'test/1.0';

async function setUp(
  t: Test,
  answer: Answerer,
  options: Partial<ConnectionOptions> = {},
): Promise<{ server: ApiServer; client: Connection }> {
  const server = await startApiServer(answer);
  return { server, client: open(t, server, server.config, options) };
}

function open(
  t: Test,
  server: ApiServer,
  config: KubeConfig,
  options: Partial<ConnectionOptions> = {},
): Connection {
  const client = connect(config, { userAgent, ...options });
  t.teardown(async () => {
    await client.close();
    await server.close();
  });
  return client;
}

async function rejection(promise: Promise<unknown>): Promise<ApiError> {
  return promise.then(
    () => {
      throw new Error('did not reject');
    },
    (error: ApiError) => error,
  );
}

/** What the server sent: all but the bookmark with which each watch begins. */
async function collect<T>(events: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const event of events) all.push(event);
  return all.slice(1);
}

const one = { metadata: { name: 'one', uid: 'u1', resourceVersion: '7' } };

t.test('each call is the request that the API expects', async (t) => {
  const { server, client } = await setUp(t, (_, response) => reply(response, 200, one));
  await client.get(NAMESPACES, 'one');
  await client.get(LEASES, 'l', { namespace: 'ns' });
  await client.create(ALLOCATIONS, { metadata: { name: '10.0.0.1' } });
  await client.replace(ALLOCATIONS, { ...one, spec: { egressIPAM: '', cidr: '', namespace: '', claim: '' } });
  await client.replace(LEASES, one, { namespace: 'ns' });
  await client.create(NAMESPACES, one);
  await client.patch(HOST_SUBNETS, 'n1', 'application/merge-patch+json', { egressIPs: [] });
  await client.patch(NAMESPACES, 'a/b', 'application/json-patch+json', [], { subresource: 'status' });
  await client.delete(ALLOCATIONS, '10.0.0.1', { uid: 'u', resourceVersion: '5' });
  const allocation = { apiVersion: 'redhatcop.redhat.io/v1alpha1', kind: 'EgressIPAllocation' };
  t.same(
    server.asked.map(({ method, url, body }) => [method, url, body]),
    [
      ['GET', '/api/v1/namespaces/one', undefined],
      ['GET', '/apis/coordination.k8s.io/v1/namespaces/ns/leases/l', undefined],
      [
        'POST',
        '/apis/redhatcop.redhat.io/v1alpha1/egressipallocations',
        { ...allocation, metadata: { name: '10.0.0.1' } },
      ],
      [
        'PUT',
        '/apis/redhatcop.redhat.io/v1alpha1/egressipallocations/one',
        { ...allocation, ...one, spec: { egressIPAM: '', cidr: '', namespace: '', claim: '' } },
      ],
      [
        'PUT',
        '/apis/coordination.k8s.io/v1/namespaces/ns/leases/one',
        { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', ...one },
      ],
      ['POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', ...one }],
      ['PATCH', '/apis/network.openshift.io/v1/hostsubnets/n1', { egressIPs: [] }],
      ['PATCH', '/api/v1/namespaces/a%2Fb/status', []],
      [
        'DELETE',
        '/apis/redhatcop.redhat.io/v1alpha1/egressipallocations/10.0.0.1',
        { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'u', resourceVersion: '5' } },
      ],
    ],
  );
  t.same(
    server.asked.map(({ headers }) => headers['content-type']),
    [
      undefined,
      undefined,
      'application/json',
      'application/json',
      'application/json',
      'application/json',
      'application/merge-patch+json',
      'application/json-patch+json',
      'application/json',
    ],
  );
  for (const { headers } of server.asked) {
    t.match(headers, { accept: 'application/json', 'user-agent': userAgent, authorization: 'Bearer sesame' });
  }
});

t.test('many calls share few kept-alive connections', async (t) => {
  const { server, client } = await setUp(t, (_, response) => reply(response, 200, one));
  for (let i = 0; i < 20; i++) await client.get(NAMESPACES, 'one');
  t.ok(server.connections() <= 2, `${server.connections()} connections one after the other`);
  await Promise.all(Array.from({ length: 300 }, () => client.get(NAMESPACES, 'one')));
  t.ok(server.connections() <= 64, `${server.connections()} connections at once`);
  t.equal(server.asked.length, 320);
});

t.test('an object that is not there is undefined, and deleting it is no error', async (t) => {
  const missing = status(404, 'NotFound', 'namespaces "none" not found', {
    name: 'none',
    kind: 'namespaces',
  });
  const { client } = await setUp(t, (_, response) => reply(response, 404, missing));
  t.equal(await client.get(NAMESPACES, 'none'), undefined);
  t.equal(await client.delete(NAMESPACES, 'none', {}), undefined);
  t.match(await rejection(client.patch(NAMESPACES, 'none', 'application/merge-patch+json', {})), {
    code: 'notFound',
  });
});

t.test('a kind that is not served is not an object that is not there', async (t) => {
  const { client } = await setUp(t, (_, response) => reply(response, 404, '404 page not found\n'));
  t.match(await rejection(client.get(ALLOCATIONS, '10.0.0.1')), { code: 'notFound', status: 404 });
  t.match(await rejection(client.delete(ALLOCATIONS, '10.0.0.1', {})), { code: 'notFound' });
  t.match(await rejection(client.list(ALLOCATIONS)), { code: 'notFound' });
});

t.test('failures are told apart by code', async (t) => {
  let answer: [number, unknown, object] = [500, '', {}];
  const { client } = await setUp(t, (_, response) => reply(response, ...answer));
  const rows: readonly [number, unknown, object, object][] = [
    [
      409,
      status(409, 'AlreadyExists', 'it already exists'),
      {},
      { code: 'alreadyExists', message: 'it already exists' },
    ],
    [409, status(409, 'Conflict', 'modified'), {}, { code: 'conflict' }],
    [
      422,
      status(422, 'Invalid', 'denied the request: no'),
      {},
      { code: 'invalid', message: 'denied the request: no' },
    ],
    [400, status(400, 'BadRequest', 'bad'), {}, { code: 'rejected', status: 400 }],
    [
      400,
      status(400, 'BadRequest', `Object 'Kind' is missing in '{"data":{"password":"secret-word"}}'`),
      {},
      { message: "Object 'Kind' is missing in '…" },
    ],
    [403, status(403, 'Forbidden', 'may not'), {}, { code: 'forbidden' }],
    [410, status(410, 'Expired', 'too old'), {}, { code: 'expired' }],
    [415, status(415, 'UnsupportedMediaType', 'what'), {}, { code: 'rejected' }],
    [
      429,
      status(429, 'TooManyRequests', 'slow down'),
      { 'retry-after': '3' },
      { code: 'throttled', retryAfterSeconds: 3 },
    ],
    [
      503,
      status(503, 'ServiceUnavailable', 'later', { retryAfterSeconds: 7 }),
      { 'retry-after': '1' },
      { code: 'unavailable', status: 503, retryAfterSeconds: 7 },
    ],
    [500, status(500, 'InternalError', 'boom'), {}, { code: 'unavailable', message: 'boom' }],
    [
      502,
      '<html>secret page</html>',
      {},
      { code: 'unavailable', message: 'POST /api/v1/namespaces was answered with HTTP 502' },
    ],
    [201, '<html>', {}, { code: 'unavailable', message: 'POST /api/v1/namespaces: the answer is not JSON' }],
  ];
  for (const [code, body, headers, expected] of rows) {
    answer = [code, body, headers];
    t.match(await rejection(client.create(NAMESPACES, one)), { name: 'ApiError', ...expected }, `${code}`);
  }
});

t.test('a call without an answer is given up after its time, and its outcome is unknown', async (t) => {
  const { client } = await setUp(t, () => {}, { timeout: 60_000 });
  const error = await rejection(client.create(NAMESPACES, one, { timeout: 20 }));
  t.match(error, {
    code: 'unavailable',
    status: 0,
    message: 'POST /api/v1/namespaces: no answer within 20 ms',
  });
});

t.test('an answer whose body stops half way is given up, too', async (t) => {
  const { client } = await setUp(t, (_, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"meta');
  });
  t.match(await rejection(client.get(NAMESPACES, 'one', { timeout: 50 })), { code: 'unavailable' });
});

t.test('the caller can give up', async (t) => {
  const controller = new AbortController();
  const { client } = await setUp(t, () => controller.abort());
  const error = await rejection(client.get(NAMESPACES, 'one', { signal: controller.signal }));
  t.match(error, { code: 'unavailable', message: /given up by the caller/ });
  const again = await rejection(client.get(NAMESPACES, 'one', { signal: controller.signal }));
  t.match(again, { code: 'unavailable' }, 'also before it began');
});

t.test('a write over a connection that breaks is not sent again, a read is', async (t) => {
  let broken = 0;
  const { server, client } = await setUp(t, ({ method }, response, request) => {
    if (method === 'POST' || broken++ === 0) request.socket.destroy();
    else reply(response, 200, one);
  });
  t.match(await client.get(NAMESPACES, 'one'), one);
  t.match(await rejection(client.create(NAMESPACES, one)), { code: 'unavailable' });
  t.same(
    server.asked.map(({ method }) => method),
    ['GET', 'GET', 'POST'],
  );
});

t.test('a server that is not there is unavailable, and no message has the token', async (t) => {
  const server = await startApiServer(() => {});
  await server.close();
  const client = connect(server.config, { userAgent });
  t.teardown(() => client.close());
  const error = await rejection(client.get(NAMESPACES, 'one'));
  t.match(error, { code: 'unavailable', message: /^GET \/api\/v1\/namespaces\/one: .*ECONNREFUSED/ });
  t.notMatch(JSON.stringify([error.message, String(error.cause), error.stack]), /sesame/);
});

t.test('a list is put together from pages of 500 of one snapshot', async (t) => {
  const pages: Record<string, object> = {
    '/api/v1/namespaces?limit=500': {
      metadata: { resourceVersion: '90', continue: 'a=&b' },
      items: [{ n: 1 }, { n: 2 }],
    },
    '/api/v1/namespaces?limit=500&continue=a%3D%26b': {
      metadata: { resourceVersion: '90' },
      items: [{ n: 3 }],
    },
  };
  const { client } = await setUp(t, ({ url }, response) => reply(response, 200, pages[url]));
  t.same(await client.list(NAMESPACES), { resourceVersion: '90', items: [{ n: 1 }, { n: 2 }, { n: 3 }] });
});

t.test('an empty list may come as null', async (t) => {
  const { client } = await setUp(t, (_, response) =>
    reply(response, 200, { metadata: { resourceVersion: '5' }, items: null }),
  );
  t.same(await client.list(NAMESPACES), { resourceVersion: '5', items: [] });
});

t.test('a list whose snapshot expires half way is begun again, in the end in one piece', async (t) => {
  const { server, client } = await setUp(t, ({ url }, response) => {
    if (url.includes('continue')) reply(response, 410, status(410, 'Expired', 'too old'));
    else if (url.includes('limit'))
      reply(response, 200, { metadata: { resourceVersion: '1', continue: 'c' }, items: [{}] });
    else reply(response, 200, { metadata: { resourceVersion: '9' }, items: [one] });
  });
  t.same(await client.list(NAMESPACES), { resourceVersion: '9', items: [one] });
  t.equal(server.asked.length, 5);
});

t.test('refused credentials are looked up again at once, and once only', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'token-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, 'old\n');
  let accepted = 'Bearer old';
  const server = await startApiServer(({ headers }, response) =>
    headers.authorization === accepted
      ? reply(response, 200, one)
      : reply(response, 401, status(401, 'Unauthorized', 'Unauthorized')),
  );
  const client = open(t, server, { ...server.config, user: { name: 'u', tokenFile } });
  t.match(await client.get(NAMESPACES, 'one'), one);
  accepted = 'Bearer new';
  await writeFile(tokenFile, 'new\n');
  t.match(await client.create(NAMESPACES, one), one);
  accepted = 'Bearer other';
  t.match(await rejection(client.get(NAMESPACES, 'one')), { code: 'unauthorized' });
  t.equal(server.asked.length, 5);
  t.ok(server.connections() <= 2, 'a token is no reason for another connection');
});

t.test('a rotated CA file is followed, and what did not rotate keeps its connections', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ca-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const caFile = join(folder, 'ca.crt');
  let now = 0;
  const server = await startApiServer((_, response) => reply(response, 200, one));
  await writeFile(caFile, server.ca.cert);
  const { caData: _, ...cluster } = server.config.cluster;
  const client = open(t, server, { ...server.config, cluster: { ...cluster, caFile } }, { now: () => now });
  await client.get(NAMESPACES, 'one');
  now += 60_000;
  await client.get(NAMESPACES, 'one');
  t.equal(server.connections(), 1);

  const next = makeCA();
  await writeFile(caFile, next.cert);
  server.serveWith(next);
  server.dropConnections();
  t.match(await rejection(client.get(NAMESPACES, 'one')), { code: 'unavailable' }, 'not read again yet');
  now += 10_000;
  t.match(await client.get(NAMESPACES, 'one'), one);
});

t.test(
  'a server that is not who it should be is refused, unless the kubeconfig says otherwise',
  async (t) => {
    const server = await startApiServer((_, response) => reply(response, 200, one));
    const { cluster } = server.config;
    const attempt = (change: object) =>
      open(t, server, { ...server.config, cluster: { ...cluster, ...change } }).get(NAMESPACES, 'one');
    const stranger = Buffer.from(makeCA().cert).toString('base64');
    t.match(await rejection(attempt({ caData: stranger })), { code: 'unavailable' });
    t.match(await attempt({ caData: stranger, skipTLSVerify: true }), one);
    t.match(await attempt({ tlsServerName: 'kubernetes.default' }), one);
    t.match(await rejection(attempt({ tlsServerName: 'elsewhere' })), { code: 'unavailable' });
  },
);

t.test('requests go through the proxy of the kubeconfig, encrypted end to end', async (t) => {
  const tunnels: string[] = [];
  const proxy = createServer((_, response) => response.writeHead(500).end());
  proxy.on('connect', (request, socket) => {
    const target = request.url ?? '';
    tunnels.push(target);
    const [host, port] = target.split(':');
    const upstream = connectSocket(Number(port), host ?? '', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    for (const end of [socket, upstream]) end.on('error', () => {});
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.teardown(() => proxy.close());
  const server = await startApiServer((_, response) => reply(response, 200, one));
  const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const client = open(t, server, { ...server.config, cluster: { ...server.config.cluster, proxyUrl } });
  t.match(await client.get(NAMESPACES, 'one'), one);
  t.match(await client.get(NAMESPACES, 'one'), one);
  t.ok(
    tunnels.length <= 2 && tunnels.every((target) => server.config.cluster.server.endsWith(target)),
    tunnels.join(),
  );
  t.ok(tunnels.length > 0);
});

t.test('a watch yields events in order, bookmarks among them, until the server ends it', async (t) => {
  const lines = [
    { type: 'ADDED', object: one },
    { type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } },
    { type: 'DELETED', object: { metadata: { name: 'Ünïcödé ☃' } } },
  ];
  const { server, client } = await setUp(t, (_, response) => {
    const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    response.writeHead(200);
    for (const byte of bytes) response.write(Buffer.of(byte));
    response.end();
  });
  t.same(await collect(client.watch(NAMESPACES, { resourceVersion: '5', timeoutSeconds: 300 })), lines);
  t.equal(
    server.asked[0]?.url,
    '/api/v1/namespaces?watch=1&allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds=300',
  );
});

t.test('a watch tells at once that the server has taken it up', async (t) => {
  const { client } = await setUp(t, (_, response) => {
    response.writeHead(200);
    response.flushHeaders();
  });
  const events = client
    .watch(NAMESPACES, { resourceVersion: '5', timeoutSeconds: 300 })
    [Symbol.asyncIterator]();
  const { value } = await events.next();
  t.match(value, { type: 'BOOKMARK', object: { metadata: { resourceVersion: '5' } } });
  await events.return?.();
});

t.test('a watch that has started is not ended by the time limit of calls', async (t) => {
  const { client } = await setUp(t, (_, response) => {
    response.writeHead(200);
    response.flushHeaders();
    setTimeout(() => response.end(`${JSON.stringify({ type: 'ADDED', object: one })}\n`), 120);
  });
  const events = client.watch(NAMESPACES, { resourceVersion: '5', timeoutSeconds: 300 }, { timeout: 60 });
  t.equal((await collect(events)).length, 1);
});

t.test('a watch that does not start is given up', async (t) => {
  const { client } = await setUp(t, () => {});
  const events = client.watch(NAMESPACES, { resourceVersion: '5', timeoutSeconds: 300 }, { timeout: 20 });
  t.match(await rejection(collect(events)), { code: 'unavailable', message: /no answer within 20 ms/ });
});

t.test('a watch from too old a version is expired, in the stream or before it', async (t) => {
  let early = false;
  const gone = status(410, 'Expired', 'too old resource version: 1 (260)');
  const { client } = await setUp(t, (_, response) => {
    if (early) reply(response, 410, gone);
    else reply(response, 200, `${JSON.stringify({ type: 'ERROR', object: gone })}\n`);
  });
  const watch = () => collect(client.watch(NAMESPACES, { resourceVersion: '1', timeoutSeconds: 300 }));
  t.match(await rejection(watch()), { code: 'expired', message: 'too old resource version: 1 (260)' });
  early = true;
  t.match(await rejection(watch()), { code: 'expired' });
});

t.test('nothing in a watch that cannot be read is passed over', async (t) => {
  let body = '';
  const { client } = await setUp(t, (_, response) => reply(response, 200, body));
  for (const bad of [
    '{"type":"ADDED"',
    '{"type":"ADDED"}\n',
    'null\n',
    '{"type":"NEW","object":{}}\n',
    'x\n',
  ]) {
    body = `${JSON.stringify({ type: 'ADDED', object: one })}\n${bad}`;
    const seen: unknown[] = [];
    const read = async () => {
      for await (const event of client.watch(NAMESPACES, { resourceVersion: '1', timeoutSeconds: 300 }))
        seen.push(event);
    };
    t.match(await rejection(read()), { code: 'unavailable' }, bad);
    t.equal(seen.length, 2);
  }
});

t.test('a watch that is cut rejects, one that is left or given up ends its connection', async (t) => {
  const { server, client } = await setUp(t, (_, response) => {
    response.writeHead(200);
    response.write(`${JSON.stringify({ type: 'ADDED', object: one })}\n`);
  });
  const from = { resourceVersion: '1', timeoutSeconds: 300 };

  const cut = async () => {
    for await (const { type } of client.watch(NAMESPACES, from))
      if (type === 'ADDED') server.dropConnections();
  };
  t.match(await rejection(cut()), { code: 'unavailable' });

  for await (const _ of client.watch(NAMESPACES, from)) break;

  const controller = new AbortController();
  const given = async () => {
    for await (const _ of client.watch(NAMESPACES, from, { signal: controller.signal })) controller.abort();
  };
  t.match(await rejection(given()), { code: 'unavailable', message: /given up by the caller/ });
  while (server.open() > 0) await new Promise((resolve) => setImmediate(resolve));
  t.pass('no connection is left');
});

t.test('after close every call is refused', async (t) => {
  const { client } = await setUp(t, (_, response) => reply(response, 200, one));
  await client.get(NAMESPACES, 'one');
  await client.close();
  t.match(await rejection(client.get(NAMESPACES, 'one')), { code: 'unavailable', message: /closed/ });
});

t.test('a rotated client certificate or key is followed', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'client-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  const [before, after] = [makeCA(), makeCA()];
  let now = 0;
  const server = await startApiServer((_, response) => reply(response, 200, one));
  const write = ({ cert, key }: { cert: string; key: string }) =>
    Promise.all([writeFile(certFile, cert), writeFile(keyFile, key)]);
  await write(before);
  const client = open(
    t,
    server,
    { ...server.config, user: { name: 'robot', certFile, keyFile } },
    { now: () => now },
  );
  for (const [pair, connections] of [
    [before, 1],
    [before, 1],
    [after, 2],
    [after, 2],
  ] as const) {
    await write(pair);
    now += 60_000;
    await client.get(NAMESPACES, 'one');
    t.equal(server.connections(), connections);
  }
});
