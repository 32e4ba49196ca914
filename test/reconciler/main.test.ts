// The process where there is nothing to serve yet: it waits for an API server that does not answer, and says so to whoever
// only wants a report.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Child } from '../stack/child.ts';

const SCRIPT = 'reconciler/main.ts';

/** The kubeconfig of an API server that is not there. */
async function nowhere(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'reconciler-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const path = join(directory, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${await freePort()}` } }],
    users: [{ name: 'u', user: { token: 'sesame' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  await writeFile(path, JSON.stringify(config));
  return path;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

t.test('whoever wants a report is told in one line that the cluster cannot be read, status 1', async (t) => {
  const args = [SCRIPT, `--kubeconfig=${await nowhere(t)}`, '--report-only'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  t.equal(status, 1);
  t.equal(stdout, '');
  const [line = '', ...others] = stderr.trim().split('\n');
  t.same(others, []);
  t.match(JSON.parse(line), { level: 'error', msg: 'cannot go on', err: { code: 'unavailable' } });
});

t.test('it waits for the API server, alive and not ready, and ends when asked', async (t) => {
  const port = await freePort();
  const child = new Child({
    script: SCRIPT,
    args: [
      `--kubeconfig=${await nowhere(t)}`,
      `--health-probe-bind-address=127.0.0.1:${port}`,
      '--metrics-bind-address=0',
    ],
  });
  t.teardown(() => child.stop());
  await child.line(({ msg }) => msg === 'the cluster could not be read');
  const probe = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
  t.equal(await probe('/healthz'), 200);
  t.equal(await probe('/readyz'), 503);
  t.equal(await child.stop(), 0);
});
