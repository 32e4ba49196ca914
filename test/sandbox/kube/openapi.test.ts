import t from 'tap';
import { BUILTINS, kindFromCRD } from './builtins.ts';
import type { JsonObject } from './json.ts';
import { openapiV3, openapiV3Index } from './openapi.ts';
import { openapiV2 } from './openapi-v2.ts';

const WIDGETS = kindFromCRD({
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets' },
    versions: [
      {
        name: 'v1',
        served: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description: 'A widget.',
            properties: {
              metadata: { type: 'object' },
              spec: { type: 'object', properties: { size: { type: 'integer' } } },
            },
          },
        },
      },
    ],
  },
});
const KINDS = [...BUILTINS, ...WIDGETS];

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonObject>> };
}

function document(group: string, version: string): Document {
  return openapiV3(group, version, KINDS) as unknown as Document;
}

function urlOf(kinds: typeof KINDS): string {
  const { paths } = openapiV3Index(kinds) as { paths: Record<string, { serverRelativeURL: string }> };
  return paths['apis/example.com/v1']?.serverRelativeURL ?? '';
}

t.test('the index leads to a document per group and version', async (t) => {
  const { paths } = openapiV3Index(KINDS) as { paths: object };
  for (const path of ['api/v1', 'apis/apps/v1', 'apis/example.com/v1']) t.ok(path in paths, path);
  t.match(urlOf(KINDS), /^\/openapi\/v3\/apis\/example\.com\/v1\?hash=[0-9A-F]{32}$/);
});

t.test('the hash changes with the document, and only then', async (t) => {
  const more = WIDGETS.map((kind) => ({ ...kind, schema: { type: 'object' } }));
  t.equal(urlOf(KINDS), urlOf([...WIDGETS, ...BUILTINS]));
  t.not(urlOf(KINDS), urlOf([...BUILTINS, ...more]));
});

t.test('there is no document for a group that nobody serves', async (t) => {
  t.equal(openapiV3('example.com', 'v2', KINDS), undefined);
});

t.test('every kind that can be patched says that the server validates its fields', async (t) => {
  for (const { group, version, kind } of KINDS.filter(({ verbs }) => verbs.includes('patch'))) {
    const operations = Object.values(document(group, version).paths).map((path) => path.patch);
    const ours = operations.find((patch) => {
      const gvk = patch?.['x-kubernetes-group-version-kind'] as JsonObject | undefined;
      return gvk?.group === group && gvk.version === version && gvk.kind === kind;
    });
    const names = ((ours?.parameters ?? []) as JsonObject[]).map(({ name }) => name);
    t.ok(
      ['dryRun', 'fieldManager', 'fieldValidation'].every((name) => names.includes(name)),
      `${group} ${kind}`,
    );
  }
});

t.test('a kind is served under its scope, with its status', async (t) => {
  const { paths } = document('example.com', 'v1');
  t.strictSame(Object.keys(paths), [
    '/apis/example.com/v1/namespaces/{namespace}/widgets',
    '/apis/example.com/v1/namespaces/{namespace}/widgets/{name}',
    '/apis/example.com/v1/namespaces/{namespace}/widgets/{name}/status',
  ]);
  t.ok(document('', 'v1').paths['/api/v1/namespaces/{name}']);
});

t.test('reviews are only posted', async (t) => {
  const { paths } = document('authorization.k8s.io', 'v1');
  t.strictSame(Object.keys(paths['/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'] ?? {}), [
    'post',
    'parameters',
  ]);
  t.equal(paths['/apis/authorization.k8s.io/v1/selfsubjectaccessreviews/{name}'], undefined);
});

t.test('strategic patches are left to what kubectl knows', async (t) => {
  const { patch } = document('', 'v1').paths['/api/v1/namespaces/{name}'] ?? {};
  const types = Object.keys((patch?.requestBody as { content?: object } | undefined)?.content ?? {});
  t.strictSame(types, [
    'application/apply-patch+yaml',
    'application/json-patch+json',
    'application/merge-patch+json',
  ]);
});

t.test('a schema carries its kind, its fields and a reference to metadata', async (t) => {
  const { schemas } = document('example.com', 'v1').components;
  t.match(schemas['com.example.v1.Widget'], {
    description: 'A widget.',
    'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Widget' }],
    properties: {
      apiVersion: { type: 'string' },
      spec: { properties: { size: { type: 'integer' } } },
      metadata: { allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }] },
    },
  });
  t.ok(schemas['com.example.v1.WidgetList']);
  t.ok(document('rbac.authorization.k8s.io', 'v1').components.schemas['io.k8s.api.rbac.v1.Role']);
});

t.test('every reference leads somewhere', async (t) => {
  for (const { group, version } of KINDS) {
    const whole = document(group, version);
    const names = JSON.stringify(whole).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g);
    for (const [, name = ''] of names) if (!(name in whole.components.schemas)) t.fail(`${group} ${name}`);
  }
  t.pass();
});

/** The length-delimited fields of a protobuf message with this number. */
function fields(message: Uint8Array, number: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const length = varint();
    if (tag === number * 8 + 2) found.push(message.subarray(at, at + length));
    at += length;
  }
  return found;
}

function texts(message: Uint8Array, ...path: readonly number[]): string[] {
  const ends = path.reduce<Uint8Array[]>((all, number) => all.flatMap((m) => fields(m, number)), [message]);
  return ends.map((end) => Buffer.from(end).toString());
}

t.test('older kubectl finds the same in OpenAPI v2', async (t) => {
  const whole = openapiV2(KINDS);
  t.strictSame(texts(whole, 1), ['2.0']);
  const patchable = KINDS.filter(({ verbs }) => verbs.includes('patch'));
  const gvks = texts(whole, 8, 2, 2, 8, 13, 2, 2).map((yaml) => JSON.parse(yaml) as unknown);
  t.strictSame(
    gvks,
    patchable.map(({ group, kind, version }) => ({ group, kind, version })),
  );
  t.ok(texts(whole, 8, 2, 1).includes('/apis/example.com/v1/namespaces/{namespace}/widgets/{name}'));
  const names = texts(whole, 8, 2, 2, 8, 8, 1, 2, 3, 4);
  t.equal(names.filter((name) => name === 'fieldValidation').length, patchable.length);
});
