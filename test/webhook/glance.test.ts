// What can be told of a review from its text alone: never anything else than reading it would tell.
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { egressIPAMOf } from '../../shared/annotation.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION } from '../../shared/names.ts';
import { glance } from '../../webhook/glance.ts';
import { decodeReview } from '../../webhook/review.ts';

const FIXTURES = new URL('../fixtures/admission-reviews/', import.meta.url);
const UID = '21d04b00-7df2-4034-bb19-984252aab434';

interface Parts {
  readonly uid?: unknown;
  readonly kind?: unknown;
  readonly operation?: string;
  readonly userInfo?: unknown;
  readonly object?: unknown;
  readonly oldObject?: unknown;
}

/** In the order in which an API server writes it. */
function review(parts: Parts = {}): object {
  const { uid = UID, kind = 'Namespace', operation = 'UPDATE', userInfo = { username: 'admin' } } = parts;
  const resource = { group: '', version: 'v1', resource: 'namespaces' };
  const gvk = { group: '', version: 'v1', kind };
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid,
      kind: gvk,
      resource,
      requestKind: gvk,
      requestResource: resource,
      name: 'a',
      namespace: 'a',
      operation,
      userInfo,
      object: parts.object ?? annotated({}),
      oldObject: parts.oldObject ?? annotated({}),
    },
  };
}

function annotated(annotations: object): object {
  return { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'a', annotations } };
}

t.test('recorded reviews: those of namespaces that have not opted in need not be read', async (t) => {
  const told: Record<string, unknown> = {};
  for (const file of readdirSync(FIXTURES).sort()) {
    const { review } = JSON.parse(readFileSync(new URL(file, FIXTURES), 'utf8'));
    const found = glance(JSON.stringify(review));
    told[file.slice(0, 2)] = found?.ok === true ? found.request.operation : undefined;
    if (found !== undefined) t.equal(found.replyTo.uid, review.request.uid);
  }
  t.same(told, {
    '01': 'CREATE',
    '02': undefined,
    '03': undefined,
    '04': undefined,
    '05': undefined,
    '06': undefined,
    '07': undefined,
    '08': undefined,
    '09': 'DELETE',
  });
});

t.test('it says what reading says, or nothing', async (t) => {
  const key = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.constantFrom(EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION, 'operation', 'uid', '"operation":"CREATE",'),
  );
  const object = fc
    .dictionary(key, fc.string({ unit: 'binary', maxLength: 8 }), { maxKeys: 3 })
    .map(annotated);
  const parts = fc.record(
    {
      uid: fc.oneof(fc.uuid(), fc.string({ unit: 'binary' }), fc.constant(7)),
      kind: fc.constantFrom('Namespace', 'EgressIPAM', 'x},{"kind":"Namespace"'),
      operation: fc.constantFrom('CREATE', 'UPDATE', 'DELETE', 'CONNECT', 'create', ''),
      userInfo: fc.dictionary(key, key, { maxKeys: 2 }),
      object,
      oldObject: object,
    },
    { requiredKeys: [] },
  );
  let told = 0;
  fc.assert(
    fc.property(parts, (it) => {
      const text = JSON.stringify(review(it));
      const found = glance(text);
      if (found === undefined) return true;
      told += 1;
      const read = decodeReview(text, 'Namespace');
      if (!read.ok || !found.ok) return false;
      const { object, oldObject, operation, uid } = read.request;
      return (
        found.request.uid === uid &&
        found.replyTo.uid === read.replyTo.uid &&
        found.request.operation === operation &&
        egressIPAMOf(object) === undefined &&
        egressIPAMOf(oldObject) === undefined
      );
    }),
    { numRuns: 2_000 },
  );
  t.ok(told > 100, 'most are told at a glance');
});

t.test('an annotation that is spelled in another way is read', async (t) => {
  const text = JSON.stringify(review({ object: annotated({ [EGRESSIPAM_ANNOTATION]: 'pool' }) }));
  const spellings = [
    text,
    text.replaceAll('/egressipam', '\\/egressipam'),
    text.replaceAll('egressipam', '\\u0065gressipam'),
    text.replaceAll('egressipam', 'egressi\\u0070am'),
  ];
  for (const spelled of spellings) {
    t.same(JSON.parse(spelled), JSON.parse(text), 'means the same');
    t.equal(glance(spelled), undefined, spelled);
  }
  const old = JSON.stringify(review({ oldObject: annotated({ [EGRESSIPAM_ANNOTATION]: 'pool' }) }));
  t.equal(glance(old), undefined, 'one that opts out');
});

t.test('what an API server does not write is read', async (t) => {
  const usual = JSON.stringify(review());
  t.ok(glance(usual));
  const others = {
    spaces: JSON.stringify(review(), null, 1),
    'another version': usual.replace('admission.k8s.io/v1', 'admission.k8s.io/v1beta1'),
    'another kind': JSON.stringify(review({ kind: 'EgressIPAM' })),
    'no uid': JSON.stringify(review({ uid: '' })),
    'a uid that must be escaped': JSON.stringify(review({ uid: 'a"b' })),
    'a long uid': JSON.stringify(review({ uid: 'a'.repeat(257) })),
    'no object': usual.replace('"object":{', '"object":null,"x":{'),
    'no operation': JSON.stringify(review({ operation: 'PATCH' })),
    nothing: '',
  };
  for (const [what, text] of Object.entries(others)) t.equal(glance(text), undefined, what);
});
