// Every recorded exchange with a real kube-apiserver, sent again: the answer is the same but for UIDs, times, versions.
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { HOST_SUBNETS, NAMESPACES } from '../../../shared/kube/resources.ts';
import { type KubeApi, startKubeApi } from './server.ts';
import { type Exchange, exchangeWith, type Received } from './testing/exchange.ts';
import { installHostSubnets } from './testing/scene.ts';
import { ALLOW, type Answer, jsonPatch, type Review, startWebhook } from './testing/webhook.ts';

interface Recorded {
  readonly title: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
  };
}

const FOLDER = new URL('../../fixtures/kube-apiserver/', import.meta.url);
const RECORDED = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .sort()
  .map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Recorded);

/** When the scene was set and when the exchanges were recorded. */
const SCENE_TIME = new Date('2026-11-22T06:47:16Z');
const REPLAY_TIME = new Date('2026-11-22T07:09:06Z');
const NAMESPACES_RECORDED = 2316;

/** What the webhook did in the recording, by the annotation `mode` of the namespace. */
function webhookAnswer({ request }: Review): Answer | Promise<Answer> {
  const annotations = (request.object?.metadata.annotations ?? {}) as Record<string, string>;
  const egressIPs = '/metadata/annotations/egressip-ipam-operator.redhat-cop.io~1egressips';
  switch (annotations.mode) {
    case 'deny': {
      const message = 'egressips: 11.0.128.7 is outside 10.0.128.0/20';
      return { allowed: false, status: { code: 422, reason: 'Invalid', message } };
    }
    case 'deny403':
      return { allowed: false, status: { message: 'no code given' } };
    case 'warn':
      return { allowed: true, warnings: ['pool egressipam-aws is 93% full', 'second warning'] };
    case 'patch':
      return { allowed: true, ...jsonPatch({ op: 'add', path: egressIPs, value: '10.0.128.7' }) };
    case 'badpatch':
      return { allowed: true, ...jsonPatch({ op: 'add', path: '/nope/x', value: 1 }) };
    case 'slow':
      return new Promise(() => {});
    case 'http500':
      return { http: 500, body: 'boom' };
    case 'wronguid':
      return { allowed: true, uid: 'other' };
    default:
      return ALLOW;
  }
}

function webhookConfiguration(url: string, caBundle: string): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'egressip' },
    webhooks: [
      {
        name: 'namespaces.egressip.example.com',
        clientConfig: { url: `${url}/mutate`, caBundle },
        rules: [
          {
            apiGroups: [''],
            apiVersions: ['v1'],
            resources: ['namespaces'],
            operations: ['CREATE', 'UPDATE'],
          },
        ],
        timeoutSeconds: 1,
        sideEffects: 'NoneOnDryRun',
        admissionReviewVersions: ['v1'],
      },
    ],
  };
}

async function setScene(api: KubeApi, exchange: Exchange): Promise<void> {
  await installHostSubnets(api.client);
  const headers = { 'user-agent': 'kubernetes-client-javascript' };
  const egressipam = { 'egressip-ipam-operator.redhat-cop.io/egressipam': 'egressipam-aws' };
  for (const name of ['a-0', 'a-1']) {
    const metadata = { name, annotations: egressipam };
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata };
    await exchange({ method: 'POST', path: '/api/v1/namespaces', headers, body });
  }
  const path = '/apis/network.openshift.io/v1/hostsubnets';
  const apply = `${path}?fieldManager=kubectl-client-side-apply`;
  await exchange({ method: 'POST', path: apply, body: recordedHostSubnet() });
  await api.client.patch(HOST_SUBNETS, 'n1', 'application/merge-patch+json', { egressIPs: ['10.0.128.9'] });
}

function recordedHostSubnet(): object {
  const spec = { host: 'n1', hostIP: '10.0.128.10', subnet: '10.128.0.0/23' };
  const type = { apiVersion: 'network.openshift.io/v1', kind: 'HostSubnet' };
  const last = JSON.stringify({
    apiVersion: type.apiVersion,
    host: spec.host,
    hostIP: spec.hostIP,
    kind: type.kind,
    metadata: { annotations: {}, name: 'n1' },
    subnet: spec.subnet,
  });
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': `${last}\n` };
  return { ...type, metadata: { name: 'n1', annotations }, ...spec };
}

/** As many namespaces as there were, so that a page says how many remain. */
async function fillUp(api: KubeApi): Promise<void> {
  const { items } = await api.client.list(NAMESPACES);
  // Five of those recorded are created by the exchanges themselves.
  const missing = NAMESPACES_RECORDED - items.length - 5;
  for (let i = 0; i < missing; i++) {
    await api.client.create(NAMESPACES, { metadata: { name: `b-${i}` } });
  }
}

const MASKS: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME'],
  [/"resourceVersion":"\d+"/g, '"resourceVersion":"REVISION"'],
  [/too old resource version: 1 \(\d+\)/g, 'too old resource version: 1 (REVISION)'],
  [/g-gen-[a-z0-9]{5}/g, 'g-gen-RANDOM'],
  [/127\.0\.0\.1:\d+/g, 'WEBHOOK'],
  [/"continue":"([^"]+)"/g, '"continue":"TOKEN"'],
];

function masked(value: unknown): unknown {
  const text = MASKS.reduce(
    (masking, [pattern, mask]) => masking.replaceAll(pattern, mask),
    JSON.stringify(value),
  );
  return JSON.parse(text);
}

/** `revision` and `uid` are those of g-one, which some exchanges go on with. */
function translated(text: string, { revision, uid }: { revision: string; uid: string }): string {
  return text
    .replaceAll('resourceVersion=2703', `resourceVersion=${revision}`)
    .replaceAll('"resourceVersion":"2703"', `"resourceVersion":"${revision}"`)
    .replaceAll('63052533-2e1f-43d1-99d1-e07c56cb7059', uid);
}

function metadataOf({ body }: Received): { resourceVersion: string; uid: string } {
  return (body as { metadata: { resourceVersion: string; uid: string } }).metadata;
}

t.test('the recorded exchanges are answered as they were', async (t) => {
  let now = SCENE_TIME;
  const api = await startKubeApi({ namespaceController: false, now: () => now });
  const { exchange, close } = exchangeWith(api);
  const webhook = await startWebhook(webhookAnswer);
  t.teardown(async () => {
    close();
    await api.close();
    await webhook.close();
  });
  await setScene(api, exchange);
  await fillUp(api);
  const configurations = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
  const body = webhookConfiguration(webhook.url, webhook.caBundle);
  t.equal((await exchange({ method: 'POST', path: configurations, body })).status, 201);
  api.faults.forgetWatchHistory();
  now = REPLAY_TIME;
  let first = { revision: '', uid: '' };

  t.equal(RECORDED.length, 33);
  for (const { title, request, response } of RECORDED) {
    const sent = translated(JSON.stringify(request.body), first);
    const isText = typeof request.body === 'string';
    const received = await exchange({
      method: request.method,
      path: translated(request.path, first),
      headers: request.headers,
      body: request.body === null ? undefined : isText ? request.body : sent,
      ...(request.headers.authorization === undefined ? {} : { token: 'nobody' }),
    });
    if (title === 'create namespace') {
      const { resourceVersion, uid } = metadataOf(received);
      first = { revision: resourceVersion, uid };
    }
    await t.test(title, async (t) => {
      t.equal(received.status, response.status);
      for (const [name, value] of Object.entries(response.headers)) t.equal(received.headers[name], value);
      if (title === 'version') {
        t.same(Object.keys(received.body as object), Object.keys(response.body as object));
      } else {
        t.strictSame(masked(received.body), masked(response.body));
      }
    });
  }
});
