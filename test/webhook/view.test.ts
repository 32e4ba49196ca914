// What a replica knows: who holds what, what may be handed out, and whether the cloud's view is good enough.
import t from 'tap';
import { parseIPv4 } from '../../shared/ip.ts';
import type { Condition, EgressIPAMObject, EgressIPAMStatus } from '../../shared/kinds.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  HOST_SUBNETS,
  NAMESPACES,
  NET_NAMESPACES,
} from '../../shared/kube/resources.ts';
import type { View } from '../../webhook/view.ts';
import { A, allocation, B, hostSubnet, namespace, netNamespace, optedIn, pool } from './build.ts';
import { type Replica, replicaOf } from './replica.ts';

const AWS: EgressIPAMStatus = { cloud: 'aws', observedGeneration: 1 };

function ip(text: string) {
  const parsed = parseIPv4(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

function only(view: View) {
  const egressIPAM = view.egressIPAM('pool');
  const first = egressIPAM?.pools[0];
  if (egressIPAM === undefined || first === undefined) throw new Error('no valid EgressIPAM');
  return { egressIPAM, pool: first };
}

function holders(replica: Replica, text: string): string[] {
  return replica.view.holdersOf(ip(text)).map(({ kind, name }) => `${kind} ${name}`);
}

t.test(
  'taken is the union of allocations, lists, NetNamespaces and HostSubnets, as they come and go',
  async (t) => {
    const replica = replicaOf([[EGRESSIPAMS, pool()]]);
    const { api } = replica;
    api.put(ALLOCATIONS, allocation('10.0.128.1', 'a'));
    api.put(NAMESPACES, optedIn('b', '10.0.128.1,10.0.128.2,nonsense'));
    api.put(NET_NAMESPACES, netNamespace('c', '10.0.128.3', 'nonsense', '10.0.128.3'));
    api.put(HOST_SUBNETS, hostSubnet('n1', '192.0.2.1', '10.0.128.4'));
    replica.sync();
    t.same(holders(replica, '10.0.128.1'), ['allocation a', 'namespace b']);
    t.same(holders(replica, '10.0.128.2'), ['namespace b']);
    t.same(holders(replica, '10.0.128.3'), ['netNamespace c']);
    t.same(holders(replica, '10.0.128.4'), ['hostSubnet n1']);
    api.remove(ALLOCATIONS, '10.0.128.1');
    api.put(NAMESPACES, namespace('b', { 'egressip-ipam-operator.redhat-cop.io/egressips': '10.0.128.1' }));
    api.put(NET_NAMESPACES, netNamespace('c'));
    api.put(HOST_SUBNETS, hostSubnet('n1', '192.0.2.1', '10.0.128.5'));
    replica.sync();
    t.same(
      ['1', '2', '3', '4', '5'].map((last) => holders(replica, `10.0.128.${last}`)),
      [[], [], [], [], ['hostSubnet n1']],
    );
    t.equal(replica.view.taken.has(ip('10.0.128.1')), false);
    t.equal(replica.view.taken.has(ip('10.0.128.5')), true);
  },
);

t.test(
  'usable addresses follow host IPs, specs and what the cloud uses, and are kept while nothing changes',
  async (t) => {
    const replica = replicaOf([[EGRESSIPAMS, pool({ cidrs: [A] })]]);
    const usable = () => {
      const { egressIPAM, pool: first } = only(replica.view);
      return replica.view.usable(egressIPAM, first);
    };
    const before = usable();
    t.equal(before.usable, 14);
    replica.api.put(EGRESSIPAMS, pool({ cidrs: [A], status: { ...AWS, conditions: [] } }));
    replica.sync();
    t.equal(usable(), before, 'a status that says nothing new of addresses');
    const inUse = (...ranges: string[]): EgressIPAMObject => {
      const cidr = {
        CIDR: A,
        labelValue: 'zone-0',
        size: 16,
        usable: 1,
        allocated: 0,
        resting: 0,
        free: 1,
        inUse: ranges,
      };
      return pool({ cidrs: [A], status: { ...AWS, cidrs: [cidr] } });
    };
    replica.api.put(EGRESSIPAMS, inUse('10.0.128.1-10.0.128.3', 'nonsense', '10.0.128.9'));
    replica.sync();
    const withCloud = usable();
    t.equal(withCloud.usable, 10);
    replica.api.put(EGRESSIPAMS, inUse('10.0.128.1-10.0.128.3', 'nonsense', '10.0.128.9'));
    replica.sync();
    t.equal(usable(), withCloud);
    replica.api.put(HOST_SUBNETS, hostSubnet('n1', '10.0.128.4'));
    replica.sync();
    t.equal(usable().usable, 9);
    replica.api.put(HOST_SUBNETS, hostSubnet('n1', '10.0.128.9', '10.0.128.5'));
    replica.sync();
    t.equal(usable().usable, 10, 'its old address is free again, its egress IPs are not its address');
    replica.api.remove(HOST_SUBNETS, 'n1');
    replica.sync();
    t.equal(usable().usable, 10);
    replica.api.put(EGRESSIPAMS, pool({ cidrs: ['10.0.128.0/29'], metadata: { generation: 2 } }));
    replica.sync();
    t.equal(usable().usable, 6);
  },
);

t.test('an address of two nodes, one of which goes, is still the address of the other', async (t) => {
  const replica = replicaOf([
    [EGRESSIPAMS, pool({ cidrs: [A] })],
    [HOST_SUBNETS, hostSubnet('old-name', '10.0.128.1')],
  ]);
  replica.api.put(HOST_SUBNETS, hostSubnet('new-name', '10.0.128.1'));
  replica.sync();
  replica.api.remove(HOST_SUBNETS, 'old-name');
  replica.sync();
  const { egressIPAM, pool: first } = only(replica.view);
  t.equal(
    replica.view.usable(egressIPAM, first).whyNot(ip('10.0.128.1')),
    'is the address of node "new-name"',
  );
});

t.test('of two EgressIPAMs that overlap the older is valid, and the younger says why not', async (t) => {
  const young = pool({ name: 'young', metadata: { creationTimestamp: '2026-11-22T06:30:00Z' } });
  const replica = replicaOf([
    [EGRESSIPAMS, young],
    [EGRESSIPAMS, pool()],
  ]);
  t.ok(replica.view.egressIPAM('pool'));
  t.equal(replica.view.egressIPAM('young'), undefined);
  t.match(replica.view.invalid('young'), [{ code: 'OverlappingCIDR' }, { code: 'OverlappingCIDR' }]);
  t.same(replica.view.names(), ['pool', 'young']);
  replica.api.remove(EGRESSIPAMS, 'pool');
  replica.sync();
  t.ok(replica.view.egressIPAM('young'));
  t.equal(replica.view.egressIPAM('pool'), undefined);
});

t.test('the cloud is known, not looked at yet, or not fit to be relied on', async (t) => {
  const fragmented: Condition = {
    type: 'InventoryFresh',
    status: 'False',
    reason: 'TooFragmented',
    message: 'more than 500 ranges',
    lastTransitionTime: '2026-11-22T07:00:00Z',
  };
  const narrow: Condition = {
    ...fragmented,
    type: 'CapacityOK',
    reason: 'NoHostSlots',
    message: 'no node could host another IP',
  };
  const table: readonly (readonly [string, EgressIPAMStatus, number | undefined, string])[] = [
    ['no status yet', {}, 0, 'unobserved'],
    ['another generation', { cloud: 'none', observedGeneration: 0 }, 0, 'unobserved'],
    ['no generation', { cloud: 'none' }, 0, 'unobserved'],
    ['bare metal, whatever the Lease says', { cloud: 'none', observedGeneration: 1 }, undefined, 'known'],
    ['AWS, observed just now', AWS, 0, 'known'],
    ['AWS, observed as long ago as may be', AWS, 300_000, 'known'],
    ['AWS, observed longer ago', AWS, 300_001, 'old'],
    ['AWS, nobody knows when', AWS, undefined, 'unobserved'],
    ['AWS, too fragmented', { ...AWS, conditions: [fragmented] }, 0, 'untold'],
    [
      'AWS, a CIDR in no subnet',
      { ...AWS, conditions: [{ ...fragmented, reason: 'OutsideSubnets' }] },
      0,
      'untold',
    ],
    [
      'AWS, a node that cannot be read',
      { ...AWS, conditions: [{ ...fragmented, reason: 'NodesUnknown' }] },
      0,
      'known',
    ],
    [
      'AWS, a CIDR that was never read, whatever the Lease says of the others',
      { ...AWS, conditions: [{ ...fragmented, status: 'Unknown', reason: 'NotRead' }] },
      0,
      'unobserved',
    ],
    ['AWS, was too fragmented', { ...AWS, conditions: [{ ...fragmented, status: 'True' }] }, 0, 'known'],
  ];
  for (const [what, status, age, expected] of table) {
    const replica = replicaOf([[EGRESSIPAMS, pool({ status })]], { observedAge: () => age });
    t.equal(replica.view.cloud(only(replica.view).egressIPAM).kind, expected, what);
  }
  const warned = replicaOf([[EGRESSIPAMS, pool({ status: { ...AWS, conditions: [narrow] } })]]);
  t.same(warned.view.cloud(only(warned.view).egressIPAM), {
    kind: 'known',
    warnings: ['EgressIPAM "pool" has CapacityOK=False, NoHostSlots: no node could host another IP'],
  });
  const fragile = { ...narrow, status: 'True' as const, reason: 'ZoneAtRisk', message: 'add nodes' };
  const told = replicaOf([[EGRESSIPAMS, pool({ status: { ...AWS, conditions: [fragile] } })]]);
  t.match(told.view.cloud(only(told.view).egressIPAM), {
    warnings: ['EgressIPAM "pool" has CapacityOK=True, ZoneAtRisk: add nodes'],
  });
  const chatty = { ...narrow, message: 'x'.repeat(500) };
  const long = replicaOf([[EGRESSIPAMS, pool({ status: { ...AWS, conditions: [chatty] } })]]);
  const view = long.view.cloud(only(long.view).egressIPAM);
  t.equal(view.kind === 'known' ? view.warnings[0]?.length : 0, 200, 'API servers cut long warnings');
});

t.test('host slots are what was published less what was claimed since', async (t) => {
  const published = (allocated: number): EgressIPAMStatus => ({
    cloud: 'none',
    observedGeneration: 1,
    cidrs: [
      {
        CIDR: A,
        labelValue: 'zone-0',
        size: 16,
        usable: 14,
        allocated,
        resting: 1,
        free: 9,
        freeHostSlots: 5,
      },
    ],
  });
  const replica = replicaOf([
    [EGRESSIPAMS, pool({ status: published(2) })],
    [ALLOCATIONS, allocation('10.0.128.1', 'a', { phase: 'Bound' })],
    [ALLOCATIONS, allocation('10.0.128.2', 'b')],
    [ALLOCATIONS, allocation('10.0.128.3', 'c', { phase: 'Resting' })],
    [ALLOCATIONS, allocation('10.0.144.3', 'c')],
  ]);
  const slots = () => {
    const { egressIPAM, pool: first } = only(replica.view);
    return replica.view.hostSlots(egressIPAM, first);
  };
  t.same(slots(), { free: 5, claimedSince: 0 });
  replica.api.put(ALLOCATIONS, allocation('10.0.128.4', 'd'));
  replica.sync();
  t.same(slots(), { free: 5, claimedSince: 1 });
  const { egressIPAM, pool: first } = only(replica.view);
  const release = replica.view.reserve(egressIPAM, first);
  const releaseToo = replica.view.reserve(egressIPAM, first);
  t.same(slots(), { free: 5, claimedSince: 3 }, 'claims under way');
  release();
  releaseToo();
  t.same(slots(), { free: 5, claimedSince: 1 });
  replica.api.put(EGRESSIPAMS, pool({ status: published(4) }));
  replica.sync();
  t.same(slots(), { free: 5, claimedSince: 0 }, 'fewer than published is no gift');
  const second = egressIPAM.pools[1];
  t.same(second === undefined ? {} : replica.view.hostSlots(egressIPAM, second), {
    free: undefined,
    claimedSince: 0,
  });
});

t.test("own allocations are the namespace's in the pool, the likeliest to be in use first", async (t) => {
  const replica = replicaOf([
    [EGRESSIPAMS, pool()],
    [ALLOCATIONS, allocation('10.0.128.1', 'a', { phase: 'Resting' })],
    [ALLOCATIONS, allocation('10.0.128.2', 'a', { phase: 'Releasing' })],
    [ALLOCATIONS, allocation('10.0.128.3', 'a')],
    [ALLOCATIONS, allocation('10.0.128.4', 'a', { phase: 'Bound' })],
    [ALLOCATIONS, allocation('10.0.128.5', 'a', { deleting: 'yes' })],
    [ALLOCATIONS, allocation('10.0.128.6', 'b')],
    [ALLOCATIONS, allocation('10.0.128.8', '')],
    [ALLOCATIONS, allocation('10.0.144.4', 'a')],
    [ALLOCATIONS, allocation('no-ip', 'a')],
  ]);
  const { egressIPAM, pool: first } = only(replica.view);
  const own = (name: string) => replica.view.ownAllocations(name, first).map((one) => one.ip & 255);
  t.same(own('a'), [4, 3, 2, 1]);
  t.same(own(''), [], "nameless claims are nobody's");
  t.same(replica.view.counts(egressIPAM, first), {
    allocated: 6,
    resting: 1,
    foreign: 0,
    nextFreeAt: undefined,
  });
  replica.api.remove(ALLOCATIONS, '10.0.128.4');
  replica.sync();
  t.same(own('a'), [3, 2, 1]);
});

t.test(
  'an own claim is passed over when it must not be handed out any more, or somebody else has it',
  async (t) => {
    const retaken = async (replica: Replica) => {
      const answer = await replica.ask({ ...CREATE, object: optedIn('a') });
      t.ok(answer.allowed);
      return replica.api.calls.filter((call) => call.startsWith('replace'));
    };
    const own = [ALLOCATIONS, allocation('10.0.128.7', 'a', { phase: 'Resting' })] as const;
    t.same(await retaken(replicaOf([[EGRESSIPAMS, pool({ cidrs: [A] })], own])), [
      'replace egressipallocations/10.0.128.7',
    ]);
    const node = [HOST_SUBNETS, hostSubnet('n1', '10.0.128.7')] as const;
    t.same(await retaken(replicaOf([[EGRESSIPAMS, pool({ cidrs: [A] })], own, node])), []);
    const stolen = [NET_NAMESPACES, netNamespace('b', '10.0.128.7')] as const;
    t.same(await retaken(replicaOf([[EGRESSIPAMS, pool({ cidrs: [A] })], own, stolen])), []);
  },
);

const CREATE = {
  uid: 'u',
  operation: 'CREATE',
  subResource: '',
  dryRun: false,
  oldObject: undefined,
} as const;

t.test('uses are opted-in namespaces and what is bound or claimed', async (t) => {
  const replica = replicaOf([
    [EGRESSIPAMS, pool({ cidrs: [A, B] })],
    [NAMESPACES, optedIn('a', '10.0.128.7')],
    [NAMESPACES, optedIn('b')],
    [NAMESPACES, optedIn('c', '10.0.128.9', 'other')],
    [ALLOCATIONS, allocation('10.0.128.1', 'd')],
    [ALLOCATIONS, allocation('10.0.128.2', 'e', { phase: 'Resting' })],
    [ALLOCATIONS, allocation('10.0.128.3', 'f', { phase: 'Releasing' })],
  ]);
  const uses = () =>
    [...replica.view.uses('pool')].map(({ namespace: name, ips }) => `${name}:${ips.length}`);
  t.same(uses(), ['a:1', 'b:0', 'd:1']);
  replica.api.put(NAMESPACES, optedIn('a', '10.0.128.7', 'other'));
  replica.api.remove(NAMESPACES, 'b');
  replica.sync();
  t.same(uses(), ['d:1']);
});
