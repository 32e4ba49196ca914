import t from 'tap';
import { HOST_SUBNETS, NAMESPACES } from '../../../../shared/kube/resources.ts';
import { serverFor, statusOf } from '../testing/exchange.ts';
import { CRDS, HOST_SUBNET_CRD } from '../testing/scene.ts';

const CONFIG_MAPS = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
  namespaced: true,
} as const;

t.test('what is deleted is confirmed by its uid', async (t) => {
  const { api, exchange } = await serverFor(t);
  const map = await api.client.create(CONFIG_MAPS, { metadata: { name: 'c' } }, { namespace: 'default' });
  const path = '/api/v1/namespaces/default/configmaps/c';
  const { status, body } = await exchange({ method: 'DELETE', path });
  t.equal(status, 200);
  t.same(body, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name: 'c', kind: 'configmaps', uid: map.metadata.uid },
  });
  t.equal((await exchange({ method: 'DELETE', path })).status, 404);
});

t.test('preconditions that do not hold stop a deletion', async (t) => {
  const { api, exchange } = await serverFor(t);
  await api.client.create(CRDS, HOST_SUBNET_CRD);
  const subnet = { metadata: { name: 'n' }, host: 'n', hostIP: '10.0.0.1', subnet: '10.128.0.0/23' };
  const { uid, resourceVersion } = (await api.client.create(HOST_SUBNETS, subnet)).metadata;
  const remove = (path: string, preconditions: object) =>
    exchange({ method: 'DELETE', path, body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions } });
  const path = '/apis/network.openshift.io/v1/hostsubnets/n';

  const otherUid = await remove(path, { uid: 'other' });
  t.equal(otherUid.status, 409);
  t.equal(
    statusOf(otherUid).message,
    'Operation cannot be fulfilled on HostSubnet.network.openshift.io "n": the UID in the precondition (other) ' +
      `does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
  );
  const otherVersion = await remove(path, { uid, resourceVersion: '1' });
  t.equal(
    statusOf(otherVersion).message,
    'Operation cannot be fulfilled on HostSubnet.network.openshift.io "n": the ResourceVersion in the precondition (1) ' +
      `does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
  );
  t.equal((await remove(path, { uid, resourceVersion })).status, 200);
  const namespace = await remove('/api/v1/namespaces/kube-node-lease', { uid: 'other' });
  t.match(
    statusOf(namespace).message,
    /^Operation cannot be fulfilled on namespaces "kube-node-lease": Precondition failed: UID in precondition: other, /,
  );
});

t.test('a dry run deletes nothing', async (t) => {
  const { api, exchange } = await serverFor(t);
  await api.client.create(CONFIG_MAPS, { metadata: { name: 'c' } }, { namespace: 'default' });
  const path = '/api/v1/namespaces/default/configmaps/c';
  t.equal((await exchange({ method: 'DELETE', path: `${path}?dryRun=All` })).status, 200);
  t.equal((await exchange({ method: 'DELETE', path, body: { dryRun: ['All'] } })).status, 200);
  t.equal((await exchange({ path })).status, 200);
});

t.test('the system keeps its namespaces', async (t) => {
  const { exchange } = await serverFor(t);
  const received = await exchange({ method: 'DELETE', path: '/api/v1/namespaces/kube-system' });
  t.equal(received.status, 403);
  t.equal(
    statusOf(received).message,
    'namespaces "kube-system" is forbidden: this namespace may not be deleted',
  );
});

t.test('a collection is deleted as far as the selector goes', async (t) => {
  const { api, exchange } = await serverFor(t);
  for (const name of ['a', 'b', 'c']) {
    const labels = { keep: String(name === 'b') };
    await api.client.create(CONFIG_MAPS, { metadata: { name, labels } }, { namespace: 'default' });
  }
  await api.client.create(CONFIG_MAPS, { metadata: { name: 'a' } }, { namespace: 'kube-system' });
  const path = '/api/v1/namespaces/default/configmaps?labelSelector=keep%3Dfalse';
  const { body } = await exchange({ method: 'DELETE', path });
  t.match(body, { kind: 'ConfigMapList', items: [{ metadata: { name: 'a' } }, { metadata: { name: 'c' } }] });
  const left = await api.client.list(CONFIG_MAPS);
  t.same(
    left.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
    ['default/b', 'kube-system/a'],
  );
  t.equal((await exchange({ method: 'DELETE', path: '/api/v1/namespaces' })).status, 405);
  t.equal((await api.client.list(NAMESPACES)).items.length, 4);
});
