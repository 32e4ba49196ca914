import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import t from 'tap';
import { splitBundle } from '../../certs/bundle.ts';
import { ensureCertificates, type ServedCertificates } from '../../certs/ensure.ts';
import { keepCertificates } from '../../certs/keep.ts';
import type { KubeObject } from '../../shared/kinds.ts';
import { ApiError } from '../../shared/kube/client.ts';
import {
  MUTATING_WEBHOOK_CONFIGURATIONS,
  type Resource,
  SECRETS,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
} from '../../shared/kube/resources.ts';
import { FakeKubeClient } from '../fakes/kube-client.ts';
import { ManualClock } from '../shared/manual-clock.ts';

const DAY = 86_400_000;
const SECOND = 1_000;
const namespace = 'egressip-ipam-operator';
const service = 'egressip-ipam-webhook';
const SECRET = 'egressip-ipam-webhook-certs';
const CONFIGURATION = 'egressip-ipam-webhook';

type Configuration = KubeObject & { webhooks: { clientConfig: { caBundle?: string } }[] };
const KINDS = [
  MUTATING_WEBHOOK_CONFIGURATIONS,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
] as Resource<Configuration>[];

/** With an empty Secret, or one that holds `data`. */
function setUp(data: Readonly<Record<string, string>> = {}) {
  const client = new FakeKubeClient();
  client.put(SECRETS, { metadata: { name: SECRET, namespace }, type: 'Opaque', data });
  for (const kind of KINDS) install(client, kind);
  const time = { now: new Date('2026-03-01T00:00:00Z') };
  const renewals: string[] = [];
  const options = {
    client,
    namespace,
    service,
    now: () => time.now,
    onRenewal: ({ kind, reason }: { kind: string; reason: string }) => renewals.push(`${kind}: ${reason}`),
  };
  const pass = (days: number) => {
    time.now = new Date(time.now.getTime() + days * DAY);
  };
  return { client, options, renewals, pass, ensure: () => ensureCertificates(options) };
}

/** What the first replica makes. Keys take time to make, so that most tests start with these. */
async function makeFirst(): Promise<Readonly<Record<string, string>>> {
  const { client, ensure } = setUp();
  await ensure();
  return client.stored(SECRETS, SECRET, namespace)?.data ?? {};
}

function install(client: FakeKubeClient, kind: Resource<Configuration>): void {
  const clientConfig = { service: { name: service, namespace } };
  client.put(kind, {
    metadata: { name: CONFIGURATION },
    webhooks: [
      { name: 'a', clientConfig },
      { name: 'b', clientConfig },
    ],
  });
}

const made = await makeFirst();

function trusted(client: FakeKubeClient): string[] {
  const bundles = KINDS.flatMap((kind) => client.stored(kind, CONFIGURATION)?.webhooks ?? []);
  return bundles.map(({ clientConfig }) => Buffer.from(clientConfig.caBundle ?? '', 'base64').toString());
}

function stored(client: FakeKubeClient, key: string): string {
  return Buffer.from(client.stored(SECRETS, SECRET, namespace)?.data?.[key] ?? '', 'base64').toString();
}

function writes({ calls }: FakeKubeClient): string[] {
  return calls.filter((call) => !/^(get|list|watch) /.test(call));
}

t.test('on an empty Secret a CA and a serving certificate are made, stored and trusted', async (t) => {
  const { client, ensure, renewals } = setUp();
  const served = await ensure();
  t.same(renewals, ['RotateCA: there is no CA']);
  t.same(served.missingConfigurations, []);
  t.same(trusted(client), Array(4).fill(served.caBundle));
  t.equal(stored(client, 'ca.crt'), served.caBundle);
  t.equal(stored(client, 'tls.crt'), served.cert);
  t.equal(stored(client, 'tls.key'), served.key);
  t.match(stored(client, 'ca.key'), /PRIVATE KEY/);
  const cert = new X509Certificate(served.cert);
  t.equal(cert.checkIssued(new X509Certificate(served.caBundle)), true);
  for (const name of ['egressip-ipam-webhook.egressip-ipam-operator.svc', 'localhost'])
    t.equal(cert.checkHost(name), name);
  t.notMatch(trusted(client).join(), /PRIVATE KEY/);
});

t.test('where there is no Secret it is created', async (t) => {
  const { client, ensure } = setUp();
  client.remove(SECRETS, SECRET, namespace);
  const served = await ensure();
  t.equal(stored(client, 'tls.crt'), served.cert);
});

t.test('when all is well nothing is written', async (t) => {
  const { client, ensure, renewals, pass } = setUp(made);
  const first = await ensure();
  const before = writes(client).length;
  pass(30);
  t.same(await ensure(), first);
  t.equal(writes(client).length, before);
  t.same(renewals, []);
});

t.test('a bundle that was lost or changed is put back, where it differs', async (t) => {
  const { client, ensure } = setUp(made);
  const { caBundle } = await ensure();
  install(client, VALIDATING_WEBHOOK_CONFIGURATIONS as Resource<Configuration>);
  const before = writes(client).length;
  await ensure();
  t.same(writes(client).slice(before), [`patch validatingwebhookconfigurations/${CONFIGURATION}`]);
  t.same(trusted(client), Array(4).fill(caBundle));
});

t.test('configurations that are not installed are named', async (t) => {
  const { client, ensure } = setUp(made);
  client.remove(MUTATING_WEBHOOK_CONFIGURATIONS, CONFIGURATION);
  t.same((await ensure()).missingConfigurations, ['MutatingWebhookConfiguration']);
});

t.test('replicas that start together end with one CA', async (t) => {
  const { client, ensure } = setUp();
  const all = await Promise.all([ensure(), ensure(), ensure()]);
  t.equal(new Set(all.map(({ cert }) => cert)).size, 1);
  t.same(trusted(client), Array(4).fill(all[0]?.caBundle));
  t.equal(splitBundle(all[0]?.caBundle ?? '').length, 1);
});

t.test('a replica that is late does not overwrite what the first has made', async (t) => {
  const { client, ensure } = setUp();
  let first: ServedCertificates | undefined;
  client.fault = async ({ verb, plural }) => {
    if (verb !== 'patch' || plural !== 'secrets' || first !== undefined) return undefined;
    client.fault = () => undefined;
    first = await ensure();
    return undefined;
  };
  t.same(await ensure(), first);
  t.equal(stored(client, 'tls.crt'), first?.cert);
});

t.test('they do so, too, where the Secret has to be created', async (t) => {
  const { client, ensure } = setUp();
  client.remove(SECRETS, SECRET, namespace);
  const all = await Promise.all([ensure(), ensure()]);
  t.equal(new Set(all.map(({ cert }) => cert)).size, 1);
});

t.test('a serving certificate is renewed by the same CA after 60 of its 90 days', async (t) => {
  const { client, ensure, renewals, pass } = setUp(made);
  const first = await ensure();
  const before = writes(client).length;
  pass(61);
  const second = await ensure();
  t.not(second.cert, first.cert);
  t.equal(second.caBundle, first.caBundle);
  t.same(renewals, ['IssueServing: the serving certificate is past two thirds of its life']);
  t.same(writes(client).slice(before), [`patch secrets/${SECRET}`], 'nobody has to trust anything new');
});

t.test('a new CA comes before the old one, which stays until it expires', async (t) => {
  const { client, ensure, pass } = setUp(made);
  const first = await ensure();
  pass(245);
  const second = await ensure();
  const [newest, old] = splitBundle(second.caBundle);
  t.equal(old, first.caBundle);
  t.not(newest, old);
  t.same(trusted(client), Array(4).fill(second.caBundle));
  t.equal(new X509Certificate(second.cert).checkIssued(new X509Certificate(newest ?? '')), true);
  pass(245);
  const third = await ensure();
  t.equal(splitBundle(third.caBundle).length, 2);
  t.notMatch(splitBundle(third.caBundle), [first.caBundle]);
});

t.test('a replica that looked before another one rotated does not put the old bundle back', async (t) => {
  const { client, ensure, pass } = setUp(made);
  await ensure();
  pass(245);
  // The slow one has read the configuration; before it goes on, the other one does everything.
  let paused = false;
  client.fault = async ({ verb, plural }) => {
    if (verb !== 'patch' || plural !== 'mutatingwebhookconfigurations' || paused) return undefined;
    paused = true;
    client.put(SECRETS, { metadata: { name: SECRET, namespace }, type: 'Opaque' });
    await ensure();
    return undefined;
  };
  await ensure();
  t.equal(paused, true);
  t.same(trusted(client), Array(4).fill(stored(client, 'ca.crt')));
});

t.test('other content of the Secret is left alone', async (t) => {
  const { client, ensure } = setUp();
  client.put(SECRETS, {
    metadata: { name: SECRET, namespace, labels: { team: 'x' } },
    data: { note: 'aGk=' },
  });
  await ensure();
  t.equal(stored(client, 'note'), 'hi');
  t.same(client.stored(SECRETS, SECRET, namespace)?.metadata.labels, { team: 'x' });
});

t.test('a Secret that may not be created is asked of the administrator', async (t) => {
  const { client, ensure } = setUp();
  client.remove(SECRETS, SECRET, namespace);
  client.fault = ({ verb }) => (verb === 'create' ? new ApiError('forbidden', 'may not') : undefined);
  await t.rejects(ensure(), { code: 'forbidden', message: /apply the manifests/ });
});

t.test('what the API server does not answer is an error, and nothing is half done', async (t) => {
  const { client, ensure } = setUp();
  client.fault = ({ verb }) => (verb === 'patch' ? new ApiError('unavailable', 'no answer') : undefined);
  await t.rejects(ensure(), { code: 'unavailable' });
  client.fault = () => undefined;
  t.same(trusted(client), ['', '', '', '']);
  await ensure();
});

t.test(
  'who trusts the bundle after a rotation accepts servers with the old and the new certificate',
  async (t) => {
    const { options } = setUp();
    const at = (days: number) =>
      ensureCertificates({ ...options, now: () => new Date(Date.now() + days * DAY) });
    const first = await at(-245);
    const old = await at(-45);
    const next = await at(0);
    t.equal(await handshake(old, first.caBundle), 'accepted');
    t.equal(await handshake(old, next.caBundle), 'accepted');
    t.equal(await handshake(next, next.caBundle), 'accepted');
    t.not(await handshake(next, first.caBundle), 'accepted');
  },
);

async function handshake({ cert, key }: ServedCertificates, ca: string): Promise<string | undefined> {
  const server = createServer({ cert, key });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', ca });
  const outcome = await once(socket, 'secureConnect').then(
    () => 'accepted',
    ({ code }: NodeJS.ErrnoException) => code,
  );
  socket.destroy();
  server.close();
  return outcome;
}

t.test('renewed certificates are served once the API server had time to trust them', async (t) => {
  const { options, ensure, pass } = setUp(made);
  const clock = new ManualClock();
  const controller = new AbortController();
  const changes: ServedCertificates[] = [];
  const errors: unknown[] = [];
  const served = await ensure();
  const done = keepCertificates({
    ...options,
    served,
    clock,
    signal: controller.signal,
    onChange: (certificates) => changes.push(certificates),
    onError: (error) => errors.push(error),
  });
  await clock.advance(600 * SECOND);
  t.same(changes, []);

  pass(61);
  const another = await ensure();
  await clock.advance(39 * SECOND);
  t.same(changes, []);
  await clock.advance(31 * SECOND);
  t.same(changes, [another], 'also when another replica has renewed them');

  options.client.fault = () => new ApiError('unavailable', 'no answer');
  await clock.advance(60 * SECOND);
  t.equal(errors.length, 2);
  options.client.fault = () => undefined;
  pass(61);
  await clock.advance(60 * SECOND);
  t.equal(changes.length, 2, 'it goes on after errors');

  controller.abort();
  await done;
  t.equal(clock.waiting, 0);
});
