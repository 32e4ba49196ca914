// What the cloud is known to hold: the interfaces of this cluster's nodes, and every address that is in use in their
// subnets. AWS's own spelling ends in reconciler/aws/; this is what the planner and the status reason about.
import type { Cidr, IPv4, Range } from './ip.ts';

/** The device-0 interface of one of this cluster's nodes: the only kind that we ever assign to or unassign from. */
export interface HostInterface {
  readonly node: string;
  readonly interfaceId: string;
  readonly subnetId: string;
  readonly subnet: Cidr;
  readonly primary: IPv4;
  /** Secondary addresses, ours and foreign ones alike, ascending. */
  readonly secondary: readonly IPv4[];
  /** How many secondary addresses it may have, delegated prefixes and the primary address deducted. */
  readonly slots: number;
}

/** One look at the cloud. What could not be read is absent and named in `unknownNodes`: unknown is not empty. */
export interface Inventory {
  /** By node name. */
  readonly hosts: ReadonlyMap<string, HostInterface>;
  /** Nodes whose interface could not be read, with the reason; their IPs stay where they are. */
  readonly unknownNodes: ReadonlyMap<string, string>;
  /** Which interface has an address, over every interface in the nodes' subnets, of this cluster or not. */
  readonly holders: ReadonlyMap<IPv4, string>;
  /** Addresses that are not single interface addresses but unusable all the same: first four, last, delegated prefixes. */
  readonly kept: readonly Range[];
  /** Subnets that were read completely. */
  readonly subnets: readonly Cidr[];
  /** Parts of the subnets that a CIDR reservation keeps AWS from handing out. */
  readonly reservations: readonly Cidr[];
  /** Monotonic milliseconds at which the describes were sent. */
  readonly observedAt: number;
}
