// What the reconciler asks of a cloud, in our words. `aws/` answers over EC2; bare metal has no cloud at all, so there a
// HostSubnet is all it takes.
import type { Inventory } from '../shared/inventory.ts';
import type { IPv4 } from '../shared/ip.ts';
import type { Lane } from '../shared/plan/actions.ts';

/** How a call ended; every IP is in exactly one of the four. */
export interface CallOutcome {
  readonly done: readonly IPv4[];
  readonly failed: ReadonlyMap<IPv4, Error>;
  /** It may or may not have taken effect, and may still do so later; see Cloud.unsettled. */
  readonly unknown: readonly IPv4[];
  /** Not sent: it was not our turn. */
  readonly delayed: readonly IPv4[];
}

export interface CloudNode {
  readonly name: string;
  readonly providerID: string | undefined;
  readonly ready: boolean;
}

/** An IP in neither part is on no interface. */
export interface Whereabouts {
  readonly holders: ReadonlyMap<IPv4, string>;
  /** In no subnet that was read: nobody knows. */
  readonly unknown: readonly IPv4[];
}

export interface Cloud {
  /** The latest look, with our own writes in it. */
  readonly inventory: Inventory | undefined;
  /** IPs of calls without an answer, with the monotonic time from which the cloud can be asked how they ended. */
  readonly unsettled: ReadonlyMap<IPv4, number>;
  /** A new term: another leader may have written since, so what was seen and written before counts no more. */
  startAfresh(): void;
  /** Reads anew what is on the interfaces, and whatever else may have changed. */
  refresh(nodes: readonly CloudNode[]): Promise<Inventory>;
  /** Where each IP is, by a describe made for this call. */
  locate(ips: readonly IPv4[], options: { readonly lane: Lane }): Promise<Whereabouts>;
  /** `allowReassignment`: also from another interface. */
  assign(
    interfaceId: string,
    ips: readonly IPv4[],
    options: { readonly lane: Lane; readonly allowReassignment: boolean },
  ): Promise<CallOutcome>;
  unassign(interfaceId: string, ips: readonly IPv4[], options: { readonly lane: Lane }): Promise<CallOutcome>;
  /** Milliseconds until so many such calls may be sent at once, one if nothing is said; 0 means now. */
  nextAvailableIn(call: 'assign' | 'unassign', lane: Lane, calls?: number): number;
}
