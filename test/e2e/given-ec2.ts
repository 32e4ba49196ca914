// Machines that are there already: the instances of the EC2 at AWS_ENDPOINT_URL. The suite makes nodes of them and takes
// nothing from them but the egress IPs that it has put there.
import {
  EC2Client,
  type Instance,
  type NetworkInterface,
  paginateDescribeInstances,
  paginateDescribeInstanceTypes,
  paginateDescribeNetworkInterfaces,
  paginateDescribeSubnets,
  UnassignPrivateIpAddressesCommand,
} from '@aws-sdk/client-ec2';
import type { NodeObject } from '../../shared/kinds.ts';
import type { NodeSpec } from '../sandbox/nodes.ts';
import type { Zone } from './cluster.ts';
import type { Machines } from './machines.ts';

const ZONES = 3;
/** An IP has to have somewhere to go when its node fails. */
const PER_ZONE = 2;

/** A running instance with what matters of it. */
interface Machine {
  readonly instance: string;
  readonly type: string;
  readonly zone: string;
  readonly subnet: string;
  readonly eni: string;
  readonly ip: string;
  /** Addresses that its interface can take besides those that it has. */
  readonly free: number;
}

/** Throws when there are not enough of them. */
export async function givenMachines(region: string): Promise<Machines> {
  const client = new EC2Client({ region });
  const machines = await machinesOf(client);
  const zones = [...Map.groupBy(machines, ({ zone }) => zone)].sort(([a], [b]) => (a < b ? -1 : 1));
  const chosen = zones
    .map(([, all]) => inLargestSubnet(all))
    .filter((all) => all.length >= PER_ZONE)
    .slice(0, ZONES);
  if (chosen.length < ZONES) {
    client.destroy();
    throw new Error(
      `the EC2 at AWS_ENDPOINT_URL shows ${machines.length} running instances; ${PER_ZONE} in one subnet of each of ${ZONES} zones are needed`,
    );
  }
  const used = chosen.flat();
  return {
    nodes: used.map(nodeOf),
    zones: await zonesOf(client, chosen),
    region,
    env: { AWS_REGION: region },
    room: Math.min(...chosen.map((all) => all.reduce((sum, { free }) => sum + free, 0))),
    view: { interfaces: async () => new Map((await addressed(client)).map(({ ip, eni }) => [ip, eni])) },
    sdnCloud: undefined,
    addressesOf: (nodes) => addressesOf(client, used, nodes),
    release: (ips) => release(client, used, ips),
    close: async () => client.destroy(),
  };
}

async function machinesOf(client: EC2Client): Promise<Machine[]> {
  const filters = [{ Name: 'instance-state-name', Values: ['running'] }];
  const instances: Instance[] = [];
  for await (const page of paginateDescribeInstances({ client }, { Filters: filters })) {
    for (const reservation of page.Reservations ?? []) instances.push(...(reservation.Instances ?? []));
  }
  const limits = await limitsOf(client, new Set(instances.map(({ InstanceType }) => InstanceType ?? '')));
  return instances.flatMap((instance) => machineOf(instance, limits)).sort((a, b) => (a.ip < b.ip ? -1 : 1));
}

function machineOf(
  { InstanceId, InstanceType: type, Placement, NetworkInterfaces = [] }: Instance,
  limits: ReadonlyMap<string, number>,
): Machine[] {
  const primary = NetworkInterfaces.find(({ Attachment }) => Attachment?.DeviceIndex === 0);
  const {
    NetworkInterfaceId: eni,
    SubnetId: subnet,
    PrivateIpAddress: ip,
    PrivateIpAddresses = [],
  } = primary ?? {};
  const zone = Placement?.AvailabilityZone;
  if (!InstanceId || !type || !eni || !subnet || !ip || !zone) return [];
  const free = (limits.get(type) ?? 0) - PrivateIpAddresses.length;
  return [{ instance: InstanceId, type, zone, subnet, eni, ip, free }];
}

async function limitsOf(client: EC2Client, types: ReadonlySet<string>): Promise<Map<string, number>> {
  const limits = new Map<string, number>();
  const filters = [{ Name: 'instance-type', Values: [...types] }];
  for await (const page of paginateDescribeInstanceTypes({ client }, { Filters: filters })) {
    for (const { InstanceType, NetworkInfo } of page.InstanceTypes ?? []) {
      limits.set(InstanceType ?? '', NetworkInfo?.Ipv4AddressesPerInterface ?? 0);
    }
  }
  return limits;
}

function inLargestSubnet(machines: readonly Machine[]): Machine[] {
  const bySubnet = [...Map.groupBy(machines, ({ subnet }) => subnet).values()];
  return bySubnet.reduce<Machine[]>((largest, all) => (all.length > largest.length ? all : largest), []);
}

async function zonesOf(client: EC2Client, chosen: readonly (readonly Machine[])[]): Promise<Zone[]> {
  const cidrs = new Map<string, string>();
  const ids = chosen.flatMap(([machine]) => machine?.subnet ?? []);
  for await (const page of paginateDescribeSubnets({ client }, { SubnetIds: ids })) {
    for (const { SubnetId, CidrBlock } of page.Subnets ?? []) cidrs.set(SubnetId ?? '', CidrBlock ?? '');
  }
  return chosen.flatMap(([machine]) =>
    machine === undefined ? [] : [{ name: machine.zone, addresses: cidrs.get(machine.subnet) ?? '' }],
  );
}

function nodeOf({ instance, type, zone, ip }: Machine): NodeSpec {
  return {
    name: `ip-${ip.replaceAll('.', '-')}.e2e.internal`,
    internalIP: ip,
    providerID: `aws:///${zone}/${instance}`,
    labels: { 'topology.kubernetes.io/zone': zone, 'node.kubernetes.io/instance-type': type },
  };
}

async function addressed(client: EC2Client): Promise<{ ip: string; eni: string }[]> {
  const interfaces: NetworkInterface[] = [];
  for await (const page of paginateDescribeNetworkInterfaces({ client, pageSize: 1_000 }, {})) {
    interfaces.push(...(page.NetworkInterfaces ?? []));
  }
  return interfaces.flatMap(({ NetworkInterfaceId: eni = '', PrivateIpAddresses = [] }) =>
    PrivateIpAddresses.map(({ PrivateIpAddress: ip = '' }) => ({ ip, eni })),
  );
}

async function addressesOf(
  client: EC2Client,
  machines: readonly Machine[],
  nodes: readonly NodeObject[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const byInterface = Map.groupBy(await addressed(client), ({ eni }) => eni);
  const interfaceOf = new Map(machines.map(({ instance, eni }) => [instance, eni]));
  return new Map(
    nodes.map(({ metadata, spec }) => {
      const eni = interfaceOf.get(spec?.providerID?.split('/').at(-1) ?? '') ?? '';
      return [metadata.name, new Set(byInterface.get(eni)?.map(({ ip }) => ip))];
    }),
  );
}

async function release(
  client: EC2Client,
  machines: readonly Machine[],
  ips: readonly string[],
): Promise<void> {
  const ours = new Set(machines.map(({ eni }) => eni));
  const left = (await addressed(client)).filter(({ ip, eni }) => ours.has(eni) && ips.includes(ip));
  for (const [eni, addresses] of Map.groupBy(left, (it) => it.eni)) {
    const input = { NetworkInterfaceId: eni, PrivateIpAddresses: addresses.map(({ ip }) => ip) };
    await client.send(new UnassignPrivateIpAddressesCommand(input));
  }
}
