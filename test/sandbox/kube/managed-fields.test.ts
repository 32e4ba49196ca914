import t from 'tap';
import type { JsonObject } from './json.ts';
import type { JSONSchema } from './json-schema.ts';
import { type ManagedFieldsEntry, trackUpdate } from './managed-fields.ts';
import { recorded } from './testing/recorded.ts';

const TIME = '2026-11-22T07:09:05Z';

function managedFields(object: JsonObject): readonly ManagedFieldsEntry[] {
  return (object.metadata as { managedFields?: ManagedFieldsEntry[] }).managedFields ?? [];
}

/** The object as a client sent it: without what the server adds afterwards. */
function asSent(object: JsonObject): JsonObject {
  const { managedFields: _, ...metadata } = object.metadata as JsonObject;
  const { spec: __, status: ___, ...rest } = object;
  return { ...rest, metadata };
}

/** Who owns what, one line per entry. */
function owners(entries: readonly ManagedFieldsEntry[]): string[] {
  return entries.map(({ manager, operation, subresource, fieldsV1 }) => {
    const where = subresource === undefined ? '' : `/${subresource}`;
    return `${operation} ${manager}${where} ${JSON.stringify(fieldsV1)}`;
  });
}

t.test('a new namespace is owned as recorded', async (t) => {
  for (const number of [1, 7]) {
    const { body } = recorded(number).response;
    t.strictSame(trackUpdate(undefined, asSent(body), 'unknown', 'v1', undefined, TIME), managedFields(body));
  }
});

t.test('what a webhook added belongs to nobody', async (t) => {
  const { request, response } = recorded(8);
  const sent = request.body as JsonObject;
  const labels = { 'kubernetes.io/metadata.name': 'g-patch' };
  const object = { ...sent, metadata: { ...(sent.metadata as JsonObject), labels } };
  t.strictSame(
    trackUpdate(undefined, object, 'unknown', 'v1', undefined, TIME),
    managedFields(response.body),
  );
});

t.test('patched namespaces are owned as recorded', async (t) => {
  let before = recorded(14).response.body;
  for (const number of [15, 16, 18]) {
    const { body } = recorded(number).response;
    t.strictSame(
      trackUpdate(before, body, 'unknown', 'v1', undefined, '2026-11-22T07:09:06Z'),
      managedFields(body),
    );
    before = body;
  }
});

t.test('a patched custom resource is owned as recorded', async (t) => {
  const { body } = recorded(20).response;
  const [made, patched] = managedFields(body);
  const { egressIPs: _, ...created } = body;
  const before = { ...created, metadata: { ...(body.metadata as JsonObject), managedFields: [made] } };
  t.strictSame(
    trackUpdate(
      undefined,
      asSent(created),
      'kubectl-client-side-apply',
      String(body.apiVersion),
      undefined,
      '2026-11-22T07:08:05Z',
    ),
    [made],
  );
  const after = { ...body, metadata: before.metadata };
  t.strictSame(
    trackUpdate(before, after, 'unknown', String(body.apiVersion), undefined, '2026-11-22T07:09:06Z'),
    [made, patched],
  );
});

function namespace(metadata: JsonObject, rest: JsonObject = {}): JsonObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n', ...metadata }, ...rest };
}

/** Each step is a manager and what the object is then; the result is who owns what at the end. */
function story(
  schema: JSONSchema | undefined,
  ...steps: readonly (readonly [string, JsonObject, string?])[]
): string[] {
  let live: JsonObject | undefined;
  for (const [manager, object, subresource] of steps) {
    const entries = trackUpdate(live, object, manager, String(object.apiVersion), subresource, TIME, schema);
    live = { ...object, metadata: { ...(object.metadata as JsonObject), managedFields: entries } };
  }
  return owners(managedFields(live ?? {}));
}

t.test('who writes a field last owns it', async (t) => {
  t.strictSame(
    story(
      undefined,
      ['u', namespace({ labels: { a: '1' } })],
      ['v', namespace({ labels: { a: '1', b: '2' }, annotations: { x: 'y' } })],
      ['w', namespace({ labels: { b: '3' } })],
    ),
    ['Update u {"f:metadata":{"f:labels":{}}}', 'Update w {"f:metadata":{"f:labels":{"f:b":{}}}}'].map(
      (line) => line.replace('"f:labels":{}}', '"f:labels":{}}'),
    ),
  );
});

t.test('who has lost everything is forgotten', async (t) => {
  t.strictSame(story(undefined, ['u', namespace({ labels: { a: '1' } })], ['v', namespace({})]), []);
});

t.test("a field that is taken away is nobody's", async (t) => {
  const object = (fields: JsonObject) => ({ apiVersion: 'x.io/v1', kind: 'X', metadata: {}, ...fields });
  t.strictSame(story(undefined, ['u', object({ a: 1, b: [1] })], ['v', object({ a: 1 })]), [
    'Update u {"f:a":{}}',
  ]);
});

t.test('conditions are owned one by one, taints as a whole', async (t) => {
  const node = (taints: unknown, ready: string) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n' },
    spec: { taints },
    status: {
      conditions: [
        { type: 'Ready', status: ready },
        { type: 'DiskPressure', status: 'False' },
      ],
    },
  });
  const condition = (type: string, ...fields: string[]) =>
    `"k:{\\"type\\":\\"${type}\\"}":{${fields.map((f) => `"${f}":{}`).join(',')}}`;
  t.strictSame(story(undefined, ['u', node([{ key: 'a' }], 'True')], ['v', node([{ key: 'b' }], 'False')]), [
    `Update u {"f:status":{"f:conditions":{".":{},${condition('DiskPressure', '.', 'f:status', 'f:type')},${condition('Ready', '.', 'f:type')}}}}`,
    `Update v {"f:spec":{"f:taints":{}},"f:status":{"f:conditions":{${condition('Ready', 'f:status')}}}}`,
  ]);
});

t.test('finalizers are owned one by one', async (t) => {
  t.strictSame(
    story(undefined, ['u', namespace({ finalizers: ['a'] })], ['v', namespace({ finalizers: ['a', 'b'] })]),
    [
      'Update u {"f:metadata":{"f:finalizers":{".":{},"v:\\"a\\"":{}}}}',
      'Update v {"f:metadata":{"f:finalizers":{"v:\\"b\\"":{}}}}',
    ],
  );
});

t.test('a subresource has an entry of its own', async (t) => {
  const spec = { finalizers: ['kubernetes'] };
  t.strictSame(
    story(
      undefined,
      ['u', namespace({}, { spec })],
      ['u', namespace({}, { spec, status: { phase: 'Active' } }), 'status'],
    ),
    ['Update u {"f:spec":{"f:finalizers":{}}}', 'Update u/status {"f:status":{"f:phase":{}}}'],
  );
});

t.test('lists of a custom resource are owned as its schema says', async (t) => {
  const list = (type: 'atomic' | 'set' | 'map' | undefined): JSONSchema => ({
    type: 'object',
    properties: {
      list: {
        type: 'array',
        items: { type: 'object' },
        ...(type === undefined
          ? {}
          : { 'x-kubernetes-list-type': type, 'x-kubernetes-list-map-keys': ['k'] }),
      },
    },
  });
  const object = { apiVersion: 'x.io/v1', kind: 'X', metadata: {}, list: [{ k: 'a', v: 1 }] };
  t.strictSame(story(list(undefined), ['u', object]), ['Update u {"f:list":{}}']);
  t.strictSame(story(list('atomic'), ['u', object]), ['Update u {"f:list":{}}']);
  t.strictSame(story(list('map'), ['u', object]), [
    'Update u {"f:list":{".":{},"k:{\\"k\\":\\"a\\"}":{".":{},"f:k":{},"f:v":{}}}}',
  ]);
});

t.test('items that cannot be told apart are owned as a whole', async (t) => {
  const schema: JSONSchema = {
    type: 'object',
    properties: {
      list: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] },
    },
  };
  const object = { apiVersion: 'x.io/v1', kind: 'X', metadata: {}, list: [{ v: 1 }] };
  t.strictSame(story(schema, ['u', object]), ['Update u {"f:list":{}}']);
});

t.test('a write that changes nothing changes no entry', async (t) => {
  const { body } = recorded(18).response;
  t.strictSame(
    trackUpdate(body, body, 'other', 'v1', undefined, '2030-01-01T00:00:00Z'),
    managedFields(body),
  );
});

t.test('server-set metadata belongs to nobody', async (t) => {
  const metadata = {
    uid: 'u',
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: TIME,
    generateName: 'n-',
  };
  t.strictSame(story(undefined, ['u', namespace(metadata)]), [
    'Update u {"f:metadata":{"f:generateName":{}}}',
  ]);
});

t.test('one empty entry resets the book-keeping', async (t) => {
  const { body } = recorded(18).response;
  const after = { ...body, metadata: { ...(body.metadata as JsonObject), managedFields: [{}] } };
  t.strictSame(trackUpdate(body, after, 'u', 'v1', undefined, TIME), []);
});
