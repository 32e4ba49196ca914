// Built-in kinds are Go structs on a real server: a value of the wrong type is refused while it is read, with the
// sentence of Go's JSON decoder, and never reaches validation. Custom resources are held against their schema instead.
import { goKindOf } from './go-json.ts';
import { isObject } from './json.ts';
import type { JSONSchema } from './json-schema.ts';

/** Texts are decoded; a strategic merge patch makes a map, which is converted. */
export type Reading = 'decode' | 'convert';

/** The struct that a value is read into, as far as the sentence tells of it. */
interface Place {
  readonly reading: Reading;
  readonly struct: string;
  /** Members on the way there; lists and maps do not count. */
  readonly path: readonly string[];
}

/** What Go says of the first value that does not fit, or undefined. `struct` is the Go type of the whole. */
export function typeFault(
  schema: JSONSchema,
  value: unknown,
  struct: string,
  reading: Reading = 'decode',
): string | undefined {
  if (value !== null && !isObject(value)) {
    return `json: cannot unmarshal ${goKindOf(value)} into Go value of type v1.${struct}`;
  }
  // Nearly always nothing is wrong, and every write comes by here.
  return fits(schema, value, '') ? undefined : faultOf(schema, value, { reading, struct, path: [] }, struct);
}

/** Whether there is no fault; does not keep account of where one would be. */
function fits(schema: JSONSchema, value: unknown, key: string): boolean {
  if (value === null || value === undefined || schema['x-kubernetes-int-or-string'] === true) return true;
  const { type, properties, additionalProperties, items } = schema;
  if (type === 'string') return typeof value === 'string' && hasFormat(schema.format, value, key);
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'number' || type === 'boolean') return typeof value === type;
  if (type === 'array')
    return Array.isArray(value) && (!items || value.every((item) => fits(items, item, key)));
  const entries = isObject(additionalProperties) ? additionalProperties : undefined;
  if (entries === undefined && properties === undefined) return true;
  if (!isObject(value)) return false;
  for (const member in value) {
    const child = entries ?? properties?.[member];
    if (child !== undefined && !fits(child, value[member], member)) return false;
  }
  return true;
}

function hasFormat(format: string | undefined, value: string, key: string): boolean {
  if (format === 'byte') return base64Fault(value) === undefined;
  return format !== 'date-time' || (MICRO.has(key) ? MICRO_TIME : TIME).test(value);
}

/** `type` is the Go type of an object here. */
function faultOf(schema: JSONSchema, value: unknown, place: Place, type: string): string | undefined {
  if (value === null || value === undefined || schema['x-kubernetes-int-or-string'] === true)
    return undefined;
  const { properties, additionalProperties } = schema;
  switch (schema.type) {
    case 'string':
      if (typeof value !== 'string') return mismatch(value, place, 'string');
      if (schema.format === 'byte') return base64Fault(value);
      return schema.format === 'date-time' ? timeFault(value, place) : undefined;
    case 'integer':
      return Number.isInteger(value) ? undefined : mismatch(value, place, integerOf(place));
    case 'number':
      return typeof value === 'number' ? undefined : mismatch(value, place, 'float64');
    case 'boolean':
      return typeof value === 'boolean' ? undefined : mismatch(value, place, 'bool');
    case 'array': {
      const { items = {} } = schema;
      if (!Array.isArray(value)) return mismatch(value, place, `[]${goTypeOf(items, type)}`);
      return first(value, (item) => faultOf(items, item, place, type));
    }
    default:
  }
  if (isObject(additionalProperties)) {
    if (!isObject(value)) return mismatch(value, place, `map[string]${goTypeOf(additionalProperties, type)}`);
    return first(Object.values(value), (entry) => faultOf(additionalProperties, entry, place, type));
  }
  if (properties === undefined) return undefined;
  if (!isObject(value)) return mismatch(value, place, `v1.${type}`);
  return first(Object.entries(value), ([key, member]) => {
    const child = properties[key];
    if (child === undefined) return undefined;
    return faultOf(
      child,
      member,
      { ...place, struct: type, path: [...place.path, key] },
      structOf(key, type),
    );
  });
}

function first<T>(items: readonly T[], fault: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = fault(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function mismatch(value: unknown, { reading, struct, path }: Place, type: string): string {
  if (reading === 'convert') return unconverted(goKindInMemory(value), type);
  const found = typeof value === 'number' && !Number.isInteger(value) ? `number ${value}` : goKindOf(value);
  return `json: cannot unmarshal ${found} into Go struct field ${struct}.${path.join('.')} of type ${type}`;
}

function goKindInMemory(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return isObject(value) ? 'map' : Array.isArray(value) ? 'slice' : goKindOf(value);
}

function unconverted(found: string, type: string): string {
  if (type.startsWith('[]')) return `cannot restore slice from ${found}`;
  if (type.startsWith('map[')) return `cannot restore map from ${found}`;
  if (type.startsWith('v1.')) return `cannot restore struct from: ${found}`;
  // To Go a number is as good as a character, and a fraction as good as a whole number.
  const convertible = found === 'int64' ? type === 'string' : found === 'float64' && type !== 'string';
  return convertible && type !== 'bool' ? `cannot convert ${found} to ${type}` : `unrecognized type: ${type}`;
}

function goTypeOf(schema: JSONSchema, struct: string): string {
  if (schema.type === 'string') return 'string';
  return schema.type === 'integer' ? 'int32' : `v1.${struct}`;
}

const LONG: ReadonlySet<string> = new Set([
  'deletionGracePeriodSeconds',
  'generation',
  'observedGeneration',
  'terminationGracePeriodSeconds',
]);

function integerOf({ path }: Place): string {
  return LONG.has(path.at(-1) ?? '') ? 'int64' : 'int32';
}

/** Names of Go types that are not made of the kind's name or the member's. */
const STRUCTS: Readonly<Record<string, string>> = {
  clientConfig: 'WebhookClientConfig',
  env: 'EnvVar',
  involvedObject: 'ObjectReference',
  managedFields: 'ManagedFieldsEntry',
  metadata: 'ObjectMeta',
  selector: 'LabelSelector',
  service: 'ServiceReference',
  template: 'PodTemplateSpec',
  'ClusterRole.rules': 'PolicyRule',
  'Container.ports': 'ContainerPort',
  'MutatingWebhook.rules': 'RuleWithOperations',
  'MutatingWebhookConfiguration.webhooks': 'MutatingWebhook',
  'PodSpec.initContainers': 'Container',
  'PodTemplateSpec.spec': 'PodSpec',
  'Role.rules': 'PolicyRule',
  'ServiceSpec.ports': 'ServicePort',
  'ValidatingWebhook.rules': 'RuleWithOperations',
  'ValidatingWebhookConfiguration.webhooks': 'ValidatingWebhook',
};

/** The struct of a member, or of the items of a list of that name. */
function structOf(member: string, parent: string): string {
  const known = STRUCTS[`${parent}.${member}`] ?? STRUCTS[member];
  if (known !== undefined) return known;
  const name = member.charAt(0).toUpperCase() + member.slice(1);
  return member === 'spec' || member === 'status' ? parent + name : name.replace(/s$/, '');
}

function base64Fault(value: string): string | undefined {
  const text = value.replaceAll(/[\r\n]/g, '');
  const good = /^[A-Za-z0-9+/]*/.exec(text)?.[0].length ?? 0;
  const padding = [undefined, undefined, '==', '='][good % 4] ?? '';
  if (good % 4 !== 1 && text.slice(good) === padding) return undefined;
  return `illegal base64 data at input byte ${good === text.length ? 4 * Math.floor(good / 4) : good}`;
}

/** Times that are told with microseconds, all six of them. */
const MICRO: ReadonlySet<string> = new Set(['acquireTime', 'eventTime', 'lastObservedTime', 'renewTime']);
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const MICRO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;
const SECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

function timeFault(value: string, { path }: Place): string | undefined {
  const micro = MICRO.has(path.at(-1) ?? '');
  if ((micro ? MICRO_TIME : TIME).test(value)) return undefined;
  const layout = `2006-01-02T15:04:05${micro ? '.000000' : ''}Z07:00`;
  const seconds = SECONDS.exec(value)?.[0] ?? '';
  const expected = seconds === '' ? '2006' : micro ? '.000000' : 'Z07:00';
  const rest = JSON.stringify(value.slice(seconds.length));
  return `parsing time ${JSON.stringify(value)} as ${JSON.stringify(layout)}: cannot parse ${rest} as ${JSON.stringify(expected)}`;
}
