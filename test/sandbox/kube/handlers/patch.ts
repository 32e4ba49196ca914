// PATCH: JSON patch, merge patch, strategic merge patch, and server-side apply, which may create the object.
import type { Cluster } from '../cluster.ts';
import { conformPatch, conformPatched, parse } from '../decode.ts';
import { clone } from '../json.ts';
import { applyConfiguration, type Conflict, conflictMessage } from '../managed-fields.ts';
import { invalidValue, timestamp } from '../metadata.ts';
import type { ApiObject } from '../object.ts';
import { APPLY_PATCH, acceptedPatchTypes, applyPatch } from '../patch.ts';
import { withTrackedFields } from '../prepare.ts';
import type { Answer, ResourceRequest } from '../request.ts';
import {
  badRequest,
  conflict,
  invalid,
  notFound,
  type Refusal,
  refusal,
  unsupportedMediaType,
} from '../status.ts';
import { change } from './change.ts';
import { createObject } from './create.ts';

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

function patchBody({ body }: ResourceRequest): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw badRequest(`error decoding patch: ${(error as Error).message}`);
  }
}

function patched(request: ResourceRequest, before: ApiObject, body: unknown): ApiObject {
  const { kind, contentType, name } = request;
  const result = applyPatch(contentType, before, body, kind.spec.strategic);
  if (!result.ok) {
    throw refusal(result.code, result.reason ?? '', result.message, result.code === 422 ? {} : undefined);
  }
  // The result may share parts with the stored object, and defaults are filled in place.
  const after = conformPatched(request, clone(result.value));
  if (after.metadata.name === name) return after;
  throw invalid(kind.spec, name, [
    invalidValue('metadata.name', after.metadata.name ?? '', 'field is immutable'),
  ]);
}

async function apply(cluster: Cluster, request: ResourceRequest): Promise<Answer> {
  const { kind, query } = request;
  if (!query.get('fieldManager')) {
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      {
        reason: 'FieldValueRequired',
        message: 'Required value: is required for apply patch',
        field: 'fieldManager',
      },
    ]);
  }
  const configuration = appliedConfiguration(request);
  const live = kind.collection.get(kind.spec.namespaced ? request.namespace : '', request.name);
  if (live === undefined && request.subresource !== '') throw notFound(kind.resource, request.name);
  if (live === undefined) {
    if (configuration.metadata.uid !== undefined) throw uidOfNothing(request, configuration);
    return createObject(cluster, request, applied(cluster, request, undefined, configuration));
  }
  return change(cluster, request, (before) => applied(cluster, request, before, configuration));
}

function appliedConfiguration(request: ResourceRequest): ApiObject {
  const { kind, name, namespace } = request;
  const body = parse(request.body, 'yaml', kind);
  const configuration = conformPatch(request, body);
  const { metadata } = configuration;
  if (metadata.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil');
  if (metadata.name !== undefined && metadata.name !== name) {
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  return {
    ...configuration,
    metadata: { ...metadata, name, ...(kind.spec.namespaced ? { namespace } : {}) },
  };
}

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
  return conformPatched(request, clone(result.value));
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
