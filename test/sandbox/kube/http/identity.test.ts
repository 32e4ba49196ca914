import t from 'tap';
import { serverFor, statusOf } from '../testing/exchange.ts';

const WHOAMI = {
  method: 'POST',
  path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
  body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
};

t.test('a token says who it is, an unknown one is refused, none is anonymous', async (t) => {
  const { api, exchange } = await serverFor(t);
  api.addUser({ token: 'bob', name: 'bob', groups: ['dev'] });
  t.match((await exchange({ ...WHOAMI, token: 'bob' })).body, {
    status: { userInfo: { username: 'bob', groups: ['dev', 'system:authenticated'] } },
  });
  t.equal((await exchange({ ...WHOAMI, token: 'eve' })).status, 401);
  const basic = await exchange({ path: '/healthz', headers: { authorization: 'Basic eA==' } });
  t.equal(basic.status, 401);
});

t.test('members of system:masters act as whom they like, others as RBAC says', async (t) => {
  const { api, exchange } = await serverFor(t);
  api.addUser({ token: 'bob', name: 'bob' });
  const as = (headers: Record<string, string>, token = 'admin') => exchange({ ...WHOAMI, headers, token });
  t.match((await as({ 'impersonate-user': 'alice', 'impersonate-group': 'a,b' })).body, {
    status: { userInfo: { username: 'alice', groups: ['a', 'b', 'system:authenticated'] } },
  });
  t.match((await as({ 'impersonate-user': 'system:serviceaccount:x:y' })).body, {
    status: {
      userInfo: { groups: ['system:serviceaccounts', 'system:serviceaccounts:x', 'system:authenticated'] },
    },
  });
  const refused = await as({ 'impersonate-user': 'alice' }, 'bob');
  t.equal(refused.status, 403);
  t.equal(
    statusOf(refused).message,
    'users "alice" is forbidden: User "bob" cannot impersonate resource "users" in API group "" at the cluster scope',
  );
  const account = await as({ 'impersonate-user': 'system:serviceaccount:x:y' }, 'bob');
  t.match(statusOf(account).message, 'serviceaccounts "y" is forbidden');
});

t.test('what RBAC does not grant is forbidden, and the sentence says what and where', async (t) => {
  const { api, exchange } = await serverFor(t);
  api.addUser({ token: 'bob', name: 'bob' });
  const rows: readonly (readonly [method: string, path: string, message: string])[] = [
    [
      'GET',
      '/api/v1/namespaces',
      'namespaces is forbidden: User "bob" cannot list resource "namespaces" in API group "" at the cluster scope',
    ],
    [
      'GET',
      '/api/v1/namespaces/x',
      'namespaces "x" is forbidden: User "bob" cannot get resource "namespaces" in API group "" in the namespace "x"',
    ],
    [
      'PUT',
      '/api/v1/namespaces/x/finalize',
      'namespaces "x" is forbidden: User "bob" cannot update resource "namespaces/finalize" in API group "" in the namespace "x"',
    ],
    [
      'GET',
      '/apis/coordination.k8s.io/v1/namespaces/x/leases?watch=1',
      'leases.coordination.k8s.io is forbidden: User "bob" cannot watch resource "leases" in API group "coordination.k8s.io" in the namespace "x"',
    ],
    ['GET', '/metrics', 'forbidden: User "bob" cannot get path "/metrics"'],
  ];
  for (const [method, path, message] of rows) {
    const received = await exchange({ method, path, token: 'bob' });
    t.equal(received.status, 403, path);
    t.match(statusOf(received), { message, reason: 'Forbidden', code: 403 });
  }
  t.equal((await exchange({ path: '/version', token: 'bob' })).status, 200);
});
