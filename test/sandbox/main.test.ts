// The sandbox as a process: says when it is ready, leaves kubeconfigs that work, ends when told.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { type Connection, connect } from '../../shared/kube/connection.ts';
import { loadKubeConfig } from '../../shared/kube/kubeconfig.ts';
import { NODES } from '../../shared/kube/resources.ts';
import { describeProblems } from '../../shared/problem.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

interface Ready {
  readonly url: string;
  readonly kubeconfig: string;
  readonly kubeconfigs: Readonly<Record<string, string>>;
  readonly ec2Url: string | null;
  readonly controlUrl: string;
}

function start(test: { teardown(handler: () => void): unknown }, ...argv: string[]): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  test.teardown(() => child.kill('SIGKILL'));
  return child;
}

async function ready(child: ChildProcess): Promise<Ready> {
  if (child.stdout === null) throw new Error('no standard output');
  const [line] = await once(createInterface(child.stdout), 'line');
  return JSON.parse(line) as Ready;
}

async function connected(kubeconfig: string): Promise<Connection> {
  const loaded = await loadKubeConfig({ kubeconfig, env: {} });
  if (!loaded.ok) throw new Error(describeProblems(loaded.problems));
  return connect(loaded.value, { userAgent: 'test' });
}

t.test('it is ready with one line of JSON, and ends cleanly on SIGTERM', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const path = join(directory, 'sandbox.yaml');
  const child = start(t, '--nodes', '3', '--kubeconfig', path);
  const told = await ready(child);
  t.equal(told.kubeconfig, path);
  t.strictSame(told.kubeconfigs, {
    admin: path,
    webhook: join(directory, 'sandbox-webhook.yaml'),
    reconciler: join(directory, 'sandbox-reconciler.yaml'),
  });
  t.equal((await stat(path)).mode & 0o777, 0o600, 'nobody else reads it');
  t.match(told.ec2Url, /^http:\/\/127\.0\.0\.1:\d+$/);
  const verdicts = await fetch(`${told.controlUrl}/control/verdicts`);
  t.equal(verdicts.status, 200);

  const admin = await connected(path);
  t.equal((await admin.list(NODES)).items.length, 3);
  await admin.close();
  const webhook = await connected(told.kubeconfigs.webhook ?? '');
  await t.rejects(webhook.list(NODES), { code: 'forbidden' }, 'roles come with the manifests');
  await webhook.close();

  child.kill('SIGTERM');
  const [status] = await once(child, 'exit');
  t.equal(status, 0);
  await access(path);
});

t.test('without a path the kubeconfigs are temporary, and gone at the end', async (t) => {
  const child = start(t, '--platform', 'baremetal', '--nodes', '1');
  const told = await ready(child);
  t.equal(told.ec2Url, null);
  await access(told.kubeconfig);
  child.kill('SIGINT');
  const [status] = await once(child, 'exit');
  t.equal(status, 0);
  await t.rejects(access(told.kubeconfig));
});

t.test('a wrong flag is a usage error', async (t) => {
  const child = start(t, '--nodes', 'many');
  const [status] = await once(child, 'exit');
  t.equal(status, 2);
});
