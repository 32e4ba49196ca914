// DELETE, of one object and of a collection. An object that something still holds, by a finalizer, is only marked.
import type { AdmissionAttributes, Cluster } from '../cluster.ts';
import { CRDS, collectionKey, NAMESPACES } from '../collection-key.ts';
import { timestamp } from '../metadata.ts';
import type { ApiObject } from '../object.ts';
import { type DeleteOptions, deleteOptions, describedDeleteOptions } from '../options.ts';
import { spelled } from '../prepare.ts';
import { type Answer, isDryRun, type ResourceRequest, stored } from '../request.ts';
import { CLEANUP_FINALIZER, terminating } from '../rules/definitions.ts';
import { rulesOf } from '../rules/rules.ts';
import { conflict, deleted, forbidden } from '../status.ts';
import { StaleWrite, type Version } from '../storage.ts';
import { current } from './change.ts';
import { matching } from './list.ts';

export async function remove(cluster: Cluster, request: ResourceRequest): Promise<Answer> {
  return removeOne(cluster, request, deleteOptions(request));
}

/** DELETE on a collection: each object by itself, and the list of them as they were. */
export async function removeCollection(cluster: Cluster, request: ResourceRequest): Promise<Answer> {
  const options = deleteOptions(request);
  const items = matching(request, request.kind.collection.list(namespaceOf(request)));
  for (const version of items) {
    const { namespace, name } = version;
    await removeOne(cluster, { ...request, verb: 'delete', namespace, name }, options).catch(ignoreGone);
  }
  const metadata = { resourceVersion: String(cluster.storage.revision) };
  return { form: 'list', code: 200, metadata, items };
}

function ignoreGone(error: { code?: number }): void {
  if (error.code !== 404) throw error;
}

async function removeOne(cluster: Cluster, request: ResourceRequest, sent: DeleteOptions): Promise<Answer> {
  refuseSystemNamespace(request);
  for (;;) {
    const before = current(request);
    const options = withOwnPreconditions(request, before, sent);
    checkPreconditions(request, before, options);
    await admit(cluster, request, before, options);
    if (isDry(request, options)) return done(request, before);
    try {
      return mark(cluster, request, before);
    } catch (error) {
      if (!(error instanceof StaleWrite)) throw error;
    }
  }
}

function isDry(request: ResourceRequest, options: DeleteOptions): boolean {
  return isDryRun(request) || options.dryRun?.includes('All') === true;
}

async function admit(cluster: Cluster, request: ResourceRequest, before: Version, options: DeleteOptions) {
  const attributes: AdmissionAttributes = {
    request,
    operation: 'DELETE',
    name: request.name,
    namespace: request.namespace,
    oldObject: before.object,
    dryRun: isDry(request, options),
    options: describedDeleteOptions(options),
  };
  await cluster.admission.mutate(attributes, undefined);
  await cluster.admission.validate(attributes, undefined);
}

function mark(cluster: Cluster, request: ResourceRequest, before: Version): Answer {
  const { kind } = request;
  const { object } = before;
  const { deletionTimestamp, finalizers = [] } = object.metadata;
  const isDefinition = isKind(request, CRDS);
  const held = finalizers.length > 0 || rulesOf(kind).held?.(object) === true || isDefinition;
  if (!held) {
    kind.collection.remove(before);
    return done(request, before);
  }
  if (deletionTimestamp !== undefined) return stored(200, before);
  const marked = isDefinition ? markedDefinition(cluster, object) : markedObject(cluster, request, object);
  return stored(200, kind.collection.replace(before, spelled(kind, marked)));
}

function markedObject(cluster: Cluster, request: ResourceRequest, object: ApiObject): ApiObject {
  const deletionTimestamp = timestamp(cluster.now());
  const metadata = { ...object.metadata, deletionTimestamp };
  if (isKind(request, NAMESPACES)) return { ...object, metadata, status: { phase: 'Terminating' } };
  metadata.deletionGracePeriodSeconds = 0;
  if (metadata.generation !== undefined) metadata.generation += 1;
  return { ...object, metadata };
}

function markedDefinition(cluster: Cluster, object: ApiObject): ApiObject {
  const { finalizers = [] } = object.metadata;
  const metadata = {
    ...object.metadata,
    deletionTimestamp: timestamp(cluster.now()),
    finalizers: [...new Set([...finalizers, CLEANUP_FINALIZER])],
  };
  return { ...object, metadata, status: terminating(object, cluster.now()) };
}

function done({ kind }: ResourceRequest, { name, object }: Version): Answer {
  if (rulesOf(kind).deleted === 'object') return { form: 'object', code: 200, object };
  const status = deleted(kind.resource, name, object.metadata.uid ?? '');
  return { form: 'status', code: 200, status };
}

/** A namespace is always deleted by uid, so that its successor of the same name is safe. */
function withOwnPreconditions(
  request: ResourceRequest,
  before: Version,
  options: DeleteOptions,
): DeleteOptions {
  if (!isKind(request, NAMESPACES)) return options;
  return { ...options, preconditions: { uid: before.object.metadata.uid ?? '', ...options.preconditions } };
}

function checkPreconditions(
  request: ResourceRequest,
  before: Version,
  { preconditions }: DeleteOptions,
): void {
  const { uid, resourceVersion } = before.object.metadata;
  if (preconditions?.uid !== undefined && preconditions.uid !== uid) {
    throw unmet(request, 'UID', preconditions.uid, uid ?? '', 'deleted and then recreated');
  }
  if (preconditions?.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion) {
    throw unmet(request, 'ResourceVersion', preconditions.resourceVersion, resourceVersion ?? '', 'modified');
  }
}

function unmet(request: ResourceRequest, what: string, wanted: string, found: string, happened: string) {
  const { kind, name } = request;
  if (isKind(request, NAMESPACES)) {
    const why = `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found}`;
    return conflict(kind.resource, name, why);
  }
  // Named by kind, not by resource, as kube-apiserver does here alone.
  return conflict(
    { group: kind.spec.group, resource: kind.spec.kind },
    name,
    `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${found}). ` +
      `The object might have been ${happened}`,
  );
}

const UNDELETABLE: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

function refuseSystemNamespace(request: ResourceRequest): void {
  if (!isKind(request, NAMESPACES) || !UNDELETABLE.has(request.name)) return;
  throw forbidden(request.kind.resource, request.name, 'this namespace may not be deleted');
}

function isKind({ kind }: ResourceRequest, collection: string): boolean {
  return collectionKey(kind.spec.group, kind.spec.plural) === collection;
}

function namespaceOf({ kind, namespace }: ResourceRequest): string | undefined {
  return kind.spec.namespaced && namespace !== '' ? namespace : undefined;
}
