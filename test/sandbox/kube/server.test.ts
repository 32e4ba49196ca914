import { load } from 'js-yaml';
import t from 'tap';
import { NAMESPACES } from '../../../shared/kube/resources.ts';
import { startKubeApi } from './server.ts';
import { serverFor } from './testing/exchange.ts';

t.test('a kubeconfig has what a client needs', async (t) => {
  const { api, exchange } = await serverFor(t);
  api.addUser({ token: 'secret', name: 'bob' });
  t.match(load(api.kubeconfig('secret')), {
    kind: 'Config',
    clusters: [
      {
        cluster: { server: api.url, 'certificate-authority-data': Buffer.from(api.ca).toString('base64') },
      },
    ],
    users: [{ name: 'bob', user: { token: 'secret' } }],
    'current-context': 'sandbox',
  });
  t.match(api.url, /^https:\/\/127\.0\.0\.1:\d+$/);
  t.equal((await exchange({ path: '/healthz' })).status, 200);
});

t.test('a cluster begins with the namespaces and roles of the system', async (t) => {
  const { api, exchange } = await serverFor(t);
  const { items } = await api.client.list(NAMESPACES);
  t.same(
    items.map(({ metadata }) => metadata.name),
    ['default', 'kube-node-lease', 'kube-public', 'kube-system'],
  );
  const role = '/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin';
  t.equal((await exchange({ path: role })).status, 200);
});

t.test('after closing nobody listens any more', async (t) => {
  const api = await startKubeApi();
  const { port } = new URL(api.url);
  await api.close();
  const again = await startKubeApi({ port: Number(port) });
  t.equal(again.url, api.url);
  await again.close();
});
