// What the Go operator gets wrong, as far as a plan is concerned: one fault must not stop those that it does
// not concern. Each test has a healthy namespace whose node fails at the same time: it must be moved,
// whatever else is broken.
import t from 'tap';
import type { Tale } from './build.ts';
import { check } from './table.ts';

/** Namespace `ok` in zone a, whose node n1 has just failed; n2 can take its IP. */
const NODES = { n1: { zone: 'a', notReadyFor: 1000 }, n2: 'a', n3: 'b' } satisfies Tale['nodes'];
const OK = ['ok', '10.0.1.10', 'n1'] as const;
const MOVED = [
  'HostSubnet n1: remove 10.0.1.10',
  'move 10.0.1.10 to eni-n2 of node n2',
  'HostSubnet n2: add 10.0.1.10',
  'record 10.0.1.10 on node n2, eni-n2',
];
const ZONES = { zone: { cidrs: { '10.0.1.0/24': 'a' } }, other: { cidrs: { '10.0.2.10/32': 'b' } } };
const healthy = { egressIPAM: 'zone', ips: ['10.0.1.10'] };

function broken(tale: Tale): Tale {
  return {
    egressIPAMs: ZONES,
    nodes: NODES,
    serves: [OK],
    ...tale,
    namespaces: { ok: healthy, ...tale.namespaces },
  };
}

t.test('D13: a namespace with a bad list, and one that was pointed elsewhere, stop nobody', async (t) => {
  check(t, [
    {
      title: 'a bad list in the same pool',
      tale: broken({ namespaces: { bad: { egressIPAM: 'zone', text: '10.0.1.11,10.0.1.12,oops' } } }),
      steps: MOVED,
      told: ['InvalidEgressIPs about bad'],
    },
    {
      title: 'pointed to another pool with the old list',
      tale: broken({
        namespaces: { bad: { egressIPAM: 'other', ips: ['10.0.1.11'] } },
        serves: [OK, ['bad', '10.0.1.11', 'n2']],
      }),
      steps: MOVED,
      told: ['InvalidEgressIPs about bad'],
    },
  ]);
});

t.test('D16: a full CIDR stops neither failover nor anybody else', async (t) => {
  check(t, [
    {
      title: 'two namespaces share one address',
      tale: broken({
        namespaces: { has: { egressIPAM: 'other', ips: ['10.0.2.10'] }, lacks: { egressIPAM: 'other' } },
        serves: [OK, ['has', '10.0.2.10', 'n3']],
      }),
      steps: MOVED,
      told: ['PoolExhausted about lacks'],
    },
  ]);
});

t.test('D17: a zone without a Ready node does not stop failover in the others', async (t) => {
  check(t, [
    {
      title: 'zone b is lost',
      tale: broken({
        nodes: { ...NODES, n3: { zone: 'b', notReadyFor: 1000 } },
        namespaces: { other: { egressIPAM: 'other', ips: ['10.0.2.10'] } },
        serves: [OK, ['other', '10.0.2.10', 'n3']],
      }),
      steps: MOVED,
    },
    {
      title: 'zone b has no node at all',
      tale: broken({
        nodes: { n1: NODES.n1, n2: 'a' },
        namespaces: { other: { egressIPAM: 'other', ips: ['10.0.2.10'] } },
        allocations: { '10.0.2.10': { for: 'other', phase: 'Bound' } },
        used: { other: ['10.0.2.10'] },
      }),
      steps: MOVED,
      told: ['NoHost about other'],
    },
  ]);
});

t.test(
  'D18: an IP does not stay on a node that matches no more, and no node takes more than it can carry',
  async (t) => {
    check(t, [
      {
        title: 'n2 matches no more: its IP moves to the one that has room, not to the one that is full',
        tale: {
          egressIPAMs: ZONES,
          nodes: {
            n1: { zone: 'a', slots: 0 },
            n2: { zone: 'a', labels: { 'topology.kubernetes.io/zone': 'x' } },
            n3: { zone: 'a', slots: 1 },
          },
          namespaces: { ok: healthy },
          serves: [['ok', '10.0.1.10', 'n2']],
        },
        steps: [
          'HostSubnet n2: remove 10.0.1.10',
          'move 10.0.1.10 to eni-n3 of node n3',
          'HostSubnet n3: add 10.0.1.10',
          'record 10.0.1.10 on node n3, eni-n3',
        ],
      },
    ]);
  },
);

t.test('D19: two CIDRs with one label value both have the nodes of that label', async (t) => {
  check(t, [
    {
      title: 'both IPs are served',
      tale: {
        egressIPAMs: { pool: { cidrs: { '10.0.1.0/25': 'a', '10.0.1.128/25': 'a' } } },
        namespaces: { a: ['10.0.1.10', '10.0.1.140'] },
      },
      steps: [
        'claim 10.0.1.10 of 10.0.1.0/25 for namespace a',
        'claim 10.0.1.140 of 10.0.1.128/25 for namespace a',
        'bind 10.0.1.10 to namespace a on node n1, eni-n1',
        'bind 10.0.1.140 to namespace a on node n2, eni-n2',
        'assign 10.0.1.10 to eni-n1 of node n1',
        'assign 10.0.1.140 to eni-n2 of node n2',
        'HostSubnet n1: add 10.0.1.10',
        'HostSubnet n2: add 10.0.1.140',
        'NetNamespace a: add 10.0.1.10, 10.0.1.140',
      ],
      traffic: ['a active from 10.0.1.10, 10.0.1.140'],
    },
  ]);
});

t.test('D20: a node without a HostSubnet is left out, and nobody else', async (t) => {
  check(t, [
    {
      title: 'a third node of the zone has none',
      tale: broken({ nodes: { ...NODES, n0: { zone: 'a', hostSubnet: 'missing' } } }),
      steps: MOVED,
    },
  ]);
});

t.test('D21: a NetNamespace that is missing stops its namespace alone', async (t) => {
  check(t, [
    {
      title: 'everything up to the NetNamespace is done for it, too',
      tale: broken({
        namespaces: { bad: { egressIPAM: 'other', ips: ['10.0.2.10'], netNamespace: 'missing' } },
        allocations: { '10.0.2.10': { for: 'bad', phase: 'Bound', node: 'n3' } },
        assigned: { n3: ['10.0.2.10'] },
      }),
      steps: ['HostSubnet n1: remove 10.0.1.10', 'HostSubnet n3: add 10.0.2.10', ...MOVED.slice(1)],
    },
  ]);
});

t.test(
  'D22: a NetNamespace lists nothing that is not hosted: traffic goes on while interfaces fail',
  async (t) => {
    check(t, [
      {
        title: 'no interface has room',
        tale: {
          nodes: { n1: { zone: 'a', slots: 0 } },
          namespaces: { a: ['10.0.1.10'] },
          allocations: { '10.0.1.10': { for: 'a', phase: 'Bound' } },
        },
        steps: [],
        traffic: ['a node'],
      },
      {
        title: 'the address is not on the interface yet',
        tale: {
          namespaces: { a: ['10.0.1.10'] },
          allocations: { '10.0.1.10': { for: 'a', phase: 'Bound', node: 'n1' } },
        },
        steps: [
          'assign 10.0.1.10 to eni-n1 of node n1',
          'HostSubnet n1: add 10.0.1.10',
          'NetNamespace a: add 10.0.1.10',
        ],
        traffic: ['a active from 10.0.1.10'],
      },
    ]);
  },
);

t.test('D24: what was opted out while nobody looked is given back all the same', async (t) => {
  check(t, [
    {
      title: 'the namespace lists nothing, its IP is still everywhere',
      tale: { namespaces: { a: { egressIPAM: 'none' } }, serves: [['a', '10.0.1.10', 'n1']] },
      steps: [
        'begin to release 10.0.1.10',
        'NetNamespace a: remove 10.0.1.10',
        'HostSubnet n1: remove 10.0.1.10',
        'unassign 10.0.1.10 from eni-n1',
        'let 10.0.1.10 rest',
      ],
    },
  ]);
});
