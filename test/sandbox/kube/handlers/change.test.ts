// PUT and PATCH: what a change may do, what the server keeps, what is refused.
import t from 'tap';
import { HOST_SUBNETS, NAMESPACES, NODES } from '../../../../shared/kube/resources.ts';
import { type Exchange, type Received, serverFor, statusOf } from '../testing/exchange.ts';
import { CRDS, HOST_SUBNET_CRD, installHostSubnets, openCrd } from '../testing/scene.ts';

const SUBNETS = '/apis/network.openshift.io/v1/hostsubnets';
const SUBNET = { host: 'n1', hostIP: '10.0.0.1', subnet: '10.128.0.0/23' };
const MERGE = { 'content-type': 'application/merge-patch+json' };

interface Stored {
  readonly metadata: { readonly resourceVersion: string; readonly generation?: number; readonly uid: string };
  readonly [field: string]: unknown;
}

function stored({ body }: Received): Stored {
  return body as Stored;
}

function merge(exchange: Exchange, path: string, body: object): Promise<Received> {
  return exchange({ method: 'PATCH', path, headers: MERGE, body });
}

t.test('a PUT of a custom resource says what it replaces', async (t) => {
  const { api, exchange } = await serverFor(t);
  await api.client.create(CRDS, HOST_SUBNET_CRD);
  const before = await api.client.create(HOST_SUBNETS, { metadata: { name: 'n1' }, ...SUBNET });
  const path = `${SUBNETS}/n1`;
  const type = { apiVersion: 'network.openshift.io/v1', kind: 'HostSubnet' };
  const put = (metadata: object, rest: object = {}) =>
    exchange({ method: 'PUT', path, body: { ...type, metadata, ...SUBNET, ...rest } });

  const blind = await put({ name: 'n1' });
  t.equal(blind.status, 422);
  t.equal(
    statusOf(blind).message,
    'hostsubnets.network.openshift.io "n1" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update',
  );
  const other = await put({ name: 'n2', resourceVersion: '1' });
  t.equal(statusOf(other).message, 'the name of the object (n2) does not match the name on the URL (n1)');
  const { resourceVersion } = before.metadata;
  const reborn = await put({ name: 'n1', resourceVersion, uid: 'another' });
  t.equal(reborn.status, 409);
  t.match(
    statusOf(reborn).message,
    'Precondition failed: UID in precondition: another, UID in object meta: ',
  );
  const replaced = await put({ name: 'n1', resourceVersion }, { egressIPs: ['10.0.0.2'] });
  t.equal(replaced.status, 200);
  t.match(stored(replaced), {
    metadata: { uid: before.metadata.uid, generation: 2 },
    egressIPs: ['10.0.0.2'],
  });
  const late = await put({ name: 'n1', resourceVersion });
  t.equal(late.status, 409);
  t.equal(statusOf(late).reason, 'Conflict');
  const missing = await exchange({
    method: 'PUT',
    path: `${SUBNETS}/n9`,
    body: { ...type, metadata: { name: 'n9' } },
  });
  t.equal(missing.status, 404);
});

t.test('a namespace can be replaced without saying what it replaces', async (t) => {
  const { exchange } = await serverFor(t);
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default', labels: { a: 'b' } } };
  const replaced = await exchange({ method: 'PUT', path: '/api/v1/namespaces/default', body });
  t.equal(replaced.status, 200);
  t.match(stored(replaced), {
    metadata: { labels: { a: 'b', 'kubernetes.io/metadata.name': 'default' } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  });
});

t.test('what changes nothing is no write', async (t) => {
  const { api, exchange } = await serverFor(t);
  const patch = { metadata: { labels: { a: 'b' } } };
  const first = stored(await merge(exchange, '/api/v1/namespaces/default', patch));
  const second = stored(await merge(exchange, '/api/v1/namespaces/default', patch));
  t.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
  t.equal((await api.client.list(NAMESPACES)).resourceVersion, first.metadata.resourceVersion);
});

t.test('the object and its status are written apart', async (t) => {
  const { api, exchange } = await serverFor(t);
  await api.client.create(CRDS, openCrd('example.com', 'Split', { subresources: { status: {} } }));
  const path = '/apis/example.com/v1/splits/a';
  const type = { apiVersion: 'example.com/v1', kind: 'Split' };
  const body = { ...type, metadata: { name: 'a' }, spec: { x: 1 } };
  await exchange({ method: 'POST', path: '/apis/example.com/v1/splits', body });

  const both = { metadata: { labels: { a: 'b' } }, spec: { x: 2 }, status: { y: 1 } };
  const main = stored(await merge(exchange, path, both));
  t.match(main, { metadata: { generation: 2, labels: { a: 'b' } }, spec: { x: 2 } });
  t.notOk('status' in main);
  const again = { metadata: { labels: { a: 'c' } }, spec: { x: 3 }, status: { y: 2 } };
  const status = stored(await merge(exchange, `${path}/status`, again));
  t.match(status, { metadata: { generation: 2, labels: { a: 'b' } }, spec: { x: 2 }, status: { y: 2 } });
  const get = await exchange({ path: `${path}/status` });
  t.same(get.body, status);
  t.equal((await merge(exchange, `${path}/scale`, {})).status, 404);
});

t.test('metadata alone does not count as a generation, a node has none', async (t) => {
  const { api, exchange } = await serverFor(t);
  await api.client.create(CRDS, HOST_SUBNET_CRD);
  await api.client.create(HOST_SUBNETS, { metadata: { name: 'n1' }, ...SUBNET });
  const labelled = await merge(exchange, `${SUBNETS}/n1`, { metadata: { labels: { a: 'b' } } });
  t.equal(stored(labelled).metadata.generation, 1);
  await api.client.create(NODES, { metadata: { name: 'n1' } });
  const cordoned = await merge(exchange, '/api/v1/nodes/n1', { spec: { unschedulable: true } });
  t.equal(stored(cordoned).metadata.generation, undefined);
});

t.test('a patch may not rename, nor leave an invalid object', async (t) => {
  const { exchange } = await serverFor(t);
  const path = '/api/v1/namespaces/default';
  const renamed = await merge(exchange, path, { metadata: { name: 'other' } });
  t.equal(renamed.status, 400);
  t.equal(
    statusOf(renamed).message,
    'the name of the object (other) does not match the name on the URL (default)',
  );
  const malformed = await exchange({ method: 'PATCH', path, headers: MERGE, body: '{' });
  t.equal(malformed.status, 400);
  const strict = await merge(exchange, `${path}?fieldValidation=Strict`, { spec: { nope: 1 } });
  t.equal(strict.status, 422);
  t.match(
    statusOf(strict).message,
    /^ "" is invalid: patch: Invalid value: ".*": strict decoding error: unknown field "spec.nope"$/,
  );
});

t.test('patches that race are all carried out, those of one resourceVersion but once', async (t) => {
  const { exchange } = await serverFor(t);
  const path = '/api/v1/namespaces/default';
  const count = 20;
  const patches = Array.from({ length: count }, (_, i) => ({
    metadata: { annotations: { [`k${i}`]: 'v' } },
  }));
  const answers = await Promise.all(patches.map((patch) => merge(exchange, path, patch)));
  t.ok(answers.every(({ status }) => status === 200));
  const { metadata } = stored(await exchange({ path })) as unknown as {
    metadata: Record<string, object | string>;
  };
  t.equal(Object.keys(metadata.annotations ?? {}).length, count);

  const { resourceVersion } = metadata;
  const conditional = patches.map((_, i) => ({
    metadata: { resourceVersion, annotations: { winner: `${i}` } },
  }));
  const codes = (await Promise.all(conditional.map((patch) => merge(exchange, path, patch)))).map(
    ({ status }) => status,
  );
  t.equal(codes.filter((code) => code === 200).length, 1);
  t.equal(codes.filter((code) => code === 409).length, count - 1);
});

t.test('server-side apply creates, takes ownership, conflicts and forces', async (t) => {
  const { exchange } = await serverFor(t);
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  const apply = (query: string, annotations: object) => {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a', annotations } };
    return exchange({ method: 'PATCH', path: `/api/v1/namespaces/a?${query}`, headers, body });
  };
  const nobody = await apply('', {});
  t.equal(
    statusOf(nobody).message,
    'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
  );
  t.equal((await apply('fieldManager=one', { x: '1', y: '1' })).status, 201);
  t.equal((await apply('fieldManager=one', { x: '2', y: '1' })).status, 200);
  const conflict = await apply('fieldManager=two', { x: '3' });
  t.equal(conflict.status, 409);
  t.match(statusOf(conflict), {
    reason: 'Conflict',
    message: 'Apply failed with 1 conflict: conflict with "one": .metadata.annotations.x',
    details: {
      causes: [
        { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.metadata.annotations.x' },
      ],
    },
  });
  t.match((await apply('fieldManager=two&force=true', { x: '3' })).body, {
    metadata: { annotations: { x: '3', y: '1' } },
  });
  const dropped = (await apply('fieldManager=one', {})).body as Stored;
  t.same(
    (dropped.metadata as unknown as { annotations: object }).annotations,
    { x: '3' },
    'what one alone owned has gone',
  );
});

t.test('an object with finalizers goes with the last of them', async (t) => {
  const { api, exchange } = await serverFor(t);
  await api.client.create(CRDS, HOST_SUBNET_CRD);
  await api.client.create(HOST_SUBNETS, {
    metadata: { name: 'n1', finalizers: ['example.com/a'] },
    ...SUBNET,
  });
  const path = `${SUBNETS}/n1`;
  const marked = await exchange({ method: 'DELETE', path });
  t.match(stored(marked), {
    metadata: { deletionTimestamp: String, deletionGracePeriodSeconds: 0, generation: 2 },
  });
  const again = await exchange({ method: 'DELETE', path });
  t.same(again.body, marked.body, 'deleting it again changes nothing');
  const held = await merge(exchange, path, { metadata: { finalizers: ['example.com/a', 'example.com/b'] } });
  t.equal(held.status, 422);
  const released = await merge(exchange, path, { metadata: { finalizers: null } });
  t.equal(released.status, 200);
  t.equal((await exchange({ path })).status, 404);
});

t.test('what replaces an object says which', async (t) => {
  const { api, exchange } = await serverFor(t);
  await installHostSubnets(api.client);
  const { metadata } = await api.client.create(HOST_SUBNETS, { metadata: { name: 'n1' }, ...SUBNET });
  const put = (own: object) =>
    exchange({
      method: 'PUT',
      path: `${SUBNETS}/n1`,
      body: { apiVersion: 'network.openshift.io/v1', kind: 'HostSubnet', metadata: own, ...SUBNET },
    });
  const nameless = await put({});
  t.equal(nameless.status, 400);
  t.equal(
    statusOf(nameless).message,
    'the name of the object (n1 based on URL) was undeterminable: name must be provided',
  );
  const successor = await put({ name: 'n1', uid: 'other' });
  t.equal(successor.status, 409);
  t.equal(
    statusOf(successor).message,
    'Operation cannot be fulfilled on hostsubnets.network.openshift.io "n1": StorageError: invalid object, Code: 4, ' +
      'Key: /registry/network.openshift.io/hostsubnets/n1, ResourceVersion: 0, AdditionalErrorMsg: Precondition ' +
      `failed: UID in precondition: other, UID in object meta: ${metadata.uid}`,
  );
});
