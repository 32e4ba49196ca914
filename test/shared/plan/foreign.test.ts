// Foreign is everything that is not ours: it counts as taken and is never removed or overwritten. What is
// ours on the wrong NetNamespace is not foreign; and an IP on one of our interfaces that its namespace lists
// is adopted.
import t from 'tap';
import { GO_OPERATOR_FINALIZER } from '../../../shared/names.ts';
import { check } from './table.ts';

t.test('foreign entries stay where they are, in the order in which they were', async (t) => {
  const strange = {
    hosted: { n1: ['192.168.7.7', '10.0.1.77'] },
    used: { a: ['192.168.7.8'], other: ['10.0.1.78'] },
    assigned: { n1: ['10.0.1.77', '10.0.1.79'] },
  };
  check(t, [
    {
      title: 'nothing of ours is there',
      tale: { ...strange, namespaces: { a: { egressIPAM: 'none' }, other: { egressIPAM: 'none' } } },
      steps: [],
    },
    {
      title: 'ours comes',
      tale: { ...strange, nodes: { n1: 'a' }, namespaces: { a: ['10.0.1.10'] } },
      steps: [
        'claim 10.0.1.10 of 10.0.1.0/24 for namespace a',
        'bind 10.0.1.10 to namespace a on node n1, eni-n1',
        'assign 10.0.1.10 to eni-n1 of node n1',
        'HostSubnet n1: add 10.0.1.10',
        'NetNamespace a: add 10.0.1.10',
      ],
    },
    {
      title: 'ours goes',
      tale: {
        ...strange,
        nodes: { n1: 'a' },
        namespaces: { a: { egressIPAM: 'none' } },
        serves: [['a', '10.0.1.10', 'n1']],
      },
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

t.test('what is in use anywhere is not handed out', async (t) => {
  const narrow = { pool: { cidrs: { '10.0.1.8/29': 'a' }, reserved: ['10.0.1.9'] } };
  const used = {
    egressIPAMs: narrow,
    namespaces: { a: {}, other: { egressIPAM: 'none' } },
    hosted: { n1: ['10.0.1.10'] },
    used: { other: ['10.0.1.11'] },
    assigned: { n2: ['10.0.1.12'] },
  };
  check(t, [
    {
      title:
        'all but one of six is taken: on a HostSubnet, a NetNamespace, an interface of ours, one of somebody else, reserved',
      tale: { ...used, foreign: { 'eni-lb': ['10.0.1.13'] } },
      steps: [
        'claim 10.0.1.14 of 10.0.1.8/29 for namespace a',
        'list 10.0.1.14 on namespace a: it had no IP of 10.0.1.8/29',
        'bind 10.0.1.14 to namespace a on node n1, eni-n1',
        'assign 10.0.1.14 to eni-n1 of node n1',
        'HostSubnet n1: add 10.0.1.14',
        'NetNamespace a: add 10.0.1.14',
      ],
    },
    {
      title: 'the last one, too',
      tale: { ...used, foreign: { 'eni-lb': ['10.0.1.13', '10.0.1.14'] } },
      steps: [],
      told: ['PoolExhausted about a'],
    },
  ]);
});

t.test('an IP goes on a NetNamespace only while no other has it', async (t) => {
  check(t, [
    {
      title: 'a foreign one that another NetNamespace uses is waited for, and the namespace is told',
      tale: {
        namespaces: { a: ['10.0.1.10'], b: { egressIPAM: 'none' } },
        allocations: { '10.0.1.10': { for: 'a' } },
        used: { b: ['10.0.1.10'] },
      },
      steps: [],
      told: ['AddressInUse about a'],
    },
    {
      title: 'ours on another NetNamespace, too: it is taken off there, since both would be dropped',
      tale: {
        namespaces: { a: ['10.0.1.10'], b: { egressIPAM: 'none' } },
        serves: [['a', '10.0.1.10', 'n1']],
        used: { b: ['10.0.1.10'] },
      },
      steps: ['NetNamespace b: remove 10.0.1.10'],
      traffic: ['a active from 10.0.1.10', 'b node'],
    },
    {
      title: 'ours on the wrong NetNamespace instead of its own',
      tale: {
        namespaces: { a: ['10.0.1.10'], b: { egressIPAM: 'none' } },
        allocations: { '10.0.1.10': { for: 'a', phase: 'Bound', node: 'n1' } },
        assigned: { n1: ['10.0.1.10'] },
        hosted: { n1: ['10.0.1.10'] },
        used: { b: ['10.0.1.10'] },
      },
      steps: ['NetNamespace b: remove 10.0.1.10', 'NetNamespace a: add 10.0.1.10'],
      traffic: ['a active from 10.0.1.10', 'b node'],
    },
    {
      title:
        'ours on the wrong NetNamespace is not hosted before it is off there: it would silence what that one has',
      tale: {
        namespaces: { a: ['10.0.1.10'], b: ['10.0.1.11'] },
        nodes: { n1: 'a' },
        allocations: { '10.0.1.10': { for: 'a', phase: 'Bound', node: 'n1' } },
        assigned: { n1: ['10.0.1.10'] },
        serves: [['b', '10.0.1.11', 'n1']],
        used: { b: ['10.0.1.10'] },
      },
      steps: [
        'NetNamespace b: remove 10.0.1.10',
        'HostSubnet n1: add 10.0.1.10',
        'NetNamespace a: add 10.0.1.10',
      ],
      traffic: ['a active from 10.0.1.10', 'b active from 10.0.1.11'],
    },
    {
      title: 'released, on a NetNamespace that is not its own: off there first',
      tale: {
        namespaces: { b: { egressIPAM: 'none' } },
        allocations: { '10.0.1.10': { for: 'a', phase: 'Releasing', node: 'n1' } },
        used: { b: ['10.0.1.10'] },
      },
      steps: ['NetNamespace b: remove 10.0.1.10', 'let 10.0.1.10 rest'],
    },
    {
      title: 'the control: a claim that is not ours says nothing of what b uses',
      tale: {
        namespaces: { b: { egressIPAM: 'none' } },
        allocations: { '10.0.1.10': { for: 'a', seenFor: 0 } },
        used: { b: ['10.0.1.10'] },
      },
      steps: [],
    },
  ]);
});

t.test('a cluster that the Go operator has run is adopted, and no IP changes', async (t) => {
  check(t, [
    {
      title: 'everything is in place but the allocations',
      tale: {
        egressIPAMs: {
          pool: { cidrs: { '10.0.1.0/24': 'a', '10.0.2.0/24': 'b' }, finalizers: [GO_OPERATOR_FINALIZER] },
        },
        nodes: { n1: 'a', n2: 'a', n3: 'b' },
        namespaces: { a: ['10.0.2.10', '10.0.1.10'], b: ['10.0.1.11', '10.0.2.11'] },
        assigned: { n1: ['10.0.1.10'], n2: ['10.0.1.11'], n3: ['10.0.2.10', '10.0.2.11'] },
        hosted: { n1: ['10.0.1.10'], n2: ['10.0.1.11'], n3: ['10.0.2.10', '10.0.2.11'] },
        used: { a: ['10.0.1.10', '10.0.2.10'], b: ['10.0.1.11', '10.0.2.11'] },
      },
      steps: [
        'claim 10.0.1.10 of 10.0.1.0/24 for namespace a',
        'claim 10.0.2.10 of 10.0.2.0/24 for namespace a',
        'claim 10.0.1.11 of 10.0.1.0/24 for namespace b',
        'claim 10.0.2.11 of 10.0.2.0/24 for namespace b',
        'set the finalizers of EgressIPAM pool to [egressip-ipam-operator.redhat-cop.io/release]',
        'bind 10.0.1.10 to namespace a on node n1, eni-n1',
        'bind 10.0.2.10 to namespace a on node n3, eni-n3',
        'bind 10.0.1.11 to namespace b on node n2, eni-n2',
        'bind 10.0.2.11 to namespace b on node n3, eni-n3',
      ],
      traffic: ['a active from 10.0.1.10, 10.0.2.10', 'b active from 10.0.1.11, 10.0.2.11'],
    },
    {
      title: 'an IP on one of our interfaces that no namespace lists is foreign, and stays (D4)',
      tale: { assigned: { n1: ['10.0.1.10'] } },
      steps: [],
    },
  ]);
});

t.test('an address that AWS has given to a new node as its own', async (t) => {
  const [first, second] = ['10.0.1.201', '10.0.1.54'];
  const egressIPAMs = { pool: { cidrs: { [`${first}/32`]: 'a', [`${second}/32`]: 'a' } } };
  const given = [
    `bind ${second} to namespace a on node n2, eni-n2`,
    `assign ${second} to eni-n2 of node n2`,
    `HostSubnet n2: add ${second}`,
    `NetNamespace a: add ${second}`,
  ];
  const claimed = { [first]: { for: 'a', explicit: true }, [second]: { for: 'a' } } as const;
  const bound = { ...claimed, [first]: { for: 'a', explicit: true, phase: 'Bound', node: 'n2' } } as const;
  check(t, [
    {
      title: 'it is not bound, as traffic from it would be the node’s own, too',
      tale: { egressIPAMs, namespaces: { a: [first, second] }, allocations: claimed },
      steps: given,
      told: ['AddressStolen about a'],
      traffic: [`a active from ${second}`],
    },
    {
      title: 'it is not hosted when it was bound before',
      tale: { egressIPAMs, namespaces: { a: [first, second] }, allocations: bound },
      steps: given,
      told: ['AddressStolen about a'],
      traffic: [`a active from ${second}`],
    },
    {
      title: 'one that nobody named is replaced, and rests without being taken off the node',
      tale: {
        egressIPAMs: {
          pool: { cidrs: { '10.0.1.200/30': 'a' }, reserved: ['10.0.1.200'] },
        },
        nodes: { n1: 'a' },
        namespaces: { a: [first] },
        allocations: { [first]: { for: 'a', phase: 'Bound', node: 'n1' } },
      },
      steps: [
        'claim 10.0.1.202 of 10.0.1.200/30 for namespace a',
        `list 10.0.1.202 on namespace a: ${first} is the address of node n1`,
        'bind 10.0.1.202 to namespace a on node n1, eni-n1',
        `begin to release ${first}`,
        'assign 10.0.1.202 to eni-n1 of node n1',
        `let ${first} rest`,
        'HostSubnet n1: add 10.0.1.202',
        'NetNamespace a: add 10.0.1.202',
      ],
    },
  ]);
});

t.test('an address that somebody else in the VPC has taken', async (t) => {
  const foreign = { 'eni-lb': ['10.0.1.250', '10.0.1.10'] };
  const given = (node: string) => [
    `bind 10.0.1.54 to namespace a on node ${node}, eni-${node}`,
    `assign 10.0.1.54 to eni-${node} of node ${node}`,
    `HostSubnet ${node}: add 10.0.1.54`,
    'NetNamespace a: add 10.0.1.54',
  ];
  const narrow = { pool: { cidrs: { '10.0.1.10/32': 'a', '10.0.1.54/32': 'a' } } };
  check(t, [
    {
      title: 'an automatic one is replaced',
      tale: {
        egressIPAMs: {
          pool: {
            cidrs: { '10.0.1.0/26': 'a' },
            reserved: ['10.0.1.4-10.0.1.9', '10.0.1.11-10.0.1.53', '10.0.1.55-10.0.1.62'],
          },
        },
        namespaces: { a: ['10.0.1.10'] },
        allocations: { '10.0.1.10': { for: 'a' } },
        foreign,
      },
      steps: [
        'claim 10.0.1.54 of 10.0.1.0/26 for namespace a',
        'list 10.0.1.54 on namespace a: 10.0.1.10 is in use by interface eni-lb outside this cluster',
        ...given('n1'),
      ],
      told: ['AddressStolen about a'],
      traffic: ['a active from 10.0.1.54'],
    },
    {
      title: 'an explicit one is reported, and nothing is replaced',
      tale: {
        egressIPAMs: narrow,
        namespaces: { a: ['10.0.1.10', '10.0.1.54'] },
        allocations: { '10.0.1.10': { for: 'a', explicit: true }, '10.0.1.54': { for: 'a' } },
        foreign,
      },
      steps: given('n2'),
      told: ['AddressStolen about a'],
      traffic: ['a active from 10.0.1.54'],
    },
    {
      title: 'while a node cannot be read whose address nobody knows, it may be that node’s',
      tale: {
        nodes: { n1: 'a', n2: { zone: 'a', instance: 'unread', hostSubnet: 'missing' } },
        namespaces: { a: ['10.0.1.10'] },
        allocations: { '10.0.1.10': { for: 'a', phase: 'Bound', node: 'n1' } },
        foreign,
      },
      steps: [],
      told: ['NoHost about a'],
    },
    {
      title: 'the interface where we had put it is no node’s any more: it is taken back',
      tale: {
        nodes: { n2: 'a' },
        namespaces: { a: ['10.0.1.10'] },
        allocations: { '10.0.1.10': { for: 'a', phase: 'Bound', node: 'n1', interface: 'eni-lb' } },
        foreign,
      },
      steps: [
        'move 10.0.1.10 to eni-n2 of node n2',
        'HostSubnet n2: add 10.0.1.10',
        'record 10.0.1.10 on node n2, eni-n2',
        'NetNamespace a: add 10.0.1.10',
      ],
    },
  ]);
});
