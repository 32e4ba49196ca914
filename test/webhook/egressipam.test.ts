// The table of EgressIPAM requests, row by row, with the whole answer; and what stored invalid objects may still do.
import t from 'tap';
import type { EgressIPAMObject, KubeObject } from '../../shared/kinds.ts';
import { ALLOCATIONS, EGRESSIPAMS, NAMESPACES, type Resource } from '../../shared/kube/resources.ts';
import { EGRESSIPS_ANNOTATION } from '../../shared/names.ts';
import type { AdmissionRequest } from '../../webhook/review.ts';
import {
  A,
  allocation,
  B,
  create,
  LIST,
  namespace,
  optedIn,
  pool,
  releasingAll,
  remove,
  update,
} from './build.ts';
import { replicaOf, tell } from './replica.ts';

type Objects = readonly (readonly [Resource, KubeObject])[];
interface Row {
  readonly when: string;
  readonly stored?: Objects;
  readonly request: AdmissionRequest;
  readonly answer: string;
}

const KEEP = 'keep them, or have these namespaces give them up first';
const used: Objects = [
  [EGRESSIPAMS, pool()],
  [NAMESPACES, optedIn('a', LIST)],
  [ALLOCATIONS, allocation('10.0.128.7', 'a', { phase: 'Bound' })],
  [ALLOCATIONS, allocation('10.0.144.7', 'a', { phase: 'Bound' })],
];
const younger = { creationTimestamp: '2026-11-22T06:30:00Z', uid: 'uid-younger' };
const deleting = { deletionTimestamp: '2026-11-22T07:00:00Z' };
const asReserved = (reservedIPs: readonly string[]) =>
  pool({ cidrs: [{ CIDR: A, labelValue: 'zone-0', reservedIPs }, B] });

const rows: readonly Row[] = [
  { when: 'it is new and valid', request: create(pool()), answer: 'allowed' },
  {
    when: 'it is new and has several CIDRs for one label value, and reserved IPs in every spelling',
    request: create(
      pool({
        cidrs: [
          {
            CIDR: A,
            labelValue: 'z',
            reservedIPs: ['10.0.128.1', '10.0.128.5-10.0.128.9', '10.0.128.12/30'],
          },
          { CIDR: B, labelValue: 'z' },
        ],
      }),
    ),
    answer: 'allowed',
  },
  {
    when: 'it is new and has every fault at once',
    stored: [[EGRESSIPAMS, pool({ name: 'old', cidrs: ['10.0.160.0/24'] })]],
    request: create(
      pool({
        cidrs: [
          '10.0.128.1/28',
          { CIDR: B, labelValue: '*', reservedIPs: ['10.0.128.1', 'x'] },
          '10.0.144.0/20',
          '10.0.160.0/28',
        ],
        spec: {
          nodeSelector: { matchExpressions: [{ key: 'a b', operator: 'Near' }] },
          topologyLabel: '',
          capacityPolicy: 'Maybe',
        },
      }),
    ),
    answer: [
      '422: spec.cidrAssignments[0].CIDR: "10.0.128.1/28" has host bits set; the network is 10.0.128.0/28',
      'spec.cidrAssignments[1].labelValue: "*" is not a label value',
      'spec.cidrAssignments[1].reservedIPs[0]: 10.0.128.1 is outside 10.0.144.0/28; reserve addresses of this CIDR only',
      'spec.cidrAssignments[1].reservedIPs[1]: "x" is not an IPv4 address such as 10.0.128.7',
      'spec.cidrAssignments[2].CIDR: 10.0.144.0/20 overlaps 10.0.144.0/28 of spec.cidrAssignments[1]; each address needs one CIDR',
      'spec.topologyLabel: "" is not a label key such as topology.kubernetes.io/zone',
      'spec.nodeSelector.matchExpressions[0].key: "a b" is not a label key such as topology.kubernetes.io/zone',
      'spec.nodeSelector.matchExpressions[0].operator: "Near" is not one of In, NotIn, Exists, DoesNotExist',
      'spec.capacityPolicy: "Maybe" is not one of Deny, Warn',
    ].join('; '),
  },
  {
    when: 'it is new and overlaps another one',
    stored: [[EGRESSIPAMS, pool({ name: 'old', cidrs: ['10.0.128.0/20'] })]],
    request: create(pool()),
    answer:
      '422: spec.cidrAssignments[0].CIDR: 10.0.128.0/28 overlaps 10.0.128.0/20 of EgressIPAM "old"; an address can belong to one EgressIPAM only',
  },
  {
    when: 'it has no CIDR',
    request: create(pool({ cidrs: [] })),
    answer: '422: spec.cidrAssignments: at least one CIDR is needed',
  },
  {
    when: 'its shape is wrong',
    request: create({
      ...pool(),
      spec: { cidrAssignments: [5], topologyLabel: {}, nodeSelector: [] },
    } as never),
    answer:
      '422: spec.topologyLabel: must be a string; spec.cidrAssignments[0]: must be an object; spec.nodeSelector: must be an object',
  },
  {
    when: 'its spec does not change, though it would be refused today',
    stored: [[EGRESSIPAMS, pool({ cidrs: ['10.0.128.1/28'] })]],
    request: update(
      pool({ cidrs: ['10.0.128.1/28'] }),
      pool({ cidrs: ['10.0.128.1/28'], metadata: releasingAll }),
    ),
    answer: 'allowed',
  },
  {
    when: 'it was stored invalid and is corrected',
    stored: [[EGRESSIPAMS, pool({ cidrs: ['10.0.128.1/28'] })]],
    request: update(pool({ cidrs: ['10.0.128.1/28'] }), pool({ cidrs: ['10.0.128.0/28'] })),
    answer: 'allowed',
  },
  {
    when: 'it was stored invalid and stays so',
    stored: [[EGRESSIPAMS, pool({ cidrs: ['10.0.128.1/28'] })]],
    request: update(pool({ cidrs: ['10.0.128.1/28'] }), pool({ cidrs: ['10.0.128.2/28'] })),
    answer:
      '422: spec.cidrAssignments[0].CIDR: "10.0.128.2/28" has host bits set; the network is 10.0.128.0/28',
  },
  {
    when: 'an older one grows into a younger one',
    stored: [
      [EGRESSIPAMS, pool({ cidrs: [A] })],
      [EGRESSIPAMS, pool({ name: 'younger', cidrs: [B], metadata: younger })],
    ],
    request: update(pool({ cidrs: [A] }), pool({ cidrs: [A, B] })),
    answer:
      '422: spec.cidrAssignments[1].CIDR: 10.0.144.0/28 overlaps 10.0.144.0/28 of EgressIPAM "younger"; an address can belong to one EgressIPAM only',
  },
  {
    when: 'a younger one that is invalid overlaps it already, and it changes something else',
    stored: [
      [EGRESSIPAMS, pool()],
      [EGRESSIPAMS, pool({ name: 'younger', cidrs: [B], metadata: younger })],
    ],
    request: update(pool(), pool({ spec: { reuseGracePeriod: '1h' } })),
    answer: 'allowed',
  },
  {
    when: 'it grows',
    stored: used,
    request: update(pool(), pool({ cidrs: [A, B, '10.0.160.0/28'] })),
    answer: 'allowed',
  },
  {
    when: 'it changes which nodes host',
    stored: used,
    request: update(
      pool(),
      pool({ spec: { topologyLabel: 'rack', nodeSelector: { matchLabels: { a: 'b' } } } }),
    ),
    answer: 'allowed',
  },
  {
    when: 'it removes a CIDR in use',
    stored: used,
    request: update(pool(), pool({ cidrs: [A] })),
    answer: `422: spec.cidrAssignments: IPs in use would be in no CIDR any more: namespace "a" (10.0.144.7); ${KEEP}`,
  },
  {
    when: 'it removes a CIDR that is not in use',
    stored: [[EGRESSIPAMS, pool()]],
    request: update(pool(), pool({ cidrs: [A] })),
    answer: 'allowed',
  },
  {
    when: 'it removes a CIDR whose last IP rests',
    stored: [
      [EGRESSIPAMS, pool()],
      [ALLOCATIONS, allocation('10.0.144.7', 'a', { phase: 'Resting' })],
    ],
    request: update(pool(), pool({ cidrs: [A] })),
    answer: 'allowed',
  },
  {
    when: 'it shrinks a CIDR around what is in use',
    stored: used,
    request: update(pool(), pool({ cidrs: ['10.0.128.0/29', '10.0.144.0/29'] })),
    answer: 'allowed',
  },
  {
    when: 'it shrinks a CIDR away from what is in use, by many',
    stored: [
      [EGRESSIPAMS, pool()],
      ...Array.from({ length: 12 }, (_, i) => {
        const name = `n${String(i).padStart(2, '0')}`;
        return [ALLOCATIONS, allocation(`10.0.128.${i + 1}`, name, { phase: 'Bound' })] as const;
      }),
      [ALLOCATIONS, allocation('10.0.128.14', '')],
    ],
    request: update(pool(), pool({ cidrs: ['10.0.128.0/30', B] })),
    answer: `422: spec.cidrAssignments: IPs in use would be in no CIDR any more: a namespace being created (10.0.128.14), namespace "n03" (10.0.128.4), namespace "n04" (10.0.128.5), namespace "n05" (10.0.128.6), namespace "n06" (10.0.128.7), namespace "n07" (10.0.128.8), namespace "n08" (10.0.128.9), namespace "n09" (10.0.128.10), namespace "n10" (10.0.128.11), namespace "n11" (10.0.128.12); ${KEEP}`,
  },
  {
    when: 'it reserves an IP in use',
    stored: used,
    request: update(pool(), asReserved(['10.0.128.4-10.0.128.8'])),
    answer: `422: spec.cidrAssignments[0].reservedIPs: IPs in use would be reserved: namespace "a" (10.0.128.7); ${KEEP}`,
  },
  {
    when: 'an IP in use was reserved before, and another is added',
    stored: used,
    request: update(asReserved(['10.0.128.7']), asReserved(['10.0.128.7', '10.0.128.9'])),
    answer: 'allowed',
  },
  {
    when: 'it merges two CIDRs of which a namespace has one IP each',
    stored: [
      [EGRESSIPAMS, pool({ cidrs: ['10.0.128.0/29', '10.0.128.8/29'] })],
      [NAMESPACES, optedIn('a', '10.0.128.5,10.0.128.9')],
    ],
    request: update(pool({ cidrs: ['10.0.128.0/29', '10.0.128.8/29'] }), pool({ cidrs: [A] })),
    answer: `422: spec.cidrAssignments[0].CIDR: IPs in use would be one of two IPs of 10.0.128.0/28: namespace "a" (10.0.128.9); ${KEEP}`,
  },
  {
    when: 'it is deleted while in use',
    stored: used,
    request: remove(pool()),
    answer:
      '422: metadata.name: EgressIPAM "pool" is in use by namespace "a" (10.0.128.7, 10.0.144.7); remove their annotations first, or annotate this EgressIPAM with egressip-ipam-operator.redhat-cop.io/release-all=true to release everything',
  },
  {
    when: 'it is deleted while a namespace has opted in that has no IPs yet',
    stored: [
      [EGRESSIPAMS, pool()],
      [NAMESPACES, optedIn('a')],
    ],
    request: remove(pool()),
    answer:
      '422: metadata.name: EgressIPAM "pool" is in use by namespace "a"; remove their annotations first, or annotate this EgressIPAM with egressip-ipam-operator.redhat-cop.io/release-all=true to release everything',
  },
  {
    when: 'it is deleted while in use, with everything released',
    stored: used,
    request: remove(pool({ metadata: releasingAll })),
    answer: 'allowed; warning: namespace "a" (10.0.128.7, 10.0.144.7) will lose their egress IPs',
  },
  { when: 'it is deleted and not in use', request: remove(pool()), answer: 'allowed' },
  {
    when: 'it is deleted and everything of it rests or is opted out',
    stored: [
      [EGRESSIPAMS, pool()],
      [ALLOCATIONS, allocation('10.0.128.7', 'a', { phase: 'Resting' })],
      [NAMESPACES, namespace('b', { [EGRESSIPS_ANNOTATION]: LIST })],
    ],
    request: remove(pool()),
    answer: 'allowed',
  },
  {
    when: 'it is deleted for the second time',
    stored: used,
    request: remove(pool({ metadata: deleting })),
    answer: 'allowed',
  },
  {
    when: 'it is deleted and was stored invalid',
    stored: [[EGRESSIPAMS, pool({ cidrs: ['10.0.128.1/28'] })]],
    request: remove(pool({ cidrs: ['10.0.128.1/28'] })),
    answer: 'allowed',
  },
  {
    when: 'only its status changes',
    request: { ...update(pool(), pool({ cidrs: [] })), subResource: 'status' },
    answer: 'allowed',
  },
];

for (const row of rows) {
  t.test(`when ${row.when}`, async (t) => {
    const replica = replicaOf(row.stored ?? []);
    t.equal(tell(replica.admission.egressIPAM(row.request)), row.answer);
    t.same(replica.api.calls, [], 'no EgressIPAM request takes I/O');
  });
}

t.test('while the caches are out of touch, only what needs no knowledge passes', async (t) => {
  const replica = replicaOf(used);
  replica.outOfTouch = 'nothing heard';
  const answer = (request: AdmissionRequest) => tell(replica.admission.egressIPAM(request));
  t.equal(
    answer(create(pool({ name: 'new', cidrs: ['10.0.160.0/28'] }))),
    '503: nothing heard (again in 5 s)',
  );
  t.equal(answer(update(pool(), pool({ cidrs: [A] }))), '503: nothing heard (again in 5 s)');
  t.equal(answer(remove(pool())), '503: nothing heard (again in 5 s)');
  t.equal(answer(remove(pool({ metadata: releasingAll }))), 'allowed');
  t.equal(answer(update(pool(), pool({ metadata: releasingAll }))), 'allowed');
});

t.test('of thousands of problems some are told', async (t) => {
  const reservedIPs = Array.from({ length: 1_000 }, (_, index) => `nonsense-${index}`);
  const answer = replicaOf([]).admission.egressIPAM(
    create(pool({ cidrs: [{ CIDR: A, labelValue: 'a', reservedIPs }] })),
  );
  t.match(answer, {
    allowed: false,
    message: /^spec\.cidrAssignments\[0\]\.reservedIPs\[0\]: .*; and 9\d\d more$/,
  });
});

t.test('a spec nested deeper than anything real is another spec, and is judged', async (t) => {
  const nest = (depth: number) => JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`) as object;
  const deep = (): EgressIPAMObject => pool({ spec: { surplus: nest(100_000) } });
  t.equal(tell(replicaOf([]).admission.egressIPAM(update(deep(), deep()))), 'allowed');
});
