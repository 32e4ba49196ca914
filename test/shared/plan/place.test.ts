// Which node hosts which IP, and what happens to an IP whose node goes: one IP moves, nobody else notices.
import t from 'tap';
import type { Tale } from './build.ts';
import { cluster, MINUTE } from './build.ts';
import { planOf } from './run.ts';
import { check } from './table.ts';

const MOVE = [
  'HostSubnet n1: remove 10.0.1.10',
  'move 10.0.1.10 to eni-n2 of node n2',
  'HostSubnet n2: add 10.0.1.10',
  'record 10.0.1.10 on node n2, eni-n2',
];
const one = { namespaces: { a: ['10.0.1.10'] }, serves: [['a', '10.0.1.10', 'n1']] } satisfies Tale;

t.test('the only IP of a namespace moves at once from a node that is lost', async (t) => {
  check(t, [
    {
      title: 'NotReady for a second',
      tale: { ...one, nodes: { n1: { zone: 'a', notReadyFor: 1000 }, n2: 'a' } },
      steps: MOVE,
      traffic: ['a active from 10.0.1.10'],
    },
    {
      title: 'NotReady, its instance terminated: there is no interface to move it from',
      tale: { ...one, nodes: { n1: { zone: 'a', notReadyFor: 1000, instance: 'gone' }, n2: 'a' } },
      steps: [
        'HostSubnet n1: remove 10.0.1.10',
        'record 10.0.1.10 on node n2, eni-n2',
        'assign 10.0.1.10 to eni-n2 of node n2',
        'HostSubnet n2: add 10.0.1.10',
      ],
      traffic: ['a active from 10.0.1.10'],
    },
    {
      title: 'the node was deleted, its HostSubnet with it, and its instance lives on',
      tale: {
        ...one,
        serves: [],
        nodes: { n2: 'a' },
        used: { a: ['10.0.1.10'] },
        allocations: { '10.0.1.10': { for: 'a', phase: 'Bound', node: 'n1', interface: 'eni-n1' } },
        foreign: { 'eni-n1': ['10.0.1.250', '10.0.1.10'] },
      },
      steps: MOVE.slice(1),
      traffic: ['a active from 10.0.1.10'],
    },
    {
      title: 'the node was deleted, its HostSubnet is still there',
      tale: { ...one, nodes: { n1: 'a', n2: 'a' } },
      but: (it) => {
        it.nodes.delete('n1');
        it.interfaces.delete('eni-n1');
      },
      steps: [
        'HostSubnet n1: remove 10.0.1.10',
        'record 10.0.1.10 on node n2, eni-n2',
        'assign 10.0.1.10 to eni-n2 of node n2',
        'HostSubnet n2: add 10.0.1.10',
      ],
    },
    { title: 'the control: the node is Ready', tale: one, steps: [] },
  ]);
});

t.test('nothing free: the IP stays where it is, for the node may come back', async (t) => {
  const full = { zone: 'a', slots: 0 };
  check(t, [
    {
      title: 'NotReady, the other is full',
      tale: { ...one, nodes: { n1: { zone: 'a', notReadyFor: MINUTE }, n2: full } },
      steps: [],
    },
    {
      title: 'cordoned, the other is full',
      tale: { ...one, nodes: { n1: { zone: 'a', cordoned: true }, n2: full } },
      steps: [],
    },
    {
      title: 'cordoned, the other is cordoned, too',
      tale: { ...one, nodes: { n1: { zone: 'a', cordoned: true }, n2: { zone: 'a', cordoned: true } } },
      steps: [],
    },
    {
      title: 'NotReady, the other is in another zone',
      tale: { ...one, nodes: { n1: { zone: 'a', notReadyFor: MINUTE }, n2: 'b' } },
      steps: [],
    },
    {
      title: 'NotReady, the other cannot be read in EC2',
      tale: {
        ...one,
        nodes: { n1: { zone: 'a', notReadyFor: MINUTE }, n2: { zone: 'a', instance: 'unread' } },
      },
      steps: [],
    },
    {
      title: 'NotReady, the other has no HostSubnet (D20)',
      tale: {
        ...one,
        nodes: { n1: { zone: 'a', notReadyFor: MINUTE }, n2: { zone: 'a', hostSubnet: 'missing' } },
      },
      steps: [],
    },
    {
      title: 'the node cannot be read in EC2: unknown is not gone',
      tale: { ...one, nodes: { n1: { zone: 'a', notReadyFor: MINUTE, instance: 'unread' }, n2: 'a' } },
      steps: [],
    },
    {
      title: 'EC2 was not read yet',
      tale: { ...one, nodes: { n1: { zone: 'a', notReadyFor: MINUTE }, n2: 'a' }, inventory: 'none' },
      steps: [],
    },
    {
      title: 'the control: the other has room for one',
      tale: { ...one, nodes: { n1: { zone: 'a', notReadyFor: MINUTE }, n2: { zone: 'a', slots: 1 } } },
      steps: MOVE,
    },
  ]);
});

t.test('a cordoned node is emptied at once, before it reboots', async (t) => {
  check(t, [
    {
      title: 'Ready and cordoned',
      tale: { ...one, nodes: { n1: { zone: 'a', cordoned: true }, n2: 'a' } },
      steps: MOVE,
      traffic: ['a active from 10.0.1.10'],
    },
  ]);
});

t.test('one of several IPs moves after the hold: the SDN has failed over by itself', async (t) => {
  const two = (notReadyFor: number, other?: Tale['nodes']) => ({
    egressIPAMs: { pool: { cidrs: { '10.0.1.0/24': 'a', '10.0.2.0/24': 'b' } } },
    nodes: { n1: { zone: 'a', notReadyFor }, n2: 'a', n3: 'b', n4: 'b', ...other },
    namespaces: { a: ['10.0.1.10', '10.0.2.10'] },
    serves: [
      ['a', '10.0.1.10', 'n1'],
      ['a', '10.0.2.10', 'n3'],
    ] as const,
  });
  check(t, [
    { title: 'within the hold', tale: two(299_000), steps: [], traffic: ['a active from 10.0.2.10'] },
    {
      title: 'a second later',
      tale: two(299_000),
      time: 'goes by',
      steps: ['wait 1 s', ...MOVE],
      traffic: ['a active from 10.0.1.10, 10.0.2.10'],
    },
    {
      title: 'both nodes are lost: nothing is active, so nothing is held',
      tale: two(1000, { n3: { zone: 'b', notReadyFor: 1000 } }),
      steps: [
        'HostSubnet n1: remove 10.0.1.10',
        'HostSubnet n3: remove 10.0.2.10',
        'move 10.0.1.10 to eni-n2 of node n2',
        'move 10.0.2.10 to eni-n4 of node n4',
        'HostSubnet n2: add 10.0.1.10',
        'HostSubnet n4: add 10.0.2.10',
        'record 10.0.1.10 on node n2, eni-n2',
        'record 10.0.2.10 on node n4, eni-n4',
      ],
      traffic: ['a active from 10.0.1.10, 10.0.2.10'],
    },
    {
      title: 'cordoned as well as NotReady: emptied at once',
      tale: two(1000, { n1: { zone: 'a', notReadyFor: 1000, cordoned: true } }),
      steps: MOVE,
    },
  ]);
});

t.test('a node that may not host the IP any more loses it, whether another can take it or not', async (t) => {
  const selected = {
    pool: { cidrs: { '10.0.1.0/24': 'a' }, nodeSelector: { matchLabels: { egress: 'yes' } } },
  };
  const yes = { zone: 'a', labels: { egress: 'yes' } };
  const stranded = ['HostSubnet n1: remove 10.0.1.10'];
  check(t, [
    {
      title: 'deselected, another is there (D18, D25)',
      tale: { ...one, egressIPAMs: selected, nodes: { n1: 'a', n2: yes } },
      steps: MOVE,
    },
    {
      title: 'deselected, no other is there',
      tale: { ...one, egressIPAMs: selected, nodes: { n1: 'a', n2: 'a' } },
      steps: stranded,
      traffic: ['a dropped'],
    },
    {
      title: 'its zone label changed',
      tale: { ...one, nodes: { n1: { zone: 'a', labels: { 'topology.kubernetes.io/zone': 'b' } }, n2: 'a' } },
      steps: MOVE,
    },
    {
      title: 'the control: still selected',
      tale: { ...one, egressIPAMs: selected, nodes: { n1: yes, n2: yes } },
      steps: [],
    },
  ]);
});

function hosts(tale: Tale): string[] {
  return [...planOf(cluster(tale)).placements.values()].map(
    (placement) => placement.node ?? `none: ${placement.why}`,
  );
}

t.test('a new IP goes where most room is; where it is the same, to the first by name', async (t) => {
  const namespaces = { a: ['10.0.1.10'], b: ['10.0.1.11'], c: ['10.0.1.12'] };
  const rows: readonly [string, Tale, readonly string[]][] = [
    ['the same room everywhere', { namespaces, nodes: { n2: 'a', n1: 'a' } }, ['n1', 'n2', 'n1']],
    [
      'one has more',
      { namespaces, nodes: { n1: { zone: 'a', slots: 2 }, n2: { zone: 'a', slots: 4 } } },
      ['n2', 'n2', 'n1'],
    ],
    [
      'what is foreign on an interface takes room, too',
      {
        namespaces,
        nodes: { n1: { zone: 'a', slots: 2 }, n2: { zone: 'a', slots: 4 } },
        assigned: { n2: ['10.0.1.90', '10.0.1.91', '10.0.1.92'] },
      },
      ['n1', 'n1', 'n2'],
    ],
    [
      'room for two, three ask: the last by name goes without, and is told',
      { namespaces, nodes: { n1: { zone: 'a', slots: 1 }, n2: { zone: 'a', slots: 1 } } },
      [
        'n1',
        'n2',
        'none: none of the 2 nodes with topology.kubernetes.io/zone=a has room for another IP of this namespace',
      ],
    ],
    [
      'nobody is there',
      { namespaces: { a: ['10.0.1.10'] }, nodes: { n1: 'b' } },
      ['none: no selected node has the label topology.kubernetes.io/zone=a and a HostSubnet'],
    ],
    [
      'nobody is fit',
      {
        namespaces: { a: ['10.0.1.10'] },
        nodes: { n1: { zone: 'a', cordoned: true }, n2: { zone: 'a', notReadyFor: 1 } },
      },
      ['none: none of the 2 nodes with topology.kubernetes.io/zone=a is Ready and schedulable'],
    ],
    [
      'nobody is in the subnet',
      {
        namespaces: { a: ['10.0.1.10'] },
        nodes: { n1: { zone: 'b', labels: { 'topology.kubernetes.io/zone': 'a' } } },
      },
      ['none: no node with topology.kubernetes.io/zone=a has its interface in a subnet that contains the IP'],
    ],
  ];
  for (const [title, tale, expected] of rows) t.same(hosts(tale), expected, title);
});

t.test('who is on a node stays there, however much room another has', async (t) => {
  check(t, [
    {
      title: 'n1 is full, n2 is empty',
      tale: {
        nodes: { n1: { zone: 'a', slots: 2 }, n2: 'a' },
        namespaces: { a: ['10.0.1.10'], b: ['10.0.1.11'] },
        serves: [
          ['a', '10.0.1.10', 'n1'],
          ['b', '10.0.1.11', 'n1'],
        ],
      },
      steps: [],
    },
  ]);
});

t.test(
  'when room is scarce, what carries traffic comes before what is new, an outage before a maintenance',
  async (t) => {
    const tale = (nodes: Tale['nodes']) => ({
      ...(nodes === undefined ? {} : { nodes }),
      namespaces: { a: ['10.0.1.9'], b: ['10.0.1.10'], c: ['10.0.1.11'] },
      serves: [
        ['b', '10.0.1.10', 'n1'],
        ['c', '10.0.1.11', 'n2'],
      ] as const,
    });
    const room = { zone: 'a', slots: 1 };
    t.same(
      hosts(tale({ n1: 'a', n2: { zone: 'a', slots: 1, notReadyFor: 1000 }, n3: { zone: 'a', slots: 0 } })),
      ['n1', 'n1', 'n1'],
    );
    t.match(
      hosts(tale({ n1: { ...room, cordoned: true }, n2: { ...room, notReadyFor: 1000 }, n3: room })),
      ['n1', 'n3', /^none/],
      'the outage takes the only room; the cordoned one stays, the new one waits',
    );
  },
);

t.test('two nodes that swap their roles do not push each other’s IPs about', async (t) => {
  const both = {
    namespaces: { a: ['10.0.1.10'], b: ['10.0.1.11'] },
    serves: [
      ['a', '10.0.1.10', 'n1'],
      ['b', '10.0.1.11', 'n2'],
    ] as const,
  };
  check(t, [
    {
      title: 'n1 fails: its IP joins the one on n2',
      tale: { ...both, nodes: { n1: { zone: 'a', notReadyFor: 1000 }, n2: 'a' } },
      steps: MOVE,
    },
    {
      title: 'n1 is back: nothing moves back',
      tale: {
        ...both,
        serves: [
          ['a', '10.0.1.10', 'n2'],
          ['b', '10.0.1.11', 'n2'],
        ],
      },
      steps: [],
    },
  ]);
});

t.test('IPs of one namespace that somebody has put on one node are parted', async (t) => {
  const egressIPAMs = { pool: { cidrs: { '10.0.1.0/25': 'a', '10.0.1.128/25': 'a' } } };
  check(t, [
    {
      title: 'the second one moves',
      tale: {
        egressIPAMs,
        namespaces: { a: ['10.0.1.10', '10.0.1.140'] },
        serves: [
          ['a', '10.0.1.10', 'n1'],
          ['a', '10.0.1.140', 'n1'],
        ],
      },
      steps: [
        'HostSubnet n1: remove 10.0.1.140',
        'move 10.0.1.140 to eni-n2 of node n2',
        'HostSubnet n2: add 10.0.1.140',
        'record 10.0.1.140 on node n2, eni-n2',
      ],
      traffic: ['a active from 10.0.1.10, 10.0.1.140'],
    },
    {
      title: 'a foreign one of the same NetNamespace is on the node: ours goes elsewhere',
      tale: {
        namespaces: { a: ['10.0.1.10'] },
        serves: [['a', '10.0.1.10', 'n1']],
        hosted: { n1: ['10.0.1.77'] },
        used: { a: ['10.0.1.77'] },
        assigned: { n1: ['10.0.1.77'] },
      },
      steps: MOVE,
      traffic: ['a active from 10.0.1.10, 10.0.1.77'],
    },
  ]);
});

t.test('an IP that two nodes host is left on the one whose interface has it', async (t) => {
  check(t, [
    {
      title: 'n1 by its interface',
      tale: { ...one, hosted: { n2: ['10.0.1.10'] } },
      steps: ['HostSubnet n2: remove 10.0.1.10'],
      traffic: ['a active from 10.0.1.10'],
    },
  ]);
});

t.test('a node that would not do, though it has the most room, or is written down already', async (t) => {
  const toTheOther = [
    'record 10.0.1.10 on node n2, eni-n2',
    'assign 10.0.1.10 to eni-n2 of node n2',
    'HostSubnet n2: add 10.0.1.10',
    'NetNamespace a: add 10.0.1.10',
  ];
  check(t, [
    {
      title: 'a foreign IP of the same NetNamespace is there',
      tale: {
        nodes: { n1: 'a', n2: { zone: 'a', slots: 1 } },
        namespaces: { a: ['10.0.1.10'] },
        allocations: { '10.0.1.10': { for: 'a', phase: 'Bound' } },
        hosted: { n1: ['10.0.1.77'] },
        used: { a: ['10.0.1.77'] },
      },
      steps: toTheOther,
    },
    {
      title: 'it was written down for n1, which somebody else has filled meanwhile',
      tale: {
        nodes: { n1: { zone: 'a', slots: 1 }, n2: { zone: 'a', slots: 1 } },
        namespaces: { a: ['10.0.1.10'] },
        allocations: { '10.0.1.10': { for: 'a', phase: 'Bound', node: 'n1' } },
        assigned: { n1: ['10.0.1.77'] },
      },
      steps: toTheOther,
    },
  ]);
});

t.test('an IP is moved only from the interface that was written down for it', async (t) => {
  const nodes = { n1: { zone: 'a', cordoned: true as const }, n2: 'a', n3: { zone: 'a', slots: 0 } };
  const namespaces = { a: ['10.0.1.10'] };
  check(t, [
    {
      title: 'seen elsewhere: written down first, then moved',
      tale: {
        nodes,
        namespaces,
        allocations: { '10.0.1.10': { for: 'a', phase: 'Bound', node: 'n3' } },
        assigned: { n1: ['10.0.1.10'] },
        used: { a: ['10.0.1.10'] },
      },
      steps: [
        'record 10.0.1.10 on node n1, eni-n1',
        'move 10.0.1.10 to eni-n2 of node n2',
        'HostSubnet n2: add 10.0.1.10',
        'record 10.0.1.10 on node n2, eni-n2',
      ],
    },
  ]);
});

t.test('a hundred IPs are spread evenly, and the same way every time', async (t) => {
  const names = Array.from({ length: 100 }, (_, at) => `ns-${at}`);
  const tale = {
    nodes: Object.fromEntries(Array.from({ length: 5 }, (_, at) => [`n${at}`, { zone: 'a', slots: 30 }])),
    namespaces: Object.fromEntries(names.map((name, at) => [name, [`10.0.1.${at + 10}`]])),
  };
  const found = hosts(tale);
  t.same(
    [...Map.groupBy(found, (it) => it).values()].map((it) => it.length),
    [20, 20, 20, 20, 20],
  );
  t.same(hosts({ ...tale, nodes: Object.fromEntries(Object.entries(tale.nodes).reverse()) }), found);
});
