// From the bytes of a request to an object of a kind: media type, JSON or YAML, apiVersion and kind, unknown fields as
// `fieldValidation` wants them treated, defaults. What comes out has the kind's shape but may still be invalid.
import { load } from 'js-yaml';
import { duplicateFields } from './duplicates.ts';
import { PROTOBUF } from './http/protobuf.ts';
import { isObject, type JsonObject } from './json.ts';
import { type ApiObject, METADATA_FIELDS, type Metadata } from './object.ts';
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
  let value: unknown;
  try {
    value = format === 'yaml' ? load(body) : JSON.parse(body);
  } catch (error) {
    throw unrecognized(kind, `couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
  if (!isObject(value))
    throw unrecognized(kind, "couldn't get version/kind; json parse error: not an object");
  return value;
}

/** A patched object, which is decoded like one that was sent. Takes it over. */
export function conformPatched(request: ResourceRequest, patched: JsonObject): ApiObject {
  return withDefaults(request.kind, conformPatch(request, patched));
}

/** The same without defaults, for what is applied: nobody owns a default. Refused in a patch's words. */
export function conformPatch(request: ResourceRequest, patched: JsonObject): ApiObject {
  return conform(request, patched, (why) =>
    invalid({ group: '', kind: '' }, '', [
      {
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${JSON.stringify(JSON.stringify(patched))}: ${why}`,
        field: 'patch',
      },
    ]),
  );
}

/** An object as a webhook has patched it: what is unknown goes without a word. */
export function conformAdmitted(kind: ServedKind, patched: JsonObject): ApiObject {
  return withDefaults(kind, shaped(kind, patched).object);
}

/** Takes the body over and shapes it. */
function conform(request: ResourceRequest, body: JsonObject, strictly: (why: string) => Refusal): ApiObject {
  const { object, unknown } = shaped(request.kind, body);
  const validation = request.query.get('fieldValidation') || 'Warn';
  if (validation === 'Ignore') return object;
  const complaints = [
    ...unknown.map((path) => `unknown field "${path}"`),
    ...duplicates(request).map((path) => `duplicate field "${path}"`),
  ];
  if (validation === 'Strict' && complaints.length > 0) {
    throw strictly(`strict decoding error: ${complaints.join(', ')}`);
  }
  request.warnings.push(...complaints);
  return object;
}

function duplicates({ contentType, body }: ResourceRequest): string[] {
  return contentType === 'application/json' ? duplicateFields(body) : [];
}

/** The object with what its kind knows, and the paths of what was left out. */
function shaped(kind: ServedKind, sent: JsonObject): { object: ApiObject; unknown: readonly string[] } {
  // Whoever posts to a built-in kind need not say which it is.
  const body = kind.custom ? sent : { apiVersion: kind.apiVersion, kind: kind.spec.kind, ...sent };
  checkType(body, kind);
  const metadata = metadataOf(body.metadata, kind, body);
  const object = { ...body, metadata } as ApiObject;
  const unknown = [...pruneMetadata(metadata), ...(kind.schema?.prune(object) ?? [])];
  if (!kind.custom) dropNulls(object);
  return { object, unknown };
}

function withDefaults(kind: ServedKind, object: ApiObject): ApiObject {
  kind.schema?.default(object);
  rulesOf(kind).defaults?.(object);
  return object;
}

function checkType(body: JsonObject, kind: ServedKind): void {
  const { apiVersion, kind: sent } = body;
  if (typeof sent !== 'string' || sent === '') {
    throw badRequest(`Object 'Kind' is missing in '${summary(body)}'`);
  }
  if (apiVersion !== kind.apiVersion) {
    throw badRequest(
      `the API version in the data (${apiVersion ?? ''}) does not match the expected API version (${kind.apiVersion})`,
    );
  }
  if (sent !== kind.spec.kind) {
    throw badRequest(cannotBeHandled(body, kind, unknownConversion(sent, kind)));
  }
}

/** Removes what metav1.ObjectMeta does not have; the paths of what was removed. */
function pruneMetadata(metadata: Metadata): string[] {
  const unknown = Object.keys(metadata).filter((field) => !METADATA_FIELDS.has(field));
  for (const field of unknown) delete (metadata as JsonObject)[field];
  return unknown.filter((field) => field !== 'selfLink').map((field) => `metadata.${field}`);
}

function unknownConversion(sent: string, { spec }: ServedKind): string {
  const internal = `${spec.group.split('.')[0] || 'core'}.${spec.kind}`;
  return `converting (${spec.version}.${sent}) to (${internal}): unknown conversion`;
}

const MAPS = ['labels', 'annotations'] as const;
const LISTS = ['finalizers', 'ownerReferences', 'managedFields'] as const;

/** As if read into metav1.ObjectMeta and written again: empty values go. */
function metadataOf(value: unknown, kind: ServedKind, body: JsonObject): Metadata {
  if (value !== undefined && value !== null && !isObject(value)) {
    throw badRequest(cannotBeHandled(body, kind, cannotUnmarshal(value, '', 'v1.ObjectMeta')));
  }
  const metadata: JsonObject = {};
  for (const [field, entry] of Object.entries(value ?? {})) {
    if (entry !== null && entry !== '') metadata[field] = entry;
  }
  for (const field of MAPS) dropEmpty(metadata, field, isStringMap, 'map[string]string');
  for (const field of LISTS) dropEmpty(metadata, field, Array.isArray, '[]string');

  function dropEmpty(holder: JsonObject, field: string, fits: (v: unknown) => boolean, type: string): void {
    const entry = holder[field];
    if (entry === undefined) return;
    if (!fits(entry))
      throw badRequest(cannotBeHandled(body, kind, cannotUnmarshal(entry, `.${field}`, type)));
    if (Object.keys(entry as object).length === 0) delete holder[field];
  }
  return metadata as Metadata;
}

function isStringMap(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((entry) => typeof entry === 'string');
}

function cannotUnmarshal(value: unknown, path: string, type: string): string {
  const wrong = isObject(value) ? Object.values(value).find((entry) => typeof entry !== 'string') : value;
  const got = Array.isArray(wrong) ? 'array' : wrong === true || wrong === false ? 'bool' : typeof wrong;
  return `json: cannot unmarshal ${got} into Go struct field ObjectMeta.metadata${path} of type ${isObject(value) ? 'string' : type}`;
}

function cannotBeHandled(body: JsonObject, kind: ServedKind, why: string): string {
  return `${body.kind} in version "${kind.spec.version}" cannot be handled as a ${kind.spec.kind}: ${why}`;
}

function unrecognized(kind: ServedKind, why: string): Refusal {
  return badRequest(`the object provided is unrecognized (must be of type ${kind.spec.kind}): ${why}`);
}

function summary(body: JsonObject): string {
  return JSON.stringify(body).slice(0, 300);
}

// Typed objects cannot hold null: reading one leaves the field empty, and empty fields are not written.
function dropNulls(value: unknown): void {
  if (Array.isArray(value)) value.forEach(dropNulls);
  if (!isObject(value)) return;
  for (const [field, entry] of Object.entries(value)) {
    if (entry === null) delete value[field];
    else dropNulls(entry);
  }
}
