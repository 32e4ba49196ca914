// The control port: what other processes ask of the sandbox and have happen in it.
import { DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import t from 'tap';
import { Agent, request } from 'undici';
import { HOST_SUBNETS, NAMESPACES, NET_NAMESPACES, NODES } from '../../shared/kube/resources.ts';
import { until } from '../stack/until.ts';
import type { Sandbox, SandboxOptions } from './cluster.ts';
import { startSandbox } from './cluster.ts';
import { startControl } from './control.ts';

const MERGE = 'application/merge-patch+json';

async function start(test: { teardown(handler: () => Promise<void>): unknown }, options: SandboxOptions) {
  const sandbox: Sandbox = await startSandbox(options);
  const control = await startControl(sandbox, 0);
  test.teardown(async () => {
    await control.close();
    await sandbox.close();
  });
  const ask = async (method: string, path: string, body?: object) => {
    const init =
      body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const response = await fetch(`${control.url}/control/${path}`, { method, ...init });
    return { status: response.status, body: (await response.json()) as Record<string, never> };
  };
  return { sandbox, client: sandbox.kube.client, ask };
}

t.test('verdicts are told, of a state that includes every write before', async (t) => {
  const { client, ask } = await start(t, { platform: 'baremetal', nodes: 1 });
  await client.create(NAMESPACES, { metadata: { name: 'team-a' } });
  t.match((await ask('GET', 'verdicts?settled')).body, { ips: [], ignored: {} });
  await client.patch(NET_NAMESPACES, 'team-a', MERGE, { egressIPs: ['192.168.100.50'] });
  await client.patch(HOST_SUBNETS, 'worker-0', MERGE, { egressIPs: ['192.168.100.50'] });
  const active = { namespace: 'team-a', egress: 'active', from: ['192.168.100.50'], lost: [] };
  const { namespaces, ips } = (await ask('GET', 'verdicts?settled')).body;
  t.match(
    [...(namespaces ?? [])].filter(({ namespace }) => namespace === 'team-a'),
    [active],
  );
  t.match(ips, [{ ip: '192.168.100.50', nodes: ['worker-0'], namespaces: ['team-a'], active: true }]);
  await ask('POST', 'nodes/worker-0', { ready: false });
  const later = (await ask('GET', 'verdicts?settled')).body.namespaces ?? [];
  t.match(
    [...later].filter(({ namespace }) => namespace === 'team-a'),
    [{ egress: 'dropped' }],
  );
});

t.test('EC2 tells its calls, and has things happen', async (t) => {
  const { sandbox, client, ask } = await start(t, { platform: 'aws', nodes: 3 });
  const ec2 = new EC2Client({
    endpoint: sandbox.ec2?.url ?? '',
    region: 'eu-central-1',
    credentials: { accessKeyId: 'sandbox', secretAccessKey: 'sandbox' },
    maxAttempts: 1,
  });
  t.teardown(() => ec2.destroy());
  const describe = () => ec2.send(new DescribeSubnetsCommand({}));
  await ask('POST', 'ec2/faults', { kind: 'fail', action: 'DescribeSubnets', code: 'RequestLimitExceeded' });
  await t.rejects(describe(), { name: 'RequestLimitExceeded' });
  await describe();
  await ask('POST', 'ec2/faults', { kind: 'deny', action: '*' });
  await t.rejects(describe(), { name: 'UnauthorizedOperation' });
  await ask('DELETE', 'ec2/faults');
  await describe();
  const { counts, log, interfaces } = (await ask('GET', 'ec2')).body;
  t.strictSame(counts, { DescribeSubnets: 4 });
  t.equal([...(log ?? [])].length, 4);
  t.equal([...(interfaces ?? [])].length, 3);

  t.equal((await ask('POST', 'ec2/taken', { ip: '10.0.128.20' })).status, 200);
  t.match(await ask('POST', 'ec2/taken', { ip: '10.0.128.20' }), {
    status: 409,
    body: { code: 'InvalidIPAddress.InUse' },
  });
  t.equal((await ask('POST', 'ec2/taken', { ip: '192.168.1.1' })).status, 404);

  const [node] = (await client.list(NODES)).items;
  const instance = node?.spec?.providerID?.split('/').at(-1) ?? '';
  t.equal((await ask('POST', `ec2/instances/${instance}`, { state: 'terminated' })).status, 200);
  t.equal(sandbox.ec2?.model.state.instances.get(instance)?.state, 'terminated');
  t.equal((await ask('POST', 'ec2/instances/i-00000000', { state: 'terminated' })).status, 404);
});

t.test('on bare metal there is no EC2 to ask', async (t) => {
  const { ask } = await start(t, { platform: 'baremetal', nodes: 1 });
  t.equal((await ask('GET', 'ec2')).status, 404);
});

t.test('the API server can be told to fail, and tells who did what', async (t) => {
  const { sandbox, ask } = await start(t, { platform: 'baremetal', nodes: 1 });
  const refuse = { on: { resource: 'nodes' }, effect: { kind: 'refuse', code: 503 }, times: 1 };
  t.equal((await ask('POST', 'kube/faults', refuse)).status, 200);
  t.equal((await ask('DELETE', 'kube/faults')).status, 200);
  t.equal((await ask('POST', 'kube/restart')).status, 200);
  await sandbox.kube.client.get(NODES, 'worker-0');
  const entries = (await ask('GET', 'audit?resource=nodes&verb=get')).body as unknown as { name: string }[];
  t.ok(entries.some((entry) => entry.name === 'worker-0'));
});

t.test('it tells how many watches each user has open', async (t) => {
  const { sandbox, ask } = await start(t, { platform: 'baremetal', nodes: 1 });
  t.same((await ask('GET', 'kube/watches')).body, {});
  const token = /token: "?([^"\s]+)/.exec(sandbox.kubeconfig('admin'))?.[1] ?? '';
  const dispatcher = new Agent({ connect: { ca: sandbox.kube.ca } });
  t.teardown(() => dispatcher.destroy());
  const open = () =>
    request(`${sandbox.kube.url}/api/v1/nodes?watch=true`, {
      dispatcher,
      headers: { authorization: `Bearer ${token}` },
    });
  const watches = await Promise.all([open(), open()]);
  t.same((await ask('GET', 'kube/watches')).body, { admin: 2 });
  for (const { body } of watches) body.destroy();
  await until(async () => Object.keys((await ask('GET', 'kube/watches')).body).length === 0);
});
