// EC2 as the product meets it: through the real SDK.
import {
  AssignPrivateIpAddressesCommand,
  CreateSubnetCidrReservationCommand,
  DeleteSubnetCidrReservationCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
  GetSubnetCidrReservationsCommand,
  paginateDescribeNetworkInterfaces,
  UnassignPrivateIpAddressesCommand,
} from '@aws-sdk/client-ec2';
import t from 'tap';
import { address, cidr } from '../ipv4.ts';
import { addSubnet, addVpc, launch, reserveCidr, setInstanceState, takeAddress } from './lifecycle.ts';
import type { Ec2, Ec2Options } from './server.ts';
import { startEc2 } from './server.ts';

interface Fixture {
  readonly ec2: Ec2;
  readonly client: EC2Client;
  readonly subnetId: string;
  readonly instanceId: string;
  readonly eni: string;
  readonly otherEni: string;
}

async function fixture(
  test: { teardown(handler: () => Promise<void>): unknown },
  options: Ec2Options = {},
): Promise<Fixture> {
  const ec2 = await startEc2(options);
  const client = clientOf(ec2);
  test.teardown(async () => {
    client.destroy();
    await ec2.close();
  });
  const vpc = ec2.model.apply((s) => addVpc(s, cidr('10.0.0.0/16')));
  const subnet = ec2.model.apply((s) =>
    addSubnet(s, { vpcId: vpc.id, zone: 'eu-central-1a', cidr: cidr('10.0.128.0/20'), tags: { Name: 'a' } }),
  );
  const spec = { subnetId: subnet.id, type: 'm5.large' };
  const first = ec2.model.apply((s, now) => launch(s, { ...spec, address: address('10.0.128.10') }, now));
  const second = ec2.model.apply((s, now) => launch(s, { ...spec, address: address('10.0.128.11') }, now));
  return {
    ec2,
    client,
    subnetId: subnet.id,
    instanceId: first.instance.id,
    eni: first.eni.id,
    otherEni: second.eni.id,
  };
}

function clientOf(ec2: Ec2): EC2Client {
  return new EC2Client({
    endpoint: ec2.url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
}

function assignment(eni: string, addresses: string[], AllowReassignment = false) {
  return new AssignPrivateIpAddressesCommand({
    NetworkInterfaceId: eni,
    PrivateIpAddresses: addresses,
    AllowReassignment,
  });
}

/** Code, sentence and HTTP status of the refusal. */
async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'not refused';
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return `${$metadata?.httpStatusCode} ${name}: ${message}`;
  }
}

t.test('an instance shows its interface, its primary address first of none in particular', async (t) => {
  const { client, instanceId, eni, subnetId } = await fixture(t);
  await client.send(assignment(eni, ['10.0.128.20', '10.0.128.21']));
  const { Reservations } = await client.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
  const instance = Reservations?.[0]?.Instances?.[0];
  t.equal(instance?.State?.Name, 'running');
  t.equal(instance?.InstanceType, 'm5.large');
  const found = instance?.NetworkInterfaces?.[0];
  t.match(found, {
    NetworkInterfaceId: eni,
    SubnetId: subnetId,
    Attachment: { DeviceIndex: 0, NetworkCardIndex: 0 },
  });
  t.strictSame(found?.PrivateIpAddresses?.map((a) => `${a.PrivateIpAddress} ${a.Primary}`).sort(), [
    '10.0.128.10 true',
    '10.0.128.20 false',
    '10.0.128.21 false',
  ]);
});

t.test('types, subnets, VPCs and reservations are described', async (t) => {
  const { ec2, client, subnetId } = await fixture(t);
  ec2.model.apply((s) => reserveCidr(s, subnetId, cidr('10.0.130.0/24')));
  const types = await client.send(new DescribeInstanceTypesCommand({ InstanceTypes: ['m5.large'] }));
  t.equal(types.InstanceTypes?.[0]?.NetworkInfo?.Ipv4AddressesPerInterface, 10);
  const subnets = await client.send(new DescribeSubnetsCommand({ SubnetIds: [subnetId] }));
  t.match(subnets.Subnets?.[0], { CidrBlock: '10.0.128.0/20', AvailableIpAddressCount: 4096 - 5 - 2 });
  t.equal((await client.send(new DescribeVpcsCommand({}))).Vpcs?.[0]?.CidrBlock, '10.0.0.0/16');
  const kept = await client.send(new GetSubnetCidrReservationsCommand({ SubnetId: subnetId }));
  t.match(kept.SubnetIpv4CidrReservations, [{ Cidr: '10.0.130.0/24', ReservationType: 'explicit' }]);
});

t.test('a part of a subnet is reserved and given back', async (t) => {
  const { client, subnetId } = await fixture(t);
  const reserve = (Cidr: string, SubnetId = subnetId) =>
    client.send(new CreateSubnetCidrReservationCommand({ SubnetId, Cidr, ReservationType: 'explicit' }));
  const shown = async () =>
    (await client.send(new GetSubnetCidrReservationsCommand({ SubnetId: subnetId })))
      .SubnetIpv4CidrReservations;
  const { SubnetCidrReservation: made } = await reserve('10.0.130.0/24');
  t.match(made, { SubnetId: subnetId, Cidr: '10.0.130.0/24', ReservationType: 'explicit' });
  t.strictSame(await shown(), [made]);
  const rows: [Promise<unknown>, RegExp][] = [
    [reserve('10.0.130.128/25'), /^400 InvalidParameterValue: The CIDR overlaps/],
    [reserve('10.0.144.0/24'), /^400 InvalidParameterValue: The CIDR is not within the subnet/],
    [reserve('10.0.131.1/24'), /^400 InvalidParameterValue: Value \(10.0.131.1\/24\) for parameter cidr/],
    [reserve('10.0.131.0/24', 'subnet-00000000'), /^400 InvalidSubnetID.NotFound/],
  ];
  for (const [call, expected] of rows) t.match(await refusal(call), expected);
  const giveBack = (SubnetCidrReservationId = '') =>
    client.send(new DeleteSubnetCidrReservationCommand({ SubnetCidrReservationId }));
  t.strictSame(
    (await giveBack(made?.SubnetCidrReservationId)).DeletedSubnetCidrReservation?.Cidr,
    '10.0.130.0/24',
  );
  t.strictSame(await shown(), []);
  t.match(
    await refusal(giveBack(made?.SubnetCidrReservationId)),
    /^400 InvalidSubnetCidrReservationID.NotFound/,
  );
});

t.test('assigning and unassigning is all or nothing, in the words of EC2', async (t) => {
  const { client, ec2, eni, otherEni } = await fixture(t);
  const done = await client.send(assignment(eni, ['10.0.128.20']));
  t.strictSame(done.AssignedPrivateIpAddresses, [{ PrivateIpAddress: '10.0.128.20' }]);
  t.equal(
    await refusal(client.send(assignment(otherEni, ['10.0.128.30', '10.0.128.20']))),
    '400 InvalidParameterValue: [10.0.128.20] assigned, but move is not allowed.',
  );
  t.strictSame(ec2.model.state.interfaces.get(otherEni)?.secondary, []);
  const off = (eniId: string, PrivateIpAddresses: string[]) =>
    client.send(new UnassignPrivateIpAddressesCommand({ NetworkInterfaceId: eniId, PrivateIpAddresses }));
  t.equal(
    await refusal(off(eni, ['10.0.128.20', '10.0.128.30'])),
    `400 InvalidParameterValue: Some of the specified addresses are not assigned to interface ${eni}`,
  );
  t.strictSame(ec2.model.state.interfaces.get(eni)?.secondary, [address('10.0.128.20')]);
  await off(eni, ['10.0.128.20']);
  t.strictSame(ec2.model.state.interfaces.get(eni)?.secondary, []);
});

t.test('interfaces come in pages, in no order, each exactly once', async (t) => {
  const { ec2, client, subnetId } = await fixture(t);
  for (let i = 0; i < 20; i += 1) ec2.model.apply((s) => takeAddress(s, subnetId));
  const seen: string[] = [];
  const input = () => ({ Filters: [{ Name: 'subnet-id', Values: [subnetId] }] });
  for await (const page of paginateDescribeNetworkInterfaces({ client, pageSize: 5 }, input())) {
    seen.push(...(page.NetworkInterfaces ?? []).map((eni) => eni.NetworkInterfaceId ?? ''));
  }
  t.equal(seen.length, 22);
  t.strictSame(seen.toSorted(), [...ec2.model.state.interfaces.keys()].sort());
  t.equal(ec2.counts().DescribeNetworkInterfaces, 5);
  const ids = async () =>
    (await client.send(new DescribeNetworkInterfacesCommand(input()))).NetworkInterfaces?.map(
      (eni) => eni.NetworkInterfaceId,
    );
  t.notSame(await ids(), await ids(), 'two queries, two orders');
});

t.test('MaxResults has bounds and excludes ids', async (t) => {
  const { client, instanceId } = await fixture(t);
  t.equal(
    await refusal(client.send(new DescribeInstancesCommand({ MaxResults: 4 }))),
    '400 InvalidParameterValue: Value ( 4 ) for parameter maxResults is invalid. Expecting a value greater than 5.',
  );
  t.equal(
    await refusal(client.send(new DescribeInstancesCommand({ MaxResults: 5, InstanceIds: [instanceId] }))),
    '400 InvalidParameterCombination: The parameter instancesSet cannot be used with the parameter maxResults',
  );
  t.match(await refusal(client.send(new DescribeInstancesCommand({ MaxResults: 1001 }))), /less than 1000/);
  t.match(
    await refusal(client.send(new DescribeInstancesCommand({ NextToken: 'nonsense' }))),
    /^400 InvalidNextToken/,
  );
});

t.test(
  'one unknown or malformed id fails the whole call; a terminated instance is shown for an hour',
  async (t) => {
    let now = 0;
    const { ec2, client, instanceId } = await fixture(t, { now: () => now });
    const describe = (...InstanceIds: string[]) => client.send(new DescribeInstancesCommand({ InstanceIds }));
    t.equal(
      await refusal(describe(instanceId, 'i-00000000000000000')),
      "400 InvalidInstanceID.NotFound: The instance ID 'i-00000000000000000' does not exist",
    );
    t.equal(
      await refusal(describe('web-1')),
      '400 InvalidInstanceID.Malformed: Invalid id: "web-1" (expecting "i-...")',
    );
    ec2.model.apply((s, at) => setInstanceState(s, instanceId, 'terminated', at));
    const shown = (await describe(instanceId)).Reservations?.[0]?.Instances?.[0];
    t.equal(shown?.State?.Name, 'terminated');
    t.strictSame(shown?.NetworkInterfaces, []);
    now += 3_600_001;
    t.match(await refusal(describe(instanceId)), /InvalidInstanceID.NotFound/);
  },
);

t.test('a bucket that is empty refuses with RequestLimitExceeded, and fills up again', async (t) => {
  let now = 0;
  const buckets = { DescribeSubnets: { capacity: 2, refill: 1 } };
  const { client, ec2 } = await fixture(t, { now: () => now, buckets });
  const describe = () => client.send(new DescribeSubnetsCommand({}));
  await describe();
  await describe();
  t.equal(await refusal(describe()), '503 RequestLimitExceeded: Request limit exceeded.');
  await client.send(new DescribeVpcsCommand({}));
  now += 1000;
  await describe();
  t.strictSame(ec2.counts(), { DescribeSubnets: 4, DescribeVpcs: 1 });
});

t.test('describes lag behind writes', async (t) => {
  let now = 0;
  const { client, eni } = await fixture(t, { now: () => now, lagMs: 500 });
  const addresses = async () => {
    const input = { NetworkInterfaceIds: [eni] };
    const { NetworkInterfaces } = await client.send(new DescribeNetworkInterfacesCommand(input));
    return NetworkInterfaces?.[0]?.PrivateIpAddresses?.length;
  };
  now += 1000;
  await client.send(assignment(eni, ['10.0.128.20']));
  now += 499;
  t.equal(await addresses(), 1);
  now += 1;
  t.equal(await addresses(), 2);
});

t.test('a moved address is shown where it was until the move is carried out', async (t) => {
  let now = 0;
  const { client, eni, otherEni } = await fixture(t, { now: () => now, remapMs: 300 });
  const holder = async () => {
    const input = { Filters: [{ Name: 'addresses.private-ip-address', Values: ['10.0.128.20'] }] };
    const { NetworkInterfaces } = await client.send(new DescribeNetworkInterfacesCommand(input));
    return NetworkInterfaces?.map((found) => found.NetworkInterfaceId);
  };
  await client.send(assignment(eni, ['10.0.128.20']));
  await client.send(assignment(otherEni, ['10.0.128.20'], true));
  now += 299;
  t.strictSame(await holder(), [eni]);
  now += 1;
  t.strictSame(await holder(), [otherEni]);
});

t.test('faults: refused, cut, done but never answered, denied', async (t) => {
  const { ec2, client, eni } = await fixture(t);
  ec2.faults.fail('AssignPrivateIpAddresses', 1, 'Unavailable');
  t.match(await refusal(client.send(assignment(eni, ['10.0.128.20']))), /^503 Unavailable/);
  ec2.faults.cut('AssignPrivateIpAddresses', 1);
  t.match(await refusal(client.send(assignment(eni, ['10.0.128.20']))), /^undefined /);
  t.strictSame(ec2.model.state.interfaces.get(eni)?.secondary, []);
  ec2.faults.loseAnswer('AssignPrivateIpAddresses', 1);
  t.match(await refusal(client.send(assignment(eni, ['10.0.128.20']))), /^undefined /);
  t.strictSame(ec2.model.state.interfaces.get(eni)?.secondary, [address('10.0.128.20')]);
  ec2.faults.deny('AssignPrivateIpAddresses');
  t.match(await refusal(client.send(assignment(eni, ['10.0.128.21']))), /^403 UnauthorizedOperation/);
  t.strictSame(ec2.log, [
    `AssignPrivateIpAddresses 10.0.128.20 to ${eni}: Unavailable`,
    `AssignPrivateIpAddresses 10.0.128.20 to ${eni}: cut before anything was done`,
    `AssignPrivateIpAddresses 10.0.128.20 to ${eni}: done, answer lost`,
    'AssignPrivateIpAddresses: UnauthorizedOperation',
  ]);
});

t.test('a dry run says that the call would be let through, or that it would not', async (t) => {
  const { ec2, client } = await fixture(t);
  const dryRun = () => refusal(client.send(new DescribeInstancesCommand({ DryRun: true })));
  t.match(await dryRun(), /^412 DryRunOperation: Request would have succeeded/);
  ec2.faults.deny('DescribeInstances');
  t.match(await dryRun(), /^403 UnauthorizedOperation/);
});

t.test('who does not sign, or with an unknown key, is not let in', async (t) => {
  const { ec2, client } = await fixture(t, { accessKeyId: 'AKIDOTHER' });
  const unsigned = await fetch(ec2.url, { method: 'POST', body: 'Action=DescribeVpcs&Version=2016-11-15' });
  t.equal(unsigned.status, 401);
  t.match(await unsigned.text(), '<Code>AuthFailure</Code>');
  t.match(await refusal(client.send(new DescribeVpcsCommand({}))), /^401 AuthFailure/);
});

t.test('an action or a parameter that EC2 does not have is refused', async (t) => {
  const { ec2 } = await fixture(t);
  const authorization = 'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-central-1/ec2/aws4_request';
  const post = async (body: string) =>
    (await fetch(ec2.url, { method: 'POST', body, headers: { authorization } })).text();
  t.match(await post('Action=RunInstance'), '<Code>InvalidAction</Code>');
  t.match(await post('Action=constructor'), '<Code>InvalidAction</Code>');
  t.match(await post('Version=2016-11-15'), '<Code>MissingAction</Code>');
  t.match(await post('Action=DescribeVpcs&Vpc.1=x'), '<Code>UnknownParameter</Code>');
});
