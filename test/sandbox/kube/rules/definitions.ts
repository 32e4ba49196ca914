// CustomResourceDefinitions as objects: their defaults, what the API server refuses in them, and the conditions that
// say whether their kinds are served. kube-apiserver's controllers write those conditions a moment after the object.
import { fieldOf, isObject, type JsonObject, listOf, objectOf, textOf } from '../json.ts';
import type { JSONSchema } from '../json-schema.ts';
import { invalidValue, timestamp } from '../metadata.ts';
import type { ApiObject } from '../object.ts';
import { compileSchema } from '../schema.ts';
import type { FieldError } from '../status.ts';
import type { Rules } from './rules.ts';

/** Keeps a deleted definition until its objects are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

export const DEFINITION: Rules = {
  names: 'subdomain',
  update: 'conditional',
  defaults(crd) {
    const spec = objectOf(crd.spec);
    const names = objectOf(spec.names);
    const kind = textOf(names.kind);
    crd.spec = {
      conversion: { strategy: 'None' },
      ...spec,
      names: { listKind: `${kind}List`, singular: kind.toLowerCase(), ...names },
    };
  },
  onCreate(crd) {
    crd.status = {
      acceptedNames: { kind: '', plural: '' },
      conditions: [],
      storedVersions: storageVersions(crd),
    };
  },
  onUpdate(after, before, subresource) {
    if (subresource === 'status') after.spec = before.spec;
    else after.status = before.status;
  },
  faults: crdFaults,
};

/** As the naming and establishing controllers leave a definition that nothing is wrong with. */
export function established(crd: ApiObject, now: Date): JsonObject {
  const stored = listOf(fieldOf(crd, 'status', 'storedVersions'));
  const conditions = listOf(fieldOf(crd, 'status', 'conditions')).filter(
    (condition) => !ESTABLISHING.has(textOf(objectOf(condition).type)),
  );
  return {
    acceptedNames: fieldOf(crd, 'spec', 'names'),
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found', now),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted', now),
      ...conditions,
    ],
    storedVersions: [...new Set([...stored, ...storageVersions(crd)])],
  };
}

const ESTABLISHING: ReadonlySet<string> = new Set(['NamesAccepted', 'Established']);

/** A deletion has begun: the objects go first. */
export function terminating(crd: ApiObject, now: Date): JsonObject {
  const message = 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon';
  const status = objectOf(crd.status);
  const conditions = [
    ...listOf(status.conditions),
    condition('Terminating', 'InstanceDeletionPending', message, now),
  ];
  return { ...status, conditions };
}

function condition(type: string, reason: string, message: string, now: Date): JsonObject {
  return { lastTransitionTime: timestamp(now), message, reason, status: 'True', type };
}

function storageVersions(crd: ApiObject): string[] {
  return versionsOf(crd)
    .filter((version) => version.storage === true)
    .map((version) => textOf(version.name));
}

function versionsOf(crd: ApiObject): JsonObject[] {
  return listOf(fieldOf(crd, 'spec', 'versions')).map(objectOf);
}

function crdFaults(crd: ApiObject, before: ApiObject | undefined): FieldError[] {
  const spec = objectOf(crd.spec);
  const names = objectOf(spec.names);
  const name = `${textOf(names.plural)}.${textOf(spec.group)}`;
  const faults: FieldError[] = [];
  if (crd.metadata.name !== name) {
    const why = 'must be spec.names.plural+"."+spec.group';
    faults.push(invalidValue('metadata.name', crd.metadata.name ?? '', why));
  }
  if (storageVersions(crd).length !== 1) {
    const why = 'must have exactly one version marked as storage version';
    faults.push({
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(spec.versions ?? [])}: ${why}`,
      field: 'spec.versions',
    });
  }
  versionsOf(crd).forEach((version, index) => {
    faults.push(...schemaFaults(version, `spec.versions[${index}].schema.openAPIV3Schema`));
  });
  return before === undefined ? faults : [...faults, ...immutableFaults(spec, objectOf(before.spec))];
}

function schemaFaults(version: JsonObject, field: string): FieldError[] {
  const schema = fieldOf(version, 'schema', 'openAPIV3Schema');
  if (!isObject(schema)) {
    return [{ reason: 'FieldValueRequired', message: 'Required value: schemas are required', field }];
  }
  if (schema.type === 'object') {
    const untyped = structuralFaults(schema as JSONSchema, field);
    return untyped.length > 0 ? untyped : compileFaults(schema, field);
  }
  const message =
    schema.type === undefined ? 'Required value: must not be empty at the root' : notAnObject(schema);
  const reason = schema.type === undefined ? 'FieldValueRequired' : 'FieldValueInvalid';
  return [{ reason, message, field: `${field}.type` }];
}

/** Every part of a schema that says anything says of which type it is: the schema is structural. */
function structuralFaults(schema: JSONSchema, field: string): FieldError[] {
  const { properties = {}, items, additionalProperties } = schema;
  const below: [string, JSONSchema, string][] = Object.entries(properties).map(([key, child]) => [
    `${field}.properties[${key}]`,
    child,
    'object fields',
  ]);
  if (items !== undefined) below.push([`${field}.items`, items, 'array items']);
  if (isObject(additionalProperties)) {
    below.push([`${field}.additionalProperties`, additionalProperties as JSONSchema, 'object fields']);
  }
  return below.flatMap(([place, child, what]) => [
    ...(isTyped(child) ? [] : [untyped(`${place}.type`, what)]),
    ...structuralFaults(child, place),
  ]);
}

function isTyped(schema: JSONSchema): boolean {
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true;
  return Boolean(schema.type) || open || schema['x-kubernetes-int-or-string'] === true;
}

function untyped(field: string, what: string): FieldError {
  const message = `Required value: must not be empty for specified ${what}`;
  return { reason: 'FieldValueRequired', message, field };
}

/** Rules (x-kubernetes-validations) that cannot be compiled. */
function compileFaults(schema: JsonObject, field: string): FieldError[] {
  return compileSchema(schema).problems.map((message) => ({
    reason: 'FieldValueInvalid',
    message: `Invalid value: "object": ${message}`,
    field,
  }));
}

function notAnObject(schema: JsonObject): string {
  return `Invalid value: ${JSON.stringify(schema.type)}: must be object at the root`;
}

function immutableFaults(after: JsonObject, before: JsonObject): FieldError[] {
  const fields: readonly (readonly string[])[] = [
    ['group'],
    ['scope'],
    ['names', 'plural'],
    ['names', 'kind'],
  ];
  return fields
    .filter((path) => fieldOf(after, ...path) !== fieldOf(before, ...path))
    .map((path) =>
      invalidValue(`spec.${path.join('.')}`, textOf(fieldOf(after, ...path)), 'field is immutable'),
    );
}
