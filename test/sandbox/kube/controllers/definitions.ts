// What kube-apiserver's controllers do about CustomResourceDefinitions: accept their names and establish them, and, when
// one is deleted, delete its objects before it goes.
import { CRDS, collectionKey } from '../collection-key.ts';
import { equal, fieldOf, textOf } from '../json.ts';
import { timestamp } from '../metadata.ts';
import { type ApiObject, inTypeOrder } from '../object.ts';
import { CLEANUP_FINALIZER, established } from '../rules/definitions.ts';
import type { Change, Collection, Storage, Version } from '../storage.ts';

/** Works during the write that it reacts to, so that a new kind is there when its definition is answered. */
export function startCrdController(storage: Storage, now: () => Date): void {
  const definitions = storage.collection(CRDS);
  const watched = new Set<string>();
  definitions.listen(({ type, version }: Change) => {
    if (type === 'DELETED') return;
    const stored = definitions.get('', version.name);
    if (stored !== version) return;
    if (version.object.metadata.deletionTimestamp === undefined) establish(definitions, version, now());
    else cleanUp(storage, definitions, version, watched, now);
  });
}

function establish(definitions: Collection, version: Version, now: Date): void {
  const { object } = version;
  const status = established(object, now);
  if (
    isEstablished(object) &&
    equal(fieldOf(object, 'spec', 'names'), fieldOf(object, 'status', 'acceptedNames'))
  ) {
    return;
  }
  definitions.replace(version, inTypeOrder({ ...object, metadata: { ...object.metadata }, status }));
}

function isEstablished({ status }: ApiObject): boolean {
  return JSON.stringify(status ?? {}).includes('"Established"');
}

function cleanUp(
  storage: Storage,
  definitions: Collection,
  { name, object }: Version,
  watched: Set<string>,
  now: () => Date,
): void {
  const group = textOf(fieldOf(object, 'spec', 'group'));
  const plural = textOf(fieldOf(object, 'spec', 'names', 'plural'));
  const instances = storage.collection(collectionKey(group, plural));
  if (!watched.has(name)) {
    watched.add(name);
    const stop = instances.listen(() => {
      if (instances.list().length > 0) return;
      stop();
      watched.delete(name);
      releaseDefinition(definitions, name);
    });
  }
  for (const instance of instances.list()) removeInstance(instances, instance, now());
  if (instances.list().length === 0) releaseDefinition(definitions, name);
}

function removeInstance(instances: Collection, instance: Version, now: Date): void {
  const { metadata } = instance.object;
  if ((metadata.finalizers ?? []).length === 0) {
    instances.remove(instance);
  } else if (metadata.deletionTimestamp === undefined) {
    const deletionTimestamp = timestamp(now);
    instances.replace(instance, { ...instance.object, metadata: { ...metadata, deletionTimestamp } });
  }
}

function releaseDefinition(definitions: Collection, name: string): void {
  const stored = definitions.get('', name);
  if (stored?.object.metadata.deletionTimestamp === undefined) return;
  const finalizers = (stored.object.metadata.finalizers ?? []).filter((held) => held !== CLEANUP_FINALIZER);
  if (finalizers.length === 0) definitions.remove(stored);
}
