// The few things we ask of EC2, in our words. sdk.ts carries them out over the AWS SDK; tests implement them over a map.
// Reads come in pages because each page is a call that EC2 counts; paced-reads.ts turns them into whole lists.
import type { Cidr, IPv4 } from '../../shared/ip.ts';

/** One call's share of a list; `next` asks for the rest. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

/** The interface of an instance at device index 0 of network card 0, and where it is. */
export interface PrimaryInterface {
  readonly id: string;
  readonly subnetId: string;
}

export interface Instance {
  readonly id: string;
  readonly type: string;
  /** Shutting down or terminated: it has no interface any more, or is about to lose it. */
  readonly state: 'present' | 'gone';
  readonly primaryInterface: PrimaryInterface | undefined;
}

export interface Subnet {
  readonly id: string;
  readonly cidr: Cidr;
}

/** Any interface in a subnet: a node's, a load balancer's, another cluster's. */
export interface NetworkInterface {
  readonly id: string;
  readonly subnetId: string;
  /** The instance that has it as its primary interface. */
  readonly primaryOf: string | undefined;
  readonly primary: IPv4 | undefined;
  /** Ascending. */
  readonly secondary: readonly IPv4[];
  /** Delegated prefixes; each uses up one slot. */
  readonly prefixes: readonly Cidr[];
}

export interface TypeLimit {
  readonly type: string;
  /** IPv4 addresses per interface, the primary one included. */
  readonly addresses: number;
}

/** All interfaces of a subnet, or those that have one of the addresses (at most MAX_FILTER_VALUES). */
export interface InterfaceQuery {
  readonly subnetIds: readonly string[];
  readonly having?: readonly IPv4[];
}

/** What one filter of a describe may hold. */
export const MAX_FILTER_VALUES = 200;

/** Rejects with CloudError and nothing else. What a read does not find is left out of its answer. */
export interface Ec2 {
  /** At most MAX_FILTER_VALUES ids; unknown and malformed ones are left out. */
  instances(ids: readonly string[], next?: string): Promise<Page<Instance>>;
  subnets(ids: readonly string[], next?: string): Promise<Page<Subnet>>;
  interfaces(query: InterfaceQuery, next?: string): Promise<Page<NetworkInterface>>;
  typeLimits(types: readonly string[], next?: string): Promise<Page<TypeLimit>>;
  /** What AWS does not hand out by itself. */
  reservations(subnetId: string, next?: string): Promise<Page<Cidr>>;
  /** All of the addresses or none. */
  assign(interfaceId: string, ips: readonly IPv4[], options: AssignOptions): Promise<void>;
  /** All of the addresses or none. */
  unassign(interfaceId: string, ips: readonly IPv4[]): Promise<void>;
  /** Lets go of its connections. */
  close(): void;
}

export interface AssignOptions {
  /** Moves an address that another interface of the same subnet has as a secondary one. */
  readonly allowReassignment: boolean;
}

/** EC2 counts calls by action. */
export type Ec2Action = Exclude<keyof Ec2, 'close'>;

/** AWS's names of the actions, for permissions, metrics and messages. */
export const API_NAMES: Readonly<Record<Ec2Action, string>> = {
  instances: 'DescribeInstances',
  subnets: 'DescribeSubnets',
  interfaces: 'DescribeNetworkInterfaces',
  typeLimits: 'DescribeInstanceTypes',
  reservations: 'GetSubnetCidrReservations',
  assign: 'AssignPrivateIpAddresses',
  unassign: 'UnassignPrivateIpAddresses',
};
