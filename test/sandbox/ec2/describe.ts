// The describes as pure functions from a state to the things asked for: by id, by filter, in pages, in no order.
import { formatAddress, formatCidr } from '../ipv4.ts';
import type { Answer, Kind } from './errors.ts';
import { checkIds, ec2Error, refuse } from './errors.ts';
import type { Fields, Filter } from './filters.ts';
import { checkFilters, passes } from './filters.ts';
import type { InstanceType } from './instance-types.ts';
import { INSTANCE_TYPES } from './instance-types.ts';
import type { CidrReservation, Ec2State, Instance, NetworkInterface, Subnet, Tags, Vpc } from './model.ts';
import { addressesOf, interfacesOf } from './model.ts';
import type { Page, PageRequest } from './pages.ts';
import { idsAndPages, page } from './pages.ts';

export interface Query {
  readonly ids: readonly string[];
  readonly filters: readonly Filter[];
  readonly page: PageRequest;
  /** Decides the order of the results. */
  readonly salt: string;
}

function instanceFields(state: Ec2State): Fields<Instance> {
  const interfaces = (i: Instance) => interfacesOf(state, i.id);
  const primary = (i: Instance) => interfaces(i).filter((e) => e.attachment?.deviceIndex === 0);
  return {
    'instance-id': (i) => [i.id],
    'instance-state-name': (i) => [i.state],
    'instance-type': (i) => [i.type],
    'subnet-id': (i) => (i.state === 'terminated' ? [] : [i.subnetId]),
    'vpc-id': (i) => (i.state === 'terminated' ? [] : [i.vpcId]),
    'availability-zone': (i) => [i.zone],
    'private-ip-address': (i) => primary(i).map((e) => formatAddress(e.primary)),
    'network-interface.network-interface-id': (i) => interfaces(i).map((e) => e.id),
    'network-interface.addresses.private-ip-address': (i) =>
      interfaces(i).flatMap((e) => addressesOf(e).map(formatAddress)),
  };
}

export function describeInstances(state: Ec2State, query: Query): Answer<Page<Instance>> {
  const fields = instanceFields(state);
  return select('DescribeInstances', state.instances, query, fields, 'instance', 'instancesSet');
}

const INTERFACE_FIELDS: Fields<NetworkInterface> = {
  'network-interface-id': (e) => [e.id],
  'subnet-id': (e) => [e.subnetId],
  'vpc-id': (e) => [e.vpcId],
  'availability-zone': (e) => [e.zone],
  description: (e) => [e.description],
  'requester-managed': (e) => [String(e.requesterManaged)],
  status: (e) => [statusOf(e)],
  'interface-type': (e) => [typeOf(e)],
  'private-ip-address': (e) => [formatAddress(e.primary)],
  'addresses.private-ip-address': (e) => addressesOf(e).map(formatAddress),
  'attachment.attachment-id': (e) => maybe(e.attachment?.id),
  'attachment.instance-id': (e) => maybe(e.attachment?.instanceId),
  'attachment.device-index': (e) => maybe(e.attachment?.deviceIndex),
};

export function describeNetworkInterfaces(state: Ec2State, query: Query): Answer<Page<NetworkInterface>> {
  const parameter = 'networkInterfaceIds';
  return select(
    'DescribeNetworkInterfaces',
    state.interfaces,
    query,
    INTERFACE_FIELDS,
    'interface',
    parameter,
  );
}

const SUBNET_FIELDS: Fields<Subnet> = {
  'subnet-id': (s) => [s.id],
  'vpc-id': (s) => [s.vpcId],
  'availability-zone': (s) => [s.zone],
  availabilityZone: (s) => [s.zone],
  'cidr-block': (s) => [formatCidr(s.cidr)],
  cidr: (s) => [formatCidr(s.cidr)],
  cidrBlock: (s) => [formatCidr(s.cidr)],
  state: () => ['available'],
};

export function describeSubnets(state: Ec2State, query: Query): Answer<Page<Subnet>> {
  return select('DescribeSubnets', state.subnets, query, SUBNET_FIELDS, 'subnet', 'subnetIds');
}

const VPC_FIELDS: Fields<Vpc> = {
  'vpc-id': (v) => [v.id],
  cidr: (v) => [formatCidr(v.cidr)],
  state: () => ['available'],
};

export function describeVpcs(state: Ec2State, query: Query): Answer<Page<Vpc>> {
  return select('DescribeVpcs', state.vpcs, query, VPC_FIELDS, 'vpc', 'vpcIds');
}

const TYPE_FIELDS: Fields<InstanceType> = {
  'instance-type': (t) => [t.name],
  'network-info.ipv4-addresses-per-interface': (t) => [String(t.ipv4AddressesPerInterface)],
  'network-info.maximum-network-interfaces': (t) => [String(t.maximumNetworkInterfaces)],
};

export function describeInstanceTypes(query: Query): Answer<Page<InstanceType>> {
  const { ids, filters } = query;
  const unknown = ids.filter((id) => !INSTANCE_TYPES.has(id));
  if (unknown.length > 0) {
    const message = `The following supplied instance types do not exist: [${unknown.join(', ')}]`;
    return refuse(ec2Error('InvalidInstanceType', message));
  }
  const wrong = idsAndPages(ids, query.page, 'instanceTypes') ?? checkFilters(filters, TYPE_FIELDS);
  if (wrong) return refuse(wrong);
  const found = [...INSTANCE_TYPES.values()].filter(
    (type) => (ids.length === 0 || ids.includes(type.name)) && passes(type, filters, TYPE_FIELDS),
  );
  const paging = {
    query: queryKey('DescribeInstanceTypes', query),
    salt: query.salt,
    maximum: 100,
    whenUnasked: 100,
  };
  return page(found, (type) => type.name, query.page, paging);
}

const RESERVATION_FIELDS: Fields<CidrReservation & { readonly subnetId: string }> = {
  reservationType: (r) => [r.type],
  'subnet-id': (r) => [r.subnetId],
};

/** `ids`: the one subnet. */
export function getSubnetCidrReservations(state: Ec2State, query: Query): Answer<Page<CidrReservation>> {
  const unknown = checkIds('subnet', query.ids, (id) => state.subnets.has(id));
  const wrong = unknown ?? checkFilters(query.filters, RESERVATION_FIELDS);
  if (wrong) return refuse(wrong);
  const found = query.ids
    .flatMap((subnetId) =>
      (state.subnets.get(subnetId)?.reservations ?? []).map((it) => ({ ...it, subnetId })),
    )
    .filter((reservation) => passes(reservation, query.filters, RESERVATION_FIELDS));
  const paging = { query: queryKey('GetSubnetCidrReservations', query), salt: query.salt, maximum: 1000 };
  return page(found, (reservation) => reservation.id, query.page, paging);
}

export function statusOf(eni: NetworkInterface): 'in-use' | 'available' {
  return eni.attachment === undefined && !eni.requesterManaged ? 'available' : 'in-use';
}

export function typeOf(eni: NetworkInterface): 'interface' | 'network_load_balancer' {
  return eni.requesterManaged ? 'network_load_balancer' : 'interface';
}

function select<T extends { readonly id: string; readonly tags?: Tags }>(
  action: string,
  all: ReadonlyMap<string, T>,
  query: Query,
  fields: Fields<T>,
  kind: Kind,
  parameter: string,
): Answer<Page<T>> {
  const wrong =
    idsAndPages(query.ids, query.page, parameter) ??
    checkFilters(query.filters, fields) ??
    checkIds(kind, query.ids, (id) => all.has(id));
  if (wrong) return refuse(wrong);
  const candidates = query.ids.length === 0 ? all.values() : pick(all, query.ids);
  const found = [...candidates].filter((item) => passes(item, query.filters, fields));
  return page(found, (item) => item.id, query.page, {
    query: queryKey(action, query),
    salt: query.salt,
    maximum: 1000,
  });
}

function pick<T>(all: ReadonlyMap<string, T>, ids: readonly string[]): T[] {
  return [...new Set(ids)].flatMap((id) => all.get(id) ?? []);
}

function queryKey(action: string, query: Query): string {
  return JSON.stringify([action, query.ids, query.filters]);
}

function maybe(value: string | number | undefined): readonly string[] {
  return value === undefined ? [] : [String(value)];
}
