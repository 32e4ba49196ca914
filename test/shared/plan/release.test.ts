// Giving back: NetNamespace, HostSubnet, interface, then rest, then nothing; and nothing before it is certain
// that nobody still lists the IP.
import t from 'tap';
import { HOUR, MINUTE } from './build.ts';
import { check } from './table.ts';

const REVOKE = [
  'begin to release 10.0.1.10',
  'NetNamespace a: remove 10.0.1.10',
  'HostSubnet n1: remove 10.0.1.10',
  'unassign 10.0.1.10 from eni-n1',
  'let 10.0.1.10 rest',
];
const serves = [['a', '10.0.1.10', 'n1']] as const;

t.test(
  'an IP is taken off where it is used, then where it is hosted, then where it is assigned',
  async (t) => {
    check(t, [
      {
        title: 'the namespace has opted out',
        tale: { namespaces: { a: { egressIPAM: 'none' } }, serves },
        time: 'goes by',
        steps: [...REVOKE, 'wait 300 s', 'delete the allocation of 10.0.1.10'],
        traffic: ['a node'],
      },
      {
        title: 'the namespace has opted out and its list was left: it is taken off, too',
        tale: { namespaces: { a: { egressIPAM: 'none', ips: ['10.0.1.10'] } }, serves },
        steps: ['take the list of IPs off namespace a: it has opted out', ...REVOKE],
      },
      {
        title: 'the namespace is gone, its NetNamespace with it',
        tale: { serves },
        steps: REVOKE.filter((step) => !step.startsWith('NetNamespace')),
      },
      {
        title: 'the control: the namespace is only being deleted',
        tale: { namespaces: { a: { ips: ['10.0.1.10'], terminating: true } }, serves },
        steps: [],
      },
    ]);
  },
);

t.test('both IPs of a namespace that opts out leave its NetNamespace in one patch', async (t) => {
  check(t, [
    {
      title: 'one of them on a node that is down',
      tale: {
        nodes: { n1: 'a', n2: { zone: 'b', notReadyFor: MINUTE } },
        egressIPAMs: { pool: { cidrs: { '10.0.1.0/24': 'a', '10.0.2.0/24': 'b' } } },
        namespaces: { a: { egressIPAM: 'none' } },
        serves: [...serves, ['a', '10.0.2.10', 'n2']],
      },
      steps: [
        'begin to release 10.0.1.10',
        'begin to release 10.0.2.10',
        'NetNamespace a: remove 10.0.1.10, 10.0.2.10',
        'HostSubnet n1: remove 10.0.1.10',
        'HostSubnet n2: remove 10.0.2.10',
        'unassign 10.0.1.10 from eni-n1',
        'unassign 10.0.2.10 from eni-n2',
        'let 10.0.1.10 rest',
        'let 10.0.2.10 rest',
      ],
      traffic: ['a node'],
    },
  ]);
});

t.test('a release goes on where it stopped, whatever the phase', async (t) => {
  const namespaces = { a: { egressIPAM: 'none' } };
  check(t, [
    {
      title: 'Releasing, on the NetNamespace',
      tale: {
        namespaces,
        allocations: { '10.0.1.10': { for: 'a', phase: 'Releasing', node: 'n1' } },
        assigned: { n1: ['10.0.1.10'] },
        hosted: { n1: ['10.0.1.10'] },
        used: { a: ['10.0.1.10'] },
      },
      steps: REVOKE.slice(1),
    },
    {
      title: 'Releasing, on the interface only',
      tale: {
        namespaces,
        allocations: { '10.0.1.10': { for: 'a', phase: 'Releasing', node: 'n1' } },
        assigned: { n1: ['10.0.1.10'] },
      },
      steps: REVOKE.slice(3),
    },
    {
      title: 'Resting, though our finalizer is still on it: it rests anew',
      tale: { namespaces, allocations: { '10.0.1.10': { for: 'a', phase: 'Resting', ours: true } } },
      steps: ['let 10.0.1.10 rest'],
    },
    {
      title: 'Claimed, though our finalizer is on it already',
      tale: { namespaces, allocations: { '10.0.1.10': { for: 'a', ours: true } } },
      steps: ['begin to release 10.0.1.10', 'let 10.0.1.10 rest'],
    },
    {
      title: 'hosted by two nodes',
      tale: {
        namespaces,
        allocations: { '10.0.1.10': { for: 'a', phase: 'Releasing', node: 'n1' } },
        hosted: { n1: ['10.0.1.10'], n2: ['10.0.1.10'] },
      },
      steps: ['HostSubnet n1: remove 10.0.1.10', 'HostSubnet n2: remove 10.0.1.10', 'let 10.0.1.10 rest'],
    },
  ]);
});

t.test('nothing of a release is done before the token was seen unchanged for 120 s', async (t) => {
  const namespaces = { a: { egressIPAM: 'none' } };
  const claim = { for: 'a', seenFor: 119_000, unlistedFor: 119_000 };
  check(t, [
    {
      title: 'Bound',
      tale: { namespaces, allocations: { '10.0.1.10': { ...claim, phase: 'Bound' } } },
      time: 'goes by',
      steps: [
        'wait 1 s',
        'begin to release 10.0.1.10',
        'let 10.0.1.10 rest',
        'wait 300 s',
        'delete the allocation of 10.0.1.10',
      ],
    },
    {
      title: 'Releasing: the next step waits, too',
      tale: { namespaces, allocations: { '10.0.1.10': { ...claim, phase: 'Releasing' } } },
      steps: [],
    },
    { title: 'only claimed', tale: { namespaces, allocations: { '10.0.1.10': claim } }, steps: [] },
    {
      title: 'only claimed, seen for long, listed until a minute ago',
      tale: { namespaces, allocations: { '10.0.1.10': { for: 'a', unlistedFor: MINUTE } } },
      time: 'goes by',
      steps: ['wait 60 s', 'delete the allocation of 10.0.1.10'],
    },
    {
      title: 'the control: a second later',
      tale: {
        namespaces,
        allocations: { '10.0.1.10': { for: 'a', seenFor: 120_000, unlistedFor: 120_000 } },
      },
      steps: ['delete the allocation of 10.0.1.10'],
    },
  ]);
});

t.test('a released IP rests for as long as its EgressIPAM says', async (t) => {
  const resting = (restedFor: number) => ({
    '10.0.1.10': { for: 'a', phase: 'Resting' as const, restedFor },
  });
  check(t, [
    {
      title: 'five minutes if it says nothing',
      tale: { allocations: resting(MINUTE) },
      time: 'goes by',
      steps: ['wait 240 s', 'delete the allocation of 10.0.1.10'],
    },
    {
      title: 'as it says',
      tale: { allocations: resting(MINUTE) },
      but: (it) => {
        const pool = it.egressIPAMs.get('pool');
        if (pool !== undefined)
          it.egressIPAMs.set('pool', { ...pool, spec: { ...pool.spec, reuseGracePeriod: '61s' } });
      },
      time: 'goes by',
      steps: ['wait 1 s', 'delete the allocation of 10.0.1.10'],
    },
    {
      title: 'no longer than that, though the clock was set back: then since nobody lists it',
      tale: {
        allocations: {
          '10.0.1.10': { for: 'a', phase: 'Resting', restedFor: -60 * MINUTE, unlistedFor: 3 * MINUTE },
        },
      },
      time: 'goes by',
      steps: ['wait 120 s', 'delete the allocation of 10.0.1.10'],
    },
    {
      title: 'when nobody knows since when it rests: since nobody lists it',
      tale: {
        allocations: {
          '10.0.1.10': { for: 'a', phase: 'Resting', restedFor: 'unknown', unlistedFor: 3 * MINUTE },
        },
      },
      time: 'goes by',
      steps: ['wait 120 s', 'delete the allocation of 10.0.1.10'],
    },
    {
      title: 'five minutes, too, when its EgressIPAM is gone',
      tale: { egressIPAMs: {}, allocations: resting(4 * MINUTE) },
      time: 'goes by',
      steps: ['wait 60 s', 'delete the allocation of 10.0.1.10'],
    },
  ]);
});

t.test('whoever lists the IP again has it again', async (t) => {
  check(t, [
    {
      title: 'while it is being released',
      tale: {
        namespaces: { a: ['10.0.1.10'] },
        allocations: { '10.0.1.10': { for: 'a', phase: 'Releasing', node: 'n1' } },
        assigned: { n1: ['10.0.1.10'] },
      },
      steps: [
        'bind 10.0.1.10 to namespace a on node n1, eni-n1',
        'HostSubnet n1: add 10.0.1.10',
        'NetNamespace a: add 10.0.1.10',
      ],
    },
    {
      title: 'while it rests',
      tale: {
        namespaces: { a: ['10.0.1.10'] },
        allocations: { '10.0.1.10': { for: 'a', phase: 'Resting', node: 'n2' } },
      },
      steps: [
        'bind 10.0.1.10 to namespace a on node n2, eni-n2',
        'assign 10.0.1.10 to eni-n2 of node n2',
        'HostSubnet n2: add 10.0.1.10',
        'NetNamespace a: add 10.0.1.10',
      ],
    },
    {
      title: 'the control: another namespace lists it and is given another one',
      tale: {
        egressIPAMs: { pool: { cidrs: { '10.0.1.10/31': 'a' } } },
        namespaces: { b: ['10.0.1.10'] },
        allocations: { '10.0.1.10': { for: 'a', phase: 'Resting' } },
      },
      steps: [
        'claim 10.0.1.11 of 10.0.1.10/31 for namespace b',
        'list 10.0.1.11 on namespace b: 10.0.1.10 belongs to namespace a',
        'bind 10.0.1.11 to namespace b on node n1, eni-n1',
        'assign 10.0.1.11 to eni-n1 of node n1',
        'HostSubnet n1: add 10.0.1.11',
        'NetNamespace b: add 10.0.1.11',
      ],
    },
  ]);
});

t.test('a nameless claim is collected when no namespace at all lists it', async (t) => {
  check(t, [
    {
      title: 'nobody lists it',
      tale: { allocations: { '10.0.1.10': { for: '' } } },
      steps: ['delete the allocation of 10.0.1.10'],
    },
    {
      title: 'somebody lists it, with a list that cannot be served',
      tale: { namespaces: { a: { text: '10.0.1.10,oops' } }, allocations: { '10.0.1.10': { for: '' } } },
      steps: [],
    },
  ]);
});

t.test(
  'an allocation with our finalizer that is deleted by hand stays in force until its release',
  async (t) => {
    const deleted = { for: 'a', phase: 'Bound', node: 'n1', deleting: true } as const;
    const stands = {
      assigned: { n1: ['10.0.1.10'] },
      hosted: { n1: ['10.0.1.10'] },
      used: { a: ['10.0.1.10'] },
    };
    check(t, [
      {
        title: 'its namespace lists it',
        tale: { namespaces: { a: ['10.0.1.10'] }, allocations: { '10.0.1.10': deleted }, ...stands },
        steps: [],
        traffic: ['a active from 10.0.1.10'],
      },
      {
        title: 'its namespace does not: it goes with our finalizer',
        tale: { namespaces: { a: { egressIPAM: 'none' } }, allocations: { '10.0.1.10': deleted }, ...stands },
        time: 'goes by',
        steps: REVOKE,
      },
      {
        title: 'one that was never ours goes by itself, as soon as its own finalizer lets it',
        tale: { allocations: { '10.0.1.10': { for: 'a', deleting: true } } },
        steps: [],
      },
      {
        title: 'deleted by hand before it was ours, it was gone at once, and is claimed again',
        tale: { namespaces: { a: ['10.0.1.10'] }, inventory: 'none' },
        steps: ['claim 10.0.1.10 of 10.0.1.0/24 for namespace a'],
      },
    ]);
  },
);

t.test('an IP on a NetNamespace that is not its own leaves that first, then its node', async (t) => {
  check(t, [
    {
      title: 'put there by hand, while it is being released',
      tale: {
        namespaces: { b: { egressIPAM: 'none' } },
        allocations: { '10.0.1.10': { for: 'a', phase: 'Releasing', node: 'n1' } },
        hosted: { n1: ['10.0.1.10'] },
        assigned: { n1: ['10.0.1.10'] },
        used: { b: ['10.0.1.10'] },
      },
      steps: [
        'NetNamespace b: remove 10.0.1.10',
        'HostSubnet n1: remove 10.0.1.10',
        'unassign 10.0.1.10 from eni-n1',
        'let 10.0.1.10 rest',
      ],
      traffic: ['b node'],
    },
  ]);
});

t.test('an address that turns up again where it was, while it rests, is taken off again', async (t) => {
  const resting = { for: 'a', phase: 'Resting', node: 'n1' } as const;
  check(t, [
    {
      title: 'on the interface that was written down',
      tale: { allocations: { '10.0.1.10': resting }, assigned: { n1: ['10.0.1.10'] } },
      steps: ['unassign 10.0.1.10 from eni-n1'],
    },
    {
      title: 'on another one it is foreign',
      tale: { allocations: { '10.0.1.10': resting }, assigned: { n2: ['10.0.1.10'] } },
      steps: [],
    },
    {
      title: 'where the platform assigns, that is the platform’s to do: on a HostSubnet it is foreign',
      tale: {
        cloud: 'platform',
        allocations: { '10.0.1.10': { ...resting, restedFor: HOUR } },
        hosted: { n1: ['10.0.1.10'] },
      },
      steps: ['delete the allocation of 10.0.1.10'],
    },
  ]);
});

t.test('unknown is not empty: nothing rests while nobody can say that it is on no interface', async (t) => {
  const releasing = { '10.0.1.10': { for: 'a', phase: 'Releasing' as const, node: 'n1' } };
  check(t, [
    { title: 'EC2 was not read yet', tale: { allocations: releasing, inventory: 'none' }, steps: [] },
    {
      title: 'its node cannot be read',
      tale: { nodes: { n1: { zone: 'a', instance: 'unread' }, n2: 'a' }, allocations: releasing },
      steps: [],
    },
    {
      title: 'its node cannot be read, and an interface has it',
      tale: {
        nodes: { n1: { zone: 'a', instance: 'unread' }, n2: 'a' },
        allocations: releasing,
        assigned: { n1: ['10.0.1.10'] },
      },
      steps: [],
    },
    {
      title: 'another node cannot be read, and the IP is on an interface that may be that one’s',
      tale: {
        nodes: { n1: 'a', n2: { zone: 'a', instance: 'unread' } },
        allocations: releasing,
        assigned: { n2: ['10.0.1.10'] },
      },
      steps: [],
    },
    {
      title: 'its node is gone, its interface lives on: not ours to touch any more',
      tale: {
        nodes: { n2: 'a' },
        allocations: releasing,
        foreign: { 'eni-n1': ['10.0.1.250', '10.0.1.10'] },
      },
      steps: ['let 10.0.1.10 rest'],
    },
    {
      title: 'its zone has lost its last node, and a node of another zone cannot be read',
      tale: { nodes: { n3: { zone: 'b', instance: 'unread' } }, allocations: releasing },
      steps: [],
    },
    {
      title: 'the control: all that is left can be read',
      tale: { nodes: { n3: 'b' }, allocations: releasing },
      steps: ['let 10.0.1.10 rest'],
    },
    {
      title: 'the control: its node can be read',
      tale: { allocations: releasing },
      steps: ['let 10.0.1.10 rest'],
    },
  ]);
});
