// The codec: what is read of recorded and built reviews, what is refused and in which words, and how answers look on the
// wire.
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { decodeReview, encodeAnswer, NOBODY } from '../../webhook/review.ts';

const FIXTURES = new URL('../fixtures/admission-reviews/', import.meta.url);
const TO_U1 = { apiVersion: 'admission.k8s.io/v1', uid: 'u-1' };

type Json = Record<string, unknown>;

function recorded(file: string): string {
  const { review } = JSON.parse(readFileSync(new URL(file, FIXTURES), 'utf8')) as { review: object };
  return JSON.stringify(review);
}

function review(request: Json = {}, outer: Json = {}): string {
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: 'u-1',
      kind: { group: '', version: 'v1', kind: 'Namespace' },
      operation: 'CREATE',
      object: { metadata: { name: 'a' } },
      ...request,
    },
    ...outer,
  });
}

t.test('every recorded review is read', async (t) => {
  const read: Json = {};
  for (const file of readdirSync(FIXTURES).sort()) {
    const decoded = decodeReview(recorded(file), 'Namespace');
    if (!decoded.ok) throw new Error(`${file}: ${decoded.message}`);
    const { operation, dryRun, object, oldObject } = decoded.request;
    read[file.slice(0, 2)] = [operation, object?.metadata.name, oldObject?.metadata.name, dryRun];
  }
  t.same(read, {
    '01': ['CREATE', 'plain', undefined, false],
    '02': ['CREATE', 'opted-in', undefined, false],
    '03': ['CREATE', undefined, undefined, false],
    '04': ['CREATE', 'dry', undefined, true],
    '05': ['CREATE', 'ssa', undefined, false],
    '06': ['UPDATE', 'opted-in', 'opted-in', false],
    '07': ['UPDATE', 'opted-in', 'opted-in', false],
    '08': ['UPDATE', 'opted-in', 'opted-in', false],
    '09': ['DELETE', undefined, 'plain', false],
  });
});

t.test('what cannot be trusted is refused, and says what is wrong', async (t) => {
  const annotations = (value: unknown) => ({
    object: { metadata: { annotations: { 'egressip-ipam-operator.redhat-cop.io/egressips': value } } },
  });
  const table: readonly (readonly [text: string, message: string, uid?: string])[] = [
    ['', 'the body is not JSON', ''],
    ['{"kind":', 'the body is not JSON', ''],
    ['null', 'the body is not a JSON object', ''],
    ['[]', 'the body is not a JSON object', ''],
    ['{}', 'kind must be AdmissionReview, not absent', ''],
    [review({}, { kind: 'Namespace' }), 'kind must be AdmissionReview, not "Namespace"'],
    [
      review({}, { apiVersion: 'v2' }),
      'apiVersion must be admission.k8s.io/v1, not "v2"; set admissionReviewVersions: [v1] in the webhook configuration',
    ],
    [review({}, { request: undefined }), 'request is missing', ''],
    [review({}, { request: [] }), 'request is missing', ''],
    [review({ uid: '' }), 'request.uid must be a string that is not empty', ''],
    [review({ uid: 7 }), 'request.uid must be a string that is not empty', ''],
    [review({ uid: 'x'.repeat(257) }), 'request.uid must be a string that is not empty', ''],
    [
      review({ operation: 'create' }),
      'request.operation must be CREATE, UPDATE, DELETE or CONNECT, not "create"',
    ],
    [review({ operation: {} }), 'request.operation must be CREATE, UPDATE, DELETE or CONNECT, not an object'],
    [review({ kind: { kind: 'Pod' } }), 'request.kind.kind must be Namespace here, not "Pod"'],
    [review({ kind: 'Namespace' }), 'request.kind.kind must be Namespace here, not absent'],
    [review({ dryRun: 'false' }), 'request.dryRun must be true or false'],
    [review({ subResource: 1 }), 'request.subResource must be a string'],
    [review({ object: undefined }), 'request.object is missing from CREATE'],
    [review({ object: null }), 'request.object is missing from CREATE'],
    [review({ operation: 'UPDATE' }), 'request.oldObject is missing from UPDATE'],
    [review({ operation: 'DELETE', object: null }), 'request.oldObject is missing from DELETE'],
    [review({ object: 'x' }), 'request.object must be an object'],
    [review({ object: [] }), 'request.object must be an object'],
    [review({ object: {} }), 'request.object.metadata must be an object'],
    [review({ oldObject: { metadata: 1 } }), 'request.oldObject.metadata must be an object'],
    [review({ object: { metadata: { name: 1 } } }), 'request.object.metadata.name must be a string'],
    [
      review({ object: { metadata: { generateName: [] } } }),
      'request.object.metadata.generateName must be a string',
    ],
    [
      review({ object: { metadata: { deletionTimestamp: true } } }),
      'request.object.metadata.deletionTimestamp must be a time',
    ],
    [
      review({ object: { metadata: { annotations: [] } } }),
      'request.object.metadata.annotations must be an object',
    ],
    [
      review({ object: { metadata: { annotations: 'x' } } }),
      'request.object.metadata.annotations must be an object',
    ],
    ...[1, null, ['10.0.128.7'], { a: {} }].map(
      (value) =>
        [
          review(annotations(value)),
          'request.object.metadata.annotations[egressip-ipam-operator.redhat-cop.io/egressips] must be a string',
        ] as const,
    ),
  ];
  for (const [text, message, uid = 'u-1'] of table) {
    t.same(decodeReview(text, 'Namespace'), { ok: false, replyTo: { ...TO_U1, uid }, message }, message);
  }
});

t.test('version v1beta1 is refused in its own version, so that the message is seen', async (t) => {
  const decoded = decodeReview(review({}, { apiVersion: 'admission.k8s.io/v1beta1' }), 'Namespace');
  t.match(decoded, { ok: false, replyTo: { apiVersion: 'admission.k8s.io/v1beta1', uid: 'u-1' } });
  t.match(decoded, {
    message: /admission.k8s.io\/v1, not "admission.k8s.io\/v1beta1"; set admissionReviewVersions/,
  });
});

t.test('fields that are null count as absent, as an API server sends them', async (t) => {
  const metadata = { name: 'a', creationTimestamp: null, annotations: null, deletionTimestamp: null };
  const decoded = decodeReview(review({ object: { metadata }, oldObject: null, dryRun: null }), 'Namespace');
  t.match(decoded, { ok: true, request: { dryRun: false, oldObject: undefined, object: { metadata } } });
});

t.test('huge and deeply nested annotations neither crash nor hang', async (t) => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  const text = review().replace('"name":"a"', `"name":"a","annotations":{"x":${deep}}`);
  t.equal(decodeReview(text, 'Namespace').ok, true, 'what is not read may be anything');
  const huge = { 'egressip-ipam-operator.redhat-cop.io/egressips': '1,'.repeat(1_000_000) };
  t.equal(decodeReview(review({ object: { metadata: { annotations: huge } } }), 'Namespace').ok, true);
  t.equal(decodeReview(deep, 'Namespace').ok, false);
  const key = { __proto__: { polluted: true } };
  t.equal(decodeReview(review({ object: { metadata: key } }), 'Namespace').ok, true);
  t.equal(({} as Json).polluted, undefined);
});

t.test('an answer is what an API server takes', async (t) => {
  const parse = (text: string) => JSON.parse(text) as Json;
  t.same(parse(encodeAnswer(TO_U1, { allowed: true })), {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    response: { uid: 'u-1', allowed: true },
  });
  const patch = [{ op: 'add', path: '/metadata/annotations/a~1b', value: 'ü"' }] as const;
  t.same(parse(encodeAnswer(TO_U1, { allowed: true, patch, warnings: ['full "soon"'] })).response, {
    uid: 'u-1',
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
    warnings: ['full "soon"'],
  });
  t.same(parse(encodeAnswer(TO_U1, { allowed: true, patch: [], warnings: [] })).response, {
    uid: 'u-1',
    allowed: true,
  });
  t.same(parse(encodeAnswer(TO_U1, { allowed: false, code: 422, message: 'no' })).response, {
    uid: 'u-1',
    allowed: false,
    status: {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'no',
      reason: 'Invalid',
      code: 422,
    },
  });
  const later = { allowed: false, code: 503, message: 'wait', retryAfterSeconds: 5 } as const;
  t.match(parse(encodeAnswer(TO_U1, later)).response, {
    status: { reason: 'ServiceUnavailable', code: 503, details: { retryAfterSeconds: 5 } },
  });
  t.match(parse(encodeAnswer({ ...NOBODY, uid: '"}' }, { allowed: true })), { response: { uid: '"}' } });
});
