import t from 'tap';
import { serverFor } from './testing/exchange.ts';
import { CRDS, openCrd } from './testing/scene.ts';

t.test('the server tells what it is and how it is', async (t) => {
  const { exchange } = await serverFor(t, { minorVersion: 30 });
  t.match((await exchange({ path: '/version' })).body, { major: '1', minor: '30', gitVersion: /^v1\.30\./ });
  for (const path of ['/healthz', '/readyz', '/livez']) t.equal((await exchange({ path })).text, 'ok');
  t.match((await exchange({ path: '/readyz?verbose' })).text, 'readyz check passed');
  t.equal((await exchange({ path: '/nope' })).status, 404);
  t.equal((await exchange({ path: '/apis/nope' })).status, 404);
  t.equal((await exchange({ path: '/apis/apps/v9' })).status, 404);
});

t.test('discovery is there in both forms, and follows the definitions', async (t) => {
  const { api, exchange } = await serverFor(t);
  await api.client.create(CRDS, openCrd('example.com', 'Thing'));
  t.match((await exchange({ path: '/api' })).body, { kind: 'APIVersions', versions: ['v1'] });
  const groups = (await exchange({ path: '/apis' })).body as { groups: { name: string }[] };
  t.ok(groups.groups.some(({ name }) => name === 'example.com'));
  t.match((await exchange({ path: '/apis/example.com' })).body, { kind: 'APIGroup', name: 'example.com' });
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
  const aggregated = await exchange({ path: '/apis', headers: { accept } });
  t.equal(
    aggregated.headers['content-type'],
    'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  );
  t.match(aggregated.body, { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2' });
});

t.test('OpenAPI describes each group and version', async (t) => {
  const { exchange } = await serverFor(t);
  const { paths } = (await exchange({ path: '/openapi/v3' })).body as { paths: Record<string, object> };
  t.ok(paths['api/v1']);
  t.ok(paths['apis/apps/v1']);
  for (const root of Object.keys(paths))
    t.equal((await exchange({ path: `/openapi/v3/${root}` })).status, 200);
  t.equal((await exchange({ path: '/openapi/v3/apis/nope/v1' })).status, 404);
  t.equal((await exchange({ path: '/openapi/v2' })).status, 406);
  const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
  t.equal((await exchange({ path: '/openapi/v2', headers: { accept } })).status, 200);
});

t.test('a method that a resource does not have is refused', async (t) => {
  const { exchange } = await serverFor(t);
  for (const [method, path] of [
    ['PUT', '/api/v1/namespaces'],
    ['POST', '/api/v1/namespaces/default'],
    ['DELETE', '/api/v1/namespaces/default/status'],
    ['GET', '/apis/authorization.k8s.io/v1/subjectaccessreviews'],
  ] as const) {
    t.equal((await exchange({ method, path })).status, 405, `${method} ${path}`);
  }
  t.equal((await exchange({ path: '/api/v1/nodes/n/scale' })).status, 404);
});
