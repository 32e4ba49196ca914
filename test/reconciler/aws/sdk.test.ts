// The EC2 port against the sandbox's EC2, through the real SDK and HTTP.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type ClientRequest, createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { sdkEc2 } from '../../../reconciler/aws/sdk.ts';
import { attach, setInstanceState, takeAddress } from '../../sandbox/ec2/lifecycle.ts';
import { startEc2 } from '../../sandbox/ec2/server.ts';
import { ManualClock } from '../../shared/manual-clock.ts';
import {
  CREDENTIALS,
  cloudAt,
  ip,
  ips,
  layOut,
  nodeRef,
  setAwsEnvironment,
  startZone,
  type Teardown,
  texts,
} from './zone.ts';

const GRANT = { lane: 'grant', allowReassignment: false } as const;
const FAILOVER = { lane: 'failover', allowReassignment: true } as const;
const CLEANUP = { lane: 'cleanup' } as const;

function sdkIsLoaded(): boolean {
  return Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('client-ec2'));
}

t.test('the SDK is not loaded before the first call', async (t) => {
  const { cloud, nodes } = await startZone(t, 1);
  t.equal(sdkIsLoaded(), false);
  await cloud.refresh(nodes);
  t.equal(sdkIsLoaded(), true);
});

t.test('a node is read with its interface, its subnet and its room', async (t) => {
  const { cloud, nodes, eni, subnetId, ec2 } = await startZone(t, 2);
  ec2.model.apply((s) => takeAddress(s, subnetId, ip('10.0.128.99')));
  const inventory = await cloud.refresh(nodes);
  t.strictSame([...inventory.hosts.keys()], ['n1', 'n2']);
  t.match(inventory.hosts.get('n1'), {
    node: 'n1',
    interfaceId: eni('n1'),
    subnetId,
    primary: ip('10.0.128.11'),
    secondary: [],
    slots: 9,
  });
  t.equal(inventory.unknownNodes.size, 0);
  t.strictSame(texts(inventory.holders.keys()).sort(), ['10.0.128.11', '10.0.128.12', '10.0.128.99']);
});

t.test('instances are remembered from one look to the next', async (t) => {
  const { cloud, nodes, ec2 } = await startZone(t, 3);
  const first = await cloud.refresh(nodes);
  const second = await cloud.refresh(nodes);
  t.strictSame([...second.hosts.values()], [...first.hosts.values()]);
  const { DescribeInstances, DescribeNetworkInterfaces } = ec2.counts();
  t.strictSame([DescribeInstances, DescribeNetworkInterfaces], [1, 2]);
});

t.test('D5: the primary interface is the one at device index 0 of card 0, wherever it stands', async (t) => {
  const { cloud, nodes, eni, instance, subnetId, ec2 } = await startZone(t, 4);
  for (const { name } of nodes) {
    const spec = { instanceId: instance(name), subnetId };
    ec2.model.apply((s) => attach(s, { ...spec, deviceIndex: 1 }));
    ec2.model.apply((s) => attach(s, { ...spec, deviceIndex: 0, networkCardIndex: 1 }));
  }
  const inventory = await cloud.refresh(nodes);
  t.strictSame(
    [...inventory.hosts].map(([name, host]) => [name, host.interfaceId]),
    nodes.map(({ name }) => [name, eni(name)]),
  );
});

t.test('D6: a terminated instance hosts nothing and disturbs nobody', async (t) => {
  const { cloud, nodes, instance, ec2 } = await startZone(t, 3);
  ec2.model.apply((s, now) => setInstanceState(s, instance('n1'), 'terminated', now));
  ec2.model.apply((s, now) => setInstanceState(s, instance('n2'), 'shutting-down', now));
  const inventory = await cloud.refresh(nodes);
  t.strictSame([...inventory.hosts.keys()], ['n3']);
  t.equal(inventory.unknownNodes.size, 0);
});

t.test('D8: unknown and malformed instance IDs fail no other', async (t) => {
  const { cloud, nodes } = await startZone(t, 1);
  const odd = [nodeRef('unknown', 'i-0123456789abcdef0'), nodeRef('malformed', 'i-1')];
  const inventory = await cloud.refresh([...nodes, ...odd]);
  t.strictSame([...inventory.hosts.keys()], ['n1']);
  t.strictSame([...inventory.unknownNodes.keys()].sort(), ['malformed', 'unknown']);
});

t.test('a subnet with more than a page of interfaces is read to the end', async (t) => {
  const { cloud, nodes, subnetId, ec2 } = await startZone(t, 1);
  for (let n = 0; n < 1_100; n += 1) ec2.model.apply((s) => takeAddress(s, subnetId, ip('10.0.130.0') + n));
  const inventory = await cloud.refresh(nodes);
  t.equal(inventory.holders.size, 1_101);
  t.equal(ec2.counts().DescribeNetworkInterfaces, 2);
});

t.test('addresses are assigned, moved and unassigned in one call each', async (t) => {
  const { cloud, nodes, eni, ec2 } = await startZone(t, 2);
  await cloud.refresh(nodes);
  const wanted = ips(20, 24);
  t.strictSame((await cloud.assign(eni('n1'), wanted, GRANT)).done, wanted);
  t.strictSame((await cloud.assign(eni('n2'), wanted, FAILOVER)).done, wanted);
  const { holders } = await cloud.locate(wanted, CLEANUP);
  t.strictSame(new Set(holders.values()), new Set([eni('n2')]));
  t.strictSame((await cloud.unassign(eni('n2'), wanted, CLEANUP)).done, wanted);
  t.strictSame((await cloud.refresh(nodes)).hosts.get('n2')?.secondary, []);
  t.equal(ec2.counts().AssignPrivateIpAddresses, 2);
  t.equal(ec2.counts().UnassignPrivateIpAddresses, 1);
});

t.test('D9: a stolen address fails alone; the others of its batch are assigned', async (t) => {
  const { cloud, nodes, eni, ec2, subnetId } = await startZone(t, 1);
  await cloud.refresh(nodes);
  ec2.model.apply((s) => takeAddress(s, subnetId, ip('10.0.128.22')));
  const outcome = await cloud.assign(eni('n1'), ips(20, 25), GRANT);
  t.strictSame(
    [...outcome.failed].map(([one, { code }]) => [texts([one])[0], code]),
    [['10.0.128.22', 'AddressTaken']],
  );
  t.equal(outcome.done.length, 5);
  t.equal(ec2.counts().AssignPrivateIpAddresses, 2);
});

t.test('a full interface takes as many as it has room for', async (t) => {
  const { cloud, nodes, eni } = await startZone(t, 1);
  await cloud.refresh(nodes);
  const outcome = await cloud.assign(eni('n1'), ips(20, 31), GRANT);
  t.equal(outcome.done.length, 9);
  t.strictSame(new Set([...outcome.failed.values()].map(({ code }) => code)), new Set(['InterfaceFull']));
});

t.test('taking off what is not there counts as done', async (t) => {
  const { cloud, nodes, eni } = await startZone(t, 1);
  await cloud.refresh(nodes);
  await cloud.assign(eni('n1'), ips(20, 20), GRANT);
  t.strictSame([...(await cloud.unassign(eni('n1'), ips(20, 22), CLEANUP)).done].sort(), ips(20, 22));
});

t.test('a write whose answer is lost, cut or late has an unknown outcome and is sent once', async (t) => {
  const { cloud, nodes, eni, ec2 } = await startZone(t, 1, { callTimeout: 2_000 });
  await cloud.refresh(nodes);
  ec2.faults.loseAnswer('AssignPrivateIpAddresses', 1);
  t.strictSame((await cloud.assign(eni('n1'), ips(20, 20), GRANT)).unknown, ips(20, 20));
  ec2.faults.cut('AssignPrivateIpAddresses', 1);
  t.strictSame((await cloud.assign(eni('n1'), ips(21, 21), GRANT)).unknown, ips(21, 21));
  ec2.faults.fail('AssignPrivateIpAddresses', 1, 'InternalError');
  t.strictSame((await cloud.assign(eni('n1'), ips(22, 22), GRANT)).unknown, ips(22, 22));
  t.equal(ec2.counts().AssignPrivateIpAddresses, 3);
  t.strictSame([...cloud.unsettled.keys()], ips(20, 22));
});

/** A server that accepts connections and never answers. */
async function startSilence(t: Teardown): Promise<string> {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => {
    silent.closeAllConnections();
    silent.close();
  });
  return `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
}

t.test('a call that takes too long is given up', async (t) => {
  setAwsEnvironment(t, { AWS_ENDPOINT_URL: await startSilence(t), ...CREDENTIALS });
  const ec2 = sdkEc2({ region: 'eu-central-1', callTimeout: 300 });
  t.teardown(() => ec2.close());
  await t.rejects(ec2.subnets(['subnet-1']), { code: 'UnknownOutcome' });
});

t.test('so is one that waits for credentials, and it is not sent later', async (t) => {
  const ec2 = await startEc2();
  t.teardown(() => ec2.close());
  setAwsEnvironment(t, {
    AWS_ENDPOINT_URL: ec2.url,
    AWS_SHARED_CREDENTIALS_FILE: join(t.testdir({}), 'none'),
    AWS_CONTAINER_CREDENTIALS_FULL_URI: await startSilence(t),
  });
  const port = sdkEc2({ region: 'eu-central-1', callTimeout: 300 });
  t.teardown(() => port.close());
  await t.rejects(port.assign('eni-1', ips(20, 20), GRANT), { code: 'UnknownOutcome' });
  t.strictSame(ec2.log, []);
});

t.test('no server means that nothing happened', async (t) => {
  const { ec2 } = await startZone(t, 1);
  await ec2.close();
  const port = sdkEc2({ region: 'eu-central-1' });
  t.teardown(() => port.close());
  await t.rejects(port.assign('eni-1', ips(20, 20), GRANT), { code: 'Unreachable' });
});

t.test('reads are tried again after a hiccup, and after a refusal for being too many', async (t) => {
  const { cloud, nodes, ec2 } = await startZone(t, 1);
  ec2.faults.cut('DescribeInstances', 1);
  ec2.faults.fail('DescribeSubnets', 1, 'RequestLimitExceeded');
  ec2.faults.fail('DescribeNetworkInterfaces', 1, 'Unavailable');
  const inventory = await cloud.refresh(nodes);
  t.equal(inventory.hosts.size, 1);
  t.equal(ec2.counts().DescribeInstances, 2);
});

t.test("a burst keeps within EC2's own token bucket, and is over as soon as that allows", async (t) => {
  const clock = new ManualClock();
  const ec2 = await startEc2({ buckets: 'real', now: () => clock.now() });
  t.teardown(() => ec2.close());
  const { nodes, eni } = layOut(ec2.model, 1);
  const cloud = cloudAt(t, ec2.url, {}, clock);
  await cloud.refresh(nodes);
  let delayed = 0;
  for (let calls = 0; calls < 100; ) {
    const outcome = await cloud.assign(eni('n1'), ips(20, 20), GRANT);
    if (outcome.done.length > 0) {
      calls += 1;
    } else {
      t.strictSame(outcome.delayed, ips(20, 20));
      delayed += 1;
      await clock.advance(cloud.nextAvailableIn('assign', 'grant'));
    }
  }
  t.equal(clock.now(), ((100 - 25) / 5) * 1000);
  t.equal(delayed, 75);
  t.equal(ec2.counts().AssignPrivateIpAddresses, 100, 'and none was refused');
  t.notOk(ec2.log.some((line) => line.includes('RequestLimitExceeded')));
});

t.test('a missing permission makes its part unknown and is named', async (t) => {
  const { cloud, nodes, eni, ec2 } = await startZone(t, 1);
  await cloud.refresh(nodes);
  ec2.faults.deny('AssignPrivateIpAddresses');
  const { failed } = await cloud.assign(eni('n1'), ips(20, 20), GRANT);
  t.match(failed.get(ip('10.0.128.20'))?.message, /AssignPrivateIpAddresses.*permission/);
  ec2.faults.deny('DescribeNetworkInterfaces');
  const { unknownNodes, subnets } = await cloud.refresh(nodes);
  t.match(unknownNodes.get('n1'), /DescribeNetworkInterfaces.*permission/);
  t.strictSame(subnets, []);
});

t.test('connections are kept', async (t) => {
  const { cloud, nodes, eni, ec2 } = await startZone(t, 1);
  const { host } = new URL(ec2.url);
  let opened = 0;
  // Of this EC2 alone: the SDK still asks for the credentials of a test before this one.
  const count = (message: unknown) => {
    const { request } = message as { request: ClientRequest };
    if (request.getHeader('host') === host && !request.reusedSocket) opened += 1;
  };
  subscribe('http.client.response.finish', count);
  t.teardown(() => unsubscribe('http.client.response.finish', count));
  await cloud.refresh(nodes);
  t.ok(opened > 0, 'some are opened');
  opened = 0;
  for (const one of ips(20, 26)) await cloud.assign(eni('n1'), [one], GRANT);
  t.equal(opened, 0);
});

t.test('D11: keys rotated in a mounted Secret are taken up after a refusal, and never shown', async (t) => {
  const directory = t.testdir({ aws_access_key_id: 'AKIDOLD\n', aws_secret_access_key: 'old-secret\n' });
  const { cloud, nodes } = await startZone(t, 1, {
    accessKeyId: 'AKIDNEW',
    credentialsDirectory: directory,
  });
  const refused = await cloud.refresh(nodes);
  t.match(refused.unknownNodes.get('n1'), /credentials are missing, wrong or expired \(AuthFailure/);
  t.notMatch(JSON.stringify([...refused.unknownNodes]), /AKID|secret/);
  await writeFile(join(directory, 'aws_access_key_id'), 'AKIDNEW');
  t.equal((await cloud.refresh(nodes)).hosts.size, 1);
});

t.test('D11: so are those in a shared credentials file, by the default chain', async (t) => {
  const file = (key: string) => `[default]\naws_access_key_id = ${key}\naws_secret_access_key = a-secret\n`;
  const directory = t.testdir({ credentials: file('AKIDOLD') });
  const { cloud, nodes, ec2 } = await startZone(t, 1, { accessKeyId: 'AKIDNEW' });
  setAwsEnvironment(t, {
    AWS_ENDPOINT_URL: ec2.url,
    AWS_SHARED_CREDENTIALS_FILE: join(directory, 'credentials'),
  });
  t.match((await cloud.refresh(nodes)).unknownNodes.get('n1'), /AuthFailure/);
  await writeFile(join(directory, 'credentials'), file('AKIDNEW'));
  t.equal((await cloud.refresh(nodes)).hosts.size, 1);
});

t.test('D11: no credentials at all is said as such', async (t) => {
  const { nodes, cloud } = await startZone(t, 1, { credentialsDirectory: t.testdir({}) });
  const { unknownNodes } = await cloud.refresh(nodes);
  t.match(unknownNodes.get('n1'), /credentials are missing, wrong or expired \(CredentialsProviderError\)/);
});
