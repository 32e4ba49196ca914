import t from 'tap';
import { SCHEMAS } from './builtins-schemas.ts';
import type { JsonObject } from './json.ts';
import { clone } from './json.ts';
import { compileSchema, type JSONSchema } from './schema.ts';

const TEXT: JSONSchema = { type: 'string' };

function spec(properties: Record<string, JSONSchema>, more: Partial<JSONSchema> = {}): JSONSchema {
  return { type: 'object', properties: { spec: { type: 'object', properties, ...more } } };
}

t.test('unknown fields are dropped and named', async (t) => {
  const schema = compileSchema(
    spec({
      known: TEXT,
      list: { type: 'array', items: { type: 'object', properties: { known: TEXT } } },
      map: { type: 'object', additionalProperties: { type: 'object', properties: { known: TEXT } } },
      open: {
        type: 'object',
        'x-kubernetes-preserve-unknown-fields': true,
        properties: { inner: { type: 'object', properties: {} } },
      },
      any: { 'x-kubernetes-preserve-unknown-fields': true },
      embedded: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: {} },
    }),
  );
  const object = {
    apiVersion: 'v1',
    kind: 'X',
    metadata: { anything: 1 },
    top: 1,
    spec: {
      known: 'x',
      unknown: { deep: 1 },
      list: [{ known: 'x', y: 2 }],
      map: { key: { known: 'x', z: 3 } },
      open: { anything: 1, inner: { w: 4 } },
      any: { a: { b: 1 } },
      embedded: { apiVersion: 'v1', kind: 'Y', metadata: {}, v: 5 },
    },
  };
  const unknown = schema.prune(object);
  t.strictSame(unknown, [
    'top',
    'spec.unknown',
    'spec.list[0].y',
    'spec.map.key.z',
    'spec.open.inner.w',
    'spec.embedded.v',
  ]);
  t.strictSame(object, {
    apiVersion: 'v1',
    kind: 'X',
    metadata: { anything: 1 },
    spec: {
      known: 'x',
      list: [{ known: 'x' }],
      map: { key: { known: 'x' } },
      open: { anything: 1, inner: {} },
      any: { a: { b: 1 } },
      embedded: { apiVersion: 'v1', kind: 'Y', metadata: {} },
    },
  });
});

t.test('a member that objects inherit is as unknown as any other', async (t) => {
  const object = JSON.parse('{"spec":{"constructor":1,"__proto__":{"a":1}}}') as JsonObject;
  t.strictSame(compileSchema(spec({})).prune(object), ['spec.constructor', 'spec.__proto__']);
});

t.test('defaults fill what is absent, also inside defaults', async (t) => {
  const schema = compileSchema({
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        default: {},
        properties: {
          text: { type: 'string', default: 'd' },
          list: {
            type: 'array',
            items: { type: 'object', properties: { scope: { type: 'string', default: '*' } } },
          },
          inner: { type: 'object', properties: { deep: { type: 'integer', default: 3 } } },
        },
      },
    },
  });
  const rows: readonly (readonly [JsonObject, JsonObject])[] = [
    [{}, { spec: { text: 'd' } }],
    [{ spec: { text: 'x', inner: {} } }, { spec: { text: 'x', inner: { deep: 3 } } }],
    [
      { spec: { list: [{}, { scope: 'a' }] } },
      { spec: { text: 'd', list: [{ scope: '*' }, { scope: 'a' }] } },
    ],
    [{ spec: { text: null } }, { spec: { text: 'd' } }],
  ];
  for (const [object, filled] of rows) {
    const copy = clone(object);
    schema.default(copy);
    t.strictSame(copy, filled, JSON.stringify(object));
  }
});

t.test('defaults of two objects share nothing', async (t) => {
  const schema = compileSchema(spec({ list: { type: 'array', default: [], items: TEXT } }));
  const [a, b] = [{ spec: {} as { list?: string[] } }, { spec: {} as { list?: string[] } }];
  schema.default(a);
  schema.default(b);
  a.spec.list?.push('x');
  t.strictSame(b.spec.list, []);
});

t.test('a null that may not stay is dropped', async (t) => {
  const schema = compileSchema(
    spec({ text: TEXT, free: { type: 'string', nullable: true }, list: { type: 'array', items: TEXT } }),
  );
  const object = { spec: { text: null, free: null, list: [null] } };
  schema.default(object);
  t.strictSame(object, { spec: { free: null, list: [null] } });
});

t.test('rules wait for types and bounds, and say so', async (t) => {
  const schema = compileSchema(
    spec(
      { n: { type: 'integer', maximum: 5 } },
      { 'x-kubernetes-validations': [{ rule: 'self.n > 1', message: 'too small' }] },
    ),
  );
  const messages = (n: unknown) => schema.validate({ spec: { n } }).map((cause) => cause.message);
  t.strictSame(messages(0), ['Invalid value: "object": too small']);
  t.strictSame(messages('x'), [
    'Invalid value: "string": spec.n in body must be of type integer: "string"',
    'Invalid value: "null": some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
  ]);
  t.strictSame(messages(9), ['Invalid value: 9: spec.n in body should be less than or equal to 5']);
  t.strictSame(messages(3), []);
});

t.test('misspelt fields of our kind of manifests are noticed', async (t) => {
  const rows: readonly (readonly [string, JsonObject, readonly string[]])[] = [
    ['v1/Namespace', { spec: { finalisers: [] } }, ['spec.finalisers']],
    ['v1/Secret', { data: {}, stringdata: {} }, ['stringdata']],
    [
      'rbac.authorization.k8s.io/v1/ClusterRole',
      { rules: [{ verb: ['get'], verbs: [] }] },
      ['rules[0].verb'],
    ],
    [
      'apps/v1/Deployment',
      { spec: { template: { spec: { containers: [{ name: 'a', livenessprobe: {} }] } } } },
      ['spec.template.spec.containers[0].livenessprobe'],
    ],
    [
      'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration',
      { webhooks: [{ matchCondition: [] }] },
      ['webhooks[0].matchCondition'],
    ],
    [
      'admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration',
      { webhooks: [{ reinvocationPolicy: 'Never' }] },
      ['webhooks[0].reinvocationPolicy'],
    ],
    ['coordination.k8s.io/v1/Lease', { spec: { holder: 'x' } }, ['spec.holder']],
  ];
  for (const [kind, object, unknown] of rows) {
    const schema = SCHEMAS[kind];
    t.strictSame(schema && compileSchema(schema).prune({ metadata: {}, ...object }), unknown, kind);
  }
});

t.test('webhook configurations get the defaults of the API', async (t) => {
  const schema = SCHEMAS['admissionregistration.k8s.io/v1/MutatingWebhookConfiguration'];
  const object = {
    webhooks: [{ name: 'a', rules: [{}], clientConfig: { service: { name: 's', namespace: 'n' } } }],
  };
  if (schema !== undefined) compileSchema(schema).default(object);
  t.match(object.webhooks[0], {
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    reinvocationPolicy: 'Never',
    timeoutSeconds: 10,
    namespaceSelector: {},
    objectSelector: {},
    rules: [{ scope: '*' }],
    clientConfig: { service: { port: 443 } },
  });
});

t.test('of the metadata a schema restricts the name', async (t) => {
  const schema = compileSchema({
    type: 'object',
    properties: {
      metadata: { type: 'object', properties: { name: { type: 'string', pattern: '^[0-9.]+$' } } },
    },
  });
  const named = (name: string) => ({ apiVersion: 'v1', kind: 'X', metadata: { name, labels: { a: 'b' } } });
  t.same(schema.validate(named('10.0.0.1')), []);
  t.same(
    schema.validate(named('foo')).map(({ field, message }) => `${field}: ${message}`),
    [`metadata.name: Invalid value: "foo": metadata.name in body should match '^[0-9.]+$'`],
  );
});
