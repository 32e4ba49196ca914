// Everything that a plan is made from, as facts: what users wrote, what cluster and cloud show, and how long
// some of it has stood. No handles, no I/O: two equal worlds give equal plans.
import type { AddressSet } from '../address-set.ts';
import type { Allocation } from '../allocation.ts';
import type { EgressIPAMs, Pool } from '../egressipam.ts';
import type { Inventory } from '../inventory.ts';
import type { IPv4 } from '../ip.ts';
import type { UsableAddresses } from '../usable.ts';

export interface NamespaceFact {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Being deleted: its pods still need their egress. */
  readonly terminating: boolean;
  /** Name of the EgressIPAM it has opted in to. */
  readonly egressIPAM: string | undefined;
  /** The `…/egressips` annotation as it stands, opted in or not. */
  readonly text: string | undefined;
  /** The IPs it lists, as far as they can be read; empty when it has not opted in. */
  readonly listed: ReadonlySet<IPv4>;
}

export interface NodeFact {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ready: boolean;
  readonly cordoned: boolean;
  /** Milliseconds for which it has been seen NotReady; 0 when it is ready. */
  readonly notReadyFor: number;
}

export interface HostSubnetFact {
  readonly node: string;
  readonly resourceVersion: string;
  readonly hostIP: IPv4 | undefined;
  /** As stored, foreign entries included. */
  readonly egressIPs: readonly string[];
  readonly egressCIDRs: readonly string[];
  readonly ips: ReadonlySet<IPv4>;
}

export interface NetNamespaceFact {
  readonly name: string;
  readonly resourceVersion: string;
  /** As stored, foreign entries included. */
  readonly egressIPs: readonly string[];
  readonly ips: ReadonlySet<IPv4>;
}

/** The life cycle of an EgressIPAM object, valid or not. */
export interface EgressIPAMFact {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly deleting: boolean;
  readonly finalizers: readonly string[];
  /** CIDRs of its last published status: what it may have left on HostSubnets. */
  readonly publishedCIDRs: readonly string[];
}

/**
 * How long a claim has stood, on our own clock, which starts when this process first saw its uid and token.
 */
export interface ClaimAge {
  /** Milliseconds since this uid and token were first seen. */
  readonly seenFor: number;
  /**
   * Milliseconds for which the namespace it is for (nameless: any) has not listed the IP, without a break.
   */
  readonly unlistedFor: number;
}

/** A CloudPrivateIPConfig, as far as it concerns us. `refusal`: what its condition says when it failed. */
export interface PlatformAssignment {
  readonly isAssigned: boolean;
  readonly refusal: string | undefined;
}

export interface World {
  /**
   * Who puts IPs on interfaces: we over EC2, the platform when a HostSubnet and a NetNamespace name them,
   * nobody.
   */
  readonly cloud: 'aws' | 'platform' | 'none';
  /** Wall clock, milliseconds; used only against times that the API objects carry. */
  readonly wallClock: number;
  readonly egressIPAMs: EgressIPAMs;
  readonly egressIPAMFacts: ReadonlyMap<string, EgressIPAMFact>;
  readonly namespaces: ReadonlyMap<string, NamespaceFact>;
  readonly nodes: ReadonlyMap<string, NodeFact>;
  readonly hostSubnets: ReadonlyMap<string, HostSubnetFact>;
  readonly netNamespaces: ReadonlyMap<string, NetNamespaceFact>;
  readonly allocations: ReadonlyMap<IPv4, Allocation>;
  readonly claimAges: Pick<ReadonlyMap<IPv4, ClaimAge>, 'get'>;
  /** undefined on bare metal, and on AWS until EC2 was read. */
  readonly inventory: Inventory | undefined;
  /** Node by the id of its device-0 interface, over the inventory's hosts. */
  readonly nodeOfInterface: ReadonlyMap<string, string>;
  /** How old `inventory` is, milliseconds. */
  readonly inventoryAge: number;
  /** Usable addresses of each pool of the valid EgressIPAMs. */
  readonly usable: ReadonlyMap<Pool, UsableAddresses>;
  /** Addresses that anything holds. */
  readonly taken: AddressSet;
  /** IPs with an action under way, or one whose outcome is not known yet: left as they are. */
  readonly busy: ReadonlySet<IPv4>;
  /** Nodes that actions under way will put IPs on: a room promised is a room taken. */
  readonly promised: ReadonlyMap<IPv4, string>;
  /** Where the platform assigns: whether it has, or why it could not. */
  readonly platformAssignments: ReadonlyMap<IPv4, PlatformAssignment>;
  readonly timing: Timing;
  /** How much one edit may displace; absent: the defaults. */
  readonly breaker?: BreakerLimits;
}

export interface Timing {
  /**
   * Milliseconds; must exceed the API server's request time-out, so that no admitted write is still on its
   * way.
   */
  readonly claimGrace: number;
  /** Milliseconds that one of several IPs stays on a NotReady node before it is moved. */
  readonly notReadyHold: number;
  /** Milliseconds up to which an inventory is fresh enough to bind on. */
  readonly inventoryFresh: number;
}

export const DEFAULT_TIMING: Timing = {
  claimGrace: 120_000,
  notReadyHold: 300_000,
  inventoryFresh: 150_000,
};

/** Displacements that one edit may cause without being asked about. */
export interface BreakerLimits {
  /** Of the IPs of a pool that are hosted, 0 to 1. */
  readonly share: number;
  /** Fewer than this are never held. */
  readonly least: number;
}

export const DEFAULT_BREAKER: BreakerLimits = { share: 0.25, least: 10 };
