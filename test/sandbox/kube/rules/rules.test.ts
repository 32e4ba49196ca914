// What is particular to a kind, tried through the API.
import t from 'tap';
import { type Exchange, serverFor, statusOf } from '../testing/exchange.ts';

function post(exchange: Exchange, path: string, body: object) {
  return exchange({ method: 'POST', path, body });
}

t.test('an event is beside what it is about, or in default', async (t) => {
  const { exchange } = await serverFor(t);
  const event = (namespace: string, about: object) =>
    post(exchange, `/api/v1/namespaces/${namespace}/events`, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { generateName: 'e-' },
      involvedObject: { apiVersion: 'v1', name: 'x', ...about },
      reason: 'R',
      type: 'Normal',
    });
  t.equal((await event('default', { kind: 'Namespace' })).status, 201);
  t.equal((await event('kube-system', { kind: 'Secret', namespace: 'kube-system' })).status, 201);
  const astray = await event('kube-system', { kind: 'Namespace' });
  t.equal(astray.status, 422);
  t.match(
    statusOf(astray).message,
    /^Event "e-....." is invalid: involvedObject.namespace: Invalid value: "": does not match event.namespace$/,
  );
  const chosen = await exchange({ path: '/api/v1/events?fieldSelector=involvedObject.kind%3DNamespace' });
  t.equal((chosen.body as { items: unknown[] }).items.length, 1);
});

t.test('a secret keeps its type, a binding its role', async (t) => {
  const { exchange } = await serverFor(t);
  const secrets = '/api/v1/namespaces/default/secrets';
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } };
  await post(exchange, secrets, { ...secret, type: 'a/b' });
  const put = (path: string, body: object) => exchange({ method: 'PUT', path, body });
  t.equal(
    statusOf(await put(`${secrets}/s`, { ...secret, type: 'c/d' })).message,
    'Secret "s" is invalid: type: Invalid value: "c/d": field is immutable',
  );
  t.equal((await put(`${secrets}/s`, { ...secret, type: 'a/b', data: { k: 'dg==' } })).status, 200);

  const bindings = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
  const binding = (role: string) => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'b' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  });
  t.equal((await post(exchange, bindings, binding('view'))).status, 201);
  t.match(statusOf(await put(`${bindings}/b`, binding('edit'))).message, 'cannot change roleRef');
});

t.test('a service is given an address and keeps it', async (t) => {
  const { exchange } = await serverFor(t);
  const path = '/api/v1/namespaces/default/services';
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's' },
    spec: { ports: [{ port: 443 }] },
  };
  const created = await post(exchange, path, service);
  const { clusterIP } = (created.body as { spec: { clusterIP: string } }).spec;
  t.match(clusterIP, /^10\.96\.\d+\.\d+$/);
  const replaced = await exchange({ method: 'PUT', path: `${path}/s`, body: service });
  t.match(replaced.body, { spec: { clusterIP } });
  t.equal((await post(exchange, path, { ...service, metadata: { name: '1s' } })).status, 422);
});

t.test('a lease is replaced by those who know its version', async (t) => {
  const { exchange } = await serverFor(t);
  const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
  const lease = (metadata: object, holderIdentity: string) => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'l', ...metadata },
    spec: { holderIdentity, leaseDurationSeconds: 15, renewTime: '2026-11-22T07:09:05.123456Z' },
  });
  const first = await post(exchange, path, lease({}, 'a'));
  t.equal(first.status, 201);
  const { resourceVersion } = (first.body as { metadata: { resourceVersion: string } }).metadata;
  const put = (metadata: object, holder: string) =>
    exchange({ method: 'PUT', path: `${path}/l`, body: lease(metadata, holder) });
  t.equal((await put({}, 'b')).status, 422);
  t.equal((await put({ resourceVersion }, 'b')).status, 200);
  t.equal((await put({ resourceVersion }, 'c')).status, 409);
});

t.test('a PUT makes some kinds, for who may create them', async (t) => {
  const { api, exchange } = await serverFor(t);
  api.addUser({ token: 'bob', name: 'bob' });
  const rule = (...verbs: string[]) => ({
    rules: [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs }],
  });
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1' };
  const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
  const role = (...verbs: string[]) => ({
    ...rbac,
    kind: 'ClusterRole',
    metadata: { name: 'r' },
    ...rule(...verbs),
  });
  const put = (path: string, body: object, token = 'admin') => exchange({ method: 'PUT', path, body, token });
  t.equal((await put(`${roles}/r`, role('update', 'patch'))).status, 201);
  await post(exchange, '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    ...rbac,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'r' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'r' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'bob' }],
  });
  const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases/l';
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l' } };
  const apply = () =>
    exchange({
      method: 'PATCH',
      path: `${path}?fieldManager=m`,
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: lease,
      token: 'bob',
    });
  for (const refused of [await put(path, lease, 'bob'), await apply()]) {
    t.equal(refused.status, 403);
    t.equal(statusOf(refused).message, 'leases.coordination.k8s.io "l" is forbidden: ');
  }
  const successor = { ...lease, metadata: { name: 'l', resourceVersion: '1' } };
  t.equal((await put(path, successor)).status, 404, 'what was there once is not made again');
  await put(`${roles}/r`, role('update', 'patch', 'create'));
  t.equal((await put(path, lease, 'bob')).status, 201);
  t.equal((await apply()).status, 200);
  t.equal((await put(path, lease, 'bob')).status, 422, 'from now on it says what it replaces');
});

t.test('a lease lasts', async (t) => {
  const { exchange } = await serverFor(t);
  const refused = await post(exchange, '/apis/coordination.k8s.io/v1/namespaces/default/leases', {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'l' },
    spec: { leaseDurationSeconds: 0 },
  });
  t.equal(
    statusOf(refused).message,
    'Lease.coordination.k8s.io "l" is invalid: spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
  );
});

t.test('data has keys that files could have, and stays when it is immutable', async (t) => {
  const { exchange } = await serverFor(t);
  const path = '/api/v1/namespaces/default/configmaps';
  const configMap = (fields: object) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c' },
    ...fields,
  });
  t.match(
    statusOf(await post(exchange, path, configMap({ data: { 'a b': '' } }))).message,
    'ConfigMap "c" is invalid: data[a b]: Invalid value: "a b": a valid config key must consist of',
  );
  t.equal((await post(exchange, path, configMap({ immutable: true, data: { a: '1' } }))).status, 201);
  const put = (fields: object) => exchange({ method: 'PUT', path: `${path}/c`, body: configMap(fields) });
  t.equal(
    statusOf(await put({ data: { a: '2' } })).message,
    'ConfigMap "c" is invalid: [immutable: Forbidden: field is immutable when `immutable` is set, data: Forbidden: field is immutable when `immutable` is set]',
  );
  t.equal((await put({ immutable: true, data: { a: '1' } })).status, 200);
});

t.test('who deletes some kinds is answered with what they were', async (t) => {
  const { exchange } = await serverFor(t);
  const path = '/api/v1/namespaces/default/serviceaccounts';
  await post(exchange, path, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 's' } });
  const { body } = await exchange({ method: 'DELETE', path: `${path}/s` });
  t.match(body, { kind: 'ServiceAccount', metadata: { name: 's' } });
  t.equal((await exchange({ path: `${path}/s` })).status, 404);
});

t.test('every part of a CRD is of a type', async (t) => {
  const { exchange } = await serverFor(t);
  const properties = {
    typed: { type: 'array', items: { description: 'of what?' } },
    open: { 'x-kubernetes-preserve-unknown-fields': true },
    untyped: { properties: { a: { type: 'string' } } },
  };
  const refused = await post(exchange, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'foos.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Cluster',
      names: { kind: 'Foo', plural: 'foos' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties } },
        },
      ],
    },
  });
  const at = 'spec.versions[0].schema.openAPIV3Schema.properties';
  t.equal(
    statusOf(refused).message,
    `CustomResourceDefinition.apiextensions.k8s.io "foos.example.com" is invalid: [${at}[typed].items.type: Required value: must not be empty for specified array items, ${at}[untyped].type: Required value: must not be empty for specified object fields]`,
  );
});
