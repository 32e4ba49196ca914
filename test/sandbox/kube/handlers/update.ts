// PUT, on the object and its subresources.
import type { Cluster } from '../cluster.ts';
import { decodeObject } from '../decode.ts';
import type { ApiObject } from '../object.ts';
import { withTrackedFields } from '../prepare.ts';
import type { Answer, ResourceRequest } from '../request.ts';
import { badRequest } from '../status.ts';
import { change } from './change.ts';
import { placeInNamespace } from './create.ts';

export async function update(cluster: Cluster, request: ResourceRequest): Promise<Answer> {
  const sent = decodeObject(request);
  placeInNamespace(request, sent);
  const { name } = sent.metadata;
  if (name === undefined) throw badRequest('name must be provided');
  if (name !== request.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${request.name})`);
  }
  return change(cluster, request, (before) =>
    withTrackedFields(request, before, withServerFields(sent, before), cluster.now()),
  );
}

/** A client may leave out what the server keeps anyway. */
function withServerFields(sent: ApiObject, before: ApiObject): ApiObject {
  const { creationTimestamp, managedFields } = before.metadata;
  const metadata = { ...sent.metadata };
  if (creationTimestamp !== undefined) metadata.creationTimestamp = creationTimestamp;
  if (managedFields !== undefined) metadata.managedFields ??= managedFields;
  return { ...sent, metadata };
}
