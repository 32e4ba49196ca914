// The table of namespace requests, row by row: what is stored, what is asked, and the whole answer. `LIST` and the like are
// in build.ts. The searches start where the name is hashed to; `a` gets 10.0.128.11 and 10.0.144.1 of empty pools.
import t from 'tap';
import type { EgressIPAMStatus, KubeObject } from '../../shared/kinds.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  HOST_SUBNETS,
  NAMESPACES,
  NET_NAMESPACES,
  type Resource,
} from '../../shared/kube/resources.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION, RELEASE_ALL_ANNOTATION } from '../../shared/names.ts';
import type { AdmissionRequest } from '../../webhook/review.ts';
import {
  A,
  allocation,
  B,
  create,
  hostSubnet,
  LIST,
  namespace,
  netNamespace,
  optedIn,
  pool,
  remove,
  update,
} from './build.ts';
import { replicaOf, tell } from './replica.ts';

const IPS = `metadata.annotations[${EGRESSIPS_ANNOTATION}]`;
const POOL = `metadata.annotations[${EGRESSIPAM_ANNOTATION}]`;
const OWN = '10.0.128.11,10.0.144.1';
const WAY_OUT_A = `choose another IP of ${A}, or leave the annotation out to be given free IPs`;

type Objects = readonly (readonly [Resource, KubeObject])[];
interface Row {
  readonly when: string;
  readonly stored?: Objects;
  readonly request: AdmissionRequest;
  readonly answer: string;
  /** Writes and reads that the answer took. */
  readonly calls?: readonly string[];
}

const stored: Objects = [[EGRESSIPAMS, pool()]];
const created = ['create egressipallocations/10.0.128.11', 'create egressipallocations/10.0.144.1'];
const full = (cidr: string, from: number) =>
  Array.from({ length: 14 }, (_, index) => {
    const ip = `${cidr.slice(0, cidr.lastIndexOf('.'))}.${from + index}`;
    return [ALLOCATIONS, allocation(ip, `n${index}`, { phase: 'Bound' })] as const;
  });

const OUTSIDE: EgressIPAMStatus = {
  cloud: 'aws',
  observedGeneration: 1,
  conditions: [
    {
      type: 'InventoryFresh',
      status: 'False',
      reason: 'OutsideSubnets',
      message: 'add nodes there',
      lastTransitionTime: '2026-11-22T07:00:00Z',
    },
  ],
};

const rows: readonly Row[] = [
  { when: 'it does not opt in', request: create(namespace('a')), answer: 'allowed' },
  {
    when: 'it does not opt in, but has a list left over',
    request: create(namespace('a', { [EGRESSIPS_ANNOTATION]: 'whatever' })),
    answer: 'allowed',
  },
  {
    when: 'it names no EgressIPAM, only blanks',
    request: create(optedIn('a', undefined, ' ')),
    answer: 'allowed',
  },
  ...['openshift', 'openshift-monitoring', 'kube-system', 'default', 'egressip-ipam-operator'].map(
    (name) => ({
      when: `it is the system namespace ${name}`,
      request: create(optedIn(name)),
      answer: `allowed; warning: ${EGRESSIPAM_ANNOTATION} has no effect on a system namespace: it is given no egress IPs`,
    }),
  ),
  {
    when: 'a name is made up for it that begins like a system namespace',
    request: create({ metadata: { ...optedIn('').metadata, name: '', generateName: 'openshift-' } }),
    answer: `allowed; warning: ${EGRESSIPAM_ANNOTATION} has no effect on a system namespace: it is given no egress IPs`,
  },
  {
    when: 'a name is made up for it that only begins with the name of a system namespace',
    request: create({ metadata: { ...optedIn('').metadata, name: '', generateName: 'default' } }),
    answer: 'list 10.0.128.1,10.0.144.1',
    calls: ['create egressipallocations/10.0.128.1', 'create egressipallocations/10.0.144.1'],
  },
  {
    when: 'it is named like a system namespace, but is none',
    request: create(optedIn('openshifty')),
    answer: 'list 10.0.128.9,10.0.144.11',
    calls: ['create egressipallocations/10.0.128.9', 'create egressipallocations/10.0.144.11'],
  },
  {
    when: 'it is being deleted',
    request: update(optedIn('a', LIST), {
      metadata: { ...optedIn('a', 'nonsense').metadata, deletionTimestamp: '2026-11-22T07:00:00Z' },
    }),
    answer: 'allowed',
  },
  { when: 'it is deleted', request: remove(optedIn('a', LIST)), answer: 'allowed' },
  { when: 'it opts in', request: create(optedIn('a')), answer: `list ${OWN}`, calls: created },
  {
    when: 'it opts in with a blank list',
    request: create(optedIn('a', ' ')),
    answer: `list ${OWN}`,
    calls: created,
  },
  {
    when: 'it opts in later',
    request: update(namespace('a'), optedIn('a')),
    answer: `list ${OWN}`,
    calls: created,
  },
  {
    when: 'it opts in as a dry run',
    request: create(optedIn('a'), 'dryRun'),
    answer: `list ${OWN}`,
    calls: ['get egressipallocations/10.0.128.11', 'get egressipallocations/10.0.144.1'],
  },
  {
    when: 'it opts in with a valid list',
    request: create(optedIn('a', LIST)),
    answer: 'allowed',
    calls: ['create egressipallocations/10.0.128.7', 'create egressipallocations/10.0.144.7'],
  },
  {
    when: 'it opts in with a valid list in another order, with blanks',
    request: create(optedIn('a', ' 10.0.144.7 , 10.0.128.7')),
    answer: 'allowed',
    calls: ['create egressipallocations/10.0.144.7', 'create egressipallocations/10.0.128.7'],
  },
  {
    when: 'its list has every fault at once',
    stored: [
      ...stored,
      [EGRESSIPAMS, pool({ name: 'other', cidrs: ['10.0.160.0/28'] })],
      [ALLOCATIONS, allocation('10.0.128.5', 'b', { phase: 'Bound' })],
    ],
    request: create(
      optedIn('a', '10.0.128.5,010.0.144.7,10.0.128.300,10.0.160.3,::1,10.0.128.5,,10.0.128.0'),
    ),
    answer: [
      `422: ${IPS}: "010.0.144.7" has leading zeros; write 10.0.144.7 or 8.0.144.7`,
      `"10.0.128.300" is not an IPv4 address such as 10.0.128.7`,
      `10.0.160.3 is in no CIDR of EgressIPAM "pool"; list one IP from each of ${A}, ${B}`,
      `"::1" is IPv6; egress IPs are IPv4`,
      `10.0.128.5 is listed twice`,
      `an entry is empty; list IPs with one comma between them`,
      `10.0.128.5 and 10.0.128.0 are both of ${A}; list one IP from each of ${A}, ${B}`,
      `10.0.128.5 is allocated to namespace "b"; ${WAY_OUT_A}`,
      `10.0.128.0 is the network address of ${A}; ${WAY_OUT_A}`,
      `no IP of ${B} is listed; list one IP from each of ${A}, ${B}, or leave the annotation out`,
    ].join('; '),
  },
  {
    when: 'it lists the address of a node',
    stored: [...stored, [HOST_SUBNETS, hostSubnet('n1', '10.0.128.7')]],
    request: create(optedIn('a', LIST)),
    answer: `422: ${IPS}: 10.0.128.7 is the address of node "n1"; ${WAY_OUT_A}`,
  },
  {
    when: 'it lists a reserved IP',
    stored: [
      [
        EGRESSIPAMS,
        pool({ cidrs: [{ CIDR: A, labelValue: 'a', reservedIPs: ['10.0.128.5-10.0.128.9'] }, B] }),
      ],
    ],
    request: create(optedIn('a', LIST)),
    answer: `422: ${IPS}: 10.0.128.7 is in reservedIPs of ${A}; ${WAY_OUT_A}`,
  },
  {
    when: 'it lists an IP that the cloud uses',
    stored: [
      [
        EGRESSIPAMS,
        pool({
          status: {
            cloud: 'aws',
            observedGeneration: 1,
            cidrs: [
              {
                CIDR: A,
                labelValue: 'zone-0',
                size: 16,
                usable: 9,
                allocated: 0,
                resting: 0,
                free: 9,
                inUse: ['10.0.128.6-10.0.128.7'],
              },
            ],
          },
        }),
      ],
    ],
    request: create(optedIn('a', LIST)),
    answer: `422: ${IPS}: 10.0.128.7 is kept or used by the cloud; ${WAY_OUT_A}`,
  },
  {
    when: 'it lists an IP that another namespace lists',
    stored: [...stored, [NAMESPACES, optedIn('b', LIST)]],
    request: create(optedIn('a', '10.0.128.7,10.0.144.8')),
    answer: `422: ${IPS}: 10.0.128.7 is listed by namespace "b"; ${WAY_OUT_A}`,
  },
  {
    when: "it lists an IP on somebody's NetNamespace",
    stored: [...stored, [NET_NAMESPACES, netNamespace('b', '10.0.128.7')]],
    request: create(optedIn('a', LIST)),
    answer: `422: ${IPS}: 10.0.128.7 is on the NetNamespace of "b"; ${WAY_OUT_A}`,
  },
  {
    when: 'it lists an IP that a node hosts for nobody known',
    stored: [...stored, [HOST_SUBNETS, hostSubnet('n1', '192.0.2.1', '10.0.128.7')]],
    request: create(optedIn('a', LIST)),
    answer: `422: ${IPS}: 10.0.128.7 is on the HostSubnet of node "n1", though no allocation exists for it; ${WAY_OUT_A}`,
  },
  {
    when: 'it lists the IP that is on its own NetNamespace already',
    stored: [
      ...stored,
      [NET_NAMESPACES, netNamespace('a', '10.0.128.7')],
      [HOST_SUBNETS, hostSubnet('n1', '192.0.2.1', '10.0.128.7')],
    ],
    request: update(namespace('a'), optedIn('a', LIST)),
    answer: 'allowed',
    calls: ['create egressipallocations/10.0.128.7', 'create egressipallocations/10.0.144.7'],
  },
  {
    when: 'it names an EgressIPAM that does not exist',
    stored: [...stored, [EGRESSIPAMS, pool({ name: 'other', cidrs: ['10.0.160.0/28'] })]],
    request: create(optedIn('a', undefined, 'poll')),
    answer: `422: ${POOL}: EgressIPAM "poll" does not exist; use one of "other", "pool"`,
    calls: ['get egressipams/poll'],
  },
  ...['..', '.', 'a/b', 'Pool', 'pool?', '-pool', 'x'.repeat(254)].map((name) => ({
    when: `it names ${name.slice(0, 9)}, which cannot be a name`,
    request: create(optedIn('a', undefined, name)),
    answer: `422: ${POOL}: EgressIPAM "${name.length > 253 ? `${name.slice(0, 253)}…` : name}" does not exist; use one of "pool"`,
    calls: [],
  })),
  {
    when: 'it names an EgressIPAM and none exists',
    stored: [],
    request: create(optedIn('a')),
    answer: `422: ${POOL}: EgressIPAM "pool" does not exist; there is none yet, create it first`,
    calls: ['get egressipams/pool'],
  },
  {
    when: 'its EgressIPAM is invalid',
    stored: [[EGRESSIPAMS, pool({ cidrs: ['10.0.128.1/28'] })]],
    request: create(optedIn('a')),
    answer: `422: ${POOL}: EgressIPAM "pool" is invalid and gives out no IPs until it is corrected: spec.cidrAssignments[0].CIDR: "10.0.128.1/28" has host bits set; the network is ${A}`,
  },
  {
    when: 'its EgressIPAM is being deleted',
    stored: [[EGRESSIPAMS, pool({ metadata: { deletionTimestamp: '2026-11-22T07:00:00Z' } })]],
    request: create(optedIn('a')),
    answer: `422: ${POOL}: EgressIPAM "pool" is being deleted and gives out no more IPs; name another one`,
  },
  {
    when: 'its EgressIPAM lies where nobody can tell what the cloud uses: to wait would not help',
    stored: [[EGRESSIPAMS, pool({ status: OUTSIDE })]],
    request: create(optedIn('a')),
    answer: `422: ${POOL}: EgressIPAM "pool" gives out no IPs, because nobody can tell which addresses the cloud uses: add nodes there`,
  },
  {
    when: 'one pool is exhausted, and one IP rests',
    stored: [
      ...stored,
      ...full(A, 1).slice(1),
      [
        ALLOCATIONS,
        allocation('10.0.128.1', 'gone', {
          phase: 'Resting',
          status: {
            conditions: [
              {
                type: 'Released',
                status: 'True',
                reason: 'Unlisted',
                message: '',
                lastTransitionTime: '2026-11-22T07:10:00Z',
              },
            ],
          },
        }),
      ],
    ],
    request: create(optedIn('a')),
    answer: `422: ${POOL}: ${A} of EgressIPAM "pool" has no free IP (14 usable, 13 allocated, 1 resting; the next resting one comes free at 2026-11-22T07:15:00.000Z); release IPs, or name an EgressIPAM that has free ones`,
  },
  {
    when: 'one pool is exhausted, and two of its IPs are in use by nobody known',
    stored: [
      ...stored,
      ...full(A, 1).slice(2),
      [NET_NAMESPACES, netNamespace('b', '10.0.128.1')],
      [HOST_SUBNETS, hostSubnet('n1', '192.0.2.1', '10.0.128.1', '10.0.128.2')],
    ],
    request: create(optedIn('a')),
    answer: `422: ${POOL}: ${A} of EgressIPAM "pool" has no free IP (14 usable, 12 allocated, 0 resting, 2 in use without an allocation); release IPs, or name an EgressIPAM that has free ones`,
  },
  {
    when: 'it is updated in any other way, without a list, and its EgressIPAM is unknown',
    stored: [],
    request: update(optedIn('a'), { metadata: { ...optedIn('a').metadata, labels: { x: 'y' } } }),
    answer: 'allowed',
  },
  {
    when: 'it is updated in any other way, with a list that makes no sense',
    request: update(optedIn('a', 'nonsense'), optedIn('a', 'nonsense')),
    answer: 'allowed',
  },
  {
    when: 'an update leaves the list out',
    request: update(optedIn('a', LIST), optedIn('a')),
    answer: `list ${LIST}`,
  },
  {
    when: 'an update leaves the list out, and the old one was written in another order',
    request: update(optedIn('a', '10.0.144.7, 10.0.128.7'), optedIn('a')),
    answer: 'list 10.0.144.7, 10.0.128.7',
  },
  {
    when: 'an update leaves the list out and its EgressIPAM is unknown',
    stored: [],
    request: update(optedIn('a', LIST), optedIn('a')),
    answer: `list ${LIST}`,
  },
  {
    when: 'an update leaves a part of the list out',
    request: update(optedIn('a', LIST), optedIn('a', '10.0.144.7')),
    answer: `list ${LIST}; warning: ${IPS}: 10.0.128.7 put back; a namespace has one IP of each CIDR. Name others to change them`,
  },
  {
    when: 'an update only orders the list anew',
    request: update(optedIn('a', LIST), optedIn('a', '10.0.144.7, 10.0.128.7')),
    answer: 'allowed',
  },
  {
    when: 'an update changes one IP',
    request: update(optedIn('a', LIST), optedIn('a', '10.0.128.8,10.0.144.7')),
    answer: 'allowed',
    calls: ['create egressipallocations/10.0.128.8'],
  },
  {
    when: 'an update changes one IP and leaves the other out',
    request: update(optedIn('a', LIST), optedIn('a', '10.0.128.8')),
    answer: `list 10.0.128.8,10.0.144.7; warning: ${IPS}: 10.0.144.7 put back; a namespace has one IP of each CIDR. Name others to change them`,
    calls: ['create egressipallocations/10.0.128.8'],
  },
  {
    when: 'an update changes one IP to one that is taken, and the other has become a node meanwhile',
    stored: [
      ...stored,
      [ALLOCATIONS, allocation('10.0.128.8', 'b')],
      [HOST_SUBNETS, hostSubnet('n1', '10.0.144.7')],
    ],
    request: update(optedIn('a', LIST), optedIn('a', '10.0.128.8,10.0.144.7')),
    answer: `422: ${IPS}: 10.0.128.8 is allocated to namespace "b"; ${WAY_OUT_A}`,
  },
  {
    when: 'an update adds nonsense to the list',
    request: update(optedIn('a', LIST), optedIn('a', `${LIST},x`)),
    answer: `422: ${IPS}: "x" is not an IPv4 address such as 10.0.128.7`,
  },
  {
    when: 'an update takes the nonsense out of a list that was invalid',
    request: update(optedIn('a', `${LIST},10.0.128.8,x`), optedIn('a', LIST)),
    answer: 'allowed',
  },
  {
    when: 'an update leaves out a list of which nothing can be served',
    request: update(optedIn('a', 'x,10.1.1.1'), optedIn('a')),
    answer: `list ${OWN}`,
    calls: created,
  },
  {
    when: 'an update leaves out such a list while its pool is exhausted',
    stored: [...stored, ...full(A, 1)],
    request: update(optedIn('a', 'x,10.1.1.1'), optedIn('a')),
    answer: `list x,10.1.1.1; warning: ${IPS}: put back as it was, since no other IPs can be given now: ${POOL}: ${A} of EgressIPAM "pool" has no free IP (14 usable, 14 allocated, 0 resting); release IPs, or name an EgressIPAM that has free ones`,
  },
  {
    when: 'an update leaves out such a list while its EgressIPAM was not looked at yet',
    stored: [[EGRESSIPAMS, pool({ status: {} })]],
    request: update(optedIn('a', 'x,10.1.1.1'), optedIn('a')),
    answer: `list x,10.1.1.1; warning: ${IPS}: put back as it was, since no other IPs can be given now: EgressIPAM "pool" is new or was changed, and the reconciler has not looked at its nodes yet; try again in a moment`,
  },
  {
    when: 'the reconciler adds the IP of a CIDR that is new',
    stored: [...stored, [ALLOCATIONS, allocation('10.0.144.9', 'a')]],
    request: update(optedIn('a', '10.0.128.7'), optedIn('a', '10.0.128.7,10.0.144.9')),
    answer: 'allowed',
    calls: ['get egressipallocations/10.0.144.9', 'replace egressipallocations/10.0.144.9'],
  },
  {
    when: 'an update changes the one IP of a list that lacks the IP of a new CIDR',
    request: update(optedIn('a', '10.0.128.7'), optedIn('a', '10.0.128.8')),
    answer: 'list 10.0.128.8,10.0.144.1',
    calls: ['create egressipallocations/10.0.128.8', 'create egressipallocations/10.0.144.1'],
  },
  {
    when: 'an update leaves the list out while everything of its EgressIPAM is released',
    stored: [
      [
        EGRESSIPAMS,
        pool({
          metadata: {
            deletionTimestamp: '2026-11-22T07:00:00Z',
            annotations: { [RELEASE_ALL_ANNOTATION]: 'true' },
          },
        }),
      ],
    ],
    request: update(optedIn('a', LIST), optedIn('a')),
    answer: 'allowed',
  },
  {
    when: 'it is pointed to another EgressIPAM, the old list still there',
    stored: [...stored, [EGRESSIPAMS, pool({ name: 'other', cidrs: ['10.0.160.0/28'] })]],
    request: update(optedIn('a', LIST), optedIn('a', LIST, 'other')),
    answer: 'list 10.0.160.1',
    calls: ['create egressipallocations/10.0.160.1'],
  },
  {
    when: 'it is pointed to another EgressIPAM with a list for that',
    stored: [...stored, [EGRESSIPAMS, pool({ name: 'other', cidrs: ['10.0.160.0/28'] })]],
    request: update(optedIn('a', LIST), optedIn('a', '10.0.160.5', 'other')),
    answer: 'allowed',
    calls: ['create egressipallocations/10.0.160.5'],
  },
  {
    when: 'its EgressIPAM was made anew under another name',
    stored: [
      [EGRESSIPAMS, pool({ name: 'renamed' })],
      [ALLOCATIONS, allocation('10.0.128.7', 'a', { phase: 'Bound' })],
      [ALLOCATIONS, allocation('10.0.144.7', 'a', { phase: 'Bound' })],
    ],
    request: update(optedIn('a', LIST), optedIn('a', LIST, 'renamed')),
    answer: 'allowed',
    calls: [
      'get egressipallocations/10.0.128.7',
      'get egressipallocations/10.0.144.7',
      'replace egressipallocations/10.0.128.7',
      'replace egressipallocations/10.0.144.7',
    ],
  },
  {
    when: 'its EgressIPAM was made anew under another name, and its allocations are gone',
    stored: [[EGRESSIPAMS, pool({ name: 'renamed' })]],
    request: update(optedIn('a', LIST), optedIn('a', LIST, 'renamed')),
    answer: 'allowed',
    calls: ['create egressipallocations/10.0.128.7', 'create egressipallocations/10.0.144.7'],
  },
  {
    when: 'it opts out',
    request: update(optedIn('a', LIST), namespace('a', { [EGRESSIPS_ANNOTATION]: LIST, other: 'stays' })),
    answer: 'list removed',
  },
  {
    when: 'it opts out and removes the list itself',
    request: update(optedIn('a', LIST), namespace('a')),
    answer: 'allowed',
  },
];

for (const row of rows) {
  t.test(`when ${row.when}`, async (t) => {
    const replica = replicaOf(row.stored ?? stored);
    t.equal(tell(await replica.ask(row.request)), row.answer);
    t.same(replica.api.calls, row.calls ?? []);
  });
}
