// The targets that take whole AdmissionReviews, as they come over the wire: everything from the body's first character to the
// answer's last.
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { KubeObject } from '../../shared/kinds.ts';
import { LIST, namespace, optedIn, pool, releasingAll } from '../webhook/build.ts';
import { readAnswer, type SlowAnswer } from './oracle/answers.ts';
import { judgeEgressIPAM } from './oracle/egressipam-reviews.ts';
import { judgeNamespace } from './oracle/namespaces.ts';
import { readRequest, type SlowRequest, uidUnread } from './oracle/reviews.ts';
import { type Finding, shapeOf, type Target } from './target.ts';
import type { Reply, WebhookUnderFuzz } from './webhook-under-fuzz.ts';
import { EGRESSIPAM_OBJECTS } from './world.ts';

const RECORDED = resolve(import.meta.dirname, '../fixtures/admission-reviews');
const EGRESSIPAM = 'egressip-ipam-operator.redhat-cop.io/egressipam';
const EGRESSIPS = 'egressip-ipam-operator.redhat-cop.io/egressips';

/** Of the fuzzed cluster: names, addresses and lists. */
const KNOWN = [
  EGRESSIPAM,
  EGRESSIPS,
  'egressip-ipam-operator.redhat-cop.io/release-all',
  'CREATE',
  'UPDATE',
  'DELETE',
  'CONNECT',
  'status',
  'Namespace',
  'EgressIPAM',
  'admission.k8s.io/v1beta1',
  'true',
  ...EGRESSIPAM_OBJECTS.map(({ metadata }) => metadata.name),
  'a',
  'b',
  'c',
  'x',
  'old',
  'legacy',
  'kube-system',
  'openshift-',
  LIST,
  '10.0.144.7,10.0.128.7',
  '10.0.128.8,10.0.144.8',
  ' 10.0.128.6 , 10.0.144.6\n',
  ...Array.from({ length: 16 }, (_, i) => `10.0.128.${i}`),
  ...Array.from({ length: 11 }, (_, i) => `10.0.144.${i}`),
  ...[
    '10.1.7.7',
    '10.1.0.4',
    '10.2.0.1',
    '10.2.0.2',
    '10.3.0.9',
    '10.3.0.10',
    '10.9.0.0',
    '10.16.7.7',
    '10.11.0.0/16',
  ],
];

/** Reviews about namespaces. */
export function namespaceReviews(webhook: WebhookUnderFuzz): Target {
  return {
    name: 'namespace reviews',
    seeds: [...recorded(), ...namespaceSeeds()],
    words: KNOWN,
    syntax: 'json',
    weight: 40,
    run: async (input, timed) => {
      const sent = input.toWellFormed();
      const reply = await timed(() => webhook.post('/mutate/namespaces', sent));
      return judged(reply, sent, 'Namespace', (request, answer) =>
        judgeNamespace(request, answer, reply.claimed),
      );
    },
  };
}

/** Reviews about EgressIPAMs. */
export function egressIPAMReviews(webhook: WebhookUnderFuzz): Target {
  return {
    name: 'EgressIPAM reviews',
    seeds: egressIPAMSeeds(),
    words: KNOWN,
    syntax: 'json',
    weight: 20,
    run: async (input, timed) => {
      const sent = input.toWellFormed();
      const reply = await timed(() => webhook.post('/validate/egressipams', sent));
      return judged(reply, sent, 'EgressIPAM', judgeEgressIPAM);
    },
  };
}

type Judge = (request: SlowRequest, answer: SlowAnswer) => string[];

/** `sent` is well-formed, as everything is that came over a wire. */
function judged({ status, text, bugs }: Reply, sent: string, expected: string, judge: Judge): Finding {
  const body = parsed(sent);
  const uid = expected === 'Namespace' ? uidUnread(sent) : undefined;
  if (uid !== undefined && text === plainYes(uid)) return { faults: bugs, kind: 'allowed' };
  const answer = status === 200 ? readAnswer(text, body, sent) : `HTTP ${status}`;
  if (typeof answer === 'string') return { faults: [...bugs, `the answer ${answer}`], kind: shapeOf(answer) };
  const kind = answer.allowed
    ? `allowed ${shapeOf(JSON.stringify(answer.patch))} ${shapeOf(answer.warnings.join())}`
    : `${answer.code} ${shapeOf(answer.message)}`;
  const request = readRequest(body, expected);
  const isRefusedAsUnreadable = !answer.allowed && answer.code === 400;
  if ((request === undefined) !== isRefusedAsUnreadable) {
    const fault = request === undefined ? `unreadable, yet ${kind}` : `readable, yet ${kind}`;
    return { faults: [...bugs, fault], kind };
  }
  return { faults: request === undefined ? bugs : [...bugs, ...judge(request, answer)], kind };
}

function plainYes(uid: string): string {
  const response = { uid, allowed: true };
  return JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function recorded(): string[] {
  return readdirSync(RECORDED)
    .toSorted()
    .map((file) => JSON.parse(readFileSync(resolve(RECORDED, file), 'utf8')) as { review: unknown })
    .map(({ review }) => JSON.stringify(review));
}

function namespaceSeeds(): string[] {
  const oneOfEach = Array.from({ length: 256 }, (_, i) => `10.16.${i}.7`).join();
  const made = { metadata: { generateName: 'made-', annotations: { [EGRESSIPAM]: 'pool' } } };
  return [
    review('Namespace', 'CREATE', optedIn('new')),
    review('Namespace', 'CREATE', optedIn('new', '10.0.128.6,10.0.144.6')),
    review('Namespace', 'CREATE', optedIn('new', LIST)),
    review('Namespace', 'CREATE', optedIn('a', LIST)),
    review('Namespace', 'CREATE', optedIn('b')),
    review('Namespace', 'CREATE', made as never),
    review('Namespace', 'CREATE', optedIn('new', undefined, 'wide')),
    review('Namespace', 'CREATE', optedIn('new', '10.1.0.9', 'wide')),
    review('Namespace', 'CREATE', optedIn('new', undefined, 'full')),
    review('Namespace', 'CREATE', optedIn('x', undefined, 'full')),
    review('Namespace', 'CREATE', optedIn('new', undefined, 'many')),
    review('Namespace', 'CREATE', optedIn('new', '10.16.7.7', 'many')),
    review('Namespace', 'CREATE', optedIn('new', `${oneOfEach},`, 'many')),
    review('Namespace', 'CREATE', optedIn('new', undefined, 'stale')),
    review('Namespace', 'CREATE', optedIn('new', undefined, 'broken')),
    review('Namespace', 'CREATE', optedIn('new', undefined, 'nowhere')),
    ...HARD_LISTS.map((list) => review('Namespace', 'CREATE', optedIn('new', list))),
    ...['c', 'd', 'constructor', 'kube-x', 'openshift', 'egressip-ipam-operator'].map((name) =>
      review('Namespace', 'CREATE', optedIn(name)),
    ),
    review('Namespace', 'CREATE', optedIn('c', '10.0.128.9,10.0.144.6')),
    review('Namespace', 'CREATE', { metadata: { ...made.metadata, ...LISTS_NAMELESS } } as never),
    review('Namespace', 'UPDATE', ending(optedIn('a', '10.0.128.3')), optedIn('a', LIST)),
    review('Namespace', 'UPDATE', ending(optedIn('new')), namespace('new')),
    review('Namespace', 'UPDATE', optedIn('x', '10.2.0.2', 'full'), optedIn('x', '10.2.0.1', 'full')),
    review('Namespace', 'UPDATE', namespace('a'), optedIn('a', LIST)),
    review('Namespace', 'UPDATE', optedIn('a'), optedIn('a', LIST)),
    review('Namespace', 'UPDATE', optedIn('a', '10.0.128.7'), optedIn('a', LIST)),
    review('Namespace', 'UPDATE', optedIn('a', '10.0.128.6,10.0.144.7'), optedIn('a', LIST)),
    review('Namespace', 'UPDATE', optedIn('a', LIST, 'wide'), optedIn('a', LIST)),
    review('Namespace', 'UPDATE', optedIn('a', '10.3.0.9', 'no-room'), optedIn('a', '10.3.0.8', 'no-room')),
    review('Namespace', 'UPDATE', optedIn('a', '', 'draining'), optedIn('a', '10.8.0.7', 'draining')),
    review('Namespace', 'UPDATE', optedIn('a', '10.0.128.7,nonsense'), optedIn('a', 'nonsense')),
    ...['full', 'stale', 'unseen', 'going'].map((egressIPAM) =>
      review(
        'Namespace',
        'UPDATE',
        optedIn('new', undefined, egressIPAM),
        optedIn('new', '10.99.0.1', egressIPAM),
      ),
    ),
    review('Namespace', 'DELETE', undefined, optedIn('a', LIST)),
  ];
}

/** Each has something that cannot be had, or is not one IP of each CIDR. */
const HARD_LISTS = [
  '10.0.128.0,10.0.144.6',
  '10.0.128.15,10.0.144.6',
  '10.0.128.1,10.0.144.6',
  '10.0.128.3,10.0.144.6',
  '10.0.128.4,10.0.144.6',
  '10.0.128.7,10.0.144.6',
  '10.0.128.8,10.0.144.6',
  '10.0.128.10,10.0.144.6',
  '10.0.128.11,10.0.144.6',
  '10.0.128.6,10.0.144.9',
  '10.0.128.6,10.0.144.10',
  '10.0.128.6',
  '10.0.128.6,10.0.128.2,10.0.144.6',
  '10.0.128.6,10.0.144.6,10.0.144.6',
  '10.0.128.6,10.0.144.6,10.99.0.1',
  '10.0.128.6,10.0.144.6,',
  '010.0.128.6,10.0.144.6',
  `10.0.128.6,10.0.144.6${',10.0.144.6'.repeat(260)}`,
];
const LISTS_NAMELESS = { annotations: { [EGRESSIPAM]: 'pool', [EGRESSIPS]: '10.0.128.6,10.0.144.9' } };

function ending(object: KubeObject): KubeObject {
  return { metadata: { ...object.metadata, deletionTimestamp: '2026-11-22T07:00:00Z' } };
}

function egressIPAMSeeds(): string[] {
  const [stored] = EGRESSIPAM_OBJECTS;
  const grown = pool({ cidrs: ['10.0.128.0/28', '10.0.144.0/28', '10.10.0.0/24'] });
  const full = pool({
    name: 'new',
    cidrs: [
      {
        CIDR: '10.10.0.0/24',
        labelValue: 'a',
        reservedIPs: ['10.10.0.1', '10.10.0.5-10.10.0.9', '10.10.0.64/26'],
      },
    ],
    spec: {
      nodeSelector: {
        matchLabels: { 'node-role.kubernetes.io/worker': '' },
        matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'b'] }],
      },
      reuseGracePeriod: '1h30m',
      capacityPolicy: 'Warn',
    },
  });
  const inUse = { CIDR: '10.0.128.0/28', labelValue: 'zone-0', reservedIPs: ['10.0.128.6-10.0.128.8'] };
  const reserving = pool({ cidrs: [inUse, '10.0.144.0/28'] });
  return [
    review('EgressIPAM', 'CREATE', full),
    review('EgressIPAM', 'CREATE', pool({ name: 'new', cidrs: ['10.0.128.8/29'] })),
    review('EgressIPAM', 'CREATE', pool({ name: 'new', cidrs: ['128.0.0.0/7'] })),
    review(
      'EgressIPAM',
      'CREATE',
      pool({ name: 'new', cidrs: ['128.0.0.0/8'], spec: { reuseGracePeriod: '-1s' } }),
    ),
    review('EgressIPAM', 'UPDATE', reserving, stored),
    review('EgressIPAM', 'UPDATE', grown, stored),
    review('EgressIPAM', 'UPDATE', pool({ cidrs: ['10.0.128.0/27'] }), stored),
    review('EgressIPAM', 'UPDATE', pool({ cidrs: ['10.0.128.0/19'] }), stored),
    review(
      'EgressIPAM',
      'UPDATE',
      pool({ name: 'broken', cidrs: ['10.6.0.0/24'] }),
      pool({ name: 'broken', cidrs: ['10.6.0.1/24'] }),
    ),
    review('EgressIPAM', 'DELETE', undefined, stored),
    review('EgressIPAM', 'DELETE', undefined, pool({ metadata: releasingAll })),
    review(
      'EgressIPAM',
      'DELETE',
      undefined,
      pool({ name: 'going', metadata: { deletionTimestamp: '2026-11-22T07:00:00Z' } }),
    ),
  ];
}

/** An AdmissionReview of the API server. */
export function review(kind: string, operation: string, object?: KubeObject, oldObject?: KubeObject): string {
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: '19d19b6d-f5ca-4128-bac7-d989e613f1b4',
      kind: { group: '', version: 'v1', kind },
      operation,
      object: object ?? null,
      oldObject: oldObject ?? null,
      dryRun: false,
    },
  });
}
