// OpenAPI v3 as kubectl reads it: which parameters a kind's PATCH takes (that decides who validates fields),
// and the fields that `kubectl explain` shows. Schemas are published as they stand; only metadata is a
// reference.

import { createHash } from 'node:crypto';
import type { JsonObject } from './json.ts';
import { BOOLEAN, INTEGER, type JSONSchema, TEXT } from './json-schema.ts';
import { groupVersionOf, type KindSpec } from './kind.ts';
import { OBJECT_META } from './meta-schema.ts';
import { APPLY_PATCH, JSON_PATCH, MERGE_PATCH } from './patch.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const VERB_PARAMETERS = {
  dryRun: TEXT,
  fieldManager: TEXT,
  fieldValidation: TEXT,
} as const;
const LIST_PARAMETERS = {
  allowWatchBookmarks: BOOLEAN,
  continue: TEXT,
  fieldSelector: TEXT,
  labelSelector: TEXT,
  limit: INTEGER,
  resourceVersion: TEXT,
  resourceVersionMatch: TEXT,
  sendInitialEvents: BOOLEAN,
  timeoutSeconds: INTEGER,
  watch: BOOLEAN,
} as const;

/** `/openapi/v3`: where the document of each group and version is. */
export function openapiV3Index(kinds: readonly KindSpec[]): JsonObject {
  const roots = new Map(kinds.map((kind) => [rootOf(kind).slice(1), kind] as const));
  const paths: JsonObject = {};
  for (const [root, { group, version }] of roots) {
    paths[root] = { serverRelativeURL: `/openapi/v3/${root}?hash=${hashOf(kinds, group, version)}` };
  }
  return { paths };
}

/** `/openapi/v3/api/v1` or `/openapi/v3/apis/GROUP/VERSION`; undefined when no kind is in it. */
export function openapiV3(
  group: string,
  version: string,
  kinds: readonly KindSpec[],
): JsonObject | undefined {
  const served = kinds.filter((kind) => kind.group === group && kind.version === version);
  if (served.length === 0) return undefined;
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths: Object.assign({}, ...served.map(pathsOf)),
    components: {
      schemas: Object.assign({ [`${META}.ObjectMeta`]: OBJECT_META }, ...served.map(schemasOf)),
    },
  };
}

function rootOf(kind: { readonly group: string; readonly version: string }): string {
  return `${kind.group === '' ? '/api' : '/apis'}/${groupVersionOf(kind)}`;
}

/** Changes whenever the document would: clients keep documents by it. */
function hashOf(kinds: readonly KindSpec[], group: string, version: string): string {
  const served = kinds.filter((kind) => kind.group === group && kind.version === version);
  const text = JSON.stringify(served.map((kind) => [kind.kind, kind.verbs, kind.subresources, kind.schema]));
  return createHash('sha256').update(text).digest('hex').slice(0, 32).toUpperCase();
}

/** `io.k8s.api.core.v1.Namespace`; of a custom resource, its group reversed: `com.example.v1.Kind`. */
function schemaName(kind: KindSpec): string {
  if (!kind.strategic) return [...kind.group.split('.').reverse(), kind.version, kind.kind].join('.');
  const group = kind.group === '' ? 'core' : (kind.group.split('.')[0] ?? '');
  return `io.k8s.api.${group}.${kind.version}.${kind.kind}`;
}

function gvkOf(kind: KindSpec): JsonObject {
  return { group: kind.group, kind: kind.kind, version: kind.version };
}

function schemasOf(kind: KindSpec): JsonObject {
  const name = schemaName(kind);
  const listGvk = { group: kind.group, kind: kind.listKind, version: kind.version };
  const object = {
    ...(kind.schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }),
    properties: { apiVersion: TEXT, kind: TEXT, ...withMetadata(kind.schema) },
    'x-kubernetes-group-version-kind': [gvkOf(kind)],
  };
  const list = {
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: TEXT,
      items: { type: 'array', items: reference(name) },
      kind: TEXT,
      metadata: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
    'x-kubernetes-group-version-kind': [listGvk],
  };
  return { [name]: object, [`${name}List`]: list };
}

function withMetadata(schema: JSONSchema | undefined): JsonObject {
  return { ...schema?.properties, metadata: { allOf: [reference(`${META}.ObjectMeta`)], default: {} } };
}

function reference(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

function pathsOf(kind: KindSpec): JsonObject {
  const collection = kind.namespaced
    ? `${rootOf(kind)}/namespaces/{namespace}/${kind.plural}`
    : `${rootOf(kind)}/${kind.plural}`;
  const has = (verb: string): boolean => kind.verbs.includes(verb);
  const named = `${collection}/{name}`;
  const paths: JsonObject = {
    [collection]: {
      ...(has('list') ? { get: operation(kind, 'list', LIST_PARAMETERS) } : {}),
      ...(has('create') ? { post: operation(kind, 'post', VERB_PARAMETERS, ['application/json']) } : {}),
      ...(has('deletecollection') ? { delete: operation(kind, 'deletecollection', LIST_PARAMETERS) } : {}),
      parameters: pathParameters(kind, 'collection'),
    },
  };
  if (has('get')) paths[named] = namedPath(kind);
  for (const subresource of kind.subresources.filter((name) => name === 'status')) {
    paths[`${named}/${subresource}`] = namedPath(kind);
  }
  return paths;
}

function namedPath(kind: KindSpec): JsonObject {
  // Not the strategic one: kubectl knows how built-in kinds merge, and asks us only about the others.
  const patches = [APPLY_PATCH, JSON_PATCH, MERGE_PATCH];
  return {
    get: operation(kind, 'get', {}),
    put: operation(kind, 'put', VERB_PARAMETERS, ['application/json']),
    patch: operation(kind, 'patch', { ...VERB_PARAMETERS, force: BOOLEAN }, patches),
    delete: operation(kind, 'delete', { dryRun: TEXT, gracePeriodSeconds: INTEGER, propagationPolicy: TEXT }),
    parameters: pathParameters(kind, 'named'),
  };
}

function operation(
  kind: KindSpec,
  action: string,
  parameters: Readonly<Record<string, JSONSchema>>,
  bodies: readonly string[] = [],
): JsonObject {
  const answer = { 'application/json': { schema: reference(schemaName(kind)) } };
  const body = Object.fromEntries(bodies.map((type) => [type, { schema: { type: 'object' } }]));
  return {
    operationId: `${action}${groupVersionOf(kind).replaceAll(/\W/g, '')}${kind.kind}`,
    parameters: Object.entries(parameters).map(([name, schema]) => ({ name, in: 'query', schema })),
    ...(bodies.length > 0 ? { requestBody: { content: body } } : {}),
    responses: { 200: { description: 'OK', content: answer } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvkOf(kind),
  };
}

function pathParameters(kind: KindSpec, path: 'collection' | 'named'): JsonObject[] {
  const names = [...(path === 'named' ? ['name'] : []), ...(kind.namespaced ? ['namespace'] : [])];
  return names.map((name) => ({ name, in: 'path', required: true, schema: TEXT }));
}
