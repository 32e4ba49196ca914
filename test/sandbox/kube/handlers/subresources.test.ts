// Scale, tokens, reviews: what is asked of the API server beside its objects.
import t from 'tap';
import { serverFor, statusOf } from '../testing/exchange.ts';

const DEPLOYMENT = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'd' } },
    template: { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
};

t.test('a scale stands for the replicas of its workload', async (t) => {
  const { exchange } = await serverFor(t);
  const path = '/apis/apps/v1/namespaces/default/deployments';
  await exchange({ method: 'POST', path, body: DEPLOYMENT });
  const scale = { kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name: 'd' } };
  t.match((await exchange({ path: `${path}/d/scale` })).body, {
    ...scale,
    spec: { replicas: 2 },
    status: { replicas: 0, selector: 'app=d' },
  });
  const headers = { 'content-type': 'application/merge-patch+json' };
  const patch = (replicas: number) =>
    exchange({ method: 'PATCH', path: `${path}/d/scale`, headers, body: { spec: { replicas } } });
  t.match((await patch(5)).body, { spec: { replicas: 5 } });
  t.match((await exchange({ path: `${path}/d` })).body, {
    metadata: { generation: 2 },
    spec: { replicas: 5, template: DEPLOYMENT.spec.template },
  });
  t.equal((await patch(-1)).status, 422);
  const put = await exchange({
    method: 'PUT',
    path: `${path}/d/scale`,
    body: { ...scale, spec: { replicas: 1 } },
  });
  t.match(put.body, { spec: { replicas: 1 } });
});

t.test('a token that was asked for makes its bearer the service account', async (t) => {
  const { exchange } = await serverFor(t);
  const path = '/api/v1/namespaces/default/serviceaccounts';
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'sa' } };
  await exchange({ method: 'POST', path, body: account });
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 600 },
  };
  const received = await exchange({ method: 'POST', path: `${path}/sa/token`, body });
  t.equal(received.status, 201);
  const { token } = (received.body as { status: { token: string } }).status;
  const self = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview', metadata: {} };
  const review = { method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews', body: self };
  t.match((await exchange({ ...review, token })).body, {
    status: {
      userInfo: {
        username: 'system:serviceaccount:default:sa',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
      },
    },
  });
  t.equal((await exchange({ method: 'POST', path: `${path}/none/token`, body })).status, 404);
});

t.test('access reviews answer as RBAC would', async (t) => {
  const { api, exchange } = await serverFor(t);
  api.addUser({ token: 'bob', name: 'bob' });
  const group = 'rbac.authorization.k8s.io';
  const rule = { apiGroups: [''], resources: ['secrets'], resourceNames: ['mine'], verbs: ['get'] };
  await exchange({
    method: 'POST',
    path: `/apis/${group}/v1/clusterroles`,
    body: { apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata: { name: 'r' }, rules: [rule] },
  });
  await exchange({
    method: 'POST',
    path: `/apis/${group}/v1/clusterrolebindings`,
    body: {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'r' },
      roleRef: { kind: 'ClusterRole', name: 'r' },
      subjects: [{ kind: 'User', name: 'bob' }],
    },
  });
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const ask = async (name: string) => {
    const resourceAttributes = { verb: 'get', resource: 'secrets', namespace: 'default', name };
    const type = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview' };
    const body = { ...type, spec: { resourceAttributes } };
    const received = await exchange({ method: 'POST', path, body, token: 'bob' });
    return (received.body as { status: object }).status;
  };
  t.same(await ask('mine'), { allowed: true });
  t.same(await ask('other'), { allowed: false });
  const empty = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: {} };
  t.equal((await exchange({ method: 'POST', path, body: empty })).status, 422);
  const rules = await exchange({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: { namespace: 'default' },
    },
    token: 'bob',
  });
  const { resourceRules } = (rules.body as { status: { resourceRules: object[] } }).status;
  t.ok(
    resourceRules.some(
      (found) =>
        JSON.stringify(found) ===
        JSON.stringify({ verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: ['mine'] }),
    ),
  );
  const secret = (name: string) =>
    exchange({ path: `/api/v1/namespaces/default/secrets/${name}`, token: 'bob' });
  t.equal((await secret('mine')).status, 404, 'allowed, but not there');
  const refused = await secret('other');
  t.equal(refused.status, 403);
  t.equal(
    statusOf(refused).message,
    'secrets "other" is forbidden: User "bob" cannot get resource "secrets" in API group "" in the namespace "default"',
  );
});

t.test('an access review about another user is answered to those who may ask', async (t) => {
  const { api, exchange } = await serverFor(t);
  api.addUser({ token: 'bob', name: 'bob' });
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: 'root',
      groups: ['system:masters'],
      nonResourceAttributes: { verb: 'get', path: '/metrics' },
    },
  };
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  t.match((await exchange({ method: 'POST', path, body })).body, { status: { allowed: true } });
  t.equal((await exchange({ method: 'POST', path, body, token: 'bob' })).status, 403);
});
