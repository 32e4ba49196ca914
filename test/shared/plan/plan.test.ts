// The whole: EgressIPAMs' finalizers and deletion, IPs with an action under way, and that a plan depends on
// nothing else but its world.
import t from 'tap';
import { FINALIZER, GO_OPERATOR_FINALIZER } from '../../../shared/names.ts';
import { describe } from '../../../shared/plan/actions.ts';
import { plan } from '../../../shared/plan/plan.ts';
import type { Tale } from './build.ts';
import { cluster } from './build.ts';
import { ip, worldOf } from './cluster.ts';
import { run, sentences } from './run.ts';
import { check } from './table.ts';

const POOL = { cidrs: { '10.0.1.0/24': 'a' } };
const served = { namespaces: { a: ['10.0.1.10'] }, serves: [['a', '10.0.1.10', 'n1']] } satisfies Tale;

t.test(
  'an EgressIPAM carries our finalizer while it is there, and loses it when nothing is left to release',
  async (t) => {
    const set = (...names: readonly string[]) => [
      `set the finalizers of EgressIPAM pool to [${names.join(', ')}]`,
    ];
    check(t, [
      {
        title: 'a new one',
        tale: { egressIPAMs: { pool: { ...POOL, finalizers: [] } } },
        steps: set(FINALIZER),
      },
      {
        title: 'one with the finalizer of somebody else',
        tale: { egressIPAMs: { pool: { ...POOL, finalizers: ['x'] } } },
        steps: set('x', FINALIZER),
      },
      {
        title: 'one that the Go operator has left',
        tale: { egressIPAMs: { pool: { ...POOL, finalizers: ['x', GO_OPERATOR_FINALIZER] } } },
        steps: set('x', FINALIZER),
      },
      {
        title: 'an invalid one is left as it is',
        tale: { egressIPAMs: { pool: { cidrs: { nonsense: 'a' }, finalizers: [GO_OPERATOR_FINALIZER] } } },
        steps: [],
      },
      {
        title: 'an invalid one that is deleted can always go',
        tale: {
          egressIPAMs: {
            pool: { cidrs: { nonsense: 'a' }, finalizers: ['x', GO_OPERATOR_FINALIZER], deleting: 'waits' },
          },
        },
        steps: set('x'),
      },
      {
        title: 'a valid one that is deleted, and serves nobody',
        tale: { egressIPAMs: { pool: { ...POOL, deleting: 'waits' } } },
        steps: set(),
      },
      {
        title: 'one that is deleted while it serves somebody waits',
        tale: { ...served, egressIPAMs: { pool: { ...POOL, deleting: 'waits' } } },
        steps: [],
      },
      {
        title: 'so does one that is only listed',
        tale: {
          namespaces: { a: { ips: ['10.0.1.10'] } },
          allocations: { '10.0.1.10': { for: 'a' } },
          inventory: 'none',
          egressIPAMs: { pool: { ...POOL, deleting: 'waits' } },
        },
        steps: [],
      },
      {
        title: 'one with both finalizers that waits keeps both: none can be added to what is being deleted',
        tale: {
          ...served,
          egressIPAMs: { pool: { ...POOL, deleting: 'waits', finalizers: [GO_OPERATOR_FINALIZER] } },
        },
        steps: [],
      },
      { title: 'the control: nothing to do', tale: { egressIPAMs: { pool: POOL } }, steps: [] },
    ]);
  },
);

t.test('an EgressIPAM that is deleted with release-all gives everything back, then goes (D26)', async (t) => {
  const released = [
    'take the list of IPs off namespace a: its EgressIPAM releases everything',
    'begin to release 10.0.1.10',
    'NetNamespace a: remove 10.0.1.10',
  ];
  check(t, [
    {
      title: 'on AWS',
      tale: { ...served, egressIPAMs: { pool: { ...POOL, deleting: 'release all' } } },
      time: 'goes by',
      steps: [
        ...released,
        'HostSubnet n1: remove 10.0.1.10',
        'unassign 10.0.1.10 from eni-n1',
        'let 10.0.1.10 rest',
        'set the finalizers of EgressIPAM pool to []',
        'wait 300 s',
        'delete the allocation of 10.0.1.10',
      ],
      traffic: ['a node'],
    },
    {
      title: 'on bare metal: the CIDR is offered until the last IP is off, and the finalizer goes last',
      tale: {
        ...served,
        cloud: 'none',
        nodes: { n1: { zone: 'a', egressCIDRs: ['10.0.1.0/24'] } },
        egressIPAMs: { pool: { ...POOL, deleting: 'release all' } },
      },
      steps: [
        ...released,
        'let 10.0.1.10 rest',
        'HostSubnet n1: set egressCIDRs to []',
        'set the finalizers of EgressIPAM pool to []',
      ],
    },
    {
      title: 'with EC2 out of reach it goes, too; what could not be taken off stays visible as an allocation',
      tale: {
        ...served,
        nodes: { n1: { zone: 'a', instance: 'unread' } },
        egressIPAMs: { pool: { ...POOL, deleting: 'release all' } },
      },
      time: 'goes by',
      steps: [...released, 'HostSubnet n1: remove 10.0.1.10', 'set the finalizers of EgressIPAM pool to []'],
      traffic: ['a node'],
    },
    {
      title: 'before EC2 was asked at all, nobody knows whether it would tell: it stays until then',
      tale: { ...served, inventory: 'none', egressIPAMs: { pool: { ...POOL, deleting: 'release all' } } },
      time: 'goes by',
      steps: [...released, 'HostSubnet n1: remove 10.0.1.10'],
      traffic: ['a node'],
    },
    {
      title: 'another EgressIPAM goes on',
      tale: {
        egressIPAMs: { pool: { ...POOL, deleting: 'release all' }, other: { cidrs: { '10.0.2.0/24': 'b' } } },
        nodes: { n1: 'a', n2: 'b' },
        namespaces: { a: ['10.0.1.10'], b: { egressIPAM: 'other', ips: ['10.0.2.10'] } },
        serves: [
          ['a', '10.0.1.10', 'n1'],
          ['b', '10.0.2.10', 'n2'],
        ],
      },
      steps: [
        ...released,
        'HostSubnet n1: remove 10.0.1.10',
        'unassign 10.0.1.10 from eni-n1',
        'let 10.0.1.10 rest',
        'set the finalizers of EgressIPAM pool to []',
      ],
      traffic: ['a node', 'b active from 10.0.2.10'],
    },
  ]);
});

t.test(
  'an IP with an action under way, or whose last call has not been answered, is left as it is',
  async (t) => {
    const rows: readonly [string, Tale, readonly string[]][] = [
      ['a grant', { namespaces: { a: ['10.0.1.10'] } }, ['claim 10.0.1.10 of 10.0.1.0/24 for namespace a']],
      [
        'a move',
        { ...served, nodes: { n1: { zone: 'a', notReadyFor: 1000 }, n2: 'a' } },
        ['HostSubnet n1: remove 10.0.1.10'],
      ],
      [
        'a release',
        { allocations: { '10.0.1.10': { for: 'a', phase: 'Bound' } } },
        ['begin to release 10.0.1.10'],
      ],
      [
        'what is collected',
        { allocations: { '10.0.1.10': { for: 'a' } } },
        ['delete the allocation of 10.0.1.10'],
      ],
      [
        'what is on the wrong NetNamespace',
        {
          ...served,
          namespaces: { a: ['10.0.1.10'], b: { egressIPAM: 'none' } },
          used: { b: ['10.0.1.10'] },
        },
        ['NetNamespace b: remove 10.0.1.10'],
      ],
      [
        'what a namespace is about to list',
        { namespaces: { a: {} }, allocations: { '10.0.1.10': { for: 'a' } } },
        ['list 10.0.1.10 on namespace a: it had no IP of 10.0.1.0/24'],
      ],
      [
        'what the SDN has placed on a node that is cordoned',
        {
          ...served,
          cloud: 'none',
          nodes: {
            n1: { zone: 'a', cordoned: true, egressCIDRs: ['10.0.1.0/24'] },
            n2: { zone: 'a', egressCIDRs: ['10.0.1.0/24'] },
          },
        },
        ['HostSubnet n1: remove 10.0.1.10 and set egressCIDRs to []'],
      ],
    ];
    for (const [title, tale, free] of rows) {
      const it = cluster(tale);
      t.same(sentences(it), free, `${title}: the control`);
      const busy = plan(worldOf(it, new Set([ip('10.0.1.10')]))).actions.map(describe);
      t.same(
        busy.filter((sentence) => sentence.includes('10.0.1.10')),
        [],
        title,
      );
    }
  },
);

t.test('an old IP that is busy keeps the new one off the NetNamespace', async (t) => {
  const it = cluster({
    namespaces: { a: ['10.0.1.11'] },
    allocations: {
      '10.0.1.10': { for: 'a', phase: 'Releasing', node: 'n1' },
      '10.0.1.11': { for: 'a', phase: 'Bound', node: 'n2' },
    },
    assigned: { n1: ['10.0.1.10'], n2: ['10.0.1.11'] },
    hosted: { n1: ['10.0.1.10'], n2: ['10.0.1.11'] },
    used: { a: ['10.0.1.10'] },
  });
  t.same(plan(worldOf(it, new Set([ip('10.0.1.10')]))).actions, []);
  t.same(sentences(it), ['NetNamespace a: add 10.0.1.11, remove 10.0.1.10'], 'the control');
});

t.test('a room that is promised is taken, wherever it will be', async (t) => {
  const it = cluster({
    nodes: { n1: { zone: 'a', slots: 1 }, n2: { zone: 'a', slots: 1 } },
    namespaces: { a: ['10.0.1.10'], b: ['10.0.1.11'] },
    allocations: { '10.0.1.10': { for: 'a' }, '10.0.1.11': { for: 'b' } },
  });
  const busy = new Set([ip('10.0.1.10')]);
  const next = (node: string) =>
    plan({ ...worldOf(it, busy), promised: new Map([[ip('10.0.1.10'), node]]) }).actions.map(describe);
  t.same(next('n1'), ['bind 10.0.1.11 to namespace b on node n2, eni-n2']);
  t.same(next('n2'), ['bind 10.0.1.11 to namespace b on node n1, eni-n1']);
});

t.test('a plan says when time alone makes something due', async (t) => {
  const wakes = (tale: Tale) => plan(worldOf(cluster(tale))).wakeIn;
  t.equal(wakes({}), undefined);
  t.equal(wakes(served), undefined);
  t.equal(wakes({ allocations: { '10.0.1.10': { for: 'a', unlistedFor: 50_000 } } }), 70_000);
  t.equal(wakes({ allocations: { '10.0.1.10': { for: 'a', phase: 'Bound', seenFor: 20_000 } } }), 100_000);
  t.equal(
    wakes({
      allocations: {
        '10.0.1.10': { for: 'a', phase: 'Resting', restedFor: 250_000 },
        '10.0.1.11': { for: 'a', phase: 'Bound', seenFor: 110_000 },
      },
    }),
    10_000,
    'the sooner of two',
  );
});

t.test('a plan does not depend on the order in which things were seen', async (t) => {
  const tale: Tale = {
    nodes: { n1: { zone: 'a', notReadyFor: 1000 }, n2: 'a', n3: 'a' },
    namespaces: { a: ['10.0.1.10'], b: ['10.0.1.11'], c: {}, d: { egressIPAM: 'none' } },
    serves: [
      ['a', '10.0.1.10', 'n1'],
      ['b', '10.0.1.11', 'n1'],
      ['d', '10.0.1.12', 'n2'],
    ],
  };
  const reversed: Tale = {
    ...tale,
    nodes: Object.fromEntries(Object.entries(tale.nodes ?? {}).reverse()),
    namespaces: Object.fromEntries(Object.entries(tale.namespaces ?? {}).reverse()),
    serves: [...(tale.serves ?? [])].reverse(),
  };
  const said = sentences(cluster(tale)).map((sentence) => sentence.replace(/10\.0\.1\.20\d/g, 'node'));
  t.same(sentences(cluster(reversed)), said);
  t.same(run(cluster(reversed)), run(cluster(tale)));
});
