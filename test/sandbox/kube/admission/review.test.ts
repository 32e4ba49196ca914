// Every recorded AdmissionReview: the same request makes the sandbox post the same review but for UIDs, times, versions.
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { startKubeApi } from '../server.ts';
import { exchangeWith, type Sent } from '../testing/exchange.ts';
import { ALLOW, startWebhook } from '../testing/webhook.ts';
import { verdictOf } from './review.ts';

interface Recorded {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly review: object;
}

const FOLDER = new URL('../../../fixtures/admission-reviews/', import.meta.url);

function recorded(start: string): Recorded {
  const name = readdirSync(FOLDER).find((candidate) => candidate.startsWith(start)) ?? '';
  return JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Recorded;
}

const EGRESSIPAM = 'egressip-ipam-operator.redhat-cop.io/egressipam';
const EGRESSIPS = 'egressip-ipam-operator.redhat-cop.io/egressips';
const OPTED_IN = { [EGRESSIPAM]: 'egressipam-aws' };

function create(manager: string, metadata: object, query = ''): Sent {
  const path = `/api/v1/namespaces?fieldManager=${manager}&fieldValidation=Strict${query}`;
  return { method: 'POST', path, body: { apiVersion: 'v1', kind: 'Namespace', metadata } };
}

/** As `kubectl apply` does: with what it applied in an annotation. */
function apply(name: string, query = ''): Sent {
  const type = { apiVersion: 'v1', kind: 'Namespace' };
  const last = `${JSON.stringify({ ...type, metadata: { annotations: OPTED_IN, name } })}\n`;
  const annotations = { ...OPTED_IN, 'kubectl.kubernetes.io/last-applied-configuration': last };
  return create('kubectl-client-side-apply', { name, annotations }, query);
}

function patch(manager: string, metadata: object): Sent {
  const headers = { 'content-type': 'application/merge-patch+json' };
  const path = `/api/v1/namespaces/opted-in?fieldManager=${manager}`;
  return { method: 'PATCH', path, headers, body: { metadata } };
}

const IPS = { [EGRESSIPS]: '10.0.128.8,10.0.144.8,10.0.160.8' };

/** What kubectl sent, in the order of the recording; the second column is the review that it led to. */
const REQUESTS: readonly (readonly [request: Sent, review: string])[] = [
  [create('kubectl-create', { name: 'plain' }), '01'],
  [apply('opted-in'), '02'],
  [create('kubectl-create', { generateName: 'gen-', annotations: OPTED_IN }), '03'],
  [apply('dry', '&dryRun=All'), '04'],
  [
    {
      method: 'PATCH',
      path: '/api/v1/namespaces/ssa?fieldManager=kubectl&fieldValidation=Strict&force=false',
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: {
          name: 'ssa',
          annotations: { ...OPTED_IN, [EGRESSIPS]: '10.0.128.7,10.0.144.7,10.0.160.7' },
        },
      },
    },
    '05',
  ],
  [patch('kubectl-label', { labels: { team: 'a' } }), '06'],
  [patch('kubectl-annotate', { annotations: IPS }), '07'],
  [patch('kubectl-annotate', { annotations: { [EGRESSIPAM]: null } }), '08'],
  [
    {
      method: 'DELETE',
      path: '/api/v1/namespaces/plain',
      body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' },
    },
    '09',
  ],
];

function masked(value: unknown): unknown {
  const text = JSON.stringify(value)
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME')
    .replaceAll(/"resourceVersion":"\d+"/g, '"resourceVersion":"REVISION"');
  return JSON.parse(text);
}

t.test('webhooks are asked in the words of kube-apiserver', async (t) => {
  let now = new Date('2026-11-22T06:44:54Z');
  const api = await startKubeApi({ namespaceController: false, now: () => now });
  const { exchange, close } = exchangeWith(api);
  const webhook = await startWebhook(() => ALLOW);
  t.teardown(async () => {
    close();
    await api.close();
    await webhook.close();
  });
  const operations = ['CREATE', 'UPDATE', 'DELETE'];
  const body = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'all' },
    webhooks: [
      {
        name: 'all.example.com',
        clientConfig: { url: `${webhook.url}/mutate`, caBundle: webhook.caBundle },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['namespaces'], operations }],
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  };
  const configurations = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
  await exchange({ method: 'POST', path: configurations, body });

  for (const [request, review] of REQUESTS) {
    // The recording took a second; the order of managers follows from it.
    if (request.path.includes('/opted-in')) now = new Date('2026-11-22T06:44:55Z');
    const answer = await exchange(request);
    t.ok(answer.status < 300, `${request.method} ${request.path}: ${answer.status}`);
    const call = webhook.calls.at(-1);
    const expected = recorded(review);
    await t.test(review, async (t) => {
      t.equal(call?.path, expected.path);
      for (const [name, value] of Object.entries(expected.headers)) t.equal(call?.headers[name], value);
      t.strictSame(masked(call?.review), masked(expected.review));
    });
  }
  const uids = webhook.calls.map(({ review }) => review.request.uid);
  t.equal(new Set(uids).size, uids.length, 'every call has a UID of its own');
  t.equal(webhook.connections(), 1, 'one connection serves them all');
});

t.test('an answer that is none is refused in the words of kube-apiserver', async (t) => {
  const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' };
  const patch = Buffer.from('[]').toString('base64');
  const rows: readonly (readonly [answer: unknown, phase: 'mutating' | 'validating', why: string])[] = [
    [{}, 'mutating', 'webhook response was absent'],
    [{ ...review, response: { uid: 'v' } }, 'mutating', 'expected response.uid="u", got "v"'],
    [
      { apiVersion: 'admission.k8s.io/v1beta1', kind: 'AdmissionReview', response: { uid: 'u' } },
      'mutating',
      'expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, ' +
        'got admission.k8s.io/v1beta1, Kind=AdmissionReview',
    ],
    [
      { ...review, response: { uid: 'u', patch } },
      'mutating',
      'webhook returned response.patch but not response.patchType',
    ],
    [
      { ...review, response: { uid: 'u', patchType: 'JSONPatch' } },
      'mutating',
      'webhook returned response.patchType but not response.patch',
    ],
    [
      { ...review, response: { uid: 'u', patch, patchType: 'JSONPatch' } },
      'validating',
      'validating webhook may not return response.patch',
    ],
  ];
  for (const [answer, phase, why] of rows) t.throws(() => verdictOf(answer, 'u', phase), { message: why });
  t.equal(verdictOf({ ...review, response: { uid: 'u', allowed: true } }, 'u', 'mutating').allowed, true);
});
