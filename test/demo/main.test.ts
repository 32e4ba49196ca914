// `npm start` as the process that users start: what its document holds, that what it advises works, and that nothing is
// left when it has ended.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { connect } from '../../shared/kube/connection.ts';
import { loadKubeConfig } from '../../shared/kube/kubeconfig.ts';
import { NAMESPACES } from '../../shared/kube/resources.ts';
import { describeProblems } from '../../shared/problem.ts';
import { until } from '../stack/until.ts';
import type { NamespaceReport, Report } from './report.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

interface Demo {
  readonly process: ChildProcess;
  /** What it has written so far. */
  seen(): string;
  /** What it has said besides, on standard error. */
  told(): string;
  readonly ended: Promise<number | null>;
}

function start(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Demo {
  const child = spawn(process.execPath, [MAIN, ...argv], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const all = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (more: string) => {
      all[name] += more;
    });
  }
  const ended = once(child, 'exit').then(([status]) => status);
  return { process: child, seen: () => all.stdout, told: () => all.stderr, ended };
}

async function document(
  t: Test,
  argv: readonly string[],
  env?: Readonly<Record<string, string>>,
): Promise<Report> {
  const demo = start([...argv, '--once', '--json'], env);
  const [written, status] = await Promise.all([text(demo.process.stdout ?? process.stdin), demo.ended]);
  t.equal(status, 0);
  return JSON.parse(written) as Report;
}

/** The latest view, when it shows what is wanted. */
async function shows(demo: Demo, wanted: RegExp): Promise<string> {
  const latest = () => demo.seen().slice(demo.seen().lastIndexOf('NAMESPACE '));
  await until(async () => wanted.test(latest()));
  return latest();
}

const shapeOf = ({ name, egress, egressIPs, hosts }: NamespaceReport) =>
  `${name}: ${egress}, ${egressIPs.length} IPs on ${new Set(hosts.map(({ node }) => node)).size} nodes`;

t.test('on AWS one document tells all, whatever the environment is set up for otherwise', async (t) => {
  const aws = { AWS_PROFILE: 'somebody-else', AWS_ENDPOINT_URL: 'http://127.0.0.1:1' };
  const other = { ...aws, POD_NAMESPACE: 'elsewhere', KUBECONFIG: '/nowhere' };
  const found = await document(t, ['--namespaces=3', '--nodes=3'], other);
  t.same(Object.keys(found).sort(), ['ec2Calls', 'namespaces', 'ok', 'platform', 'rejected']);
  t.equal(found.platform, 'aws');
  t.equal(found.ok, true);
  t.same(found.namespaces.map(shapeOf), [
    'plain: node, 0 IPs on 0 nodes',
    'team-a: active, 3 IPs on 3 nodes',
    'team-b: active, 3 IPs on 3 nodes',
    'team-c: active, 3 IPs on 3 nodes',
  ]);
  const [plain, ...optedIn] = found.namespaces;
  t.same(plain, { name: 'plain', egressIPAM: null, egressIPs: [], hosts: [], egress: 'node' });
  for (const { egressIPAM, egressIPs, hosts } of optedIn) {
    t.equal(egressIPAM, 'egressipam-aws');
    t.same(
      hosts.map(({ ip }) => ip),
      egressIPs,
    );
    for (const host of hosts) t.match(host, { node: /^ip-10-0-/, eni: /^eni-/ });
  }
  t.same(
    found.rejected.map(({ name }) => name),
    ['mistaken'],
  );
  for (const fault of ['10.0.128.300', '10.9.9.9', '10.0.144.10 and 10.0.144.50', 'reservedIPs']) {
    t.match(found.rejected[0]?.message, fault);
  }
  t.same(Object.keys(found.ec2Calls), [
    'AssignPrivateIpAddresses',
    'DescribeInstanceTypes',
    'DescribeInstances',
    'DescribeNetworkInterfaces',
    'DescribeSubnets',
    'GetSubnetCidrReservations',
  ]);
});

t.test('on bare metal there are no interfaces and no calls', async (t) => {
  const found = await document(t, ['--platform=baremetal', '--namespaces=2', '--nodes=2']);
  t.equal(found.ok, true);
  t.same(found.ec2Calls, {});
  t.same(found.namespaces.map(shapeOf), [
    'plain: node, 0 IPs on 0 nodes',
    'team-a: active, 1 IPs on 1 nodes',
    'team-b: active, 1 IPs on 1 nodes',
  ]);
  t.ok(found.namespaces.every(({ hosts }) => hosts.every(({ eni }) => eni === null)));
});

t.test('live: what it advises works, new namespaces show up, and Ctrl-C ends everything', async (t) => {
  const demo = start(['--platform=baremetal', '--namespaces=2', '--nodes=2']);
  t.teardown(() => demo.process.kill('SIGKILL'));
  const view = await shows(demo, /team-a +active[\s\S]*team-b +active[\s\S]*Ctrl-C/);
  t.match(view, /plain +node +\(has not opted in\)/);
  t.notMatch(view, 'aws ec2', 'there is no EC2');
  const [, path = ''] = /export KUBECONFIG=(\S+)/.exec(view) ?? [];
  const [, name = '', key = '', value = ''] = /kubectl annotate namespace (\S+) (\S+)=(\S+)/.exec(view) ?? [];
  const config = await loadKubeConfig({ kubeconfig: path, env: {} });
  if (!config.ok) throw new Error(describeProblems(config.problems));
  const client = connect(config.value, { userAgent: 'test' });
  t.teardown(() => client.close());
  const annotations = { [key]: value };
  await client.patch(NAMESPACES, name, 'application/merge-patch+json', { metadata: { annotations } });
  await client.create(NAMESPACES, { metadata: { name: 'mine', annotations } });
  await shows(demo, /mine +active +192[\s\S]*plain +active +192/);
  demo.process.kill('SIGINT');
  t.equal(await demo.ended, 0);
  t.notOk(existsSync(dirname(path)), 'its kubeconfigs are gone, and with them the sandbox that made them');
  await t.rejects(client.list(NAMESPACES), { code: 'unavailable' });
});

t.test('told to stop while it starts, it stops', async (t) => {
  const steps = ['starting the sandbox', 'applying manifests', 'starting the webhook'];
  for (const step of steps) {
    const demo = start(['--platform=baremetal', '--nodes=1']);
    t.teardown(() => demo.process.kill('SIGKILL'));
    await until(async () => demo.told().includes(step));
    demo.process.kill('SIGINT');
    t.equal(await demo.ended, 0, step);
    t.match(demo.told(), /stopping …\n$/);
    t.equal(demo.seen(), '', 'nothing is shown');
  }
});

t.test('live: it ends, and takes everything along, when nobody reads any more', async (t) => {
  const demo = start(['--platform=baremetal', '--namespaces=1', '--nodes=1']);
  t.teardown(() => demo.process.kill('SIGKILL'));
  const [, path = ''] = /export KUBECONFIG=(\S+)/.exec(await shows(demo, /Ctrl-C/)) ?? [];
  demo.process.stdout?.destroy();
  const config = await loadKubeConfig({ kubeconfig: path, env: {} });
  if (!config.ok) throw new Error(describeProblems(config.problems));
  const client = connect(config.value, { userAgent: 'test' });
  t.teardown(() => client.close());
  // Something to show.
  await client.delete(NAMESPACES, 'plain', {});
  t.equal(await demo.ended, 0);
  t.notOk(existsSync(dirname(path)));
});
