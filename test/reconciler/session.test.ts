// Whole terms on a small cluster: from what the API server and EC2 show to what is written, with everything real between.
import t from 'tap';
import { EGRESS_IPCONFIG_ANNOTATION } from '../../reconciler/platform.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  EVENTS,
  HOST_SUBNETS,
  NAMESPACES,
  NET_NAMESPACES,
  NODES,
  type Resource,
} from '../../shared/kube/resources.ts';
import {
  EGRESSIPS_ANNOTATION,
  FINALIZER,
  GO_OPERATOR_FINALIZER,
  RELEASE_ALL_ANNOTATION,
} from '../../shared/names.ts';
import { stateOf } from './cluster-state.ts';
import { isWrite } from './lifeline.ts';
import { neverDropped, nowhereTwice, oursOnly, withForeign } from './promises.ts';
import { type Replica, startReplica, TIMES } from './replica.ts';
import { SmallCluster } from './small-cluster.ts';

const SECOND = 1_000;
/** Until a release that nothing hinders is through. */
const RELEASE = TIMES.claimGrace + 30 * SECOND;

function onAws(): SmallCluster {
  const cluster = new SmallCluster({ cloud: 'aws', nodes: { n1: 'a', n2: 'a', n3: 'b' } });
  cluster.addEgressIPAM('blue', { '10.0.1.0/26': 'a', '10.0.2.0/26': 'b' });
  cluster.judges = [nowhereTwice];
  return cluster;
}

function start(t: { teardown(handler: () => void): unknown }, cluster: SmallCluster): Replica {
  const replica = startReplica(cluster);
  t.teardown(() => replica.lifeline.die());
  return replica;
}

const leavesFrom = (cluster: SmallCluster, name: string) =>
  cluster.verdicts().namespaces.get(name)?.from.join(' ') ?? '';

t.test('a namespace is served within a second, and then all is silent', async (t) => {
  const cluster = onAws();
  const { lifeline } = start(t, cluster);
  await cluster.clock.advance(2 * SECOND);
  cluster.admit('a', 'blue', ['10.0.1.20', '10.0.2.20']);
  await cluster.clock.advance(SECOND);
  t.equal(leavesFrom(cluster, 'a'), '10.0.1.20 10.0.2.20');
  await cluster.clock.advance(5 * SECOND);
  lifeline.arm();
  await cluster.clock.advance(600 * SECOND);
  t.same(lifeline.calls.filter(isWrite), [], 'D21: no idle writes');
});

const KINDS: readonly Resource[] = [
  NAMESPACES,
  NODES,
  NET_NAMESPACES,
  HOST_SUBNETS,
  EGRESSIPAMS,
  ALLOCATIONS,
];

for (const { plural } of KINDS) {
  t.test(`a term does nothing before it knows all: ${plural} are listed late`, async (t) => {
    const cluster = onAws();
    cluster.serve('a', 'blue', { '10.0.1.20': 'n1', '10.0.2.20': 'n3' });
    const before = stateOf(cluster);
    const listed = Promise.withResolvers<undefined>();
    cluster.kube.fault = (call) =>
      call.verb === 'list' && call.plural === plural ? listed.promise : undefined;
    const { lifeline } = start(t, cluster);
    lifeline.arm();
    await cluster.clock.advance(RELEASE);
    t.same(lifeline.calls.filter(isWrite), []);
    listed.resolve(undefined);
    await cluster.clock.advance(5 * SECOND);
    t.same(stateOf(cluster), before);
    cluster.admit('b', 'blue', ['10.0.1.21', '10.0.2.21']);
    await cluster.clock.advance(2 * SECOND);
    t.equal(leavesFrom(cluster, 'b'), '10.0.1.21 10.0.2.21', 'the control: now it is at work');
  });
}

t.test('however seldom EC2 is read, a namespace does not wait for it', async (t) => {
  const cluster = onAws();
  const { lifeline } = startReplica(cluster, { resync: 3_600 * SECOND });
  t.teardown(() => lifeline.die());
  await cluster.clock.advance(600 * SECOND);
  const reads = () => lifeline.calls.filter((call) => call === 'describe subnets').length;
  t.equal(reads(), 1, 'the control: as long as nobody needs it, it is not read');
  cluster.admit('a', 'blue', ['10.0.1.20', '10.0.2.20']);
  await cluster.clock.advance(2 * SECOND);
  t.equal(leavesFrom(cluster, 'a'), '10.0.1.20 10.0.2.20');
  cluster.admit('b', 'blue', ['10.0.1.21', '10.0.2.21']);
  await cluster.clock.advance(2 * SECOND);
  t.equal(leavesFrom(cluster, 'b'), '10.0.1.21 10.0.2.21');
  t.equal(reads(), 2, 'one look serves both');
});

t.test('an EgressIPAM counts as looked at only with all the CIDRs that it has', async (t) => {
  const cluster = onAws();
  const { session } = start(t, cluster);
  const steps: readonly [title: string, act: () => void, isLookedAt: boolean][] = [
    ['all are read', () => {}, true],
    [
      'one is added that is in no subnet that was read',
      () => cluster.addEgressIPAM('blue', { '10.0.1.0/26': 'a', '10.0.9.0/26': 'b' }),
      false,
    ],
    [
      'the control: one that is read',
      () => cluster.addEgressIPAM('blue', { '10.0.1.0/26': 'a', '10.0.2.64/26': 'b' }),
      true,
    ],
    [
      'EC2 is out of reach: what was seen still counts',
      () => {
        cluster.ec2.refuses = () => 'Unreachable';
      },
      true,
    ],
    [
      'but not for another of the same name',
      () => {
        cluster.kube.remove(EGRESSIPAMS, 'blue');
        cluster.addEgressIPAM('blue', { '10.0.1.0/26': 'a', '10.0.2.64/26': 'b' });
      },
      false,
    ],
  ];
  for (const [title, act, isLookedAt] of steps) {
    act();
    await cluster.clock.advance(2 * TIMES.resync);
    t.equal(session.lookedAt.has('blue'), isLookedAt, title);
  }
});

t.test('that the platform assigns by now is noticed', async (t) => {
  const cluster = onAws();
  let told = 0;
  const onPlatformAssigns = () => {
    told += 1;
  };
  const { lifeline } = startReplica(cluster, { onPlatformAssigns });
  t.teardown(() => lifeline.die());
  await cluster.clock.advance(2 * SECOND);
  t.equal(told, 0);
  const { metadata, ...node } = cluster.kube.stored(NODES, 'n2') ?? {};
  const annotations = { [EGRESS_IPCONFIG_ANNOTATION]: '[]' };
  cluster.kube.put(NODES, { ...node, metadata: { ...metadata, name: 'n2', annotations } });
  await cluster.clock.advance(SECOND);
  t.equal(told, 1);
});

t.test('D20: a node without a HostSubnet is passed over, and no other', async (t) => {
  const cluster = onAws();
  cluster.kube.remove(HOST_SUBNETS, 'n1');
  start(t, cluster);
  cluster.admit('a', 'blue', ['10.0.1.20', '10.0.2.20']);
  await cluster.clock.advance(5 * SECOND);
  t.equal(leavesFrom(cluster, 'a'), '10.0.1.20 10.0.2.20');
});

t.test('D21: a NetNamespace that is not there yet is waited for, by its namespace alone', async (t) => {
  const cluster = onAws();
  start(t, cluster);
  cluster.admit('a', 'blue', ['10.0.1.20', '10.0.2.20']);
  cluster.admit('b', 'blue', ['10.0.1.21', '10.0.2.21']);
  cluster.kube.remove(NET_NAMESPACES, 'a');
  await cluster.clock.advance(5 * SECOND);
  t.equal(leavesFrom(cluster, 'b'), '10.0.1.21 10.0.2.21');
  cluster.annotate('a', { egressIPAM: 'blue', egressIPs: '10.0.1.20,10.0.2.20' });
  await cluster.clock.advance(2 * SECOND);
  t.same(cluster.kube.stored(NET_NAMESPACES, 'a')?.egressIPs, ['10.0.1.20', '10.0.2.20']);
});

t.test('D23: a label that changes, a pool that grows and a list that is edited are noticed', async (t) => {
  const cluster = onAws();
  cluster.addNode('n4', 'b');
  cluster.serve('a', 'blue', { '10.0.1.20': 'n1', '10.0.2.20': 'n3' });
  const { kube } = cluster;
  start(t, cluster);
  await cluster.clock.advance(2 * SECOND);

  const { metadata, ...node } = kube.stored(NODES, 'n1') ?? {};
  kube.put(NODES, { ...node, metadata: { ...metadata, name: 'n1', labels: {} } });
  await cluster.clock.advance(2 * SECOND);
  t.same(kube.stored(HOST_SUBNETS, 'n2')?.egressIPs, ['10.0.1.20']);
  t.same(kube.stored(HOST_SUBNETS, 'n1')?.egressIPs, []);

  cluster.addEgressIPAM('blue', { '10.0.1.0/26': 'a', '10.0.2.0/26': 'b', '10.0.2.64/26': 'b' });
  await cluster.clock.advance(5 * SECOND);
  const listed = kube.stored(NAMESPACES, 'a')?.metadata.annotations?.[EGRESSIPS_ANNOTATION] ?? '';
  const [third = ''] = listed.split(',').slice(2);
  t.match(third, /^10\.0\.2\.\d+$/);
  t.equal(leavesFrom(cluster, 'a'), `10.0.1.20 10.0.2.20 ${third}`);

  cluster.admit('a', 'blue', ['10.0.1.21', '10.0.2.20', third]);
  await cluster.clock.advance(RELEASE);
  t.equal(leavesFrom(cluster, 'a'), `10.0.2.20 ${third} 10.0.1.21`);
});

t.test('D24: who opted out or was deleted while nobody looked loses its IPs', async (t) => {
  const cluster = onAws();
  cluster.serve('a', 'blue', { '10.0.1.20': 'n1', '10.0.2.20': 'n3' });
  cluster.serve('b', 'blue', { '10.0.1.21': 'n2' });
  cluster.annotate('a', {});
  cluster.deleteNamespace('b');
  start(t, cluster);
  await cluster.clock.advance(RELEASE);
  t.same(cluster.kube.all(ALLOCATIONS), []);
  t.same(
    cluster.kube.all(HOST_SUBNETS).flatMap((it) => it.egressIPs ?? []),
    [],
  );
  t.same(Object.values(stateOf(cluster).interfaces ?? {}), ['', '', '']);
});

t.test('D26: an invalid EgressIPAM can be deleted, also with EC2 out of reach', async (t) => {
  const cluster = onAws();
  cluster.serve('a', 'blue', { '10.0.1.20': 'n1', '10.0.2.20': 'n3' });
  cluster.addEgressIPAM('blue', { '10.0.1.7/26': 'a', '10.0.2.0/26': 'b' });
  cluster.ec2.refuses = () => 'Unreachable';
  start(t, cluster);
  await cluster.clock.advance(5 * SECOND);
  await cluster.kube.delete(EGRESSIPAMS, 'blue', {});
  await cluster.clock.advance(5 * SECOND);
  t.equal(cluster.kube.stored(EGRESSIPAMS, 'blue'), undefined);
  t.equal(cluster.kube.all(ALLOCATIONS).length, 2, 'what could not be cleaned up stays visible');
  t.equal(leavesFrom(cluster, 'a'), '10.0.1.20 10.0.2.20', 'and what it served is served');
});

t.test('D26: so can one that releases everything: what is left is given back when EC2 is back', async (t) => {
  const cluster = onAws();
  cluster.serve('a', 'blue', { '10.0.1.20': 'n1', '10.0.2.20': 'n3' });
  const { refuses } = cluster.ec2;
  cluster.ec2.refuses = () => 'Unreachable';
  start(t, cluster);
  await cluster.clock.advance(5 * SECOND);
  const { metadata, ...rest } = cluster.kube.stored(EGRESSIPAMS, 'blue') ?? {};
  const annotations = { [RELEASE_ALL_ANNOTATION]: 'true' };
  cluster.kube.put(EGRESSIPAMS, { ...rest, metadata: { ...metadata, annotations } });
  await cluster.kube.delete(EGRESSIPAMS, 'blue', {});
  await cluster.clock.advance(RELEASE);
  t.equal(cluster.kube.stored(EGRESSIPAMS, 'blue'), undefined);
  const phases = () => cluster.kube.all(ALLOCATIONS).map(({ status }) => status?.phase);
  t.same(phases(), ['Releasing', 'Releasing'], 'what could not be cleaned up stays visible');
  t.equal(leavesFrom(cluster, 'a'), '', 'the cluster itself is cleaned up');
  cluster.ec2.refuses = refuses;
  await cluster.clock.advance(RELEASE);
  t.same(phases(), ['Resting', 'Resting']);
  t.same(Object.values(stateOf(cluster).interfaces ?? {}), ['', '', '']);
});

t.test('adoption: the Go operator’s cluster is taken over, and no IP changes', async (t) => {
  const cluster = onAws();
  const egressIPAM = cluster.kube.stored(EGRESSIPAMS, 'blue');
  const metadata = { ...egressIPAM?.metadata, finalizers: [GO_OPERATOR_FINALIZER] };
  cluster.kube.put(EGRESSIPAMS, { ...egressIPAM, metadata });
  // As it has left them; it writes the list in any order.
  const hosts = { '10.0.1.20': 'n1', '10.0.2.20': 'n3' };
  cluster.annotate('a', { egressIPAM: 'blue', egressIPs: '10.0.2.20,10.0.1.20' });
  cluster.use('a', ...Object.keys(hosts));
  for (const [ip, node] of Object.entries(hosts)) {
    cluster.host(node, ip);
    cluster.assign(node, ip);
  }
  const { foreign, isUntouched } = withForeign(cluster, 'n1');
  const adopted = { ...foreign, listed: [...foreign.listed, ...Object.keys(hosts)] };
  cluster.judges.push(
    neverDropped('a'),
    isUntouched,
    oursOnly({ ...adopted, assigned: ['10.0.1.98', ...Object.keys(hosts)] }),
  );
  const before = stateOf(cluster);
  const { lifeline } = start(t, cluster);
  await cluster.clock.advance(10 * SECOND);
  const after = stateOf(cluster);
  for (const part of ['namespaces', 'netNamespaces', 'hostSubnets', 'interfaces'])
    t.same(after[part], before[part], part);
  t.same(
    lifeline.calls.filter((call) => /^(assign|unassign|patch (host|net))/.test(call)),
    [],
  );
  t.equal(after.allocations?.['10.0.1.20'], `a Bound n1 ${cluster.eni('n1')} 1`);
  t.same(cluster.kube.stored(EGRESSIPAMS, 'blue')?.metadata.finalizers, [FINALIZER]);
  t.same(cluster.faults, []);
});

t.test('a pool that grows gives each namespace the IP that it lacks', async (t) => {
  const cluster = onAws();
  cluster.addEgressIPAM('green', { '10.0.1.64/26': 'a' });
  cluster.serve('a', 'green', { '10.0.1.70': 'n1' });
  cluster.judges.push(neverDropped('a'));
  start(t, cluster);
  await cluster.clock.advance(2 * SECOND);
  cluster.addEgressIPAM('green', { '10.0.1.64/26': 'a', '10.0.2.64/26': 'b' });
  await cluster.clock.advance(5 * SECOND);
  const listed = cluster.kube.stored(NAMESPACES, 'a')?.metadata.annotations?.[EGRESSIPS_ANNOTATION] ?? '';
  t.match(listed, /^10\.0\.1\.70,10\.0\.2\.\d+$/);
  t.equal(leavesFrom(cluster, 'a'), listed.replace(',', ' '));
  t.same(cluster.faults, []);
});

t.test('an IP that somebody took meanwhile is replaced at once, and its namespace is told', async (t) => {
  const cluster = onAws();
  start(t, cluster);
  await cluster.clock.advance(2 * SECOND);
  cluster.steal('10.0.1.20');
  cluster.admit('a', 'blue', ['10.0.1.20', '10.0.2.20'], 'automatic');
  // The refusal has EC2 read again, long before that would be due.
  await cluster.clock.advance(5 * SECOND);
  const ips = leavesFrom(cluster, 'a').split(' ');
  t.equal(ips.length, 2);
  t.notOk(ips.includes('10.0.1.20'));
  const reasons = (cluster.kube.all(EVENTS) as unknown as { reason: string }[]).map(({ reason }) => reason);
  t.same(new Set(reasons), new Set(['AddressStolen', 'EgressIPsChanged', 'EgressIPsActive']));
});

t.test('a failover takes one call to EC2 and is through in a second', async (t) => {
  const cluster = onAws();
  cluster.addEgressIPAM('green', { '10.0.1.64/26': 'a' });
  for (let i = 0; i < 5; i += 1) cluster.serve(`single-${i}`, 'green', { [`10.0.1.7${i}`]: 'n1' });
  const { lifeline } = start(t, cluster);
  await cluster.clock.advance(5 * SECOND);
  lifeline.arm();
  cluster.setNode('n1', { ready: false });
  await cluster.clock.advance(SECOND);
  for (let i = 0; i < 5; i += 1) t.equal(leavesFrom(cluster, `single-${i}`), `10.0.1.7${i}`);
  t.equal(lifeline.calls.filter((call) => call.startsWith('assign')).length, 1);
});

t.test('stop ends everything: nothing is called any more', async (t) => {
  const cluster = onAws();
  const { session, lifeline } = start(t, cluster);
  await cluster.clock.advance(2 * SECOND);
  const stopping = session.stop();
  await cluster.clock.advance(SECOND);
  await stopping;
  lifeline.arm();
  cluster.admit('a', 'blue', ['10.0.1.20', '10.0.2.20']);
  await cluster.clock.advance(300 * SECOND);
  t.same(lifeline.calls, []);
  t.equal(cluster.clock.waiting, 0, 'no timer is left');
});
