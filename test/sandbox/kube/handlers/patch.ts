// PATCH: JSON patch, merge patch, strategic merge patch, and server-side apply, which may create the object.
import { appliedFaultList, appliedFaults } from '../applied-types.ts';
import type { Cluster } from '../cluster.ts';
import { conformApplied, conformPatched, parseYaml } from '../decode.ts';
import { goKindOf, parseJson } from '../go-json.ts';
import { clone, fieldOf, isObject, type JsonObject, objectOf, textOf } from '../json.ts';
import { TEXT } from '../json-schema.ts';
import { applyConfiguration, type Conflict, conflictMessage } from '../managed-fields.ts';
import { OBJECT_META } from '../meta-schema.ts';
import { timestamp } from '../metadata.ts';
import type { ApiObject } from '../object.ts';
import { APPLY_PATCH, acceptedPatchTypes, applyPatch, STRATEGIC_MERGE_PATCH } from '../patch.ts';
import { withTrackedFields } from '../prepare.ts';
import type { ServedKind } from '../registry.ts';
import type { Answer, ResourceRequest } from '../request.ts';
import {
  badRequest,
  conflict,
  notFound,
  type Refusal,
  refusal,
  unexplained,
  unsupportedMediaType,
} from '../status.ts';
import { goMap } from '../strategic-merge.ts';
import { change } from './change.ts';
import { checkName, createByChange, placeInNamespace } from './create.ts';

export async function patch(cluster: Cluster, request: ResourceRequest): Promise<Answer> {
  const accepted = acceptedPatchTypes(request.kind.spec.strategic);
  if (!accepted.includes(request.contentType)) throw unsupportedMediaType(accepted);
  if (request.contentType === APPLY_PATCH) return apply(cluster, request);
  const body = patchBody(request);
  return change(cluster, request, (before) => {
    const after = patched(request, before, body);
    return withTrackedFields(request, before, after, cluster.now());
  });
}

function patchBody({ contentType, body }: ResourceRequest): unknown {
  try {
    return parseJson(body);
  } catch (error) {
    throw undecodable(contentType, (error as Error).message);
  }
}

/** Strategic merge patches alone are refused without an introduction. */
function undecodable(contentType: string, why: string): Refusal {
  return badRequest(contentType === STRATEGIC_MERGE_PATCH ? why : `error decoding patch: ${why}`);
}

function patched(request: ResourceRequest, before: ApiObject, body: unknown): ApiObject {
  const { kind, contentType } = request;
  const result = applyPatch(contentType, before, body, kind.spec.strategic);
  if (!result.ok) {
    throw refusal(result.code, result.reason ?? '', result.message, result.code === 422 ? {} : undefined);
  }
  const shown = () => (contentType === STRATEGIC_MERGE_PATCH ? goMap(body) : JSON.stringify(result.value));
  // The result may share parts with the stored object, and defaults are filled in place.
  const after = conformPatched(request, clone(result.value), shown);
  placeInNamespace(request, after);
  checkName(request, after);
  return after;
}

async function apply(cluster: Cluster, request: ResourceRequest): Promise<Answer> {
  const { kind } = request;
  const configuration = appliedConfiguration(request);
  const live = kind.collection.get(kind.spec.namespaced ? request.namespace : '', request.name);
  if (live === undefined && request.subresource !== '') throw notFound(kind.resource, request.name);
  if (live === undefined) {
    if (configuration.metadata.uid !== undefined) throw uidOfNothing(request, configuration);
    return createByChange(cluster, request, applied(cluster, request, undefined, configuration));
  }
  return change(cluster, request, (before) => applied(cluster, request, before, configuration));
}

function appliedConfiguration(request: ResourceRequest): ApiObject {
  const { kind, body: text } = request;
  const body = appliedObject(text);
  const version = textOf(body.apiVersion);
  if (version !== kind.apiVersion) {
    const versions = `Specified patch version: ${version}, expected: ${kind.apiVersion}`;
    throw badRequest(`Incorrect version specified in apply patch. ${versions}`);
  }
  if (fieldOf(body, 'metadata', 'managedFields') !== undefined) {
    throw badRequest('metadata.managedFields must be nil');
  }
  refuseUndeclared(kind, body);
  return conformApplied(request, body);
}

function appliedObject(text: string): JsonObject {
  try {
    const value = parseYaml(text);
    if (isObject(value)) return value;
    const found = `json: cannot unmarshal ${goKindOf(value)} into Go value of type map[string]interface {}`;
    throw new Error(`error unmarshaling JSON: while decoding JSON: ${found}`);
  } catch (error) {
    throw badRequest(`error decoding YAML: ${(error as Error).message}`);
  }
}

function refuseUndeclared({ spec }: ServedKind, body: JsonObject): void {
  const sent = textOf(body.kind);
  const type = `${spec.group}/${spec.version}, Kind=${sent}`;
  const schema = { ...spec.schema, properties: { ...spec.schema?.properties, ...TYPED } };
  const faults =
    sent === spec.kind
      ? appliedFaults(schema, body)
      : [`no corresponding type for ${type.replace(/^\//, '')}`];
  if (faults.length === 0) return;
  const { namespace, name } = objectOf(body.metadata);
  const subject = `${textOf(namespace)}/${textOf(name)}; ${type}`;
  throw unexplained(`failed to create typed patch object (${subject}): ${appliedFaultList(faults)}`);
}

/** What every kind has, whatever its schema says of it. */
const TYPED = { apiVersion: TEXT, kind: TEXT, metadata: OBJECT_META };

function applied(
  cluster: Cluster,
  request: ResourceRequest,
  before: ApiObject | undefined,
  configuration: ApiObject,
): ApiObject {
  const { kind, query, subresource } = request;
  const result = applyConfiguration(before, configuration, {
    manager: query.get('fieldManager') ?? '',
    force: query.get('force') === 'true',
    apiVersion: kind.apiVersion,
    time: timestamp(cluster.now()),
    ...(subresource === '' ? {} : { subresource }),
    ...(kind.custom && kind.spec.schema !== undefined ? { schema: kind.spec.schema } : {}),
  });
  if (!result.ok) throw applyConflict(result.conflicts);
  const after = conformPatched(request, clone(result.value));
  placeInNamespace(request, after);
  checkName(request, after);
  return after;
}

function uidOfNothing({ kind, name }: ResourceRequest, { metadata }: ApiObject) {
  const why = `uid mismatch: the provided object specified uid ${metadata.uid}, and no existing object was found`;
  return conflict(kind.resource, name, why);
}

function applyConflict(conflicts: readonly Conflict[]): Refusal {
  const causes = conflicts.map(({ owner, field }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${owner}`,
    field,
  }));
  return refusal(409, 'Conflict', conflictMessage(conflicts), { causes });
}
