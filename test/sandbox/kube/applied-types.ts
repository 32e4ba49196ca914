// Whether an applied configuration is of its kind: server-side apply takes no field that the schema does not declare,
// whatever the client says of field validation. The sentences are those of structured-merge-diff.
import { type FieldSet, pathsOf } from './field-set.ts';
import { partsOf } from './field-topology.ts';
import { goKindOf } from './go-json.ts';
import { isObject } from './json.ts';
import type { JSONSchema } from './json-schema.ts';

/** Everything that does not fit, as `.spec.foo: field not declared in schema`. */
export function appliedFaults(schema: JSONSchema, configuration: unknown): string[] {
  const faults: string[] = [];
  check(schema, configuration, '', faults);
  return faults;
}

/** Several faults stand one below the other. */
export function appliedFaultList(faults: readonly string[]): string {
  return faults.length === 1
    ? (faults[0] ?? '')
    : ['errors:', ...faults.map((fault) => `  ${fault}`)].join('\n');
}

function check(schema: JSONSchema, value: unknown, path: string, faults: string[]): void {
  if (value === null || value === undefined || schema['x-kubernetes-int-or-string'] === true) return;
  const expected = expectation(schema.type, value);
  if (expected !== undefined) {
    faults.push(`${path}: expected ${expected}`);
  } else if (Array.isArray(value)) {
    checkItems(schema, value, path, faults);
  } else if (isObject(value)) {
    const { properties = {}, additionalProperties } = schema;
    const open = schema['x-kubernetes-preserve-unknown-fields'] === true || additionalProperties === true;
    for (const [key, member] of Object.entries(value)) {
      const child = properties[key] ?? (isObject(additionalProperties) ? additionalProperties : undefined);
      if (child !== undefined) check(child, member, `${path}.${key}`, faults);
      else if (!open) faults.push(`${path}.${key}: field not declared in schema`);
    }
  }
}

function checkItems(schema: JSONSchema, list: readonly unknown[], path: string, faults: string[]): void {
  const parts = partsOf(list, schema);
  for (const [i, item] of list.entries()) {
    const element: FieldSet | undefined = parts?.[i] && { [parts[i].element]: {} };
    const place = element === undefined ? `[${i}]` : (pathsOf(element)[0] ?? '');
    check(schema.items ?? {}, item, path + place, faults);
  }
}

function expectation(type: string | undefined, value: unknown): string | undefined {
  switch (type) {
    case 'string':
      return typeof value === 'string'
        ? undefined
        : `string, got &value.valueUnstructured{Value:${goValue(value)}}`;
    case 'integer':
    case 'number':
      return typeof value === 'number' ? undefined : `numeric (int or float), got ${goTypeOf(value)}`;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `boolean, got &{${goValue(value)}}`;
    case 'array':
      return Array.isArray(value) ? undefined : `list, got &{${goValue(value)}}`;
    case 'object':
      return isObject(value) ? undefined : `map, got &{${goValue(value)}}`;
    default:
      return undefined;
  }
}

function goTypeOf(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  return isObject(value) ? 'map[string]interface {}' : goKindOf(value);
}

function goValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`;
  if (!isObject(value)) return String(value);
  return `map[${Object.keys(value)
    .sort()
    .map((key) => `${key}:${goValue(value[key])}`)
    .join(' ')}]`;
}
