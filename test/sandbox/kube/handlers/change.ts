// How every change of a stored object is made: from the stored version to the wanted one, through admission, back to
// the store. When somebody else wrote in the meantime it starts over, so webhooks may be asked about results that are
// thrown away. kube-apiserver calls this GuaranteedUpdate.
import type { AdmissionAttributes, Cluster } from '../cluster.ts';
import { equal } from '../json.ts';
import { invalidValue } from '../metadata.ts';
import type { ApiObject } from '../object.ts';
import { updateOptions } from '../options.ts';
import { check, prepareChanged, spelled } from '../prepare.ts';
import { type Answer, isDryRun, type ResourceRequest, stored } from '../request.ts';
import { rulesOf } from '../rules/rules.ts';
import { conflict, invalid, notFound, refusal, unexplained } from '../status.ts';
import { StaleWrite, type Version } from '../storage.ts';

/** The stored object, or the refusal that there is none. */
export function current(request: ResourceRequest): Version {
  const { kind, namespace, name } = request;
  const version = kind.collection.get(kind.spec.namespaced ? namespace : '', name);
  if (version === undefined) throw notFound(kind.resource, name);
  return version;
}

/**
 * Carries out `wanted`, which makes a new object of the stored one and is called again after a lost race. Its
 * managedFields must be settled.
 */
export async function change(
  cluster: Cluster,
  request: ResourceRequest,
  wanted: (before: ApiObject) => ApiObject,
): Promise<Answer> {
  for (;;) {
    const before = current(request);
    const after = await admitted(cluster, request, before, wanted(before.object));
    try {
      return write(request, before, after);
    } catch (error) {
      if (!(error instanceof StaleWrite)) throw error;
    }
  }
}

async function admitted(
  cluster: Cluster,
  request: ResourceRequest,
  before: Version,
  wanted: ApiObject,
): Promise<ApiObject> {
  const attributes: AdmissionAttributes = {
    request,
    operation: 'UPDATE',
    name: request.name,
    namespace: request.namespace,
    oldObject: before.object,
    dryRun: isDryRun(request),
    options: updateOptions(request),
  };
  const mutated = (await cluster.admission.mutate(attributes, wanted)) ?? wanted;
  const after = { ...mutated, metadata: { ...mutated.metadata } };
  checkPreconditions(request, before, after);
  prepareChanged(request.kind, after, before.object, request.subresource);
  check(request, after, before.object);
  await cluster.admission.validate(attributes, after);
  return after;
}

/** The object's own resourceVersion is a condition of the write, and its uid is settled. */
function checkPreconditions({ kind, name }: ResourceRequest, before: Version, after: ApiObject): void {
  const { uid, resourceVersion } = after.metadata;
  const live = before.object.metadata;
  if (resourceVersion === undefined || resourceVersion === '0') {
    if (rulesOf(kind).update === 'conditional') throw unconditional(kind.resource, name);
  } else if (!/^\d+$/.test(resourceVersion)) {
    throw unexplained(`strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`);
  } else if (resourceVersion !== live.resourceVersion) {
    throw conflict(kind.resource, name);
  }
  if (uid !== undefined && uid !== live.uid) {
    throw invalid(kind.spec, name, [invalidValue('metadata.uid', uid, 'field is immutable')]);
  }
}

function unconditional(of: { group: string; resource: string }, name: string) {
  const field = 'metadata.resourceVersion';
  const message = 'Invalid value: 0x0: must be specified for an update';
  const subject = of.group === '' ? of.resource : `${of.resource}.${of.group}`;
  return refusal(422, 'Invalid', `${subject} "${name}" is invalid: ${field}: ${message}`, {
    name,
    ...(of.group === '' ? {} : { group: of.group }),
    kind: of.resource,
    causes: [{ reason: 'FieldValueInvalid', message, field }],
  });
}

function write(request: ResourceRequest, before: Version, after: ApiObject): Answer {
  const { collection } = request.kind;
  const object = spelled(request.kind, after);
  object.metadata.resourceVersion = String(before.revision);
  if (isReleased(request, object)) {
    if (!isDryRun(request)) collection.remove(before);
    return { form: 'object', code: 200, object };
  }
  if (collection.get(before.namespace, before.name) !== before) throw new StaleWrite();
  if (equal(object, before.object)) return stored(200, before);
  if (isDryRun(request)) return { form: 'object', code: 200, object };
  return stored(200, collection.replace(before, object));
}

/** Whether the last finalizer of an object that is being deleted has gone. */
function isReleased({ kind }: ResourceRequest, object: ApiObject): boolean {
  const { deletionTimestamp, finalizers = [] } = object.metadata;
  return deletionTimestamp !== undefined && finalizers.length === 0 && rulesOf(kind).held?.(object) !== true;
}
