import t from 'tap';
import { AuditLog } from './audit.ts';
import { serverFor } from './testing/exchange.ts';

t.test('the log says who did what, to which object, and how it went', async (t) => {
  const { api, exchange } = await serverFor(t);
  api.addUser({ token: 'bob', name: 'bob' });
  api.audit.clear();
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } };
  await exchange({ method: 'POST', path: '/api/v1/namespaces?dryRun=All', body });
  await exchange({ method: 'POST', path: '/api/v1/namespaces', body });
  await exchange({ path: '/api/v1/namespaces/a/secrets', token: 'bob' });
  await exchange({ path: '/api/v1/namespaces?watch=1&timeoutSeconds=1' });
  await exchange({ method: 'PUT', path: '/api/v1/namespaces/a/finalize', body });
  await exchange({ path: '/version' });
  const told = api.audit
    .entries()
    .map(({ user, verb, resource, subresource, namespace, name, path, dryRun, code }) =>
      [user, verb, resource ? `${resource}/${subresource}` : path, namespace, name, dryRun && 'dry', code]
        .filter((part) => part !== '' && part !== false)
        .join(' '),
    );
  t.same(told, [
    'admin create namespaces/ dry 201',
    'admin create namespaces/ 201',
    'bob list secrets/ a 403',
    'admin watch namespaces/ 200',
    'admin update namespaces/finalize a a 200',
    'admin get /version 200',
  ]);
  t.same(
    api.audit.entries({ user: 'bob' }).map(({ code }) => code),
    [403],
  );
  t.same(api.audit.entries({ user: 'bob', code: 200 }), []);
});

t.test('the log is bounded', async (t) => {
  const log = new AuditLog(10);
  const entry = {
    time: new Date(0),
    user: 'u',
    verb: 'get',
    group: '',
    resource: 'r',
    subresource: '',
    namespace: '',
    path: '/',
    dryRun: false,
    code: 200,
  };
  for (let i = 0; i < 100; i++) log.record({ ...entry, name: String(i) });
  const kept = log.entries();
  t.ok(kept.length >= 10 && kept.length < 20);
  t.equal(kept.at(-1)?.name, '99');
});
