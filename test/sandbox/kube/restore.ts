// Puts objects straight into storage, as from a backup of etcd: no admission, no validation, no field owners. For scenes
// of many thousands of objects, which would take their time through the handlers. The caller answers for their shape.
import { randomUUID } from 'node:crypto';
import type { KubeObject } from '../../../shared/kinds.ts';
import type { Resource } from '../../../shared/kube/resources.ts';
import type { Cluster } from './cluster.ts';
import { timestamp } from './metadata.ts';
import type { ApiObject } from './object.ts';
import { spelled } from './prepare.ts';

/** Fills in uid, creation time and generation; returns what is stored, in the order given. */
export function restore<T extends KubeObject>(
  cluster: Cluster,
  resource: Resource<T>,
  objects: readonly object[],
): readonly T[] {
  const kind = cluster.registry.find(resource.group, resource.version, resource.plural);
  if (kind === undefined) throw new Error(`${resource.plural} are not served`);
  const creationTimestamp = timestamp(cluster.now());
  return objects.map((given) => {
    const object = given as ApiObject;
    const metadata = { generation: 1, ...object.metadata, uid: randomUUID(), creationTimestamp };
    const typed = { ...object, apiVersion: kind.apiVersion, kind: kind.spec.kind, metadata };
    const stored = kind.collection.insert(spelled(kind, typed));
    return stored.object as unknown as T;
  });
}
