// Granting: interface, HostSubnet, NetNamespace, in that order, for each IP by itself.
import t from 'tap';
import { check } from './table.ts';

t.test('on AWS an IP is claimed, bound, assigned, hosted and used, in that order', async (t) => {
  check(t, [
    {
      title: 'nobody has opted in',
      tale: { namespaces: { a: { egressIPAM: 'none' } } },
      steps: [],
      traffic: ['a node'],
    },
    {
      title: 'claimed by the webhook',
      tale: { namespaces: { a: ['10.0.1.10'] }, allocations: { '10.0.1.10': { for: 'a' } } },
      steps: [
        'bind 10.0.1.10 to namespace a on node n1, eni-n1',
        'assign 10.0.1.10 to eni-n1 of node n1',
        'HostSubnet n1: add 10.0.1.10',
        'NetNamespace a: add 10.0.1.10',
      ],
      traffic: ['a active from 10.0.1.10'],
    },
    {
      title: 'listed while the webhook was away: claimed first',
      tale: { namespaces: { a: ['10.0.1.10'] } },
      steps: [
        'claim 10.0.1.10 of 10.0.1.0/24 for namespace a',
        'bind 10.0.1.10 to namespace a on node n1, eni-n1',
        'assign 10.0.1.10 to eni-n1 of node n1',
        'HostSubnet n1: add 10.0.1.10',
        'NetNamespace a: add 10.0.1.10',
      ],
    },
    {
      title: 'a generateName namespace has got its name: the claim is named, then bound',
      tale: { namespaces: { 'a-x7': ['10.0.1.10'] }, allocations: { '10.0.1.10': { for: '' } } },
      steps: [
        'name namespace a-x7 in the claim of 10.0.1.10',
        'bind 10.0.1.10 to namespace a-x7 on node n1, eni-n1',
        'assign 10.0.1.10 to eni-n1 of node n1',
        'HostSubnet n1: add 10.0.1.10',
        'NetNamespace a-x7: add 10.0.1.10',
      ],
    },
    {
      title: 'everything is as it should be',
      tale: { namespaces: { a: ['10.0.1.10'] }, serves: [['a', '10.0.1.10', 'n1']] },
      steps: [],
      traffic: ['a active from 10.0.1.10'],
    },
    {
      title: 'a namespace that is being deleted keeps its egress: its pods still need it',
      tale: {
        namespaces: { a: { ips: ['10.0.1.10'], terminating: true } },
        serves: [['a', '10.0.1.10', 'n1']],
      },
      steps: [],
      traffic: ['a active from 10.0.1.10'],
    },
  ]);
});

t.test('several IPs go to several nodes, since two of one NetNamespace deactivate each other', async (t) => {
  const egressIPAMs = { pool: { cidrs: { '10.0.1.0/25': 'a', '10.0.1.128/25': 'a' } } };
  const namespaces = { a: ['10.0.1.10', '10.0.1.140'] };
  const allocations = { '10.0.1.10': { for: 'a' }, '10.0.1.140': { for: 'a' } };
  check(t, [
    {
      title: 'two CIDRs with one label value, two nodes',
      tale: { egressIPAMs, namespaces, allocations },
      steps: [
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
    {
      title: 'one node only: the second IP waits, and the namespace is told',
      tale: { nodes: { n1: 'a' }, egressIPAMs, namespaces, allocations },
      steps: [
        'bind 10.0.1.10 to namespace a on node n1, eni-n1',
        'bind 10.0.1.140 to namespace a',
        'assign 10.0.1.10 to eni-n1 of node n1',
        'HostSubnet n1: add 10.0.1.10',
        'NetNamespace a: add 10.0.1.10',
      ],
      traffic: ['a active from 10.0.1.10'],
    },
  ]);
});

t.test('a step that a crash has cut short goes on where it stopped', async (t) => {
  const namespaces = { a: ['10.0.1.10'] };
  const bound = { for: 'a', phase: 'Bound', node: 'n1' } as const;
  check(t, [
    {
      title: 'the finalizer only',
      tale: { namespaces, allocations: { '10.0.1.10': { for: 'a', ours: true } } },
      steps: [
        'bind 10.0.1.10 to namespace a on node n1, eni-n1',
        'assign 10.0.1.10 to eni-n1 of node n1',
        'HostSubnet n1: add 10.0.1.10',
        'NetNamespace a: add 10.0.1.10',
      ],
    },
    {
      title: 'bound',
      tale: { namespaces, allocations: { '10.0.1.10': bound } },
      steps: [
        'assign 10.0.1.10 to eni-n1 of node n1',
        'HostSubnet n1: add 10.0.1.10',
        'NetNamespace a: add 10.0.1.10',
      ],
    },
    {
      title: 'assigned',
      tale: { namespaces, allocations: { '10.0.1.10': bound }, assigned: { n1: ['10.0.1.10'] } },
      steps: ['HostSubnet n1: add 10.0.1.10', 'NetNamespace a: add 10.0.1.10'],
    },
    {
      title: 'hosted',
      tale: {
        namespaces,
        allocations: { '10.0.1.10': bound },
        assigned: { n1: ['10.0.1.10'] },
        hosted: { n1: ['10.0.1.10'] },
      },
      steps: ['NetNamespace a: add 10.0.1.10'],
    },
    {
      title: 'written down for one node, assigned to another: it stays where it is, and that is written down',
      tale: { namespaces, allocations: { '10.0.1.10': bound }, assigned: { n2: ['10.0.1.10'] } },
      steps: [
        'HostSubnet n2: add 10.0.1.10',
        'record 10.0.1.10 on node n2, eni-n2',
        'NetNamespace a: add 10.0.1.10',
      ],
    },
    {
      title: 'put on another node’s HostSubnet: taken off there first',
      tale: {
        namespaces,
        allocations: { '10.0.1.10': bound },
        assigned: { n1: ['10.0.1.10'] },
        hosted: { n2: ['10.0.1.10'] },
      },
      steps: [
        'HostSubnet n2: remove 10.0.1.10',
        'HostSubnet n1: add 10.0.1.10',
        'NetNamespace a: add 10.0.1.10',
      ],
    },
    {
      title: 'the namespace was deleted and made anew: bound to the new one',
      tale: { namespaces: { a: { ips: ['10.0.1.10'], uid: 'another' } }, serves: [['a', '10.0.1.10', 'n1']] },
      but: (it) => {
        for (const [ip, allocation] of it.allocations)
          it.allocations.set(ip, { ...allocation, namespaceUID: 'uid-a' });
      },
      steps: ['bind 10.0.1.10 to namespace a on node n1, eni-n1'],
    },
  ]);
});

t.test('a NetNamespace that is not there yet is waited for, by this namespace alone (D21)', async (t) => {
  const tale = {
    namespaces: { a: { ips: ['10.0.1.10'], netNamespace: 'missing' as const }, b: ['10.0.1.11'] },
    allocations: { '10.0.1.10': { for: 'a' }, '10.0.1.11': { for: 'b' } },
  };
  check(t, [
    {
      title: 'a is ready for it, b is served',
      tale,
      steps: [
        'bind 10.0.1.10 to namespace a on node n1, eni-n1',
        'bind 10.0.1.11 to namespace b on node n2, eni-n2',
        'assign 10.0.1.10 to eni-n1 of node n1',
        'assign 10.0.1.11 to eni-n2 of node n2',
        'HostSubnet n1: add 10.0.1.10',
        'HostSubnet n2: add 10.0.1.11',
        'NetNamespace b: add 10.0.1.11',
      ],
    },
  ]);
});

t.test('nothing is bound before a fresh look shows the address on no interface', async (t) => {
  const namespaces = { a: ['10.0.1.10'] };
  const allocations = { '10.0.1.10': { for: 'a' } };
  check(t, [
    { title: 'EC2 was not read yet', tale: { namespaces, allocations, inventory: 'none' }, steps: [] },
    {
      title: 'the last look is old',
      tale: { namespaces, allocations },
      but: (it) => {
        it.inventoryAge = 150_001;
      },
      steps: [],
    },
    {
      title: 'the subnet was not read',
      tale: { namespaces, allocations, nodes: { n1: { zone: 'a', instance: 'gone' }, n2: 'b' } },
      steps: [],
      told: ['NoHost about a'],
    },
    {
      title: 'an interface has it that may be that of a node which cannot be read',
      tale: {
        namespaces,
        allocations,
        nodes: { n1: { zone: 'a', instance: 'unread' }, n2: 'a' },
        assigned: { n1: ['10.0.1.10'] },
      },
      steps: [],
      told: ['NoHost about a'],
    },
    {
      title: 'the control: the look is just young enough',
      tale: { namespaces, allocations },
      but: (it) => {
        it.inventoryAge = 150_000;
      },
      steps: [
        'bind 10.0.1.10 to namespace a on node n1, eni-n1',
        'assign 10.0.1.10 to eni-n1 of node n1',
        'HostSubnet n1: add 10.0.1.10',
        'NetNamespace a: add 10.0.1.10',
      ],
    },
  ]);
});

t.test('what is written down of an IP stays while its node cannot be read', async (t) => {
  const namespaces = { a: ['10.0.1.10'] };
  const serves = [['a', '10.0.1.10', 'n1']] as const;
  const nodes = { n1: { zone: 'a', instance: 'unread' as const }, n2: 'a' };
  check(t, [
    { title: 'in EC2', tale: { namespaces, serves, nodes }, steps: [] },
    {
      title: 'where the platform assigns',
      tale: { cloud: 'platform', namespaces, serves, nodes },
      steps: [],
    },
  ]);
});

t.test('an address that can never be an egress IP is reported, not claimed', async (t) => {
  const egressIPAMs = { pool: { cidrs: { '10.0.1.0/24': 'a' }, reserved: ['10.0.1.99'] } };
  const listed = (ip: string) => ({ egressIPAMs, namespaces: { a: [ip] } });
  check(t, [
    { title: 'a node’s own', tale: listed('10.0.1.201'), steps: [], told: ['InvalidEgressIPs about a'] },
    { title: 'kept by AWS', tale: listed('10.0.1.2'), steps: [], told: ['InvalidEgressIPs about a'] },
    { title: 'reserved', tale: listed('10.0.1.99'), steps: [], told: ['InvalidEgressIPs about a'] },
    {
      title: 'reserved, though it is on an interface of ours',
      tale: { ...listed('10.0.1.99'), assigned: { n1: ['10.0.1.99'] } },
      steps: [],
      told: ['InvalidEgressIPs about a'],
    },
    {
      title: 'the control',
      tale: { ...listed('10.0.1.98'), inventory: 'none' },
      steps: ['claim 10.0.1.98 of 10.0.1.0/24 for namespace a'],
    },
  ]);
});

t.test('what was claimed before EC2 was read, and cannot be had, is never bound', async (t) => {
  const listed = {
    egressIPAMs: { pool: { cidrs: { '10.0.1.0/28': 'a' } } },
    namespaces: { a: ['10.0.1.2'] },
  };
  check(t, [
    {
      title: 'AWS keeps it, and the user has named it: it is reported',
      tale: { ...listed, allocations: { '10.0.1.2': { for: 'a', explicit: true } } },
      steps: [],
      told: ['AddressStolen about a'],
    },
    {
      title: 'AWS keeps it: the namespace is given another one',
      tale: { ...listed, allocations: { '10.0.1.2': { for: 'a' } } },
      steps: [
        'claim 10.0.1.9 of 10.0.1.0/28 for namespace a',
        'list 10.0.1.9 on namespace a: 10.0.1.2 is kept by AWS',
        'bind 10.0.1.9 to namespace a on node n1, eni-n1',
        'assign 10.0.1.9 to eni-n1 of node n1',
        'HostSubnet n1: add 10.0.1.9',
        'NetNamespace a: add 10.0.1.9',
      ],
      told: ['AddressStolen about a'],
    },
  ]);
});

t.test(
  'a claim that somebody deletes before it is ours gets no finalizer: the API server would refuse it',
  async (t) => {
    const claim = { for: 'a', ours: false } as const;
    check(t, [
      {
        title: 'it is kept by a finalizer of somebody else',
        tale: {
          namespaces: { a: ['10.0.1.10'] },
          allocations: { '10.0.1.10': { ...claim, deleting: true } },
        },
        steps: [],
      },
      {
        title: 'the control: nobody deletes it',
        tale: {
          nodes: { n1: 'a' },
          namespaces: { a: ['10.0.1.10'] },
          allocations: { '10.0.1.10': claim },
        },
        steps: [
          'bind 10.0.1.10 to namespace a on node n1, eni-n1',
          'assign 10.0.1.10 to eni-n1 of node n1',
          'HostSubnet n1: add 10.0.1.10',
          'NetNamespace a: add 10.0.1.10',
        ],
      },
    ]);
  },
);
