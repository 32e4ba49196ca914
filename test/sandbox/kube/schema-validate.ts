// What is wrong with a value, given its schema: types, bounds, patterns, enumerations, distinct list items.
// Apart from schema.ts because the sentences are a contract of their own: clients print them as they are.

import { equal, isObject, type JsonObject } from './json.ts';
import type { JSONSchema } from './json-schema.ts';
import { checkFormat } from './schema-formats.ts';

/** One fault, as it stands in `details.causes` of a Status. */
export interface Cause {
  readonly reason: string;
  readonly message: string;
  /** `spec.cidrAssignments[0].CIDR`. */
  readonly field: string;
}

/** A schema, taken apart for quick walks. */
export interface SchemaNode {
  readonly schema: JSONSchema;
  readonly type: string | undefined;
  readonly nullable: boolean;
  readonly default: unknown;
  /** Unknown members are kept. */
  readonly open: boolean;
  /** The value is an object with apiVersion, kind and metadata of its own. */
  readonly embedded: boolean;
  readonly properties: ReadonlyMap<string, SchemaNode> | undefined;
  readonly additional: SchemaNode | undefined;
  readonly items: SchemaNode | undefined;
  readonly required: readonly string[];
  readonly pattern: RegExp | undefined;
  readonly branches: Branches | undefined;
}

interface Branches {
  readonly allOf: readonly SchemaNode[];
  readonly anyOf: readonly SchemaNode[];
  readonly oneOf: readonly SchemaNode[];
  readonly not: SchemaNode | undefined;
}

/** Takes a schema apart. Throws when a pattern is not a regular expression. */
export function compileNode(schema: JSONSchema): SchemaNode {
  const properties =
    schema.properties === undefined
      ? undefined
      : new Map(Object.entries(schema.properties).map(([key, child]) => [key, compileNode(child)] as const));
  const additional = isObject(schema.additionalProperties)
    ? compileNode(schema.additionalProperties)
    : undefined;
  const items = schema.items === undefined ? undefined : compileNode(schema.items);
  return {
    schema,
    type: schema.type,
    nullable: schema.nullable === true,
    default: schema.default,
    open: schema['x-kubernetes-preserve-unknown-fields'] === true || schema.additionalProperties === true,
    embedded: schema['x-kubernetes-embedded-resource'] === true,
    properties,
    additional,
    items,
    required: schema.required ?? [],
    pattern: schema.pattern === undefined ? undefined : new RegExp(schema.pattern, 'u'),
    branches: compileBranches(schema),
  };
}

function compileBranches(schema: JSONSchema): Branches | undefined {
  const { allOf = [], anyOf = [], oneOf = [], not } = schema;
  if (allOf.length + anyOf.length + oneOf.length === 0 && not === undefined) return undefined;
  return {
    allOf: allOf.map(compileNode),
    anyOf: anyOf.map(compileNode),
    oneOf: oneOf.map(compileNode),
    not: not === undefined ? undefined : compileNode(not),
  };
}

/** Everything that is wrong with a whole object. */
export function causesOf(root: SchemaNode, object: JsonObject): Cause[] {
  const causes: Cause[] = [];
  check(root, object, '', causes);
  return causes;
}

function check(node: SchemaNode, value: unknown, path: string, causes: Cause[]): void {
  if (value === null && node.nullable) return;
  if (!hasType(node, value)) {
    const intOrString = node.schema['x-kubernetes-int-or-string'] === true;
    causes.push(typeInvalid(path, value, intOrString ? 'integer,string' : (node.type ?? 'object')));
    if (node.branches !== undefined) checkBranches(node.branches, value, path, causes);
    return;
  }
  if (node.schema.enum !== undefined && !node.schema.enum.some((allowed) => equal(allowed, value))) {
    causes.push(notSupported(path, value, node.schema.enum));
  }
  if (typeof value === 'string') checkString(node, value, path, causes);
  else if (typeof value === 'number') checkNumber(node, value, path, causes);
  else if (Array.isArray(value)) checkList(node, value, path, causes);
  else if (isObject(value)) checkObject(node, value, path, causes);
  if (node.branches !== undefined) checkBranches(node.branches, value, path, causes);
}

function hasType(node: SchemaNode, value: unknown): boolean {
  if (node.schema['x-kubernetes-int-or-string'] === true) {
    return typeof value === 'string' || Number.isInteger(value);
  }
  switch (node.type) {
    case undefined:
    case '':
      return true;
    case 'object':
      return isObject(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value);
    default:
      return typeof value === node.type;
  }
}

/** Of several faults of one text or number, the first is told. */
function checkString(node: SchemaNode, value: string, path: string, causes: Cause[]): void {
  const { maxLength, minLength, format } = node.schema;
  if (maxLength !== undefined && [...value].length > maxLength) {
    causes.push(cause('FieldValueTooLong', path, `Too long: may not be more than ${maxLength} bytes`));
  } else if (minLength !== undefined && [...value].length < minLength) {
    causes.push(invalid(path, value, `should be at least ${minLength} chars long`));
  } else if (node.pattern !== undefined && !node.pattern.test(value)) {
    causes.push(invalid(path, value, `should match '${node.schema.pattern ?? ''}'`));
  }
  if (format !== undefined && !checkFormat(format, value)) {
    const text = JSON.stringify(value);
    const message = `Invalid value: ${text}: ${path} in body must be of type ${format}: ${text}`;
    causes.push(cause('FieldValueTypeInvalid', path, message));
  }
}

function checkNumber(node: SchemaNode, value: number, path: string, causes: Cause[]): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = node.schema;
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) {
    causes.push(invalid(path, value, `should be a multiple of ${multipleOf}`));
  } else if (maximum !== undefined && (exclusiveMaximum === true ? value >= maximum : value > maximum)) {
    const bound = exclusiveMaximum === true ? 'less than' : 'less than or equal to';
    causes.push(invalid(path, value, `should be ${bound} ${maximum}`));
  } else if (minimum !== undefined && (exclusiveMinimum === true ? value <= minimum : value < minimum)) {
    const bound = exclusiveMinimum === true ? 'greater than' : 'greater than or equal to';
    causes.push(invalid(path, value, `should be ${bound} ${minimum}`));
  }
}

function checkList(node: SchemaNode, list: readonly unknown[], path: string, causes: Cause[]): void {
  const { minItems, maxItems } = node.schema;
  if (maxItems !== undefined && list.length > maxItems) {
    causes.push(
      cause('FieldValueTooMany', path, `Too many: ${list.length}: must have at most ${maxItems} items`),
    );
  }
  if (minItems !== undefined && list.length < minItems) {
    causes.push(invalid(path, list.length, `should have at least ${minItems} items`));
  }
  if (node.items !== undefined) {
    for (const [i, item] of list.entries()) check(node.items, item, `${path}[${i}]`, causes);
  }
  checkDistinct(node.schema, list, path, causes);
}

function checkDistinct(schema: JSONSchema, list: readonly unknown[], path: string, causes: Cause[]): void {
  const type = schema['x-kubernetes-list-type'];
  if (type !== 'set' && type !== 'map') return;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const seen = new Map<string, number>();
  for (const [i, item] of list.entries()) {
    const identity = type === 'set' ? item : keys.map((key) => [key, isObject(item) ? item[key] : undefined]);
    const text = JSON.stringify(identity);
    const times = (seen.get(text) ?? 0) + 1;
    seen.set(text, times);
    if (times === 2) {
      const shown = type === 'set' ? show(item) : goMap(identity as [string, unknown][]);
      causes.push(cause('FieldValueDuplicate', `${path}[${i}]`, `Duplicate value: ${shown}`));
    }
  }
}

function checkObject(node: SchemaNode, object: JsonObject, path: string, causes: Cause[]): void {
  const { minProperties, maxProperties } = node.schema;
  const keys = Object.keys(object);
  if (maxProperties !== undefined && keys.length > maxProperties) {
    causes.push(
      cause('FieldValueTooMany', path, `Too many: ${keys.length}: must have at most ${maxProperties} items`),
    );
  }
  if (minProperties !== undefined && keys.length < minProperties) {
    causes.push(invalid(path, keys.length, `should have at least ${minProperties} properties`));
  }
  for (const name of node.required) {
    if (object[name] === undefined) {
      causes.push(cause('FieldValueRequired', join(path, name), 'Required value'));
    }
  }
  for (const key of keys) {
    const child = node.properties?.get(key) ?? node.additional;
    if (child === undefined) continue;
    if (path === '' && key === 'metadata') checkNames(child, object[key], causes);
    else check(child, object[key], join(path, key), causes);
  }
}

/** Of the object's metadata, which the server looks after itself, a schema may restrict these two and nothing else. */
const RESTRICTED = ['name', 'generateName'];

function checkNames(node: SchemaNode, metadata: unknown, causes: Cause[]): void {
  for (const key of RESTRICTED) {
    const child = node.properties?.get(key);
    const value = (metadata as Record<string, unknown> | undefined)?.[key];
    if (child !== undefined && value !== undefined) check(child, value, join('metadata', key), causes);
  }
}

/** Where no branch holds, the faults of the first are told as well. */
function checkBranches(branches: Branches, value: unknown, path: string, causes: Cause[]): void {
  const faultsOf = (node: SchemaNode): Cause[] => {
    const found: Cause[] = [];
    check(node, value, path, found);
    return found;
  };
  const { allOf, anyOf, oneOf, not } = branches;
  const refuse = (why: string): number => causes.push(plain('', '', `${JSON.stringify(path)} ${why}`));
  const faults = [...anyOf, ...oneOf].map(faultsOf);
  const anyFaults = faults.slice(0, anyOf.length);
  const oneFaults = faults.slice(anyOf.length);
  if (anyOf.length > 0 && anyFaults.every((found) => found.length > 0)) {
    refuse('must validate at least one schema (anyOf)');
    causes.push(...(anyFaults[0] ?? []));
  }
  const valid = oneFaults.filter((found) => found.length === 0).length;
  if (oneOf.length > 0 && valid !== 1) {
    const found = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`;
    refuse(`must validate one and only one schema (oneOf). ${found}`);
    if (valid === 0) causes.push(...(oneFaults[0] ?? []));
  }
  const allFaults = allOf.map(faultsOf).filter((found) => found.length > 0);
  if (allFaults.length > 0) {
    const none = allFaults.length === allOf.length ? '. None validated' : '';
    refuse(`must validate all the schemas (allOf)${none}`);
    causes.push(...allFaults.flat());
  }
  if (not !== undefined && faultsOf(not).length === 0) refuse('must not validate the schema (not)');
}

function cause(reason: string, path: string, message: string): Cause {
  return { reason, message, field: path === '' ? '<nil>' : path };
}

function plain(path: string, value: unknown, detail: string): Cause {
  return cause('FieldValueInvalid', path, `Invalid value: ${show(value)}: ${detail}`);
}

function invalid(path: string, value: unknown, detail: string): Cause {
  return plain(path, value, `${path} in body ${detail}`);
}

function typeInvalid(path: string, value: unknown, type: string): Cause {
  const actual = JSON.stringify(typeName(value));
  const message = `Invalid value: ${actual}: ${path} in body must be of type ${type}: ${actual}`;
  return cause('FieldValueTypeInvalid', path, message);
}

function notSupported(path: string, value: unknown, allowed: readonly unknown[]): Cause {
  const values = allowed.map((item) =>
    JSON.stringify(typeof item === 'string' ? item : JSON.stringify(item)),
  );
  const message = `Unsupported value: ${show(value)}: supported values: ${values.join(', ')}`;
  return cause('FieldValueNotSupported', path, message);
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/** A value as Go's field errors print it. */
function show(value: unknown): string {
  return isObject(value) || Array.isArray(value) ? goLiteral(value) : JSON.stringify(value);
}

function goMap(entries: readonly [string, unknown][]): string {
  return goLiteral(Object.fromEntries(entries));
}

function goLiteral(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goLiteral).join(', ')}}`;
  if (!isObject(value)) return value === null ? 'interface {}(nil)' : JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${goLiteral(value[key])}`);
  return `map[string]interface {}{${members.join(', ')}}`;
}
