// POST: admission, then what the server fills in, then the write. Whether the name is taken is found out last, as in
// etcd, so webhooks are asked about objects that turn out to exist.
import { randomUUID } from 'node:crypto';
import type { AdmissionAttributes, Cluster } from '../cluster.ts';
import { NAMESPACES } from '../collection-key.ts';
import { decodeObject } from '../decode.ts';
import type { ApiObject } from '../object.ts';
import { createOptions } from '../options.ts';
import { check, prepareNew, spelled, withTrackedFields } from '../prepare.ts';
import { type Answer, isDryRun, type ResourceRequest, stored } from '../request.ts';
import { alreadyExists, badRequest, forbidden, notFound, Refusal, unexplained } from '../status.ts';
import { StaleWrite } from '../storage.ts';

export async function create(cluster: Cluster, request: ResourceRequest): Promise<Answer> {
  const object = decodeObject(request);
  placeInNamespace(request, object);
  return createObject(cluster, request, withTrackedFields(request, undefined, object, cluster.now()));
}

/** Creates what a change, of an object that is not there, would have left. */
export async function createByChange(
  cluster: Cluster,
  request: ResourceRequest,
  object: ApiObject,
): Promise<Answer> {
  if (!request.mayCreate()) throw forbidden(request.kind.resource, request.name, '');
  return createObject(cluster, request, object);
}

/** Creates an object whose managedFields are settled. */
async function createObject(cluster: Cluster, request: ResourceRequest, object: ApiObject): Promise<Answer> {
  const { kind } = request;
  const attributes: AdmissionAttributes = {
    request,
    operation: 'CREATE',
    name: object.metadata.name ?? '',
    namespace: request.namespace,
    oldObject: undefined,
    dryRun: isDryRun(request),
    options: createOptions(request),
  };
  checkNamespaceIsOpen(cluster, request, object);
  const admitted = (await cluster.admission.mutate(attributes, object)) ?? object;
  const fresh = { ...admitted, metadata: { ...admitted.metadata } };
  prepareNew(kind, fresh, cluster.now(), randomUUID);
  check(request, fresh, undefined);
  const name = fresh.metadata.name ?? '';
  await cluster.admission.validate({ ...attributes, name }, fresh);
  checkNamespaceIsOpen(cluster, request, object);
  // As late as etcd's own client looks at it, and not in a dry run, which does not get that far.
  if (fresh.metadata.resourceVersion !== undefined && !isDryRun(request)) {
    throw unexplained('resourceVersion should not be set on objects to be created');
  }
  return write(request, spelled(kind, fresh), name);
}

function write(request: ResourceRequest, object: ApiObject, name: string): Answer {
  const { collection, resource } = request.kind;
  if (isDryRun(request)) {
    if (collection.get(object.metadata.namespace ?? '', name)) throw alreadyExists(resource, name);
    delete object.metadata.resourceVersion;
    return { form: 'object', code: 201, object };
  }
  try {
    return stored(201, collection.insert(object));
  } catch (error) {
    throw error instanceof StaleWrite ? alreadyExists(resource, name) : error;
  }
}

/** The namespace is the URL's; a body that names another one is refused. */
export function placeInNamespace({ kind, namespace }: ResourceRequest, { metadata }: ApiObject): void {
  if (!kind.spec.namespaced) {
    delete metadata.namespace;
    return;
  }
  if (metadata.namespace !== undefined && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  metadata.namespace = namespace;
}

/** The name is the URL's; what replaces an object has to say so. */
export function checkName({ name }: ResourceRequest, { metadata }: ApiObject): void {
  const sent = metadata.name;
  if (sent === name) return;
  throw badRequest(
    sent === undefined
      ? `the name of the object (${name} based on URL) was undeterminable: name must be provided`
      : `the name of the object (${sent}) does not match the name on the URL (${name})`,
  );
}

function checkNamespaceIsOpen(cluster: Cluster, request: ResourceRequest, object: ApiObject): void {
  const { kind, namespace } = request;
  if (!kind.spec.namespaced) return;
  const found = cluster.storage.collection(NAMESPACES).get('', namespace);
  if (found === undefined) throw notFound({ group: '', resource: 'namespaces' }, namespace);
  if (found.object.metadata.deletionTimestamp === undefined) return;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const { status } = forbidden(kind.resource, object.metadata.name ?? '', why);
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  };
  throw new Refusal({ ...status, details: { ...status.details, causes: [cause] } });
}
