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
