// The steps between a decoded object and a stored one that creating and updating share: who owns its fields, what the
// server fills in and puts back, whether it is valid, how it is spelled.
import { equal, fieldOf } from './json.ts';
import { trackUpdate } from './managed-fields.ts';
import {
  finalizerWarnings,
  generatedName,
  metadataChangeFaults,
  metadataFaults,
  timestamp,
} from './metadata.ts';
import { type ApiObject, inNameOrder, inTypeOrder, type Metadata } from './object.ts';
import type { ServedKind } from './registry.ts';
import type { ResourceRequest } from './request.ts';
import { resetStatus, rulesOf } from './rules/rules.ts';
import { type FieldError, invalid } from './status.ts';

/** Who writes: the fieldManager, or the program that the User-Agent names. */
export function managerOf(request: ResourceRequest): string {
  return request.query.get('fieldManager') || request.agent || 'unknown';
}

/** A copy of `after` with managedFields as this request leaves them. */
export function withTrackedFields(
  request: ResourceRequest,
  before: ApiObject | undefined,
  after: ApiObject,
  now: Date,
): ApiObject {
  const { kind, subresource } = request;
  const owned: ApiObject = { ...after, metadata: { ...after.metadata } };
  if (before !== undefined) putBack(kind, owned, before, subresource);
  else if (kind.spec.subresources.includes('status')) delete owned.status;
  const entries = trackUpdate(
    before,
    owned,
    managerOf(request),
    kind.apiVersion,
    subresource === '' ? undefined : subresource,
    timestamp(now),
    kind.custom ? kind.spec.schema : undefined,
  );
  return { ...after, metadata: { ...after.metadata, managedFields: entries } };
}

/** Fills in what the server decides about a new object. */
export function prepareNew(kind: ServedKind, object: ApiObject, now: Date, newUid: () => string): void {
  const { metadata } = object;
  if (metadata.name === undefined && metadata.generateName !== undefined) {
    metadata.name = generatedName(metadata.generateName);
  }
  metadata.uid = newUid();
  metadata.creationTimestamp = timestamp(now);
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.generation;
  if (kind.spec.hasGeneration) metadata.generation = 1;
  if (kind.spec.subresources.includes('status') && kind.spec.kind !== 'Node') delete object.status;
  rulesOf(kind).onCreate?.(object);
}

const SYSTEM_METADATA = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
] as const;

/** Puts back what no request may change, and counts the generation. */
export function prepareChanged(
  kind: ServedKind,
  after: ApiObject,
  before: ApiObject,
  subresource: string,
): void {
  keepSystemMetadata(after.metadata, before.metadata);
  putBack(kind, after, before, subresource);
  if (!kind.spec.hasGeneration || !changesGeneration(kind, after, before)) return;
  after.metadata.generation = (before.metadata.generation ?? 0) + 1;
}

function keepSystemMetadata(after: Metadata, before: Metadata): void {
  for (const field of SYSTEM_METADATA) {
    if (before[field] === undefined) delete after[field];
    else Object.assign(after, { [field]: before[field] });
  }
}

function putBack(kind: ServedKind, after: ApiObject, before: ApiObject, subresource: string): void {
  const { onUpdate } = rulesOf(kind);
  if (onUpdate !== undefined) onUpdate(after, before, subresource);
  else if (kind.spec.subresources.includes('status')) resetStatus(after, before, subresource);
  if (kind.custom && subresource === 'status') {
    after.metadata = { ...before.metadata, ...managed(after.metadata), ...version(after.metadata) };
  }
}

function managed({ managedFields }: Metadata): Metadata {
  return managedFields === undefined ? {} : { managedFields };
}

function version({ resourceVersion }: Metadata): Metadata {
  return resourceVersion === undefined ? {} : { resourceVersion };
}

function changesGeneration(kind: ServedKind, after: ApiObject, before: ApiObject): boolean {
  const counted = (object: ApiObject) => {
    const { metadata: _, status, ...rest } = object;
    return kind.spec.subresources.includes('status') ? rest : { ...rest, status };
  };
  return !equal(counted(after), counted(before));
}

/** Throws Invalid with everything that is wrong; adds warnings for what is merely unwise. */
export function check(request: ResourceRequest, object: ApiObject, before: ApiObject | undefined): void {
  const { kind } = request;
  const rules = rulesOf(kind);
  const faults: FieldError[] = [
    ...metadataFaults(object, rules.names, kind.custom ? 'custom' : 'builtin'),
    ...(before === undefined ? [] : metadataChangeFaults(before.metadata, object.metadata)),
    ...(kind.schema?.validate(object, before) ?? []),
    ...(rules.faults?.(object, before) ?? []),
  ];
  if (faults.length > 0) throw invalid(kind.spec, object.metadata.name ?? '', faults);
  const known = fieldOf(before, 'metadata', 'finalizers');
  if (kind.custom && !equal(known, object.metadata.finalizers)) {
    request.warnings.push(...finalizerWarnings(object.metadata));
  }
}

/** As it is stored: its fields in order, with room for the resourceVersion that storage sets. */
export function spelled(kind: ServedKind, object: ApiObject): ApiObject {
  const metadata = { ...object.metadata, resourceVersion: '' };
  return kind.custom ? inNameOrder({ ...object, metadata }) : inTypeOrder({ ...object, metadata });
}
