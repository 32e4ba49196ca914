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
  const read = annotations.flatMap((key) => {
    const value = metadata.annotations?.[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  return {
    name,
    uid,
    resourceVersion,
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(read.length === 0 ? {} : { annotations: Object.fromEntries(read) }),
  };
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
