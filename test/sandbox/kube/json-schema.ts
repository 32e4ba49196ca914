// The OpenAPI v3 schema dialect of Kubernetes as a type, and short words to write schemas with. Apart from
// schema.ts, which enforces them, because CustomResourceDefinitions bring their own.

/** A structural schema: OpenAPI v3 with Kubernetes' extensions. */
export interface JSONSchema {
  readonly type?: string;
  readonly format?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JSONSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JSONSchema | boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly items?: JSONSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly allOf?: readonly JSONSchema[];
  readonly anyOf?: readonly JSONSchema[];
  readonly oneOf?: readonly JSONSchema[];
  readonly not?: JSONSchema;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  readonly 'x-kubernetes-patch-strategy'?: string;
  readonly 'x-kubernetes-patch-merge-key'?: string;
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
}

/** One CEL rule of `x-kubernetes-validations`. */
export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

/** Members by name. */
export type Properties = Readonly<Record<string, JSONSchema>>;

export const TEXT: JSONSchema = { type: 'string' };
export const INTEGER: JSONSchema = { type: 'integer' };
export const BOOLEAN: JSONSchema = { type: 'boolean' };
/** RFC 3339; Kubernetes also writes null. */
export const TIME: JSONSchema = { type: 'string', format: 'date-time', nullable: true };
export const BASE64: JSONSchema = { type: 'string', format: 'byte' };
export const INT_OR_STRING: JSONSchema = { 'x-kubernetes-int-or-string': true };
/** Anything at all. */
export const OPEN: JSONSchema = { 'x-kubernetes-preserve-unknown-fields': true };
/** An object with any members. */
export const OPEN_OBJECT: JSONSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** An object with these members and no others. */
export function record(properties: Properties, ...required: readonly string[]): JSONSchema {
  return { type: 'object', properties, ...(required.length === 0 ? {} : { required }) };
}

/** An object of which the members are entries of one shape. */
export function mapOf(values: JSONSchema): JSONSchema {
  return { type: 'object', additionalProperties: values };
}

/** A list that is replaced as a whole. */
export function atomicList(items: JSONSchema): JSONSchema {
  return { type: 'array', items, 'x-kubernetes-list-type': 'atomic' };
}

/** A list of distinct scalars, merged by value. */
export function setOf(items: JSONSchema): JSONSchema {
  return { type: 'array', items, 'x-kubernetes-list-type': 'set', 'x-kubernetes-patch-strategy': 'merge' };
}

/** A list of objects told apart by `key` and merged by it, in patches and in apply alike. */
export function listBy(key: string, items: JSONSchema, ...moreKeys: readonly string[]): JSONSchema {
  return {
    type: 'array',
    items,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': [key, ...moreKeys],
    'x-kubernetes-patch-strategy': 'merge',
    'x-kubernetes-patch-merge-key': key,
  };
}

/** A string out of a few. */
export function oneOf(...values: readonly string[]): JSONSchema {
  return { type: 'string', enum: values };
}

/** What is there when nobody says anything else. */
export function withDefault(schema: JSONSchema, value: unknown): JSONSchema {
  return { ...schema, default: value };
}

/** A map that is replaced as a whole by apply, such as a selector. */
export function atomicMap(schema: JSONSchema): JSONSchema {
  return { ...schema, 'x-kubernetes-map-type': 'atomic' };
}
