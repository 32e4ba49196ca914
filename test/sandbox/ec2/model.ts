// What EC2 holds of one account and region, as plain values. Every operation (lifecycle.ts, assign.ts) takes a state and
// gives a new one, so that an earlier state can still be read: that is how describes that lag behind are played.
import type { Cidr } from '../ipv4.ts';
import { within } from '../ipv4.ts';
import type { Answer } from './errors.ts';

export interface Vpc {
  readonly id: string;
  readonly cidr: Cidr;
}

/** Addresses that AWS does not hand out by itself: `explicit`, or kept for prefixes. */
export interface CidrReservation {
  readonly id: string;
  readonly cidr: Cidr;
  readonly type: 'explicit' | 'prefix';
  readonly description: string;
}

export interface Subnet {
  readonly id: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly cidr: Cidr;
  readonly reservations: readonly CidrReservation[];
  readonly tags: Tags;
}

export type Tags = Readonly<Record<string, string>>;
export type InstanceState = 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated';

export interface Instance {
  readonly id: string;
  readonly type: string;
  readonly state: InstanceState;
  readonly subnetId: string;
  readonly vpcId: string;
  readonly zone: string;
  /** Milliseconds. */
  readonly launchedAt: number;
  readonly terminatedAt?: number;
  readonly tags: Tags;
}

export interface Attachment {
  readonly id: string;
  readonly instanceId: string;
  readonly deviceIndex: number;
  readonly networkCardIndex: number;
}

export interface NetworkInterface {
  readonly id: string;
  readonly subnetId: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly description: string;
  /** Made by another AWS service (a load balancer, a NAT gateway) for itself. */
  readonly requesterManaged: boolean;
  readonly primary: number;
  readonly secondary: readonly number[];
  /** Delegated /28 prefixes. */
  readonly prefixes: readonly Cidr[];
  readonly attachment?: Attachment;
}

/** A move that EC2 has accepted and not carried out yet. */
export interface Remapping {
  readonly address: number;
  readonly from: string;
  readonly to: string;
  /** Milliseconds. */
  readonly until: number;
}

export interface Ec2State {
  readonly vpcs: ReadonlyMap<string, Vpc>;
  readonly subnets: ReadonlyMap<string, Subnet>;
  readonly instances: ReadonlyMap<string, Instance>;
  readonly interfaces: ReadonlyMap<string, NetworkInterface>;
  readonly remappings: readonly Remapping[];
  /** Counts what was made, for ids. */
  readonly made: number;
}

/** A new state and a value, or why EC2 refuses; then nothing has changed. */
export type Change<T> = Answer<{ readonly state: Ec2State; readonly value: T }>;

export const EMPTY: Ec2State = {
  vpcs: new Map(),
  subnets: new Map(),
  instances: new Map(),
  interfaces: new Map(),
  remappings: [],
  made: 0,
};

export function addressesOf(eni: NetworkInterface): readonly number[] {
  return [eni.primary, ...eni.secondary];
}

/** Addresses and prefixes alike use up one slot each. */
export function slotsUsed(eni: NetworkInterface): number {
  return 1 + eni.secondary.length + eni.prefixes.length;
}

export function interfacesIn(state: Ec2State, subnetId: string): NetworkInterface[] {
  return [...state.interfaces.values()].filter((eni) => eni.subnetId === subnetId);
}

/** The interface that has the address, in one of its prefixes too. */
export function holderOf(
  interfaces: readonly NetworkInterface[],
  address: number,
): NetworkInterface | undefined {
  return interfaces.find(
    (eni) =>
      eni.primary === address ||
      eni.secondary.includes(address) ||
      eni.prefixes.some((prefix) => within(prefix, address)),
  );
}

/** The first four addresses of a subnet and the last are AWS's. */
export function isReservedByAws(subnet: Subnet, address: number): boolean {
  return address < subnet.cidr.first + 4 || address === subnet.cidr.last;
}

/** The interfaces of an instance: none once it is terminated. */
export function interfacesOf(state: Ec2State, instanceId: string): NetworkInterface[] {
  return [...state.interfaces.values()].filter((eni) => eni.attachment?.instanceId === instanceId);
}

/** A copy of the map with one entry set. */
export function put<T extends { readonly id: string }>(
  map: ReadonlyMap<string, T>,
  ...items: readonly T[]
): ReadonlyMap<string, T> {
  const copy = new Map(map);
  for (const item of items) copy.set(item.id, item);
  return copy;
}

/** The state as it is in force at a time: an address on its way is still where it was. */
export function inForce(state: Ec2State, now: number): Ec2State {
  const pending = state.remappings.filter(
    (move) => move.until > now && state.interfaces.has(move.from) && state.interfaces.has(move.to),
  );
  if (pending.length === 0) return state;
  const interfaces = new Map(state.interfaces);
  // The latest first, so that of two moves on their way the earlier one's source is what is left.
  for (const move of pending.toReversed()) {
    const to = interfaces.get(move.to);
    const from = interfaces.get(move.from);
    if (to === undefined || from === undefined) continue;
    interfaces.set(to.id, { ...to, secondary: to.secondary.filter((a) => a !== move.address) });
    interfaces.set(from.id, { ...from, secondary: [...from.secondary, move.address] });
  }
  return { ...state, interfaces };
}
