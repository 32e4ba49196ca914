// What happens to an account besides egress IPs: subnets are made, instances come and go, other tenants of a subnet take
// addresses, prefixes are delegated. Tests and the composition use it; the product cannot.
import { createHash } from 'node:crypto';
import type { Cidr } from '../ipv4.ts';
import { formatAddress, overlap, within } from '../ipv4.ts';
import { answer, checkIds, ec2Error, invalidValue, refuse } from './errors.ts';
import { INSTANCE_TYPES } from './instance-types.ts';
import type {
  Attachment,
  Change,
  CidrReservation,
  Ec2State,
  Instance,
  InstanceState,
  NetworkInterface,
  Subnet,
  Tags,
  Vpc,
} from './model.ts';
import {
  addressesOf,
  holderOf,
  interfacesIn,
  interfacesOf,
  isReservedByAws,
  put,
  slotsUsed,
} from './model.ts';

/** How long a terminated instance stays visible: about an hour (*). */
export const TERMINATED_VISIBLE_MS = 3_600_000;

export function addVpc(state: Ec2State, cidr: Cidr): Change<Vpc> {
  const vpc: Vpc = { id: newId(state, 'vpc'), cidr };
  return changed(state, { vpcs: put(state.vpcs, vpc) }, vpc);
}

export interface SubnetSpec {
  readonly vpcId: string;
  readonly zone: string;
  readonly cidr: Cidr;
  readonly tags?: Tags;
}

export function addSubnet(state: Ec2State, spec: SubnetSpec): Change<Subnet> {
  const unknown = checkIds('vpc', [spec.vpcId], (id) => state.vpcs.has(id));
  if (unknown) return refuse(unknown);
  const subnet: Subnet = { tags: {}, ...spec, id: newId(state, 'subnet'), reservations: [] };
  return changed(state, { subnets: put(state.subnets, subnet) }, subnet);
}

/** Keeps AWS from handing out a part of a subnet by itself. */
export function reserveCidr(
  state: Ec2State,
  subnetId: string,
  cidr: Cidr,
  type: CidrReservation['type'] = 'explicit',
  description = '',
): Change<CidrReservation> {
  const subnet = state.subnets.get(subnetId);
  if (subnet === undefined) return unknownSubnet(subnetId);
  if (!within(subnet.cidr, cidr.first) || !within(subnet.cidr, cidr.last)) {
    return refuse(invalidValue('The CIDR is not within the subnet.')); // (*)
  }
  const other = subnet.reservations.find((it) => overlap(it.cidr, cidr));
  if (other !== undefined) return refuse(invalidValue(`The CIDR overlaps with that of ${other.id}.`)); // (*)
  const reservation: CidrReservation = { id: newId(state, 'scr'), cidr, type, description };
  const next = { ...subnet, reservations: [...subnet.reservations, reservation] };
  return changed(state, { subnets: put(state.subnets, next) }, reservation);
}

/** Gives back what was reserved, with the id of its subnet. */
export function deleteReservation(
  state: Ec2State,
  id: string,
): Change<{ readonly subnetId: string; readonly reservation: CidrReservation }> {
  for (const subnet of state.subnets.values()) {
    const reservation = subnet.reservations.find((it) => it.id === id);
    if (reservation === undefined) continue;
    const next = { ...subnet, reservations: subnet.reservations.filter((it) => it.id !== id) };
    return changed(state, { subnets: put(state.subnets, next) }, { subnetId: subnet.id, reservation });
  }
  return refuse(checkIds('reservation', [id], () => false) ?? invalidValue(id));
}

export interface LaunchSpec {
  readonly subnetId: string;
  readonly type: string;
  /** A free one is chosen otherwise. */
  readonly address?: number;
  readonly tags?: Tags;
}

export interface Launched {
  readonly instance: Instance;
  readonly eni: NetworkInterface;
}

/** A running instance with its primary interface. */
export function launch(state: Ec2State, spec: LaunchSpec, now: number): Change<Launched> {
  const subnet = state.subnets.get(spec.subnetId);
  if (subnet === undefined) return unknownSubnet(spec.subnetId);
  if (!INSTANCE_TYPES.has(spec.type)) {
    return refuse(invalidValue(`Invalid value '${spec.type}' for InstanceType.`));
  }
  const instance: Instance = {
    id: newId(state, 'i'),
    type: spec.type,
    state: 'running',
    subnetId: subnet.id,
    vpcId: subnet.vpcId,
    zone: subnet.zone,
    launchedAt: now,
    tags: spec.tags ?? {},
  };
  const withInstance = { ...state, instances: put(state.instances, instance) };
  const attached = attach(withInstance, {
    instanceId: instance.id,
    subnetId: subnet.id,
    deviceIndex: 0,
    ...(spec.address === undefined ? {} : { address: spec.address }),
  });
  if (!attached.ok) return attached;
  return answer({ state: attached.value.state, value: { instance, eni: attached.value.value } });
}

export interface AttachSpec {
  readonly instanceId: string;
  readonly subnetId: string;
  readonly deviceIndex: number;
  readonly networkCardIndex?: number;
  readonly address?: number;
}

/** One more interface on an instance. */
export function attach(state: Ec2State, spec: AttachSpec): Change<NetworkInterface> {
  const instance = state.instances.get(spec.instanceId);
  const limit = INSTANCE_TYPES.get(instance?.type ?? '')?.maximumNetworkInterfaces ?? 0;
  if (interfacesOf(state, spec.instanceId).length >= limit) {
    return refuse(
      ec2Error('AttachmentLimitExceeded', 'Interface count exceeds the limit for the instance type.'),
    );
  }
  const attachment: Attachment = {
    id: newId(state, 'eni-attach'),
    instanceId: spec.instanceId,
    deviceIndex: spec.deviceIndex,
    networkCardIndex: spec.networkCardIndex ?? 0,
  };
  return newInterface(state, spec.subnetId, spec.address, { description: '', attachment });
}

/** Another tenant of the subnet (a load balancer, say) takes an address: the one given, or a free one. */
export function takeAddress(state: Ec2State, subnetId: string, address?: number): Change<NetworkInterface> {
  return newInterface(state, subnetId, address, {
    description: 'ELB net/another-tenant',
    requesterManaged: true,
  });
}

/** The other tenant goes away. */
export function deleteInterface(state: Ec2State, interfaceId: string): Change<undefined> {
  const interfaces = new Map(state.interfaces);
  interfaces.delete(interfaceId);
  return changed(state, { interfaces }, undefined);
}

/** A /28 on an interface: one slot, sixteen addresses. */
export function delegatePrefix(state: Ec2State, interfaceId: string, prefix: Cidr): Change<undefined> {
  const eni = state.interfaces.get(interfaceId);
  if (eni === undefined) return unknownInterface(interfaceId);
  const inUse = interfacesIn(state, eni.subnetId).some(
    (other) =>
      addressesOf(other).some((held) => within(prefix, held)) ||
      other.prefixes.some((p) => overlap(p, prefix)),
  );
  if (inUse) return refuse(invalidValue(`The prefix ${formatAddress(prefix.first)}/28 is in use`)); // (*)
  if (slotsUsed(eni) >= limitOf(state, eni)) {
    return refuse(
      ec2Error('PrivateIpAddressLimitExceeded', 'Number of private addresses will exceed limit.'),
    );
  }
  const next = { ...eni, prefixes: [...eni.prefixes, prefix] };
  return changed(state, { interfaces: put(state.interfaces, next) }, undefined);
}

/** Sets an instance's state. Terminating takes its interfaces, and with them their addresses, away. */
export function setInstanceState(
  state: Ec2State,
  instanceId: string,
  to: InstanceState,
  now: number,
): Change<Instance> {
  const instance = state.instances.get(instanceId);
  if (instance === undefined) {
    return refuse(checkIds('instance', [instanceId], () => false) ?? invalidValue(instanceId));
  }
  const next: Instance = { ...instance, state: to, ...(to === 'terminated' ? { terminatedAt: now } : {}) };
  const gone = to === 'terminated' ? interfacesOf(state, instanceId).map((eni) => eni.id) : [];
  const interfaces = new Map(state.interfaces);
  for (const id of gone) interfaces.delete(id);
  return changed(state, { instances: put(state.instances, next), interfaces }, next);
}

/** As its owner may do while it is stopped. */
export function setInstanceType(state: Ec2State, instanceId: string, type: string): Change<Instance> {
  const instance = state.instances.get(instanceId);
  if (instance === undefined) return refuse(invalidValue(instanceId));
  const next: Instance = { ...instance, type };
  return changed(state, { instances: put(state.instances, next) }, next);
}

/** Without the instances that were terminated so long ago that EC2 does not know them any more. */
export function forgetTerminated(state: Ec2State, now: number): Ec2State {
  const old = [...state.instances.values()].filter(
    (instance) => instance.terminatedAt !== undefined && now - instance.terminatedAt > TERMINATED_VISIBLE_MS,
  );
  if (old.length === 0) return state;
  const instances = new Map(state.instances);
  for (const instance of old) instances.delete(instance.id);
  return { ...state, instances };
}

/** How many addresses and prefixes the interface may have; interfaces of other services have no instance type. */
export function limitOf(state: Ec2State, eni: NetworkInterface): number {
  const instance = state.instances.get(eni.attachment?.instanceId ?? '');
  return INSTANCE_TYPES.get(instance?.type ?? '')?.ipv4AddressesPerInterface ?? 50;
}

/** Free addresses that AWS would hand out by itself, in its own odd order (here: from a place that `salt` decides). */
export function* freeAddresses(state: Ec2State, subnet: Subnet, salt: string): Generator<number> {
  const interfaces = interfacesIn(state, subnet.id);
  const taken = new Set(interfaces.flatMap((eni) => addressesOf(eni)));
  const kept = [...subnet.reservations.map((r) => r.cidr), ...interfaces.flatMap((eni) => eni.prefixes)];
  const size = subnet.cidr.last - subnet.cidr.first + 1;
  const start = hash(salt) % size;
  for (let i = 0; i < size; i += 1) {
    const candidate = subnet.cidr.first + ((start + i) % size);
    if (isReservedByAws(subnet, candidate) || taken.has(candidate)) continue;
    if (!kept.some((range) => within(range, candidate))) yield candidate;
  }
}

type Extra = Pick<NetworkInterface, 'description'> &
  Partial<Pick<NetworkInterface, 'attachment' | 'requesterManaged'>>;

function newInterface(
  state: Ec2State,
  subnetId: string,
  wanted: number | undefined,
  extra: Extra,
): Change<NetworkInterface> {
  const subnet = state.subnets.get(subnetId);
  if (subnet === undefined) return unknownSubnet(subnetId);
  const id = newId(state, 'eni');
  const primary = wanted ?? freeAddresses(state, subnet, id).next().value;
  if (primary === undefined) {
    return refuse(
      ec2Error(
        'InsufficientFreeAddressesInSubnet',
        `There are not enough free addresses in subnet '${subnetId}'`,
      ),
    );
  }
  if (!within(subnet.cidr, primary) || isReservedByAws(subnet, primary)) {
    return refuse(invalidValue(`Address ${formatAddress(primary)} is not usable in ${subnetId}`)); // (*)
  }
  if (holderOf(interfacesIn(state, subnetId), primary) !== undefined) {
    return refuse(ec2Error('InvalidIPAddress.InUse', `Address ${formatAddress(primary)} is in use.`));
  }
  const { vpcId, zone } = subnet;
  const made = {
    requesterManaged: false,
    ...extra,
    id,
    subnetId,
    vpcId,
    zone,
    primary,
    secondary: [],
    prefixes: [],
  };
  return changed(state, { interfaces: put(state.interfaces, made) }, made);
}

function changed<T>(state: Ec2State, parts: Partial<Ec2State>, value: T): Change<T> {
  return answer({ state: { ...state, ...parts, made: state.made + 1 }, value });
}

function unknownSubnet(id: string): Change<never> {
  return refuse(checkIds('subnet', [id], () => false) ?? invalidValue(id));
}

function unknownInterface(id: string): Change<never> {
  return refuse(checkIds('interface', [id], () => false) ?? invalidValue(id));
}

/** Seventeen hexadecimal digits, the same in every run. */
function newId(state: Ec2State, prefix: string): string {
  const digits = createHash('sha256').update(`${prefix} ${state.made}`).digest('hex').slice(0, 16);
  return `${prefix}-0${digits}`;
}

function hash(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE();
}
