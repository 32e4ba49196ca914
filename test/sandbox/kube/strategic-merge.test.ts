import t from 'tap';
import type { JsonObject } from './json.ts';
import { applyStrategicMergePatch } from './strategic-merge.ts';

function patched(current: JsonObject, patch: JsonObject): unknown {
  const result = applyStrategicMergePatch(current, patch);
  return result.ok ? result.value : `${result.code} ${result.message}`;
}

function namespace(metadata: JsonObject): JsonObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata };
}

t.test('metadata of a namespace is merged', async (t) => {
  const owner = (uid: string, name: string) => ({ apiVersion: 'v1', kind: 'X', name, uid });
  const current = {
    annotations: { a: '1', b: '2' },
    finalizers: ['f1', 'f2'],
    ownerReferences: [owner('u1', 'x'), owner('u2', 'y')],
  };
  const rows: readonly (readonly [string, JsonObject, JsonObject])[] = [
    [
      'a member is added, another removed',
      { annotations: { c: '3', a: null } },
      { annotations: { b: '2', c: '3' } },
    ],
    ['a map is removed', { annotations: null }, { annotations: undefined }],
    ['a map is replaced', { annotations: { $patch: 'replace', z: '1' } }, { annotations: { z: '1' } }],
    ['a map is emptied', { annotations: { $patch: 'delete' } }, { annotations: {} }],
    ['values of a set come first', { finalizers: ['f3', 'f1'] }, { finalizers: ['f3', 'f1', 'f2'] }],
    [
      'a value is taken out of a set',
      { '$deleteFromPrimitiveList/finalizers': ['f1'] },
      { finalizers: ['f2'] },
    ],
    [
      'a value is taken out, another put in',
      {
        '$deleteFromPrimitiveList/finalizers': ['f1'],
        '$setElementOrder/finalizers': ['f2', 'f3'],
        finalizers: ['f3'],
      },
      { finalizers: ['f2', 'f3'] },
    ],
    ['a set is put in order', { '$setElementOrder/finalizers': ['f2', 'f1'] }, { finalizers: ['f2', 'f1'] }],
    ['a set is removed', { finalizers: null }, { finalizers: undefined }],
    [
      'an item is changed by its key, another added',
      { ownerReferences: [{ uid: 'u2', name: 'new' }, owner('u3', 'z')] },
      { ownerReferences: [owner('u1', 'x'), owner('u2', 'new'), owner('u3', 'z')] },
    ],
    [
      'an item is deleted',
      { ownerReferences: [{ uid: 'u1', $patch: 'delete' }] },
      { ownerReferences: [owner('u2', 'y')] },
    ],
    [
      'a list is replaced',
      { ownerReferences: [{ $patch: 'replace' }, owner('u9', 'z')] },
      { ownerReferences: [owner('u9', 'z')] },
    ],
  ];
  for (const [story, patch, after] of rows) {
    const expected = Object.fromEntries(
      Object.entries({ ...current, ...after }).filter(([, v]) => v !== undefined),
    );
    t.strictSame(patched(namespace(current), { metadata: patch }), namespace(expected), story);
  }
});

t.test('a list without merge keys is replaced', async (t) => {
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {},
    spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] },
  };
  const taints = [{ key: 'b', effect: 'NoExecute' }];
  t.match(patched(node, { spec: { taints } }), { spec: { taints } });
  t.strictSame(
    patched({ ...namespace({}), spec: { finalizers: ['kubernetes'] } }, { spec: { finalizers: [] } }),
    { ...namespace({}), spec: { finalizers: [] } },
  );
});

t.test('conditions and addresses of a node are merged by type', async (t) => {
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    status: {
      conditions: [
        { type: 'MemoryPressure', status: 'False' },
        { type: 'Ready', status: 'True', reason: 'KubeletReady' },
      ],
      addresses: [
        { type: 'InternalIP', address: '1.1.1.1' },
        { type: 'Hostname', address: 'n' },
      ],
    },
  };
  const patch = {
    status: {
      conditions: [{ type: 'Ready', status: 'Unknown', reason: null }],
      '$setElementOrder/addresses': [{ type: 'ExternalIP' }, { type: 'Hostname' }],
      addresses: [
        { type: 'InternalIP', $patch: 'delete' },
        { type: 'ExternalIP', address: '9.9.9.9' },
      ],
    },
  };
  t.strictSame(patched(node, patch), {
    ...node,
    status: {
      conditions: [
        { type: 'MemoryPressure', status: 'False' },
        { type: 'Ready', status: 'Unknown' },
      ],
      addresses: [
        { type: 'ExternalIP', address: '9.9.9.9' },
        { type: 'Hostname', address: 'n' },
      ],
    },
  });
});

t.test('containers of a deployment are merged by name, deep down', async (t) => {
  const deployment = (containers: readonly object[]) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    spec: { template: { spec: { containers } } },
  });
  const current = deployment([
    {
      name: 'a',
      image: 'i',
      args: ['x'],
      env: [
        { name: 'X', value: '1' },
        { name: 'Y', value: '2' },
      ],
    },
    { name: 'b', image: 'j' },
  ]);
  const patch = deployment([
    {
      name: 'a',
      image: 'k',
      args: ['y'],
      env: [
        { name: 'Y', $patch: 'delete' },
        { name: 'Z', value: '3' },
      ],
    },
  ]);
  const { spec } = patch;
  t.strictSame(
    patched(current, {
      spec: {
        template: {
          spec: { ...spec.template.spec, '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] },
        },
      },
    }),
    deployment([
      { name: 'b', image: 'j' },
      {
        name: 'a',
        image: 'k',
        args: ['y'],
        env: [
          { name: 'Z', value: '3' },
          { name: 'X', value: '1' },
        ],
      },
    ]),
  );
});

t.test('$retainKeys drops what it does not name', async (t) => {
  const current = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    spec: { strategy: { type: 'RollingUpdate', rollingUpdate: {} } },
  };
  t.strictSame(patched(current, { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }), {
    ...current,
    spec: { strategy: { type: 'Recreate' } },
  });
  t.equal(
    patched(current, { spec: { strategy: { $retainKeys: ['type'], rollingUpdate: {} } } }),
    '400 invalid patch format of retainKeys',
  );
});

t.test('a patch that makes no sense is refused, some as if the server were to blame', async (t) => {
  t.equal(
    patched(namespace({}), { $patch: 'bogus', kind: 'Namespace' }),
    '500 unknown patch type: bogus in map: map[$patch:bogus kind:Namespace]',
  );
  t.equal(
    patched(namespace({ ownerReferences: [] }), { metadata: { ownerReferences: [{ name: 'z' }] } }),
    '500 map: map[name:z] does not contain declared merge key: uid',
  );
});

t.test('nulls and directives in what is new are not kept', async (t) => {
  t.strictSame(
    patched(namespace({}), { metadata: { labels: { a: 'b', c: null } } }),
    namespace({ labels: { a: 'b' } }),
  );
  t.strictSame(
    patched(namespace({}), { metadata: { ownerReferences: [{ uid: 'u', $patch: 'delete' }] } }),
    namespace({ ownerReferences: [] }),
  );
});

t.test('a kind that is not known merges its metadata all the same', async (t) => {
  t.strictSame(
    patched(
      { apiVersion: 'x/v1', kind: 'X', metadata: { finalizers: ['a'] } },
      { metadata: { finalizers: ['b'] } },
    ),
    { apiVersion: 'x/v1', kind: 'X', metadata: { finalizers: ['b', 'a'] } },
  );
});
