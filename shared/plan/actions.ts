// What the reconciler can do, as values: each can say itself in one sentence (logs, dry runs and tests use
// it), and names the IPs it concerns, so that there is never more than one action per IP at a time.
import { formatIPv4, type IPv4 } from '../ip.ts';

/** What a release step was decided on; each is checked live right before the step. */
export interface ReleaseCheck {
  readonly ip: IPv4;
  readonly namespace: string;
  /** Of the allocation. */
  readonly resourceVersion: string;
}

/** Which calls go first when EC2's token bucket runs low. */
export type Lane = 'failover' | 'grant' | 'cleanup';

export type Action =
  /** Creates the allocation that a namespace needs. */
  | {
      readonly kind: 'claim';
      readonly ip: IPv4;
      readonly namespace: string;
      readonly egressIPAM: string;
      readonly cidr: string;
    }
  /** Writes the namespace into the allocation of a `generateName` namespace. */
  | { readonly kind: 'name'; readonly ip: IPv4; readonly namespace: string; readonly resourceVersion: string }
  /** Sets (or, undefined, removes) the annotation that lists the namespace's IPs. */
  | {
      readonly kind: 'annotate';
      readonly namespace: string;
      readonly resourceVersion: string;
      readonly egressIPs: string | undefined;
      readonly why: string;
    }
  /** Finalizer, then namespaceUID, phase `Bound` and the intended place: from here on the IP is ours. */
  | {
      readonly kind: 'bind';
      readonly ip: IPv4;
      readonly namespace: string;
      readonly namespaceUID: string;
      readonly node: string | undefined;
      readonly interfaceId: string | undefined;
      readonly resourceVersion: string;
    }
  /** Writes down where the IP is (or is about to be). */
  | {
      readonly kind: 'record';
      readonly ip: IPv4;
      readonly node: string | undefined;
      readonly interfaceId: string | undefined;
      readonly resourceVersion: string;
    }
  | {
      readonly kind: 'assign';
      readonly node: string;
      readonly interfaceId: string;
      readonly ips: readonly IPv4[];
      readonly lane: Lane;
    }
  /** Takes IPs from the interfaces where they are recorded to be, in one call. */
  | {
      readonly kind: 'reassign';
      readonly node: string;
      readonly interfaceId: string;
      readonly from: ReadonlyMap<IPv4, string>;
      readonly ips: readonly IPv4[];
      readonly lane: Lane;
    }
  | {
      readonly kind: 'unassign';
      readonly interfaceId: string;
      readonly ips: readonly IPv4[];
      readonly checks: readonly ReleaseCheck[];
      readonly lane: Lane;
    }
  | {
      readonly kind: 'patchHostSubnet';
      readonly node: string;
      readonly resourceVersion: string;
      readonly add: readonly IPv4[];
      readonly remove: readonly IPv4[];
      readonly egressIPs: readonly string[];
      /** Present only when the automatic CIDRs change. */
      readonly egressCIDRs?: readonly string[];
      readonly checks: readonly ReleaseCheck[];
    }
  | {
      readonly kind: 'patchNetNamespace';
      readonly namespace: string;
      readonly resourceVersion: string;
      readonly add: readonly IPv4[];
      readonly remove: readonly IPv4[];
      readonly egressIPs: readonly string[];
      readonly checks: readonly ReleaseCheck[];
    }
  /** Phase `Releasing`. */
  | { readonly kind: 'release'; readonly ip: IPv4; readonly checks: readonly ReleaseCheck[] }
  /** After live reads show the IP nowhere: phase `Resting`, finalizer off. */
  | { readonly kind: 'rest'; readonly ip: IPv4; readonly checks: readonly ReleaseCheck[] }
  /** Deletes an allocation that nobody lists, unless it was retaken meanwhile. */
  | {
      readonly kind: 'delete';
      readonly ip: IPv4;
      readonly uid: string;
      readonly resourceVersion: string;
      readonly namespace: string;
    }
  /** Puts our finalizer on an EgressIPAM, or takes it off when nothing is left to release. */
  | {
      readonly kind: 'finalizeEgressIPAM';
      readonly name: string;
      readonly resourceVersion: string;
      readonly finalizers: readonly string[];
    };

/** The IPs that the action changes something about. */
export function ipsOf(action: Action): readonly IPv4[] {
  switch (action.kind) {
    case 'annotate':
    case 'finalizeEgressIPAM':
      return [];
    case 'patchHostSubnet':
    case 'patchNetNamespace':
      return [...action.add, ...action.remove];
    case 'assign':
    case 'reassign':
    case 'unassign':
      return action.ips;
    default:
      return [action.ip];
  }
}

/** The node on which the action puts its IPs, if it puts them anywhere. */
export function destinationOf(action: Action): string | undefined {
  switch (action.kind) {
    case 'bind':
    case 'record':
    case 'assign':
    case 'reassign':
      return action.node;
    case 'patchHostSubnet':
      return action.remove.length === 0 ? action.node : undefined;
    default:
      return undefined;
  }
}

/** The one object that the action writes, as a key: no two actions write one object at a time. */
export function targetOf(action: Action): string {
  switch (action.kind) {
    case 'annotate':
      return `Namespace/${action.namespace}`;
    case 'finalizeEgressIPAM':
      return `EgressIPAM/${action.name}`;
    case 'patchHostSubnet':
      return `HostSubnet/${action.node}`;
    case 'patchNetNamespace':
      return `NetNamespace/${action.namespace}`;
    case 'assign':
    case 'reassign':
      return `assign/${action.interfaceId}`;
    case 'unassign':
      return `unassign/${action.interfaceId}`;
    default:
      return `EgressIPAllocation/${formatIPv4(action.ip)}`;
  }
}

/** One sentence, without a full stop. */
export function describe(action: Action): string {
  switch (action.kind) {
    case 'claim':
      return `claim ${formatIPv4(action.ip)} of ${action.cidr} for namespace ${action.namespace}`;
    case 'name':
      return `name namespace ${action.namespace} in the claim of ${formatIPv4(action.ip)}`;
    case 'annotate':
      return action.egressIPs === undefined
        ? `take the list of IPs off namespace ${action.namespace}: ${action.why}`
        : `list ${action.egressIPs} on namespace ${action.namespace}: ${action.why}`;
    case 'bind': {
      const place = at(action.node, action.interfaceId);
      return `bind ${formatIPv4(action.ip)} to namespace ${action.namespace}${place}`;
    }
    case 'record':
      return `record ${formatIPv4(action.ip)}${at(action.node, action.interfaceId)}`;
    case 'assign':
      return `assign ${list(action.ips)} to ${action.interfaceId} of node ${action.node}`;
    case 'reassign':
      return `move ${list(action.ips)} to ${action.interfaceId} of node ${action.node}`;
    case 'unassign':
      return `unassign ${list(action.ips)} from ${action.interfaceId}`;
    case 'patchHostSubnet': {
      const lists = changes(action);
      const cidrs =
        action.egressCIDRs === undefined ? '' : ` set egressCIDRs to [${action.egressCIDRs.join(', ')}]`;
      return `HostSubnet ${action.node}:${lists}${lists !== '' && cidrs !== '' ? ' and' : ''}${cidrs}`;
    }
    case 'patchNetNamespace':
      return `NetNamespace ${action.namespace}:${changes(action)}`;
    case 'release':
      return `begin to release ${formatIPv4(action.ip)}`;
    case 'rest':
      return `let ${formatIPv4(action.ip)} rest`;
    case 'delete':
      return `delete the allocation of ${formatIPv4(action.ip)}`;
    case 'finalizeEgressIPAM':
      return `set the finalizers of EgressIPAM ${action.name} to [${action.finalizers.join(', ')}]`;
  }
}

function at(node: string | undefined, interfaceId: string | undefined): string {
  if (node === undefined) return '';
  return interfaceId === undefined ? ` on node ${node}` : ` on node ${node}, ${interfaceId}`;
}

function changes(action: { add: readonly IPv4[]; remove: readonly IPv4[] }): string {
  const added = action.add.length > 0 ? ` add ${list(action.add)}` : '';
  const removed = action.remove.length > 0 ? ` remove ${list(action.remove)}` : '';
  return added !== '' && removed !== '' ? `${added},${removed}` : added + removed;
}

function list(ips: readonly IPv4[]): string {
  return ips.map(formatIPv4).join(', ');
}
