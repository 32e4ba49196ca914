// From the bytes of a request to an object of a kind: media type, JSON or YAML, apiVersion and kind, unknown fields as
// `fieldValidation` wants them treated, defaults. What comes out has the kind's shape but may still be invalid.
import { load, YAMLException } from 'js-yaml';
import { SCHEMAS } from './builtins-schemas.ts';
import { duplicateFields } from './duplicates.ts';
import { goKindOf, parseJson } from './go-json.ts';
import { type Reading, typeFault } from './go-types.ts';
import { PROTOBUF } from './http/protobuf.ts';
import { fieldOf, isObject, type JsonObject, objectOf, textOf } from './json.ts';
import type { JSONSchema } from './json-schema.ts';
import { OBJECT_META } from './meta-schema.ts';
import { invalidValue } from './metadata.ts';
import { type ApiObject, METADATA_FIELDS, type Metadata } from './object.ts';
import { STRATEGIC_MERGE_PATCH } from './patch.ts';
import type { ServedKind } from './registry.ts';
import type { ResourceRequest } from './request.ts';
import { rulesOf } from './rules/rules.ts';
import { badRequest, invalid, type Refusal, unsupportedMediaType } from './status.ts';

const YAML = 'application/yaml';

/** The object in the body of a create or update. */
export function decodeObject(request: ResourceRequest): ApiObject {
  const { kind, contentType } = request;
  if (contentType !== 'application/json' && contentType !== YAML) {
    throw unsupportedMediaType(['application/json', YAML, ...(kind.custom ? [] : [PROTOBUF])]);
  }
  const body = parse(request.body, contentType === YAML ? 'yaml' : 'json', kind);
  return withDefaults(
    kind,
    conform(request, body, (why) => badRequest(cannotBeHandled(body, kind, why))),
  );
}

/** The parsed body of anything that may come as JSON or YAML. */
export function parse(body: string, format: 'json' | 'yaml', kind: ServedKind): JsonObject {
  const value = parsed(body, format, kind);
  if (isObject(value)) return value;
  throw unrecognized(kind, `${UNTYPED}: json: cannot unmarshal ${goKindOf(value)} into ${TYPE_META}`, body);
}

const UNTYPED = "couldn't get version/kind; json parse error";
const TYPE_META =
  'Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

function parsed(body: string, format: 'json' | 'yaml', kind: ServedKind): unknown {
  try {
    return format === 'yaml' ? parseYaml(body) : parseJson(body);
  } catch (error) {
    const { message } = error as Error;
    throw unrecognized(kind, format === 'yaml' ? message : `${UNTYPED}: ${message}`, body);
  }
}

/** Throws Error with the words in which kube-apiserver says that a text is no YAML. */
export function parseYaml(text: string): unknown {
  try {
    return load(text);
  } catch (error) {
    const why = error instanceof YAMLException ? error.reason : String(error);
    throw new Error(`error converting YAML to JSON: yaml: ${why}`, { cause: error });
  }
}

/** A patched object, which is decoded like one that was sent, but refused in a patch's words. Takes it over. */
export function conformPatched(
  request: ResourceRequest,
  patched: JsonObject,
  shown: () => string = () => JSON.stringify(patched),
): ApiObject {
  return withDefaults(request.kind, conform(request, patched, refusedPatch(shown)));
}

/** The same without defaults, for what is applied: nobody owns a default. */
export function conformApplied(request: ResourceRequest, applied: JsonObject): ApiObject {
  return conform(
    request,
    applied,
    refusedPatch(() => JSON.stringify(applied)),
  );
}

function refusedPatch(shown: () => string): (why: string) => Refusal {
  return (why) => invalid({ group: '', kind: '' }, '', [invalidValue('patch', shown(), why)]);
}

/** An object as a webhook has patched it: what is unknown goes without a word. */
export function conformAdmitted(kind: ServedKind, patched: JsonObject): ApiObject {
  return withDefaults(kind, shaped(kind, patched, badRequest).object);
}

/** Takes the body over and shapes it. `refused` words what keeps it from being read. */
function conform(request: ResourceRequest, body: JsonObject, refused: (why: string) => Refusal): ApiObject {
  const reading = request.contentType === STRATEGIC_MERGE_PATCH ? 'convert' : 'decode';
  const { object, unknown } = shaped(request.kind, body, refused, reading);
  const validation = request.query.get('fieldValidation') || 'Warn';
  if (validation === 'Ignore') return object;
  const complaints = [
    ...unknown.map((path) => `unknown field "${path}"`),
    ...duplicates(request).map((path) => `duplicate field "${path}"`),
  ];
  if (validation === 'Strict' && complaints.length > 0) {
    throw refused(`strict decoding error: ${complaints.join(', ')}`);
  }
  request.warnings.push(...complaints);
  return object;
}

function duplicates({ contentType, body }: ResourceRequest): string[] {
  return contentType === 'application/json' ? duplicateFields(body) : [];
}

/** The object with what its kind knows, and the paths of what was left out. */
function shaped(
  kind: ServedKind,
  sent: JsonObject,
  refused: (why: string) => Refusal,
  reading: Reading = 'decode',
): { object: ApiObject; unknown: readonly string[] } {
  // Whoever posts to a built-in kind need not say which it is.
  const body = kind.custom ? sent : { apiVersion: kind.apiVersion, kind: kind.spec.kind, ...sent };
  if (kind.custom) checkCustomType(body, kind, refused);
  else checkType(body, kind, refused);
  const fault = kind.custom
    ? typeFault(OBJECT_META, body.metadata ?? null, 'ObjectMeta')
    : typeFault(kind.spec.schema ?? UNKNOWN, body, kind.spec.kind, reading);
  if (fault !== undefined) throw refused(fault);
  const metadata = metadataOf(body.metadata);
  const object = { ...body, metadata } as ApiObject;
  const unknown = [...pruneMetadata(metadata), ...(kind.schema?.prune(object) ?? [])];
  if (!kind.custom) dropNulls(object);
  return { object, unknown };
}

/** Of a built-in kind of which nothing but the metadata is described. */
const UNKNOWN: JSONSchema = { properties: { metadata: OBJECT_META } };

function withDefaults(kind: ServedKind, object: ApiObject): ApiObject {
  kind.schema?.default(object);
  rulesOf(kind).defaults?.(object);
  return object;
}

/** An object of a registered type is converted to the kind's, which fails; of others nothing is known. */
function checkType(
  body: JsonObject,
  { spec, apiVersion }: ServedKind,
  refused: (why: string) => Refusal,
): void {
  const [sentVersion, sent] = [textOf(body.apiVersion), textOf(body.kind)];
  if (sentVersion === apiVersion && sent === spec.kind) return;
  const version = sentVersion.split('/').at(-1) ?? '';
  const internal = `${spec.group.split('.')[0] || 'core'}.${spec.kind}`;
  throw refused(
    Object.hasOwn(SCHEMAS, `${sentVersion}/${sent}`)
      ? `converting (${version}.${sent}) to (${internal}): unknown conversion`
      : `no kind "${sent}" is registered for version "${sentVersion}" in scheme "pkg/api/legacyscheme/scheme.go:30"`,
  );
}

/** Any type can be read into a custom resource; what it is is looked at afterwards. */
function checkCustomType(body: JsonObject, kind: ServedKind, refused: (why: string) => Refusal): void {
  const [sentVersion, sent] = [textOf(body.apiVersion), textOf(body.kind)];
  if (sent === '') throw refused(`Object 'Kind' is missing in '${JSON.stringify(body)}'`);
  if (sentVersion !== kind.apiVersion) {
    throw badRequest(
      `the API version in the data (${sentVersion}) does not match the expected API version (${kind.apiVersion})`,
    );
  }
  if (sent === kind.spec.kind) return;
  const fault = invalidValue('kind', sent, `must be ${kind.spec.kind}`);
  throw invalid({ group: kind.spec.group, kind: sent }, textOf(fieldOf(body, 'metadata', 'name')), [fault]);
}

/** Removes what metav1.ObjectMeta does not have; the paths of what was removed. */
function pruneMetadata(metadata: Metadata): string[] {
  const unknown = Object.keys(metadata).filter((field) => !METADATA_FIELDS.has(field));
  for (const field of unknown) delete (metadata as JsonObject)[field];
  return unknown.filter((field) => field !== 'selfLink').map((field) => `metadata.${field}`);
}

const MAPS: ReadonlySet<string> = new Set(['labels', 'annotations']);

/** As if read into metav1.ObjectMeta and written again: empty values go, and a null text is an empty one. */
function metadataOf(value: unknown): Metadata {
  const metadata: JsonObject = {};
  for (const [field, entry] of Object.entries(objectOf(value))) {
    if (entry === null || entry === '') continue;
    if (typeof entry === 'object' && Object.keys(entry).length === 0) continue;
    metadata[field] = MAPS.has(field) ? withoutNulls(objectOf(entry)) : entry;
  }
  return metadata as Metadata;
}

function withoutNulls(texts: JsonObject): JsonObject {
  if (!Object.values(texts).includes(null)) return texts;
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, text ?? '']));
}

function cannotBeHandled(body: JsonObject, { spec, apiVersion }: ServedKind, why: string): string {
  const sent = textOf(body.kind) || spec.kind;
  const version = (textOf(body.apiVersion) || apiVersion).split('/').at(-1) ?? '';
  return `${sent} in version "${version}" cannot be handled as a ${spec.kind}: ${why}`;
}

function unrecognized({ spec }: ServedKind, why: string, body: string): Refusal {
  return badRequest(
    `the object provided is unrecognized (must be of type ${spec.kind}): ${why} (${summary(body)})`,
  );
}

/** What is shown of a body: its beginning, in hexadecimal unless it looks like JSON. */
function summary(body: string): string {
  if (body === '') return '<empty>';
  const bytes = Buffer.from(body);
  const start = bytes.subarray(0, SHOWN).toString(body.startsWith('{') ? 'utf8' : 'hex');
  return bytes.length > SHOWN ? `${start} ...` : start;
}

const SHOWN = 30;

// Typed objects cannot hold null: reading one leaves the field empty, and empty fields are not written.
function dropNulls(value: unknown): void {
  if (Array.isArray(value)) value.forEach(dropNulls);
  if (!isObject(value)) return;
  for (const [field, entry] of Object.entries(value)) {
    if (entry === null) delete value[field];
    else dropNulls(entry);
  }
}
