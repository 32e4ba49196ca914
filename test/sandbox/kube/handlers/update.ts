// PUT, on the object and its subresources.
import type { Cluster } from '../cluster.ts';
import { decodeObject } from '../decode.ts';
import type { ApiObject } from '../object.ts';
import { withTrackedFields } from '../prepare.ts';
import type { Answer, ResourceRequest } from '../request.ts';
import { rulesOf } from '../rules/rules.ts';
import { conflict } from '../status.ts';
import { change } from './change.ts';
import { checkName, createByChange, placeInNamespace } from './create.ts';

export async function update(cluster: Cluster, request: ResourceRequest): Promise<Answer> {
  const sent = decodeObject(request);
  placeInNamespace(request, sent);
  checkName(request, sent);
  if (makesAnew(request, sent)) {
    return createByChange(cluster, request, withTrackedFields(request, undefined, sent, cluster.now()));
  }
  return change(cluster, request, (before) => {
    checkUid(request, sent, before);
    return withTrackedFields(request, before, withServerFields(sent, before), cluster.now());
  });
}

/** Whether the kind is one that a PUT may create, and there is nothing that it could replace. */
function makesAnew({ kind, subresource, namespace, name }: ResourceRequest, sent: ApiObject): boolean {
  if (rulesOf(kind).absent !== 'created' || subresource !== '') return false;
  return sent.metadata.resourceVersion === undefined && kind.collection.get(namespace, name) === undefined;
}

/** Storage itself refuses to replace an object by its successor, before anybody is asked. */
function checkUid({ kind, namespace, name }: ResourceRequest, sent: ApiObject, before: ApiObject): void {
  const { uid } = sent.metadata;
  const live = before.metadata.uid;
  if (uid === undefined || uid === live) return;
  const key = ['/registry', ...(kind.custom ? [kind.spec.group] : []), kind.spec.plural, namespace, name];
  const where = `Key: ${key.filter((part) => part !== '').join('/')}, ResourceVersion: 0`;
  const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live}`;
  const message = `StorageError: invalid object, Code: 4, ${where}, AdditionalErrorMsg: ${why}`;
  throw conflict(kind.resource, name, message);
}

/** A client may leave out what the server keeps anyway. */
function withServerFields(sent: ApiObject, before: ApiObject): ApiObject {
  const { creationTimestamp, managedFields } = before.metadata;
  const metadata = { ...sent.metadata };
  if (creationTimestamp !== undefined) metadata.creationTimestamp = creationTimestamp;
  if (managedFields !== undefined) metadata.managedFields ??= managedFields;
  return { ...sent, metadata };
}
