// What an EgressIPAM says of itself: how full each CIDR is, what the webhook must know, and whether all is
// well.
import t from 'tap';
import { toIPv4 } from '../../shared/ip.ts';
import type { EgressIPAMStatus } from '../../shared/kinds.ts';
import { plan } from '../../shared/plan/plan.ts';
import { statusOf } from '../../shared/status.ts';
import type { Tale } from './plan/build.ts';
import { cluster } from './plan/build.ts';
import { type Cluster, cidr, worldOf } from './plan/cluster.ts';

const NOW = '2026-01-01T00:00:00Z';
const LATER = '2026-01-01T01:00:00Z';

function statusIn(it: Cluster, now = NOW, before?: EgressIPAMStatus): EgressIPAMStatus {
  const object = it.egressIPAMs.get('pool');
  if (object === undefined) throw new Error('there is no EgressIPAM pool');
  const world = worldOf(it);
  const { status: _built, ...bare } = object;
  return statusOf(before === undefined ? bare : { ...bare, status: before }, world, plan(world), now);
}

function conditions(status: EgressIPAMStatus): string[] {
  return (status.conditions ?? []).map(({ type, status: is, reason }) => `${type} ${is} ${reason}`);
}

t.test('each CIDR tells how full it is, of addresses and of room on nodes', async (t) => {
  const it = cluster({
    egressIPAMs: { pool: { cidrs: { '10.0.1.0/28': 'a', '10.0.2.0/28': 'b' } } },
    nodes: {
      n1: { zone: 'a', slots: 4 },
      n2: { zone: 'a', slots: 3, cordoned: true },
      n3: { zone: 'b', slots: 2 },
    },
    namespaces: { a: ['10.0.1.10', '10.0.2.10'], b: ['10.0.1.11'] },
    serves: [
      ['a', '10.0.1.10', 'n1'],
      ['a', '10.0.2.10', 'n3'],
    ],
    allocations: { '10.0.1.11': { for: 'b' }, '10.0.1.12': { for: 'c', phase: 'Resting' } },
    foreign: { 'eni-lb': ['10.0.1.6', '10.0.1.7'] },
  });
  const status = statusIn(it);
  t.match(status, { observedGeneration: 1, cloud: 'aws', allocated: 3 });
  t.same(status.cidrs, [
    {
      CIDR: '10.0.1.0/28',
      labelValue: 'a',
      size: 16,
      usable: 9, // but for the first four, the last, and two in use
      allocated: 2,
      resting: 1,
      free: 6,
      freeHostSlots: 2, // four on n1, one in use, one claimed
      inUse: ['10.0.1.0-10.0.1.3', '10.0.1.6-10.0.1.7'],
    },
    {
      CIDR: '10.0.2.0/28',
      labelValue: 'b',
      size: 16,
      usable: 11,
      allocated: 1,
      resting: 0,
      free: 10,
      freeHostSlots: 1,
      inUse: ['10.0.2.0-10.0.2.3'],
    },
  ]);
  t.equal(status.free, 16);
  t.same(conditions(status), [
    'Ready True Served',
    'CapacityOK True ZoneAtRisk',
    'InventoryFresh True NotReserved',
  ]);
});

t.test('a zone that would not survive the loss of one node is told, as long as there is room', async (t) => {
  const serves = [10, 11, 12].map((last) => [`ns-${last}`, `10.0.1.${last}`, 'n1'] as const);
  const namespaces = Object.fromEntries(serves.map(([name, ip]) => [name, [ip]]));
  const hosting = (slots: number) => ({
    nodes: { n1: { zone: 'a', slots: 4 }, n2: { zone: 'a', slots } },
    namespaces,
    serves,
  });
  const claimed = {
    namespaces: { ...namespaces, b: ['10.0.1.20'] },
    allocations: { '10.0.1.20': { for: 'b' } },
  };
  const rows: readonly [string, Tale, 'ZoneAtRisk' | 'Enough'][] = [
    ['the other node has room for all that the first one hosts', hosting(3), 'Enough'],
    ['it has not', hosting(2), 'ZoneAtRisk'],
    ['it has, but for a claim that will take a slot of it', { ...hosting(3), ...claimed }, 'ZoneAtRisk'],
    ['there is only one node', { nodes: { n1: 'a' } }, 'ZoneAtRisk'],
    ['the other one is cordoned', { nodes: { n1: 'a', n2: { zone: 'a', cordoned: true } } }, 'ZoneAtRisk'],
    ['on bare metal with one node', { cloud: 'none', nodes: { n1: 'a' } }, 'ZoneAtRisk'],
    ['on bare metal with two', { cloud: 'none', nodes: { n1: 'a', n2: 'a' } }, 'Enough'],
  ];
  for (const [title, tale, reason] of rows) {
    t.ok(conditions(statusIn(cluster(tale))).includes(`CapacityOK True ${reason}`), title);
  }
  const [, capacity] = statusIn(cluster(hosting(2))).conditions ?? [];
  t.equal(capacity?.message, 'The loss of one node would leave IPs of 10.0.1.0/24 without a node; add nodes');
});

t.test('what AWS may give to others is said, until reservations cover every CIDR', async (t) => {
  const it = cluster({
    egressIPAMs: { pool: { cidrs: { '10.0.1.0/28': 'a', '10.0.2.0/28': 'b' } } },
    nodes: { n1: { zone: 'a' }, n2: { zone: 'b' } },
  });
  const object = it.egressIPAMs.get('pool');
  if (object === undefined) throw new Error('there is no EgressIPAM pool');
  const reasonWith = (...reservations: string[]) => {
    const world = worldOf(it);
    if (world.inventory === undefined) throw new Error('EC2 was not read');
    const inventory = { ...world.inventory, reservations: reservations.map(cidr) };
    const known = { ...world, inventory };
    const fresh = statusOf(object, known, plan(known), NOW).conditions?.find(
      ({ type }) => type === 'InventoryFresh',
    );
    return `${fresh?.status} ${fresh?.reason}`;
  };
  t.equal(reasonWith(), 'True NotReserved');
  t.equal(reasonWith('10.0.1.0/28', '10.0.2.0/29'), 'True NotReserved');
  t.equal(reasonWith('10.0.1.0/28', '10.0.2.0/29', '10.0.2.8/29'), 'True Read');
});

t.test('on bare metal no limit of room is known, unless no node is left', async (t) => {
  const slots = (tale: Tale) => statusIn(cluster({ cloud: 'none', ...tale })).cidrs?.[0]?.freeHostSlots;
  t.equal(slots({}), undefined);
  t.equal(slots({ nodes: { n1: { zone: 'a', cordoned: true } } }), 0);
  t.equal(statusIn(cluster({ cloud: 'none' })).cloud, 'none');
});

t.test('what is wrong is told in a condition, the worst first', async (t) => {
  const rows: readonly [string, Tale, string][] = [
    ['it is invalid', { egressIPAMs: { pool: { cidrs: { nonsense: 'a' } } } }, 'Ready False Invalid'],
    [
      'it is being deleted',
      { egressIPAMs: { pool: { cidrs: { '10.0.1.0/24': 'a' }, deleting: 'waits' } } },
      'Ready False Deleting',
    ],
    [
      'an IP has no node',
      {
        nodes: { n1: { zone: 'a', slots: 0 } },
        namespaces: { a: ['10.0.1.10'] },
        allocations: { '10.0.1.10': { for: 'a', phase: 'Bound' } },
      },
      'Ready False NotHosted',
    ],
    [
      'it is full',
      {
        egressIPAMs: { pool: { cidrs: { '10.0.1.10/32': 'a' } } },
        namespaces: { a: ['10.0.1.10'] },
        serves: [['a', '10.0.1.10', 'n1']],
      },
      'CapacityOK False PoolExhausted',
    ],
    ['no node has room', { nodes: { n1: { zone: 'a', slots: 0 } } }, 'CapacityOK False NoHostSlots'],
    [
      'a node could not be read',
      { nodes: { n1: 'a', n2: { zone: 'a', instance: 'unread' } } },
      'InventoryFresh False NodesUnknown',
    ],
    [
      'a node could not be read that it does not select',
      { nodes: { n1: 'a', n2: { zone: 'b', instance: 'unread' } } },
      'InventoryFresh True NotReserved',
    ],
    [
      'a node could not be read, and may be why its CIDR was not read',
      { nodes: { n1: { zone: 'b' }, n2: { zone: 'c', instance: 'unread' } } },
      'InventoryFresh Unknown NotRead',
    ],
    ['it lies in no subnet', { nodes: { n1: 'b' } }, 'InventoryFresh False OutsideSubnets'],
    ['EC2 was not read', { inventory: 'none' }, 'InventoryFresh Unknown NotRead'],
    ['there is no cloud', { cloud: 'none' }, 'InventoryFresh True NoCloud'],
    ['all is well', {}, 'Ready True Served'],
  ];
  for (const [title, tale, expected] of rows) {
    t.ok(conditions(statusIn(cluster(tale))).includes(expected), `${title}: ${expected}`);
  }
});

t.test('who has an IP that cannot be used is named, also when nobody holds that IP', async (t) => {
  const ready = (tale: Tale) => statusIn(cluster(tale)).conditions?.find(({ type }) => type === 'Ready');
  const one = ready({ namespaces: { a: ['10.0.1.1'] } });
  t.equal(one?.message, 'Namespace a has an IP that cannot be used now; see its events');
  const two = ready({ namespaces: { b: ['10.0.1.2'], a: ['10.0.1.1'], c: ['10.0.1.10'] } });
  t.match(two?.message, /^2 namespaces have an IP that cannot be used now, among them a, b; /);
});

t.test('what has changed since it was observed says nothing new, and least of all «observed»', async (t) => {
  const it = cluster();
  const world = worldOf(it);
  const object = it.egressIPAMs.get('pool');
  if (object === undefined) throw new Error('there is no EgressIPAM pool');
  const { metadata, spec } = object;
  const before = statusIn(it);
  const rows: readonly [string, Partial<typeof metadata>][] = [
    ['edited', { generation: 2 }],
    ['deleted, and another one of that name created', { uid: 'another' }],
    ['created', { name: 'new', uid: 'new' }],
  ];
  for (const [title, change] of rows) {
    const changed = { spec, metadata: { ...metadata, ...change } };
    t.same(statusOf({ ...changed, status: before }, world, plan(world), LATER), before, title);
    t.same(statusOf(changed, world, plan(world), LATER), {}, title);
  }
  t.match(statusOf({ spec, metadata }, world, plan(world), LATER), { observedGeneration: 1 }, 'the control');
});

t.test('what an edit would displace is told as not Ready', async (t) => {
  const it = cluster({
    nodes: { n1: { zone: 'a', labels: { 'topology.kubernetes.io/zone': 'x' }, slots: 20 }, n2: 'a' },
    namespaces: Object.fromEntries(
      Array.from({ length: 12 }, (_, at) => [`ns-${at}`, [`10.0.1.${at + 10}`]]),
    ),
    serves: Array.from({ length: 12 }, (_, at) => [`ns-${at}`, `10.0.1.${at + 10}`, 'n1'] as const),
  });
  const [ready] = statusIn(it).conditions ?? [];
  t.match(ready, {
    type: 'Ready',
    status: 'False',
    reason: 'BreakerOpen',
    message: /^12 of 12 IPs of 10\.0\.1\.0\/24 are on nodes/,
  });
});

t.test('a CIDR that is too fragmented to publish publishes nothing, and says so', async (t) => {
  const it = cluster({ egressIPAMs: { pool: { cidrs: { '10.0.0.0/20': 'a' } } } });
  const subnet = cidr('10.0.0.0/20');
  it.interfaces.clear();
  for (let at = 0; at < 1010; at += 2) {
    const primary = toIPv4(subnet.first + 10 + at);
    it.interfaces.set(`eni-${at}`, {
      id: `eni-${at}`,
      node: undefined,
      subnet,
      primary,
      secondary: new Set(),
      slots: 0,
    });
  }
  const status = statusIn(it);
  t.same(status.cidrs?.[0]?.inUse, []);
  t.ok(conditions(status).includes('InventoryFresh False TooFragmented'));
});

t.test('a CIDR that cannot be read this time goes on to say what was in use', async (t) => {
  const seen = statusIn(cluster({ foreign: { 'eni-lb': ['10.0.1.6'] } }));
  const blind = statusIn(cluster({ nodes: { n1: 'b' } }), LATER, seen);
  t.same(blind.cidrs?.[0]?.inUse, seen.cidrs?.[0]?.inUse);
  t.match(seen.cidrs?.[0]?.inUse, ['10.0.1.0-10.0.1.3', '10.0.1.6']);
});

t.test(
  'room on nodes that cannot be read this time goes on to be told, less what was allocated since',
  async (t) => {
    const unread = { zone: 'a', instance: 'unread' as const };
    const slots = (status: EgressIPAMStatus) => status.cidrs?.[0]?.freeHostSlots;
    const seen = statusIn(cluster({ nodes: { n1: { zone: 'a', slots: 5 } } }));
    t.equal(slots(seen), 5);
    const allocations = { '10.0.1.10': { for: 'a' }, '10.0.1.11': { for: 'b' } };
    const blind = statusIn(cluster({ nodes: { n1: unread }, allocations }), LATER, seen);
    t.equal(slots(blind), 3);
    t.equal(slots(statusIn(cluster({ nodes: { n1: unread }, allocations }), LATER, blind)), 3);
    t.equal(slots(statusIn(cluster({ nodes: { n1: unread } }))), 0, 'of which nothing was ever known');
    const one = cluster({ nodes: { n1: unread, n2: { zone: 'a', slots: 2 } } });
    t.equal(slots(statusIn(one, LATER, seen)), 2, 'the control: one of them can be read');
    const gone = cluster({ nodes: { n1: { ...unread, notReadyFor: 1000 } } });
    t.equal(slots(statusIn(gone, LATER, seen)), 0, 'the control: there is no such node');
  },
);

t.test('of a CIDR that was never read nothing is said, however often it cannot be read', async (t) => {
  const grown = (instance?: 'unread') =>
    cluster({
      egressIPAMs: { pool: { cidrs: { '10.0.1.0/24': 'a', '10.0.2.0/24': 'b' } } },
      nodes: { n1: 'a', n2: instance === undefined ? 'b' : { zone: 'c', instance } },
    });
  const first = statusIn(grown('unread'), NOW, statusIn(cluster()));
  const next = statusIn(grown('unread'), LATER, first);
  for (const status of [first, next]) {
    t.match(status.cidrs?.[0]?.inUse, ['10.0.1.0-10.0.1.3']);
    t.equal(status.cidrs?.[1]?.inUse, undefined);
    t.ok(conditions(status).includes('InventoryFresh Unknown NotRead'));
  }
  const read = statusIn(grown(), LATER, next);
  t.match(read.cidrs?.[1]?.inUse, ['10.0.2.0-10.0.2.3'], 'the control: now it was read');
  t.notOk(conditions(read).includes('InventoryFresh Unknown NotRead'));
});

t.test(
  'a condition keeps its time while its status stays, and nothing changes when nothing has changed',
  async (t) => {
    const first = statusIn(cluster());
    t.same(statusIn(cluster(), LATER, first), first);
    const full = statusIn(cluster({ nodes: { n1: { zone: 'a', slots: 0 } } }), LATER, first);
    const timeOf = (status: EgressIPAMStatus, type: string) =>
      status.conditions?.find((condition) => condition.type === type)?.lastTransitionTime;
    t.equal(timeOf(full, 'Ready'), NOW);
    t.equal(timeOf(full, 'CapacityOK'), LATER);
  },
);

t.test('before EC2 was read, a new leader leaves what the one before it has said', async (t) => {
  const first = statusIn(cluster());
  t.same(statusIn(cluster({ inventory: 'none' }), LATER, first), first);
});

t.test('an EgressIPAM that has become invalid goes on to say what it serves', async (t) => {
  const first = statusIn(cluster());
  const invalid = statusIn(
    cluster({ egressIPAMs: { pool: { cidrs: { '10.0.1.0/24': 'a', nonsense: 'a' } } } }),
    LATER,
    { ...first, observedGeneration: 0 },
  );
  t.same(invalid.cidrs, first.cidrs);
  t.equal(invalid.observedGeneration, 1);
  t.same(conditions(invalid), ['Ready False Invalid']);
  t.match(invalid.conditions?.[0]?.message, /^spec\.cidrAssignments\[1\]\.CIDR: /);
});
