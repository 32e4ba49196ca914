import t from 'tap';
import { serverFor, statusOf } from '../testing/exchange.ts';
import { CRDS, openCrd } from '../testing/scene.ts';
import { wishOf } from './represent.ts';

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';

const WISHES: readonly (readonly [accept: string, wish: string])[] = [
  ['', 'objects application/json'],
  ['*/*', 'objects application/json'],
  ['application/json, */*', 'objects application/json'],
  [`${PROTOBUF},application/json`, 'objects application/json'],
  [`${TABLE},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`, 'table application/json'],
  [METADATA, 'metadata application/json'],
  [`application/json;as=Unknown;g=other;v=v1,application/json`, 'objects application/json'],
  ['application/yaml', 'objects application/yaml'],
  [PROTOBUF, 'only the following media types are accepted: application/json, application/yaml'],
  ['text/html', 'only the following media types are accepted: application/json, application/yaml'],
];

t.test('the first offer that can be served is served', async (t) => {
  for (const [accept, expected] of WISHES) {
    let wish: string;
    try {
      const { view, type } = wishOf(accept);
      wish = `${view} ${type}`;
    } catch (error) {
      wish = (error as Error).message;
    }
    t.equal(wish, expected, accept);
  }
});

t.test('one object and a list can be had in every form', async (t) => {
  const { exchange } = await serverFor(t);
  const get = (path: string, accept: string) => exchange({ path, headers: { accept } });
  const one = '/api/v1/namespaces/default';
  const all = '/api/v1/namespaces';
  t.match((await get(one, TABLE)).body, { kind: 'Table', rows: [{ cells: ['default', 'Active', String] }] });
  t.match((await get(`${one}?includeObject=None`, TABLE)).body, { rows: [{ object: null }] });
  t.match((await get(`${one}?includeObject=Object`, TABLE)).body, {
    rows: [{ object: { kind: 'Namespace' } }],
  });
  const metadata = (await get(one, METADATA)).body as object;
  t.same(Object.keys(metadata), ['kind', 'apiVersion', 'metadata']);
  t.match((await get(all, METADATA_LIST)).body, {
    kind: 'PartialObjectMetadataList',
    items: [{ kind: 'PartialObjectMetadata', metadata: { name: 'default' } }, {}, {}, {}],
  });
  const yaml = await get(one, 'application/yaml');
  t.equal(yaml.headers['content-type'], 'application/yaml');
  t.match(yaml.text, /^kind: Namespace\napiVersion: v1\n/);
  const refused = await get(one, PROTOBUF);
  t.equal(refused.status, 406);
  t.equal(statusOf(refused).reason, 'NotAcceptable');
});

t.test('typed items do not repeat their type in a list, custom ones do', async (t) => {
  const { api, exchange } = await serverFor(t);
  const { body } = await exchange({ path: '/api/v1/namespaces' });
  const [first] = (body as { items: object[] }).items;
  t.same(Object.keys(first ?? {}), ['metadata', 'spec', 'status']);
  await api.client.create(CRDS, openCrd('example.com', 'Thing'));
  const thing = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'a' } };
  await exchange({ method: 'POST', path: '/apis/example.com/v1/things', body: thing });
  t.match((await exchange({ path: '/apis/example.com/v1/things' })).body, {
    kind: 'ThingList',
    items: [thing],
  });
});

t.test('warnings are quoted for their header', async (t) => {
  const { exchange } = await serverFor(t);
  const body = '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a"},"a\\\\b\\"c":1}';
  const { headers } = await exchange({ method: 'POST', path: '/api/v1/namespaces', body });
  t.equal(headers.warning, '299 - "unknown field \\"a\\\\b\\"c\\""');
});

t.test('people and their tools are given lines that they can read', async (t) => {
  const { exchange } = await serverFor(t);
  const path = '/api/v1/namespaces/default';
  const curl = { 'user-agent': 'curl/8.5.0' };
  const rows: readonly (readonly [path: string, headers: Record<string, string>, start: string])[] = [
    [path, {}, '{"kind":"Namespace"'],
    [path, curl, '{\n  "kind": "Namespace"'],
    [`${path}?pretty=true`, {}, '{\n  "kind": "Namespace"'],
    [`${path}?pretty=false`, curl, '{"kind":"Namespace"'],
    ['/api/v1/namespaces/none', curl, '{\n  "kind": "Status"'],
    ['/api', curl, '{\n  "kind": "APIVersions"'],
    ['/version', {}, '{\n  "major": "1"'],
  ];
  for (const [asked, headers, start] of rows) {
    const { text } = await exchange({ path: asked, headers });
    t.ok(text.startsWith(start), `${asked} ${JSON.stringify(headers)}: ${text.slice(0, 40)}`);
  }
  const watched = await exchange({ path: '/api/v1/namespaces?watch=1&timeoutSeconds=1', headers: curl });
  t.ok(watched.text.startsWith('{"type":"ADDED"'), 'a watch goes by lines all the same');
});
