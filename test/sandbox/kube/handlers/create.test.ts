import t from 'tap';
import { NAMESPACES } from '../../../../shared/kube/resources.ts';
import { serverFor, statusOf } from '../testing/exchange.ts';
import { CRDS, installHostSubnets, openCrd } from '../testing/scene.ts';

const PATH = '/api/v1/namespaces';

function namespace(metadata: object, rest: object = {}): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata, ...rest };
}

t.test('the server fills in what it decides', async (t) => {
  const { exchange } = await serverFor(t, { now: () => new Date('2026-11-22T07:09:05.5Z') });
  const metadata = { name: 'a', uid: 'mine', generation: 7, deletionTimestamp: '2020-01-01T00:00:00Z' };
  const { status, body } = await exchange({ method: 'POST', path: PATH, body: namespace(metadata) });
  t.equal(status, 201);
  t.match(body, {
    metadata: { name: 'a', uid: /^[0-9a-f-]{36}$/, creationTimestamp: '2026-11-22T07:09:05Z' },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  });
  t.notMatch(body, { metadata: { deletionTimestamp: String } });
  t.notMatch(body, { metadata: { generation: Number } });
});

const UNRECOGNIZED =
  "the object provided is unrecognized (must be of type Namespace): couldn't get version/kind; json parse error: ";

t.test('what cannot be created is refused with a sentence', async (t) => {
  const { api, exchange } = await serverFor(t);
  await installHostSubnets(api.client);
  const hostSubnets = '/apis/network.openshift.io/v1/hostsubnets';
  const hostSubnet = { apiVersion: 'network.openshift.io/v1', kind: 'HostSubnet', metadata: { name: 'n' } };
  const rows: readonly (readonly [path: string, body: unknown, code: number, message: string | RegExp])[] = [
    [PATH, '{"kind"', 400, `${UNRECOGNIZED}unexpected end of JSON input ({"kind")`],
    [PATH, '', 400, `${UNRECOGNIZED}unexpected end of JSON input (<empty>)`],
    [PATH, 'hi', 400, `${UNRECOGNIZED}invalid character 'h' looking for beginning of value (6869)`],
    [PATH, '[]', 400, /json: cannot unmarshal array into Go value of type struct \{ .* \} \(5b5d\)$/],
    [
      hostSubnets,
      { metadata: {} },
      400,
      `HostSubnet in version "v1" cannot be handled as a HostSubnet: Object 'Kind' is missing in '{"metadata":{}}'`,
    ],
    [
      hostSubnets,
      { ...hostSubnet, apiVersion: 'network.openshift.io/v2' },
      400,
      'the API version in the data (network.openshift.io/v2) does not match the expected API version (network.openshift.io/v1)',
    ],
    [
      hostSubnets,
      { ...hostSubnet, kind: 'Other' },
      422,
      'Other.network.openshift.io "n" is invalid: kind: Invalid value: "Other": must be HostSubnet',
    ],
    [
      hostSubnets,
      { ...hostSubnet, metadata: { name: 'n', labels: { x: 1 } } },
      400,
      'HostSubnet in version "v1" cannot be handled as a HostSubnet: json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string',
    ],
    [
      PATH,
      { ...namespace({ name: 'a' }), apiVersion: 'v2' },
      400,
      'Namespace in version "v2" cannot be handled as a Namespace: no kind "Namespace" is registered for version "v2" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    ],
    [
      PATH,
      { ...namespace({ name: 'a' }), kind: 'Pod' },
      400,
      'Pod in version "v1" cannot be handled as a Namespace: converting (v1.Pod) to (core.Namespace): unknown conversion',
    ],
    [
      PATH,
      namespace({ name: 'a', labels: { x: 1 } }),
      400,
      'Namespace in version "v1" cannot be handled as a Namespace: json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      PATH,
      namespace({ name: 'a', resourceVersion: '1' }),
      500,
      'resourceVersion should not be set on objects to be created',
    ],
    [
      PATH,
      namespace({}),
      422,
      'Namespace "" is invalid: metadata.name: Required value: name or generateName is required',
    ],
    [PATH, namespace({ name: 'default' }), 409, 'namespaces "default" already exists'],
    [
      '/api/v1/namespaces/none/configmaps',
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } },
      404,
      'namespaces "none" not found',
    ],
    [
      '/api/v1/namespaces/default/configmaps',
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'other' } },
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    [
      hostSubnets,
      { ...hostSubnet, host: 'n' },
      422,
      'HostSubnet.network.openshift.io "n" is invalid: [hostIP: Required value, subnet: Required value]',
    ],
  ];
  for (const [path, body, code, message] of rows) {
    const received = await exchange({ method: 'POST', path, body });
    t.equal(received.status, code, String(message));
    t.match(statusOf(received), { message, code });
  }
});

t.test('where nothing is served the answer is a line of text', async (t) => {
  const { api, exchange } = await serverFor(t);
  await installHostSubnets(api.client);
  const paths = [
    '/none',
    '/apis/none/v1/things',
    '/apis/apps/v2/deployments',
    '/apis/network.openshift.io/v1/things',
    '/apis/network.openshift.io/v1/namespaces/default/hostsubnets',
  ];
  for (const path of paths) {
    const { status, text, headers } = await exchange({ path });
    t.equal(status, 404, path);
    t.equal(text, '404 page not found\n');
    t.equal(headers['content-type'], 'text/plain; charset=utf-8');
  }
});

t.test('inside what is served a Status says what is missing', async (t) => {
  const { api, exchange } = await serverFor(t);
  await installHostSubnets(api.client);
  const missing = 'the server could not find the requested resource';
  const refused = 'the server does not allow this method on the requested resource';
  const hostSubnets = '/apis/network.openshift.io/v1/hostsubnets';
  const rows: readonly (readonly [method: string, path: string, code: number, message: string])[] = [
    ['GET', '/api/v1/things', 404, missing],
    ['GET', '/apis/apps/v1/things', 404, missing],
    ['GET', '/api/v1/nodes/n/scale', 404, missing],
    ['GET', '/api/v1/namespaces/default/nodes', 404, missing],
    ['GET', '/api/v1/configmaps/c', 404, missing],
    ['POST', '/api/v1/configmaps', 405, refused],
    ['DELETE', PATH, 405, refused],
    ['POST', `${PATH}/default`, 405, refused],
    ['GET', `${hostSubnets}/n/scale`, 404, 'hostsubnets.network.openshift.io "n" not found'],
    ['PUT', hostSubnets, 400, 'name must be provided'],
  ];
  for (const [method, path, code, message] of rows) {
    const received = await exchange({ method, path, ...(method === 'GET' ? {} : { body: {} }) });
    t.match(received, { status: code, headers: { 'content-type': 'application/json' } }, `${method} ${path}`);
    t.match(statusOf(received), { message, code });
  }
  t.same(statusOf(await exchange({ path: '/api/v1/things' })).details, {});
});

t.test('a built-in kind goes without saying', async (t) => {
  const { exchange } = await serverFor(t);
  const { body } = await exchange({ method: 'POST', path: PATH, body: { metadata: { name: 'a' } } });
  t.match(body, { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'a' } });
});

t.test('unknown and duplicate fields are refused, warned of or ignored, as the client wishes', async (t) => {
  const { exchange } = await serverFor(t);
  const body =
    '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"NAME","own":1},"spec":{"a":1,"a":2}}';
  const create = (name: string, query: string) =>
    exchange({ method: 'POST', path: `${PATH}${query}`, body: body.replace('NAME', name) });
  const complaints = 'unknown field "metadata.own", unknown field "spec.a", duplicate field "spec.a"';

  const strict = await create('a', '?fieldValidation=Strict');
  t.equal(
    statusOf(strict).message,
    `Namespace in version "v1" cannot be handled as a Namespace: strict decoding error: ${complaints}`,
  );
  const warned = await create('a', '');
  t.equal(warned.status, 201);
  t.equal(
    warned.headers.warning,
    complaints
      .split(', ')
      .map((complaint) => `299 - "${complaint.replaceAll('"', '\\"')}"`)
      .join(', '),
  );
  t.notMatch(warned.body, { spec: { a: Number } });
  const ignored = await create('b', '?fieldValidation=Ignore');
  t.equal(ignored.status, 201);
  t.equal(ignored.headers.warning, undefined);
});

t.test('a dry run answers as if, and stores nothing', async (t) => {
  const { api, exchange } = await serverFor(t);
  const { revision } = { revision: (await api.client.list(NAMESPACES)).resourceVersion };
  const dry = await exchange({ method: 'POST', path: `${PATH}?dryRun=All`, body: namespace({ name: 'a' }) });
  t.equal(dry.status, 201);
  t.notMatch(dry.body, { metadata: { resourceVersion: String } });
  const taken = await exchange({
    method: 'POST',
    path: `${PATH}?dryRun=All`,
    body: namespace({ name: 'default' }),
  });
  t.equal(taken.status, 409);
  t.equal(await api.client.get(NAMESPACES, 'a'), undefined);
  t.equal((await api.client.list(NAMESPACES)).resourceVersion, revision);
});

t.test('a custom resource begins without status where status is a subresource', async (t) => {
  const { api, exchange } = await serverFor(t);
  await api.client.create(CRDS, openCrd('example.com', 'Plain'));
  await api.client.create(CRDS, openCrd('example.com', 'Split', { subresources: { status: {} } }));
  for (const [kind, kept] of [
    ['Plain', true],
    ['Split', false],
  ] as const) {
    const body = { apiVersion: 'example.com/v1', kind, metadata: { name: 'a' }, spec: {}, status: { x: 1 } };
    const path = `/apis/example.com/v1/${kind.toLowerCase()}s`;
    const received = await exchange({ method: 'POST', path, body });
    t.equal(received.status, 201);
    t.equal('status' in (received.body as object), kept, kind);
    t.match(received.body, { metadata: { generation: 1 } });
  }
});

t.test('YAML is understood, protobuf of a custom resource is not', async (t) => {
  const { api, exchange } = await serverFor(t);
  await installHostSubnets(api.client);
  const yaml = 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: from-yaml\n';
  const created = await exchange({
    method: 'POST',
    path: PATH,
    headers: { 'content-type': 'application/yaml' },
    body: yaml,
  });
  t.equal(created.status, 201);
  const refused = await exchange({
    method: 'POST',
    path: '/apis/network.openshift.io/v1/hostsubnets',
    headers: { 'content-type': 'application/vnd.kubernetes.protobuf' },
    body: 'k8s\0',
  });
  t.equal(refused.status, 415);
  t.equal(
    statusOf(refused).message,
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml',
  );
});

t.test('nothing new comes into a namespace that is being deleted', async (t) => {
  const { api, exchange } = await serverFor(t, { namespaceController: false });
  await api.client.create(NAMESPACES, { metadata: { name: 'a' } });
  await api.client.delete(NAMESPACES, 'a', {});
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } };
  const received = await exchange({ method: 'POST', path: '/api/v1/namespaces/a/configmaps', body });
  t.equal(received.status, 403);
  t.match(statusOf(received), {
    message:
      'configmaps "c" is forbidden: unable to create new content in namespace a because it is being terminated',
    details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] },
  });
});

t.test('secrets keep what was written as text', async (t) => {
  const { exchange } = await serverFor(t);
  const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { key: 'value' } };
  const { body: secret } = await exchange({
    method: 'POST',
    path: '/api/v1/namespaces/default/secrets',
    body,
  });
  t.match(secret, { data: { key: 'dmFsdWU=' }, type: 'Opaque' });
  t.notOk('stringData' in (secret as object));
});
