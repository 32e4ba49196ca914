// AWS's shapes become ours. Every field of AWS's is optional; what lacks the fields that identify it is left out.
import type {
  Instance as AwsInstance,
  NetworkInterface as AwsInterface,
  Subnet as AwsSubnet,
  InstanceNetworkInterfaceAttachment,
  InstanceTypeInfo,
  NetworkInterfaceAttachment,
  SubnetCidrReservation,
} from '@aws-sdk/client-ec2';
import { type Cidr, type IPv4, parseCidr, parseIPv4 } from '../../shared/ip.ts';
import type { Instance, NetworkInterface, PrimaryInterface, Subnet, TypeLimit } from './ec2.ts';

export function decodeInstance(instance: AwsInstance): Instance[] {
  const { InstanceId: id, InstanceType: type, State: state } = instance;
  if (id === undefined || type === undefined) return [];
  const gone = state?.Name === 'terminated' || state?.Name === 'shutting-down';
  return [{ id, type, state: gone ? 'gone' : 'present', primaryInterface: primaryInterfaceOf(instance) }];
}

/** Interfaces come in no order: only the attachment tells which is the primary one. */
function primaryInterfaceOf(instance: AwsInstance): PrimaryInterface | undefined {
  const primary = instance.NetworkInterfaces?.find(({ Attachment }) => isPrimary(Attachment));
  const { NetworkInterfaceId: id, SubnetId: subnetId } = primary ?? {};
  return id === undefined || subnetId === undefined ? undefined : { id, subnetId };
}

function isPrimary(at: InstanceNetworkInterfaceAttachment | NetworkInterfaceAttachment | undefined): boolean {
  return at?.DeviceIndex === 0 && (at.NetworkCardIndex ?? 0) === 0;
}

export function decodeSubnet({ SubnetId: id, CidrBlock }: AwsSubnet): Subnet[] {
  const cidr = decodeCidr(CidrBlock);
  return id === undefined || cidr === undefined ? [] : [{ id, cidr }];
}

export function decodeInterface(eni: AwsInterface): NetworkInterface[] {
  const { NetworkInterfaceId: id, SubnetId: subnetId, PrivateIpAddresses, Ipv4Prefixes, Attachment } = eni;
  if (id === undefined || subnetId === undefined) return [];
  const secondary: IPv4[] = [];
  let primary: IPv4 | undefined;
  for (const { PrivateIpAddress, Primary } of PrivateIpAddresses ?? []) {
    const ip = parseIPv4(PrivateIpAddress ?? '');
    if (ip === undefined) continue;
    if (Primary === true) primary = ip;
    else secondary.push(ip);
  }
  const prefixes = (Ipv4Prefixes ?? []).flatMap(({ Ipv4Prefix }) => decodeCidr(Ipv4Prefix) ?? []);
  const primaryOf = isPrimary(Attachment) ? Attachment?.InstanceId : undefined;
  return [{ id, subnetId, primaryOf, primary, secondary: secondary.sort((a, b) => a - b), prefixes }];
}

export function decodeTypeLimit({ InstanceType: type, NetworkInfo }: InstanceTypeInfo): TypeLimit[] {
  const addresses = NetworkInfo?.Ipv4AddressesPerInterface;
  return type === undefined || addresses === undefined ? [] : [{ type, addresses }];
}

/** Only an explicit reservation keeps single addresses from being handed out; one for prefixes does not. */
export function decodeReservation(reservation: SubnetCidrReservation): Cidr[] {
  const cidr = decodeCidr(reservation.Cidr);
  return cidr === undefined || reservation.ReservationType !== 'explicit' ? [] : [cidr];
}

function decodeCidr(text: string | undefined): Cidr | undefined {
  const cidr = text === undefined ? undefined : parseCidr(text);
  return typeof cidr === 'object' ? cidr : undefined;
}
