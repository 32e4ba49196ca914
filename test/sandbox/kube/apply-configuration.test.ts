import t from 'tap';
import { applyConfiguration, conflictMessage } from './apply-configuration.ts';
import type { JsonObject } from './json.ts';
import type { JSONSchema } from './json-schema.ts';
import { type ManagedFieldsEntry, trackUpdate } from './managed-fields.ts';
import { recorded } from './testing/recorded.ts';

const TIME = '2026-11-22T07:09:06Z';

interface Step {
  readonly by: string;
  readonly how?: 'update' | 'apply' | 'force';
  readonly object: JsonObject;
}

/** Carries out the steps; conflicts leave the object as it is and are told as their sentence. */
function story(
  schema: JSONSchema | undefined,
  ...steps: readonly Step[]
): { live: JsonObject; told: string[] } {
  let live: JsonObject | undefined;
  const told: string[] = [];
  for (const { by, how = 'apply', object } of steps) {
    const apiVersion = String(object.apiVersion);
    if (how === 'update') {
      const managedFields = trackUpdate(live, object, by, apiVersion, undefined, TIME, schema);
      live = { ...object, metadata: { ...(object.metadata as JsonObject), managedFields } };
      continue;
    }
    const options = {
      manager: by,
      force: how === 'force',
      apiVersion,
      time: TIME,
      ...(schema && { schema }),
    };
    const result = applyConfiguration(live, object, options);
    if (result.ok) live = result.value;
    else told.push(conflictMessage(result.conflicts));
  }
  return { live: live ?? {}, told };
}

function managers(live: JsonObject): string[] {
  const { managedFields = [] } = live.metadata as { managedFields?: ManagedFieldsEntry[] };
  return managedFields.map((entry) => `${entry.operation} ${entry.manager}`);
}

function annotations(live: JsonObject): unknown {
  return (live.metadata as JsonObject).annotations;
}

function namespace(annotations?: JsonObject): JsonObject {
  const metadata = { name: 'n', ...(annotations === undefined ? {} : { annotations }) };
  return { apiVersion: 'v1', kind: 'Namespace', metadata };
}

t.test('an object that is made by apply is owned as recorded', async (t) => {
  const { request, response } = recorded(24);
  const applied = JSON.parse(String(request.body)) as JsonObject;
  const result = applyConfiguration(undefined, applied, {
    manager: 'test',
    force: false,
    apiVersion: 'v1',
    time: TIME,
  });
  t.ok(result.ok);
  const { managedFields } = response.body.metadata as JsonObject;
  t.strictSame(result.ok && (result.value.metadata as JsonObject).managedFields, managedFields);
});

t.test('a field that somebody else set to another value is a conflict', async (t) => {
  const { live, told } = story(
    undefined,
    { by: 'kubectl-annotate', how: 'update', object: namespace({ x: '1' }) },
    { by: 'gitops', object: namespace({ x: '2', y: '2' }) },
  );
  t.strictSame(told, [
    'Apply failed with 1 conflict: conflict with "kubectl-annotate" using v1: .metadata.annotations.x',
  ]);
  t.strictSame(annotations(live), { x: '1' }, 'nothing was applied');
});

t.test('several conflicts are listed by manager', async (t) => {
  const { told } = story(
    undefined,
    { by: 'a', object: namespace({ x: '1' }) },
    { by: 'b', how: 'update', object: namespace({ x: '1', y: '1', z: '1' }) },
    { by: 'c', object: namespace({ x: '2', y: '2', z: '2' }) },
  );
  t.strictSame(told, [
    'Apply failed with 3 conflicts: conflicts with "a":\n- .metadata.annotations.x\n' +
      'conflicts with "b" using v1:\n- .metadata.annotations.y\n- .metadata.annotations.z',
  ]);
});

t.test('force takes the field over', async (t) => {
  const { live, told } = story(
    undefined,
    { by: 'a', object: namespace({ x: '1' }) },
    { by: 'b', how: 'force', object: namespace({ x: '2' }) },
    { by: 'a', object: namespace({}) },
  );
  t.strictSame(told, []);
  t.strictSame(annotations(live), { x: '2' });
});

t.test('the same value may have two owners', async (t) => {
  const both = [
    { by: 'a', object: namespace({ x: '1' }) },
    { by: 'b', object: namespace({ x: '1' }) },
  ];
  t.strictSame(managers(story(undefined, ...both).live), ['Apply a', 'Apply b']);
  const oneLeft = story(undefined, ...both, { by: 'a', object: namespace() });
  t.strictSame(annotations(oneLeft.live), { x: '1' });
  const noneLeft = story(
    undefined,
    ...both,
    { by: 'a', object: namespace() },
    { by: 'b', object: namespace() },
  );
  t.strictSame([annotations(noneLeft.live), managers(noneLeft.live)], [undefined, []]);
});

t.test('what is not applied any more goes, unless somebody else owns it', async (t) => {
  const { live } = story(
    undefined,
    { by: 'a', object: namespace({ mine: '1', ours: '1', kept: '1' }) },
    { by: 'kubectl', how: 'update', object: namespace({ mine: '1', ours: '1', kept: '2' }) },
    { by: 'b', object: namespace({ ours: '1' }) },
    { by: 'a', object: namespace() },
  );
  t.strictSame(annotations(live), { ours: '1', kept: '2' });
});

const SCHEMA: JSONSchema = {
  type: 'object',
  properties: {
    whole: { type: 'array', items: { type: 'string' } },
    set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
    items: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: {
        type: 'object',
        properties: { k: { type: 'string' }, v: { type: 'integer' }, w: { type: 'integer' } },
      },
    },
    map: { type: 'object', additionalProperties: { type: 'string' } },
  },
};

function custom(fields: JsonObject): JsonObject {
  return { apiVersion: 'x.io/v1', kind: 'X', metadata: { name: 'n' }, ...fields };
}

t.test('lists and maps are merged as the schema says', async (t) => {
  const { live, told } = story(
    SCHEMA,
    {
      by: 'a',
      object: custom({
        set: ['x'],
        items: [
          { k: '1', v: 1 },
          { k: '2', v: 2 },
        ],
        map: { a: '1' },
      }),
    },
    {
      by: 'b',
      object: custom({
        set: ['y'],
        items: [
          { k: '2', w: 5 },
          { k: '3', v: 3 },
        ],
        map: { b: '2' },
      }),
    },
  );
  t.strictSame(told, []);
  t.match(live, {
    set: ['x', 'y'],
    items: [
      { k: '1', v: 1 },
      { k: '2', v: 2, w: 5 },
      { k: '3', v: 3 },
    ],
    map: { a: '1', b: '2' },
  });
});

t.test('a manager that withdraws takes its items along', async (t) => {
  const { live } = story(
    SCHEMA,
    {
      by: 'a',
      object: custom({
        set: ['x'],
        items: [
          { k: '1', v: 1 },
          { k: '2', v: 2 },
        ],
        map: { a: '1' },
      }),
    },
    { by: 'b', object: custom({ set: ['y'], items: [{ k: '2', w: 5 }] }) },
    { by: 'a', object: custom({}) },
  );
  const { metadata: _, ...rest } = live;
  t.strictSame(rest, { apiVersion: 'x.io/v1', kind: 'X', set: ['y'], items: [{ k: '2', w: 5 }] });
});

t.test('a list that is owned as a whole conflicts as a whole', async (t) => {
  const { told } = story(
    SCHEMA,
    { by: 'a', object: custom({ whole: ['x'], items: [{ k: '1', v: 1 }] }) },
    { by: 'b', object: custom({ whole: ['x', 'y'], items: [{ k: '1', v: 2 }] }) },
  );
  t.strictSame(told, ['Apply failed with 2 conflicts: conflicts with "a":\n- .items[k="1"].v\n- .whole']);
});

t.test('applying the same again changes nothing, its time included', async (t) => {
  const first = story(undefined, { by: 'a', object: namespace({ x: '1' }) }).live;
  const options = { manager: 'a', force: false, apiVersion: 'v1', time: '2030-01-01T00:00:00Z' };
  t.strictSame(applyConfiguration(first, namespace({ x: '1' }), options), { ok: true, value: first });
});

t.test('neither object is changed', async (t) => {
  const live = story(undefined, { by: 'a', object: namespace({ x: '1' }) }).live;
  const before = JSON.stringify(live);
  const applied = namespace({ y: '1' });
  applyConfiguration(live, applied, { manager: 'a', force: true, apiVersion: 'v1', time: TIME });
  t.equal(JSON.stringify(live), before);
  t.strictSame(applied, namespace({ y: '1' }));
});
