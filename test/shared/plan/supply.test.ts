// IPs for namespaces that lack one: own claims first, then free ones; the list changes once, when all that
// can be had is had.
import t from 'tap';
import type { Tale } from './build.ts';
import { cluster } from './build.ts';
import { planOf, sentences } from './run.ts';
import { check } from './table.ts';

const ONE_LEFT = { pool: { cidrs: { '10.0.1.10/31': 'a' } } };

t.test('a namespace that lists nothing is given one IP of each CIDR', async (t) => {
  check(t, [
    {
      title: 'admitted while the webhook was away',
      tale: {
        egressIPAMs: { pool: { cidrs: { '10.0.1.10/32': 'a', '10.0.2.10/32': 'b' } } },
        nodes: { n1: 'a', n2: 'b' },
        namespaces: { a: {} },
      },
      steps: [
        'claim 10.0.1.10 of 10.0.1.10/32 for namespace a',
        'claim 10.0.2.10 of 10.0.2.10/32 for namespace a',
        'list 10.0.1.10,10.0.2.10 on namespace a: it had no IP of 10.0.1.10/32; it had no IP of 10.0.2.10/32',
        'bind 10.0.1.10 to namespace a on node n1, eni-n1',
        'bind 10.0.2.10 to namespace a on node n2, eni-n2',
        'assign 10.0.1.10 to eni-n1 of node n1',
        'assign 10.0.2.10 to eni-n2 of node n2',
        'HostSubnet n1: add 10.0.1.10',
        'HostSubnet n2: add 10.0.2.10',
        'NetNamespace a: add 10.0.1.10, 10.0.2.10',
      ],
      traffic: ['a active from 10.0.1.10, 10.0.2.10'],
    },
    {
      title: 'its list is blank: that is no list',
      tale: {
        egressIPAMs: ONE_LEFT,
        namespaces: { a: { text: ' ' } },
        allocations: { '10.0.1.11': { for: 'b' } },
      },
      steps: [
        'claim 10.0.1.10 of 10.0.1.10/31 for namespace a',
        'delete the allocation of 10.0.1.11',
        'list 10.0.1.10 on namespace a: it had no IP of 10.0.1.10/31',
        'bind 10.0.1.10 to namespace a on node n1, eni-n1',
        'assign 10.0.1.10 to eni-n1 of node n1',
        'HostSubnet n1: add 10.0.1.10',
        'NetNamespace a: add 10.0.1.10',
      ],
    },
    {
      title: 'the control: not opted in',
      tale: { egressIPAMs: ONE_LEFT, namespaces: { a: { egressIPAM: 'none' } } },
      steps: [],
    },
    {
      title: 'the control: it is being deleted',
      tale: { egressIPAMs: ONE_LEFT, namespaces: { a: { terminating: true } } },
      steps: [],
    },
    {
      title: 'the control: its EgressIPAM is being deleted',
      tale: {
        egressIPAMs: { pool: { ...ONE_LEFT.pool, deleting: 'waits', finalizers: ['x'] } },
        namespaces: { a: {} },
      },
      steps: [],
    },
  ]);
});

t.test('own claims first, in any phase, and none of them is collected meanwhile', async (t) => {
  const rows: readonly [string, Tale, readonly string[]][] = [
    [
      'a claim whose namespace write was lost',
      { namespaces: { a: {} }, allocations: { '10.0.1.10': { for: 'a' } } },
      ['list 10.0.1.10 on namespace a: it had no IP of 10.0.1.0/24'],
    ],
    [
      'one that is being released',
      { namespaces: { a: {} }, allocations: { '10.0.1.10': { for: 'a', phase: 'Releasing' } } },
      ['list 10.0.1.10 on namespace a: it had no IP of 10.0.1.0/24'],
    ],
    [
      'one that rests, and has rested enough',
      {
        namespaces: { a: {} },
        allocations: { '10.0.1.10': { for: 'a', phase: 'Resting', restedFor: 3_600_000 } },
      },
      ['list 10.0.1.10 on namespace a: it had no IP of 10.0.1.0/24'],
    ],
    [
      'the claim of another CIDR is waited for: this one is kept',
      {
        egressIPAMs: { pool: { cidrs: { '10.0.1.10/32': 'a', '10.0.2.10/32': 'b' } } },
        nodes: { n1: 'a', n2: 'b' },
        namespaces: { a: {} },
        allocations: { '10.0.1.10': { for: 'a' } },
      },
      ['claim 10.0.2.10 of 10.0.2.10/32 for namespace a'],
    ],
    [
      'the control: one of somebody else is collected, not taken',
      { egressIPAMs: ONE_LEFT, namespaces: { a: {} }, allocations: { '10.0.1.10': { for: 'b' } } },
      ['claim 10.0.1.11 of 10.0.1.10/31 for namespace a', 'delete the allocation of 10.0.1.10'],
    ],
    [
      'the control: one that somebody has asked to delete is not taken',
      {
        egressIPAMs: ONE_LEFT,
        namespaces: { a: {} },
        allocations: { '10.0.1.10': { for: 'a', phase: 'Releasing', deleting: true } },
      },
      ['claim 10.0.1.11 of 10.0.1.10/31 for namespace a', 'let 10.0.1.10 rest'],
    ],
    [
      'the control: one of ours that somebody else in the VPC has by now is not taken',
      {
        egressIPAMs: ONE_LEFT,
        namespaces: { a: {} },
        allocations: { '10.0.1.10': { for: 'a', phase: 'Bound' } },
        foreign: { 'eni-lb': ['10.0.1.10'] },
      },
      ['claim 10.0.1.11 of 10.0.1.10/31 for namespace a', 'begin to release 10.0.1.10'],
    ],
    [
      'the control: one that is reserved by now is not taken',
      {
        egressIPAMs: { pool: { ...ONE_LEFT.pool, reserved: ['10.0.1.10'] } },
        namespaces: { a: {} },
        allocations: { '10.0.1.10': { for: 'a' } },
      },
      ['claim 10.0.1.11 of 10.0.1.10/31 for namespace a', 'delete the allocation of 10.0.1.10'],
    ],
  ];
  for (const [title, tale, expected] of rows) t.same(sentences(cluster(tale)), expected, title);
});

t.test('an own claim is listed when EC2 shows that nobody else has it, and kept until then', async (t) => {
  const unread: Tale = { namespaces: { a: {} }, inventory: 'none' };
  const rows: readonly [string, Tale, readonly string[]][] = [
    ['a claim', { ...unread, allocations: { '10.0.1.10': { for: 'a' } } }, []],
    [
      'one that rests, and has rested enough',
      { ...unread, allocations: { '10.0.1.10': { for: 'a', phase: 'Resting', restedFor: 3_600_000 } } },
      [],
    ],
    [
      'the control: what is ours is on no interface but our own',
      { ...unread, allocations: { '10.0.1.10': { for: 'a', phase: 'Releasing' } } },
      ['list 10.0.1.10 on namespace a: it had no IP of 10.0.1.0/24'],
    ],
    [
      'its subnet was not read: the other CIDR does not wait for it',
      {
        egressIPAMs: { pool: { cidrs: { '10.0.1.0/24': 'a', '10.0.2.0/24': 'b' } } },
        namespaces: { a: {} },
        allocations: { '10.0.1.10': { for: 'a' }, '10.0.2.10': { for: 'a' } },
      },
      ['list 10.0.1.10 on namespace a: it had no IP of 10.0.1.0/24'],
    ],
  ];
  for (const [title, tale, expected] of rows) t.same(sentences(cluster(tale)), expected, title);
});

t.test(
  'a pool that grew: every namespace of it gets the missing IP, and keeps the others (D12)',
  async (t) => {
    check(t, [
      {
        title: 'a CIDR in another zone was added, before the first one',
        tale: {
          egressIPAMs: { pool: { cidrs: { '10.0.2.10/32': 'b', '10.0.1.0/24': 'a' } } },
          nodes: { n1: 'a', n2: 'b' },
          namespaces: { a: ['10.0.1.10'] },
          serves: [['a', '10.0.1.10', 'n1']],
        },
        steps: [
          'claim 10.0.2.10 of 10.0.2.10/32 for namespace a',
          'list 10.0.2.10,10.0.1.10 on namespace a: it had no IP of 10.0.2.10/32',
          'bind 10.0.2.10 to namespace a on node n2, eni-n2',
          'assign 10.0.2.10 to eni-n2 of node n2',
          'HostSubnet n2: add 10.0.2.10',
          'NetNamespace a: add 10.0.2.10',
        ],
        traffic: ['a active from 10.0.1.10, 10.0.2.10'],
      },
    ]);
  },
);

t.test('a full CIDR concerns itself only (D16)', async (t) => {
  check(t, [
    {
      title: 'the other CIDR is given, the namespace is told, and nobody else notices',
      tale: {
        egressIPAMs: { pool: { cidrs: { '10.0.1.10/32': 'a', '10.0.2.10/31': 'b' } } },
        nodes: { n1: 'a', n2: { zone: 'a', notReadyFor: 1000 }, n3: 'b' },
        namespaces: { a: ['10.0.1.10', '10.0.2.10'], b: {} },
        serves: [
          ['a', '10.0.1.10', 'n2'],
          ['a', '10.0.2.10', 'n3'],
        ],
      },
      time: 'goes by',
      steps: [
        'claim 10.0.2.11 of 10.0.2.10/31 for namespace b',
        'list 10.0.2.11 on namespace b: it had no IP of 10.0.2.10/31',
        'bind 10.0.2.11 to namespace b on node n3, eni-n3',
        'assign 10.0.2.11 to eni-n3 of node n3',
        'HostSubnet n3: add 10.0.2.11',
        'NetNamespace b: add 10.0.2.11',
        'wait 299 s',
        'HostSubnet n2: remove 10.0.1.10',
        'move 10.0.1.10 to eni-n1 of node n1',
        'HostSubnet n1: add 10.0.1.10',
        'record 10.0.1.10 on node n1, eni-n1',
      ],
      told: ['PoolExhausted about b'],
      traffic: ['a active from 10.0.1.10, 10.0.2.10', 'b active from 10.0.2.11'],
    },
    {
      title: 'it goes on by itself when an address comes free',
      tale: {
        egressIPAMs: { pool: { cidrs: { '10.0.1.10/32': 'a' } } },
        namespaces: { b: {} },
        allocations: { '10.0.1.10': { for: 'a', phase: 'Resting', restedFor: 299_000 } },
      },
      time: 'goes by',
      steps: [
        'wait 1 s',
        'delete the allocation of 10.0.1.10',
        'claim 10.0.1.10 of 10.0.1.10/32 for namespace b',
        'list 10.0.1.10 on namespace b: it had no IP of 10.0.1.10/32',
        'bind 10.0.1.10 to namespace b on node n1, eni-n1',
        'assign 10.0.1.10 to eni-n1 of node n1',
        'HostSubnet n1: add 10.0.1.10',
        'NetNamespace b: add 10.0.1.10',
      ],
      told: ['PoolExhausted about b'],
    },
  ]);
});

t.test('nothing is chosen where nobody knows what is free (D1)', async (t) => {
  check(t, [
    { title: 'EC2 was not read yet', tale: { namespaces: { a: {} }, inventory: 'none' }, steps: [] },
    {
      title: 'the last look is old',
      tale: { namespaces: { a: {} } },
      but: (it) => {
        it.inventoryAge = 150_001;
      },
      steps: [],
    },
    {
      title: 'the CIDR lies in no subnet that was read',
      tale: { nodes: { n1: 'b' }, namespaces: { a: {} } },
      steps: [],
      told: ['NoHost about a'],
    },
  ]);
});

t.test('two namespaces that list one IP: whose it is keeps it, the other is given another', async (t) => {
  check(t, [
    {
      title: 'it is b’s',
      tale: {
        egressIPAMs: ONE_LEFT,
        namespaces: { a: ['10.0.1.10'], b: ['10.0.1.10'] },
        serves: [['b', '10.0.1.10', 'n1']],
      },
      steps: [
        'claim 10.0.1.11 of 10.0.1.10/31 for namespace a',
        'list 10.0.1.11 on namespace a: 10.0.1.10 belongs to namespace b',
        'bind 10.0.1.11 to namespace a on node n2, eni-n2',
        'assign 10.0.1.11 to eni-n2 of node n2',
        'HostSubnet n2: add 10.0.1.11',
        'NetNamespace a: add 10.0.1.11',
      ],
      traffic: ['a active from 10.0.1.11', 'b active from 10.0.1.10'],
    },
    {
      title: 'nobody’s yet: the first by name has it',
      tale: { egressIPAMs: ONE_LEFT, namespaces: { a: ['10.0.1.10'], b: ['10.0.1.10'] } },
      steps: [
        'claim 10.0.1.10 of 10.0.1.10/31 for namespace a',
        'claim 10.0.1.11 of 10.0.1.10/31 for namespace b',
        'bind 10.0.1.10 to namespace a on node n1, eni-n1',
        'list 10.0.1.11 on namespace b: 10.0.1.10 belongs to namespace a',
        'assign 10.0.1.10 to eni-n1 of node n1',
        'bind 10.0.1.11 to namespace b on node n2, eni-n2',
        'HostSubnet n1: add 10.0.1.10',
        'assign 10.0.1.11 to eni-n2 of node n2',
        'HostSubnet n2: add 10.0.1.11',
        'NetNamespace a: add 10.0.1.10',
        'NetNamespace b: add 10.0.1.11',
      ],
    },
  ]);
});

t.test(
  'a list that cannot be served is told, asks for nothing new, and costs nothing that is there (D13)',
  async (t) => {
    check(t, [
      {
        title: 'one entry is a typo: the other is served on',
        tale: {
          egressIPAMs: { pool: { cidrs: { '10.0.1.0/24': 'a', '10.0.2.0/24': 'b' } } },
          nodes: { n1: 'a', n2: 'b' },
          namespaces: { a: { text: '10.0.1.10,10.0.2.1O' }, b: ['10.0.1.11', '10.0.2.11'] },
          serves: [
            ['a', '10.0.1.10', 'n1'],
            ['b', '10.0.1.11', 'n1'],
            ['b', '10.0.2.11', 'n2'],
          ],
        },
        steps: [],
        told: ['InvalidEgressIPs about a'],
        traffic: ['a active from 10.0.1.10', 'b active from 10.0.1.11, 10.0.2.11'],
      },
      {
        title: 'an EgressIPAM that nobody knows',
        tale: {
          namespaces: { a: { egressIPAM: 'gone', ips: ['10.0.1.10'] } },
          serves: [['a', '10.0.1.10', 'n1']],
        },
        steps: [],
        told: ['EgressIPAMNotFound about a'],
        traffic: ['a active from 10.0.1.10'],
      },
      {
        title: 'the control: the list is mended',
        tale: {
          egressIPAMs: { pool: { cidrs: { '10.0.1.0/24': 'a', '10.0.2.10/32': 'b' } } },
          nodes: { n1: 'a', n2: 'b' },
          namespaces: { a: ['10.0.1.10', '10.0.2.10'] },
          serves: [['a', '10.0.1.10', 'n1']],
          inventory: 'none',
        },
        steps: ['claim 10.0.2.10 of 10.0.2.10/32 for namespace a'],
      },
    ]);
  },
);

t.test('many namespaces that ask at once are each given another address', async (t) => {
  const names = Array.from({ length: 200 }, (_, at) => `ns-${at}`);
  const made = planOf(cluster({ namespaces: Object.fromEntries(names.map((name) => [name, {}])) }));
  const claimed = made.actions.flatMap((action) => (action.kind === 'claim' ? [action.ip] : []));
  t.equal(claimed.length, 200);
  t.equal(new Set(claimed).size, 200);
});
