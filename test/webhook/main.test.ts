// The process: what it says to a wrong command line, that it makes itself known to the API server, and how it ends: not
// ready first, then what is under way is answered.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { EGRESSIPAMS, SECRETS } from '../../shared/kube/resources.ts';
import { OPERATOR_NAMESPACE, WEBHOOK_SECRET } from '../../shared/names.ts';
import { startSandbox } from '../sandbox/cluster.ts';
import { apply } from '../stack/apply.ts';
import { Child } from '../stack/child.ts';
import { installation } from '../stack/objects.ts';
import { create, optedIn, pool } from './build.ts';

const SCRIPT = 'webhook/main.ts';

const KIND = { apiVersion: 'redhatcop.redhat.io/v1alpha1', kind: 'EgressIPAM' };

function partition<T>(all: readonly T[], chosen: (one: T) => boolean): [T[], T[]] {
  return [all.filter(chosen), all.filter((one) => !chosen(one))];
}

async function installed(t: Test) {
  const sandbox = await startSandbox({ platform: 'baremetal', nodes: 1 });
  t.teardown(() => sandbox.close());
  // The EgressIPAM is there before the API server has anybody to ask about it.
  const [asks, rest] = partition(installation(), ({ kind }) => kind.endsWith('WebhookConfiguration'));
  for (const object of rest) await apply(sandbox.kube.client, object);
  await sandbox.kube.client.create(EGRESSIPAMS, { ...pool(), ...KIND, metadata: { name: 'pool' } });
  for (const object of asks) await apply(sandbox.kube.client, object);
  const directory = await mkdtemp(join(tmpdir(), 'webhook-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const kubeconfig = join(directory, 'kubeconfig');
  await writeFile(kubeconfig, sandbox.kubeconfig('webhook'));
  return { sandbox, kubeconfig };
}

async function webhook(t: Test, kubeconfig: string, ...more: string[]) {
  const loopback = '127.0.0.1:0';
  const child = new Child({
    script: SCRIPT,
    args: [
      `--kubeconfig=${kubeconfig}`,
      '--bind-address=127.0.0.1',
      '--port=0',
      `--metrics-bind-address=${loopback}`,
      `--health-probe-bind-address=${loopback}`,
      ...more,
    ],
  });
  t.teardown(() => child.stop());
  const { port, health, metrics } = await child.line(({ msg }) => msg === 'listens');
  const get = async (at: unknown, path: string) => {
    const reply = await fetch(`http://127.0.0.1:${at}${path}`);
    return { status: reply.status, text: await reply.text() };
  };
  return {
    child,
    port: Number(port),
    health: (path: string) => get(health, path),
    metrics: () => get(metrics, '/metrics'),
  };
}

/** Posts a review of a namespace that opts in. */
function ask(port: number, ca: string, name: string, egressIPAM = 'pool'): Promise<string> {
  const review = { ...create(optedIn(name, undefined, egressIPAM)), kind: { kind: 'Namespace' } };
  const body = JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: review,
  });
  return new Promise((resolve, reject) => {
    const call = request(
      { port, host: '127.0.0.1', ca, method: 'POST', path: '/mutate/namespaces?timeout=10s', agent: false },
      (reply) => {
        let text = '';
        reply.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        reply.on('end', () => resolve(`${reply.statusCode} ${text}`));
      },
    );
    call.setHeader('content-type', 'application/json');
    call.on('error', reject);
    call.end(body);
  });
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

t.test('a wrong command line is refused with every mistake, status 2', async (t) => {
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT, '--prot=1', '--log-level=loud']);
  t.equal(status, 2);
  t.match(String(stderr), /--prot: there is no such flag; did you mean --port\?\n.*--log-level/s);
});

t.test('it makes its certificate, tells the API server, and serves; it ends in order', async (t) => {
  const { sandbox, kubeconfig } = await installed(t);
  const { client } = sandbox.kube;
  const { child, port, health, metrics } = await webhook(t, kubeconfig, '--shutdown-delay=2s');
  const secret = await client.get(SECRETS, WEBHOOK_SECRET, { namespace: OPERATOR_NAMESPACE });
  const ca = Buffer.from(secret?.data?.['ca.crt'] ?? '', 'base64').toString();
  await until(async () => (await health('/readyz')).status === 200);
  t.equal((await health('/healthz')).status, 200);
  t.match(
    await ask(port, ca, 'a', 'none'),
    /^200 .*EgressIPAM \\"none\\" does not exist; use one of \\"pool\\"/,
  );
  t.match((await metrics()).text, /egressip_ipam_webhook_requests_total\{.*result="denied"\} 1/);
  // It waits for the EgressIPAM to be looked at, which happens further down.
  const waiting = ask(port, ca, 'b');
  await until(async () => /in_flight 1/.test((await metrics()).text));
  const stopped = child.stop();
  await until(async () => (await health('/readyz')).status === 503);
  const patch = { status: { cloud: 'none', observedGeneration: 1 } };
  await client.patch(EGRESSIPAMS, 'pool', 'application/merge-patch+json', patch, { subresource: 'status' });
  t.match(await waiting, /^200 .*"allowed":true,"patchType":"JSONPatch"/, 'what was under way is answered');
  t.match(await ask(port, ca, 'c'), /^200 .*"allowed":true/, 'and who comes before everybody knows');
  t.equal(await stopped, 0);
  await t.rejects(ask(port, ca, 'd'));
  t.notMatch(child.lines.join('\n'), /could not be closed|PRIVATE KEY|Bearer/);
});
