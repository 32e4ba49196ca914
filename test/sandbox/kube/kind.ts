// What the API server knows of one kind in one version: its names, scope, verbs, schema and columns. Built-in
// kinds are in builtins.ts; a CustomResourceDefinition is turned into kinds here.

import { type Column, columnsOf } from './columns.ts';
import { fieldOf, isObject, type JsonObject, listOf, objectOf, textOf } from './json.ts';
import type { JSONSchema } from './json-schema.ts';

/** A subresource that a kind may serve. */
export type Subresource = 'status' | 'scale' | 'finalize' | 'token';

/** One kind in one version. */
export interface KindSpec {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly subresources: readonly Subresource[];
  /** Whether strategic merge patches are understood: built-in kinds only. */
  readonly strategic: boolean;
  /** undefined: anything is accepted. */
  readonly schema?: JSONSchema;
  readonly columns: readonly Column[];
  /** Whether metadata.generation counts changes of what is not metadata or status. */
  readonly hasGeneration: boolean;
}

const CUSTOM_RESOURCE_VERBS = [
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'create',
  'update',
  'watch',
];

/** `v1` or `group/v1`. */
export function groupVersionOf(kind: { readonly group: string; readonly version: string }): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** The kinds that a CustomResourceDefinition serves, one per served version. */
export function kindFromCRD(crd: JsonObject): KindSpec[] {
  const names = objectOf(fieldOf(crd, 'spec', 'names'));
  const kind = textOf(names.kind);
  const shared = {
    group: textOf(fieldOf(crd, 'spec', 'group')),
    plural: textOf(names.plural),
    singular: textOf(names.singular) || kind.toLowerCase(),
    kind,
    listKind: textOf(names.listKind) || `${kind}List`,
    shortNames: listOf(names.shortNames).map(textOf),
    categories: listOf(names.categories).map(textOf),
    namespaced: fieldOf(crd, 'spec', 'scope') === 'Namespaced',
    verbs: CUSTOM_RESOURCE_VERBS,
    strategic: false,
    hasGeneration: true,
  };
  return listOf(fieldOf(crd, 'spec', 'versions'))
    .map(objectOf)
    .filter((version) => version.served === true)
    .map((version) => {
      const schema = fieldOf(version, 'schema', 'openAPIV3Schema');
      return {
        ...shared,
        version: textOf(version.name),
        subresources: subresourcesOf(version),
        columns: columnsOf(version),
        ...(isObject(schema) ? { schema: schema as JSONSchema } : {}),
      };
    });
}

function subresourcesOf(version: JsonObject): Subresource[] {
  const declared = objectOf(version.subresources);
  const names: readonly Subresource[] = ['status', 'scale'];
  return names.filter((name) => isObject(declared[name]));
}
