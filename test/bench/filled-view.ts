// A webhook's knowledge of a cluster in memory, as its caches would have filled it.
import type { CIDRStatus, EgressIPAMObject } from '../../shared/kinds.ts';
import { View } from '../../webhook/view.ts';
import type { Objects } from './cluster.ts';

/** More than anybody will ask for. */
const ROOM = 1_000_000;

/** As the reconciler publishes it: observed, nothing foreign in use, room on the nodes. */
export function published(egressIPAM: EgressIPAMObject): EgressIPAMObject {
  const cidrs: CIDRStatus[] = egressIPAM.spec.cidrAssignments.map(({ CIDR, labelValue }) => ({
    CIDR,
    labelValue,
    size: 0,
    usable: 0,
    allocated: 0,
    resting: 0,
    free: 0,
    freeHostSlots: ROOM,
    inUse: [],
  }));
  return { ...egressIPAM, status: { observedGeneration: 1, cloud: 'aws', cidrs, conditions: [] } };
}

/** In touch, its cloud observed a moment ago. */
export function emptyView(): View {
  return new View({ outOfTouch: () => undefined, observedAge: () => 0, inventoryMaxAge: 300_000 });
}

export function filledView(objects: Objects): View {
  const view = emptyView();
  for (const one of objects.egressIPAMs) view.egressIPAMChanged(one.metadata.name, published(one));
  for (const one of objects.allocations) view.allocationChanged(one.metadata.name, one);
  for (const one of objects.namespaces) view.namespaceChanged(one.metadata.name, one, undefined);
  for (const one of objects.netNamespaces) view.netNamespaceChanged(one.metadata.name, one);
  for (const one of objects.hostSubnets) view.hostSubnetChanged(one.metadata.name, one);
  return view;
}
