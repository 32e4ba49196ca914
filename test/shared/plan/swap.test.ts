// Changing IPs: the new one is made ready beside the old one, and one NetNamespace patch swaps them.
import t from 'tap';
import { check } from './table.ts';

const TWO_ZONES = { blue: { cidrs: { '10.0.1.0/24': 'a', '10.0.2.0/24': 'b' } } };
const SMALL_A = { pool: { cidrs: { '10.0.1.0/24': 'a' } } };

t.test('one patch swaps the old IP for the new one, and only then is the old one given back', async (t) => {
  check(t, [
    {
      title: 'on two nodes',
      tale: {
        namespaces: { a: ['10.0.1.11'] },
        serves: [['a', '10.0.1.10', 'n1']],
        allocations: { '10.0.1.11': { for: 'a' } },
      },
      steps: [
        'bind 10.0.1.11 to namespace a on node n2, eni-n2',
        'begin to release 10.0.1.10',
        'assign 10.0.1.11 to eni-n2 of node n2',
        'HostSubnet n2: add 10.0.1.11',
        'NetNamespace a: add 10.0.1.11, remove 10.0.1.10',
        'HostSubnet n1: remove 10.0.1.10',
        'unassign 10.0.1.10 from eni-n1',
        'let 10.0.1.10 rest',
      ],
      traffic: ['a active from 10.0.1.11'],
    },
    {
      title: 'old and new may share a node, never the NetNamespace',
      tale: {
        nodes: { n1: 'a' },
        namespaces: { a: ['10.0.1.11'] },
        serves: [['a', '10.0.1.10', 'n1']],
        allocations: { '10.0.1.11': { for: 'a' } },
      },
      steps: [
        'bind 10.0.1.11 to namespace a on node n1, eni-n1',
        'begin to release 10.0.1.10',
        'assign 10.0.1.11 to eni-n1 of node n1',
        'HostSubnet n1: add 10.0.1.11',
        'NetNamespace a: add 10.0.1.11, remove 10.0.1.10',
        'HostSubnet n1: remove 10.0.1.10',
        'unassign 10.0.1.10 from eni-n1',
        'let 10.0.1.10 rest',
      ],
      traffic: ['a active from 10.0.1.11'],
    },
    {
      title: 'the control: nothing was changed',
      tale: { nodes: { n1: 'a' }, namespaces: { a: ['10.0.1.10'] }, serves: [['a', '10.0.1.10', 'n1']] },
      steps: [],
    },
  ]);
});

t.test('the new IP is ready and waits while the old one may not leave yet', async (t) => {
  check(t, [
    {
      title: 'the old one was claimed a minute ago: an admitted write may still list it',
      tale: {
        nodes: { n1: 'a' },
        namespaces: { a: ['10.0.1.11'] },
        assigned: { n1: ['10.0.1.10'] },
        hosted: { n1: ['10.0.1.10'] },
        used: { a: ['10.0.1.10'] },
        allocations: {
          '10.0.1.10': { for: 'a', phase: 'Bound', node: 'n1', seenFor: 60_000 },
          '10.0.1.11': { for: 'a' },
        },
      },
      time: 'goes by',
      steps: [
        'bind 10.0.1.11 to namespace a on node n1, eni-n1',
        'assign 10.0.1.11 to eni-n1 of node n1',
        'HostSubnet n1: add 10.0.1.11',
        'wait 60 s',
        'begin to release 10.0.1.10',
        'NetNamespace a: add 10.0.1.11, remove 10.0.1.10',
        'HostSubnet n1: remove 10.0.1.10',
        'unassign 10.0.1.10 from eni-n1',
        'let 10.0.1.10 rest',
        'wait 300 s',
        'delete the allocation of 10.0.1.10',
      ],
      traffic: ['a active from 10.0.1.11'],
    },
  ]);
});

t.test('on two nodes, too, they never share the NetNamespace', async (t) => {
  check(t, [
    {
      title: 'the old one may not leave yet',
      tale: {
        namespaces: { a: ['10.0.1.11'] },
        assigned: { n1: ['10.0.1.10'], n2: ['10.0.1.11'] },
        hosted: { n1: ['10.0.1.10'], n2: ['10.0.1.11'] },
        used: { a: ['10.0.1.10'] },
        allocations: {
          '10.0.1.10': { for: 'a', phase: 'Bound', node: 'n1', seenFor: 60_000 },
          '10.0.1.11': { for: 'a', phase: 'Bound', node: 'n2' },
        },
      },
      steps: [],
      traffic: ['a active from 10.0.1.10'],
    },
  ]);
});

t.test('where no node has room for both, the old one goes first, and the namespace is told', async (t) => {
  const tale = {
    egressIPAMs: SMALL_A,
    namespaces: { a: ['10.0.1.11'] },
    allocations: { '10.0.1.11': { for: 'a', phase: 'Bound' as const } },
    serves: [['a', '10.0.1.10', 'n1']] as const,
  };
  check(t, [
    {
      title: 'the only node is full',
      tale: { ...tale, nodes: { n1: { zone: 'a', slots: 1 } } },
      steps: [
        'begin to release 10.0.1.10',
        'NetNamespace a: remove 10.0.1.10',
        'HostSubnet n1: remove 10.0.1.10',
        'unassign 10.0.1.10 from eni-n1',
        'record 10.0.1.11 on node n1, eni-n1',
        'let 10.0.1.10 rest',
        'assign 10.0.1.11 to eni-n1 of node n1',
        'HostSubnet n1: add 10.0.1.11',
        'NetNamespace a: add 10.0.1.11',
      ],
      traffic: ['a active from 10.0.1.11'],
    },
    {
      title: 'the node that the old one is on is full, another has room: nothing is interrupted',
      tale: { ...tale, nodes: { n1: { zone: 'a', slots: 1 }, n2: { zone: 'a', slots: 1 } } },
      steps: [
        'record 10.0.1.11 on node n2, eni-n2',
        'begin to release 10.0.1.10',
        'assign 10.0.1.11 to eni-n2 of node n2',
        'HostSubnet n2: add 10.0.1.11',
        'NetNamespace a: add 10.0.1.11, remove 10.0.1.10',
        'HostSubnet n1: remove 10.0.1.10',
        'unassign 10.0.1.10 from eni-n1',
        'let 10.0.1.10 rest',
      ],
    },
    {
      title: 'the new one can never be had: the old one stays, though its node is full',
      tale: {
        egressIPAMs: { pool: { cidrs: { '10.0.1.0/24': 'a' }, reserved: ['10.0.1.11'] } },
        namespaces: { a: ['10.0.1.11'] },
        serves: [['a', '10.0.1.10', 'n1']],
        nodes: { n1: { zone: 'a', slots: 1 } },
      },
      steps: ['begin to release 10.0.1.10'],
      told: ['InvalidEgressIPs about a'],
      traffic: ['a active from 10.0.1.10'],
    },
    {
      title: 'room is not what is lacking: the old one stays',
      tale: { ...tale, nodes: { n1: { zone: 'a', cordoned: true, slots: 1 } } },
      steps: ['begin to release 10.0.1.10'],
      told: ['NoHost about a'],
      traffic: ['a active from 10.0.1.10'],
    },
  ]);
});

t.test('an old IP serves on as long as nothing serves in its place', async (t) => {
  const serves = [['a', '10.0.1.10', 'n1']] as const;
  const stays = ['begin to release 10.0.1.10'];
  check(t, [
    {
      title: 'the new one is in use by somebody else in the VPC',
      tale: {
        namespaces: { a: ['10.0.1.11'] },
        serves,
        allocations: { '10.0.1.11': { for: 'a', explicit: true } },
        foreign: { 'eni-lb': ['10.0.1.11'] },
      },
      steps: stays,
      told: ['AddressStolen about a'],
      traffic: ['a active from 10.0.1.10'],
    },
    {
      title: 'the list cannot be read any more',
      tale: { namespaces: { a: { text: '10.0.1.11,oops' } }, serves },
      steps: stays,
      told: ['InvalidEgressIPs about a'],
      traffic: ['a active from 10.0.1.10'],
    },
    {
      title: 'EC2 was not read yet',
      tale: {
        namespaces: { a: ['10.0.1.11'] },
        serves,
        allocations: { '10.0.1.11': { for: 'a' } },
        inventory: 'none',
      },
      steps: stays,
    },
    {
      title: 'the new CIDR is exhausted',
      tale: {
        egressIPAMs: { pool: { cidrs: { '10.0.1.8/29': 'a' } }, other: { cidrs: { '10.0.1.32/32': 'a' } } },
        namespaces: { a: { egressIPAM: 'other' }, b: { egressIPAM: 'other', ips: ['10.0.1.32'] } },
        serves: [...serves, ['b', '10.0.1.32', 'n2']],
      },
      steps: stays,
      told: ['PoolExhausted about a'],
      traffic: ['a active from 10.0.1.10', 'b active from 10.0.1.32'],
    },
    {
      title: 'the node of the new one has just failed, with no other to take it',
      tale: {
        nodes: { n1: { zone: 'a', slots: 1 }, n2: { zone: 'a', slots: 1, notReadyFor: 1000 } },
        namespaces: { a: ['10.0.1.11'] },
        serves,
        allocations: { '10.0.1.11': { for: 'a', phase: 'Bound', node: 'n2' } },
        assigned: { n2: ['10.0.1.11'] },
        hosted: { n2: ['10.0.1.11'] },
      },
      steps: stays,
      traffic: ['a active from 10.0.1.10'],
    },
  ]);
});

t.test('an old IP on a node that is down is not waited for, as long as another one serves', async (t) => {
  check(t, [
    {
      title: 'its replacement has no node: nobody is Ready in its zone',
      tale: {
        nodes: { n1: { zone: 'a', notReadyFor: 1000 }, n2: 'b' },
        egressIPAMs: TWO_ZONES,
        namespaces: { a: { egressIPAM: 'blue', ips: ['10.0.1.11', '10.0.2.10'] } },
        serves: [
          ['a', '10.0.1.10', 'n1'],
          ['a', '10.0.2.10', 'n2'],
        ],
        allocations: { '10.0.1.11': { for: 'a', phase: 'Bound' } },
      },
      steps: [
        'begin to release 10.0.1.10',
        'NetNamespace a: remove 10.0.1.10',
        'HostSubnet n1: remove 10.0.1.10',
        'unassign 10.0.1.10 from eni-n1',
        'let 10.0.1.10 rest',
      ],
      told: ['NoHost about a'],
      traffic: ['a active from 10.0.2.10'],
    },
  ]);
});

t.test('an IP of several is changed without touching the others', async (t) => {
  check(t, [
    {
      title: 'one of two zones',
      tale: {
        nodes: { n1: 'a', n2: 'b' },
        egressIPAMs: TWO_ZONES,
        namespaces: { a: { egressIPAM: 'blue', ips: ['10.0.1.11', '10.0.2.10'] } },
        serves: [
          ['a', '10.0.1.10', 'n1'],
          ['a', '10.0.2.10', 'n2'],
        ],
        allocations: { '10.0.1.11': { for: 'a' } },
      },
      steps: [
        'bind 10.0.1.11 to namespace a on node n1, eni-n1',
        'begin to release 10.0.1.10',
        'assign 10.0.1.11 to eni-n1 of node n1',
        'HostSubnet n1: add 10.0.1.11',
        'NetNamespace a: add 10.0.1.11, remove 10.0.1.10',
        'HostSubnet n1: remove 10.0.1.10',
        'unassign 10.0.1.10 from eni-n1',
        'let 10.0.1.10 rest',
      ],
      traffic: ['a active from 10.0.2.10, 10.0.1.11'],
    },
    {
      title: 'two IPs of one zone change at once: neither new one goes where the other old one still is',
      tale: {
        nodes: { n1: 'a', n2: 'a' },
        egressIPAMs: { blue: { cidrs: { '10.0.1.0/25': 'a', '10.0.1.128/25': 'a' } } },
        namespaces: { a: { egressIPAM: 'blue', ips: ['10.0.1.11', '10.0.1.141'] } },
        serves: [
          ['a', '10.0.1.10', 'n1'],
          ['a', '10.0.1.140', 'n2'],
        ],
        allocations: { '10.0.1.11': { for: 'a' }, '10.0.1.141': { for: 'a' } },
      },
      steps: [
        'bind 10.0.1.11 to namespace a on node n1, eni-n1',
        'bind 10.0.1.141 to namespace a on node n2, eni-n2',
        'begin to release 10.0.1.10',
        'begin to release 10.0.1.140',
        'assign 10.0.1.11 to eni-n1 of node n1',
        'assign 10.0.1.141 to eni-n2 of node n2',
        'HostSubnet n1: add 10.0.1.11',
        'HostSubnet n2: add 10.0.1.141',
        'NetNamespace a: add 10.0.1.11, 10.0.1.141, remove 10.0.1.10, 10.0.1.140',
        'HostSubnet n1: remove 10.0.1.10',
        'HostSubnet n2: remove 10.0.1.140',
        'unassign 10.0.1.10 from eni-n1',
        'unassign 10.0.1.140 from eni-n2',
        'let 10.0.1.10 rest',
        'let 10.0.1.140 rest',
      ],
      traffic: ['a active from 10.0.1.11, 10.0.1.141'],
    },
    {
      title: 'pointed to another EgressIPAM: all old IPs leave when the new ones are ready',
      tale: {
        nodes: { n1: 'a', n2: 'b', n3: 'a' },
        egressIPAMs: { ...TWO_ZONES, green: { cidrs: { '10.0.1.32/32': 'a' } } },
        namespaces: { a: { egressIPAM: 'blue', ips: ['10.0.1.10', '10.0.2.10'] } },
        allocations: { '10.0.1.32': { for: 'a', phase: 'Bound', node: 'n1', egressIPAM: 'green' } },
        assigned: { n1: ['10.0.1.32'] },
        hosted: { n1: ['10.0.1.32'] },
        used: { a: ['10.0.1.32'] },
      },
      steps: [
        'claim 10.0.1.10 of 10.0.1.0/24 for namespace a',
        'claim 10.0.2.10 of 10.0.2.0/24 for namespace a',
        'begin to release 10.0.1.32',
        'bind 10.0.1.10 to namespace a on node n3, eni-n3',
        'bind 10.0.2.10 to namespace a on node n2, eni-n2',
        'assign 10.0.2.10 to eni-n2 of node n2',
        'assign 10.0.1.10 to eni-n3 of node n3',
        'HostSubnet n2: add 10.0.2.10',
        'HostSubnet n3: add 10.0.1.10',
        'NetNamespace a: add 10.0.1.10, 10.0.2.10, remove 10.0.1.32',
        'HostSubnet n1: remove 10.0.1.32',
        'unassign 10.0.1.32 from eni-n1',
        'let 10.0.1.32 rest',
      ],
      traffic: ['a active from 10.0.1.10, 10.0.2.10'],
    },
  ]);
});
