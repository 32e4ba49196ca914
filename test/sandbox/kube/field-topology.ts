// How a value falls apart into fields that can be owned one by one: a whole (scalars, atomic lists), a map by
// member, a list by key or by value. The schema decides. Apart because walking, merging and removing all ask
// the same.

import { isObject, type JsonObject } from './json.ts';
import type { JSONSchema } from './json-schema.ts';

/** One part of a value, under the element that names it in a field set. */
export interface Part {
  readonly element: string;
  readonly value: unknown;
  readonly schema: JSONSchema | undefined;
}

/** A value's parts; undefined: it is owned as a whole. */
export function partsOf(value: unknown, schema: JSONSchema | undefined): readonly Part[] | undefined {
  if (Array.isArray(value)) return listParts(value, schema);
  if (!isObject(value) || schema?.['x-kubernetes-map-type'] === 'atomic') return undefined;
  return Object.keys(value).map((key) => ({
    element: `f:${key}`,
    value: value[key],
    schema: memberSchema(schema, key),
  }));
}

/** The schema of a member; undefined: nothing is known of it. */
export function memberSchema(schema: JSONSchema | undefined, key: string): JSONSchema | undefined {
  if (schema === undefined) return undefined;
  const { properties, additionalProperties } = schema;
  if (properties !== undefined && Object.hasOwn(properties, key)) return properties[key];
  return isObject(additionalProperties) ? additionalProperties : undefined;
}

function listParts(list: readonly unknown[], schema: JSONSchema | undefined): readonly Part[] | undefined {
  const type = schema?.['x-kubernetes-list-type'];
  if (type !== 'set' && type !== 'map') return undefined;
  const parts: Part[] = [];
  for (const value of list) {
    const element = type === 'set' ? `v:${JSON.stringify(value)}` : keyElement(value, schema);
    // A list whose items cannot be told apart is owned as a whole.
    if (element === undefined) return undefined;
    parts.push({ element, value, schema: schema?.items });
  }
  return parts;
}

function keyElement(item: unknown, schema: JSONSchema | undefined): string | undefined {
  if (!isObject(item)) return undefined;
  const keys: JsonObject = {};
  for (const name of [...(schema?.['x-kubernetes-list-map-keys'] ?? [])].sort()) {
    const value = item[name] ?? schema?.items?.properties?.[name]?.default;
    if (value !== undefined) keys[name] = value;
  }
  return Object.keys(keys).length === 0 ? undefined : `k:${JSON.stringify(keys)}`;
}
