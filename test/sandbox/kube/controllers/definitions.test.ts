import t from 'tap';
import { CRDS as STORED_DEFINITIONS } from '../collection-key.ts';
import { type Exchange, serverFor, statusOf } from '../testing/exchange.ts';
import { CRDS, HOST_SUBNET_CRD, openCrd } from '../testing/scene.ts';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const THINGS = '/apis/example.com/v1/things';
const TYPE = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };

function thing(name: string, metadata: object = {}): object {
  return { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name, ...metadata } };
}

function define(exchange: Exchange, definition: object) {
  return exchange({ method: 'POST', path: DEFINITIONS, body: { ...TYPE, ...definition } });
}

t.test('a kind is served as soon as its definition is answered', async (t) => {
  const { exchange } = await serverFor(t);
  t.equal((await exchange({ path: THINGS })).status, 404);
  const created = await define(exchange, openCrd('example.com', 'Thing'));
  t.equal(created.status, 201);
  t.match(created.body, { status: { conditions: [], acceptedNames: { kind: '', plural: '' } } });
  t.match((await exchange({ path: THINGS })).body, {
    kind: 'ThingList',
    apiVersion: 'example.com/v1',
    items: [],
  });
  const stored = await exchange({ path: `${DEFINITIONS}/things.example.com` });
  t.match(stored.body, {
    spec: { conversion: { strategy: 'None' } },
    status: {
      acceptedNames: { kind: 'Thing', plural: 'things', singular: 'thing', listKind: 'ThingList' },
      conditions: [
        { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts' },
        { type: 'Established', status: 'True', reason: 'InitialNamesAccepted' },
      ],
      storedVersions: ['v1'],
    },
  });
  const { resources } = (await exchange({ path: '/apis/example.com/v1' })).body as { resources: object[] };
  t.match(resources, [{ name: 'things', kind: 'Thing' }]);
});

t.test('a definition that is wrong is refused', async (t) => {
  const { exchange } = await serverFor(t);
  const good = openCrd('example.com', 'Thing');
  const [version] = good.spec.versions;
  const rows: readonly (readonly [definition: object, why: string])[] = [
    [
      { ...good, metadata: { name: 'wrong' } },
      'metadata.name: Invalid value: "wrong": must be spec.names.plural+"."+spec.group',
    ],
    [
      { ...good, spec: { ...good.spec, versions: [{ ...version, storage: false }] } },
      'must have exactly one version marked as storage version',
    ],
    [
      { ...good, spec: { ...good.spec, versions: [{ ...version, schema: undefined }] } },
      'spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required',
    ],
    [
      {
        ...good,
        spec: { ...good.spec, versions: [{ ...version, schema: { openAPIV3Schema: { type: 'array' } } }] },
      },
      'Invalid value: "array": must be object at the root',
    ],
  ];
  for (const [definition, why] of rows) {
    const refused = await define(exchange, definition);
    t.equal(refused.status, 422);
    t.match(statusOf(refused).message, why);
  }
});

t.test('a changed definition checks what is written from then on', async (t) => {
  const { exchange } = await serverFor(t);
  await define(exchange, HOST_SUBNET_CRD);
  const path = `${DEFINITIONS}/hostsubnets.network.openshift.io`;
  const patch = (body: object) =>
    exchange({ method: 'PATCH', path, headers: { 'content-type': 'application/merge-patch+json' }, body });
  const [version] = HOST_SUBNET_CRD.spec.versions;
  const schema = {
    openAPIV3Schema: { type: 'object', required: ['color'], properties: { color: { type: 'string' } } },
  };
  t.equal((await patch({ spec: { versions: [{ ...version, schema }] } })).status, 200);
  const subnet = { apiVersion: 'network.openshift.io/v1', kind: 'HostSubnet', metadata: { name: 'n' } };
  const write = await exchange({
    method: 'POST',
    path: '/apis/network.openshift.io/v1/hostsubnets',
    body: subnet,
  });
  t.match(statusOf(write).message, 'color: Required value');
  const renamed = await patch({ spec: { names: { kind: 'Other' } } });
  t.match(statusOf(renamed).message, 'spec.names.kind: Invalid value: "Other": field is immutable');
});

t.test('a definition goes after its objects', async (t) => {
  const { api, exchange } = await serverFor(t);
  await api.client.create(CRDS, openCrd('example.com', 'Thing'));
  const create = (body: object) => exchange({ method: 'POST', path: THINGS, body });
  await create(thing('a'));
  await create(thing('b', { finalizers: ['example.com/held'] }));
  const path = `${DEFINITIONS}/things.example.com`;
  const marked = await exchange({ method: 'DELETE', path });
  t.match(marked.body, {
    metadata: { deletionTimestamp: String, finalizers: ['customresourcecleanup.apiextensions.k8s.io'] },
  });
  t.equal((await exchange({ path: `${THINGS}/a` })).status, 404);
  t.match((await exchange({ path: `${THINGS}/b` })).body, { metadata: { deletionTimestamp: String } });
  t.equal((await exchange({ path })).status, 200, 'while something holds an object');
  const headers = { 'content-type': 'application/merge-patch+json' };
  await exchange({ method: 'PATCH', path: `${THINGS}/b`, headers, body: { metadata: { finalizers: null } } });
  t.equal((await exchange({ path })).status, 404);
  t.equal((await exchange({ path: THINGS })).status, 404);
  t.equal((await define(exchange, openCrd('example.com', 'Thing'))).status, 201, 'and may come again');
  t.same((await exchange({ path: THINGS })).body, {
    kind: 'ThingList',
    apiVersion: 'example.com/v1',
    metadata: { continue: '', resourceVersion: (await api.client.list(CRDS)).resourceVersion },
    items: [],
  });
  t.equal(STORED_DEFINITIONS, 'customresourcedefinitions.apiextensions.k8s.io');
});

t.test('a kind of two versions shows every object in both', async (t) => {
  const { api, exchange } = await serverFor(t);
  const crd = openCrd('example.com', 'Thing');
  const [version] = crd.spec.versions;
  const versions = [version, { ...version, name: 'v2', storage: false }];
  await api.client.create(CRDS, { ...crd, spec: { ...crd.spec, versions } });
  await exchange({ method: 'POST', path: THINGS, body: thing('a') });
  const newer = '/apis/example.com/v2/things';
  t.match((await exchange({ path: `${newer}/a` })).body, {
    apiVersion: 'example.com/v2',
    metadata: { name: 'a' },
  });
  t.match((await exchange({ path: newer })).body, { items: [{ apiVersion: 'example.com/v2' }] });
  const watched = await exchange({ path: `${newer}?watch=1&timeoutSeconds=1` });
  t.match(watched.body, { type: 'ADDED', object: { apiVersion: 'example.com/v2' } });
});
