// What of an object is worth its place in memory? The caches hold every namespace and every allocation of a cluster for
// as long as a process runs, and little of each is ever read. Nobody writes an object back that was kept so: patches name
// what they change, and what is replaced was read for that.
import type {
  AllocationObject,
  HostSubnetObject,
  NamespaceObject,
  NetNamespaceObject,
  ObjectMeta,
} from '../kinds.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION, EXPLICIT_ANNOTATION } from '../names.ts';

/** What every object is known by, and those of its annotations that are named. */
export function slimMetadata(metadata: ObjectMeta, annotations: readonly string[] = []): ObjectMeta {
  const { name, uid, resourceVersion, deletionTimestamp } = metadata;
  const slim = { name, uid, resourceVersion };
  const read = pick(metadata.annotations, annotations);
  if (deletionTimestamp === undefined && read === undefined) return slim;
  return {
    ...slim,
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(read === undefined ? {} : { annotations: read }),
  };
}

/** Those of the keys that are there; undefined for none. */
function pick(from: ObjectMeta['annotations'], keys: readonly string[]): Record<string, string> | undefined {
  if (from === undefined) return undefined;
  let picked: Record<string, string> | undefined;
  for (const key of keys) {
    const value = from[key];
    if (value !== undefined) picked = { ...picked, [key]: value };
  }
  return picked;
}

export function slimNamespace({ metadata }: NamespaceObject): NamespaceObject {
  return { metadata: slimMetadata(metadata, [EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION]) };
}

export function slimNetNamespace({ metadata, netid, egressIPs }: NetNamespaceObject): NetNamespaceObject {
  const slim = slimMetadata(metadata);
  return { metadata: slim, netname: slim.name, netid, ...(egressIPs === undefined ? {} : { egressIPs }) };
}

export function slimHostSubnet(object: HostSubnetObject): HostSubnetObject {
  const { apiVersion: _, kind: __, metadata, ...rest } = object;
  return { metadata: slimMetadata(metadata), ...rest };
}

export function slimAllocation({ metadata, spec, status }: AllocationObject): AllocationObject {
  const { finalizers } = metadata;
  return {
    metadata: {
      ...slimMetadata(metadata, [EXPLICIT_ANNOTATION]),
      ...(finalizers === undefined ? {} : { finalizers }),
    },
    spec,
    ...(status === undefined ? {} : { status }),
  };
}
