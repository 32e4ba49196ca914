// The model's things as EC2 writes them in an answer, cut down to what OpenShift's users and this product read.
import { formatAddress, formatCidr } from '../ipv4.ts';
import type { Assigned } from './assign.ts';
import { statusOf, typeOf } from './describe.ts';
import type { InstanceType } from './instance-types.ts';
import type { CidrReservation, Ec2State, Instance, NetworkInterface, Subnet, Tags, Vpc } from './model.ts';
import { addressesOf, interfacesIn, interfacesOf } from './model.ts';
import { shuffled } from './pages.ts';
import type { Xml } from './protocol.ts';
import { set } from './protocol.ts';

const OWNER = '123456789012';
const STATE_CODES = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

/** One reservation per instance, as RunInstances makes them for a MachineSet. */
export function reservation(state: Ec2State, it: Instance, salt: string): Xml {
  const digits = it.id.slice('i-'.length);
  return { reservationId: `r-${digits}`, ownerId: OWNER, instancesSet: set([instance(state, it, salt)]) };
}

function instance(state: Ec2State, it: Instance, salt: string): Xml {
  const interfaces = it.state === 'terminated' ? [] : interfacesOf(state, it.id);
  const primary = interfaces.find(
    (eni) => eni.attachment?.deviceIndex === 0 && eni.attachment.networkCardIndex === 0,
  );
  return {
    instanceId: it.id,
    instanceState: { code: STATE_CODES[it.state], name: it.state },
    instanceType: it.type,
    launchTime: new Date(it.launchedAt).toISOString(),
    placement: { availabilityZone: it.zone, tenancy: 'default' },
    // What is gone with the interfaces of a terminated instance (*).
    subnetId: primary?.subnetId,
    vpcId: primary?.vpcId,
    privateIpAddress: primary === undefined ? undefined : formatAddress(primary.primary),
    networkInterfaceSet: set(inNoOrder(interfaces, salt).map((eni) => networkInterface(eni, salt))),
    tagSet: tags(it.tags),
  };
}

export function networkInterface(eni: NetworkInterface, salt: string): Xml {
  const addresses = shuffled(addressesOf(eni), String, salt).map((entry) => entry.item);
  return {
    networkInterfaceId: eni.id,
    subnetId: eni.subnetId,
    vpcId: eni.vpcId,
    availabilityZone: eni.zone,
    description: eni.description,
    ownerId: OWNER,
    requesterManaged: eni.requesterManaged,
    status: statusOf(eni),
    interfaceType: typeOf(eni),
    privateIpAddress: formatAddress(eni.primary),
    privateIpAddressesSet: set(
      addresses.map((ip) => ({ privateIpAddress: formatAddress(ip), primary: ip === eni.primary })),
    ),
    ipv4PrefixSet:
      eni.prefixes.length === 0 ? undefined : set(eni.prefixes.map((p) => ({ ipv4Prefix: formatCidr(p) }))),
    attachment: eni.attachment === undefined ? undefined : attachment(eni.attachment),
  };
}

function attachment(it: NonNullable<NetworkInterface['attachment']>): Xml {
  return {
    attachmentId: it.id,
    instanceId: it.instanceId,
    instanceOwnerId: OWNER,
    deviceIndex: it.deviceIndex,
    networkCardIndex: it.networkCardIndex,
    status: 'attached',
    deleteOnTermination: true,
  };
}

export function instanceType(type: InstanceType): Xml {
  const { maximumNetworkInterfaces, ipv4AddressesPerInterface } = type;
  return {
    instanceType: type.name,
    currentGeneration: true,
    vCpuInfo: { defaultVCpus: type.vCpus },
    networkInfo: {
      maximumNetworkInterfaces,
      maximumNetworkCards: 1,
      defaultNetworkCardIndex: 0,
      networkCards: set([{ networkCardIndex: 0, maximumNetworkInterfaces }]),
      ipv4AddressesPerInterface,
    },
  };
}

export function subnet(state: Ec2State, it: Subnet): Xml {
  const used = interfacesIn(state, it.id).reduce(
    (sum, eni) => sum + addressesOf(eni).length + eni.prefixes.length * 16,
    0,
  );
  return {
    subnetId: it.id,
    vpcId: it.vpcId,
    availabilityZone: it.zone,
    cidrBlock: formatCidr(it.cidr),
    availableIpAddressCount: it.cidr.last - it.cidr.first + 1 - 5 - used,
    state: 'available',
    ownerId: OWNER,
    tagSet: tags(it.tags),
  };
}

export function vpc(it: Vpc): Xml {
  return {
    vpcId: it.id,
    cidrBlock: formatCidr(it.cidr),
    state: 'available',
    ownerId: OWNER,
    isDefault: false,
  };
}

export function cidrReservation(subnetId: string, it: CidrReservation): Xml {
  return {
    subnetCidrReservationId: it.id,
    subnetId,
    cidr: formatCidr(it.cidr),
    reservationType: it.type,
    ownerId: OWNER,
    description: it.description,
  };
}

export function assigned(it: Assigned): Readonly<Record<string, Xml>> {
  const addresses = it.addresses.map((ip) => ({ privateIpAddress: formatAddress(ip) }));
  return {
    networkInterfaceId: it.networkInterfaceId,
    assignedPrivateIpAddressesSet: set(addresses),
    return: true,
  };
}

function inNoOrder(interfaces: readonly NetworkInterface[], salt: string): NetworkInterface[] {
  return shuffled(interfaces, (eni) => eni.id, salt).map((entry) => entry.item);
}

function tags(all: Tags): Xml {
  return set(Object.entries(all).map(([key, value]) => ({ key, value })));
}
