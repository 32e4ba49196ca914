// Rules without which two namespaces get one IP, or an address leaks, tried on whole terms: what a rule says is the test's
// name. Those that concern one part alone are tried with that part.
import t from 'tap';
import { ALLOCATIONS, EVENTS, HOST_SUBNETS, NET_NAMESPACES } from '../../shared/kube/resources.ts';
import { FINALIZER } from '../../shared/names.ts';
import { nowhereTwice } from './promises.ts';
import { startReplica, TIMES } from './replica.ts';
import { SmallCluster } from './small-cluster.ts';

const SECOND = 1_000;
const RELEASE = TIMES.claimGrace + 40 * SECOND;
const IP = '10.0.1.20';

/** With a replica at work, and namespaces a and b that have opted in to nothing. */
function start(t: { teardown(handler: () => void): unknown }, prepare: (cluster: SmallCluster) => void) {
  const cluster = new SmallCluster({ cloud: 'aws', nodes: { n1: 'a', n2: 'a' } });
  cluster.addEgressIPAM('pool', { '10.0.1.0/26': 'a' });
  cluster.annotate('a', {});
  cluster.annotate('b', {});
  prepare(cluster);
  cluster.judges = [nowhereTwice];
  const { lifeline } = startReplica(cluster);
  t.teardown(() => lifeline.die());
  return cluster;
}

function allocation(
  namespace: string,
  more: { finalizers?: readonly string[]; status?: object } = {},
): object {
  const spec = { egressIPAM: 'pool', cidr: '10.0.1.0/26', namespace, claim: 'token' };
  return { metadata: { name: IP, finalizers: more.finalizers ?? [] }, spec, status: more.status ?? {} };
}

function resting(lastTransitionTime: string, more: object = {}): object {
  const released = { type: 'Released', status: 'True', reason: 'Released', message: '', lastTransitionTime };
  return allocation('a', { status: { phase: 'Resting', conditions: [released], ...more } });
}

const usersOf = (cluster: SmallCluster) =>
  cluster.kube
    .all(NET_NAMESPACES)
    .filter((it) => it.egressIPs?.includes(IP))
    .map((it) => it.metadata.name);

t.test('`Resting` under the 120 s rule', async (t) => {
  const cluster = start(t, ({ kube }) => kube.put(ALLOCATIONS, resting('2020-01-01T00:00:00Z')));
  const stands = () => cluster.kube.stored(ALLOCATIONS, IP) !== undefined;
  await cluster.clock.advance(TIMES.claimGrace - 2 * SECOND);
  t.ok(stands(), 'it has rested for years, but this process knows the claim for less than the grace');
  // A retake, whose namespace is on its way.
  const { spec, ...stored } = cluster.kube.stored(ALLOCATIONS, IP) ?? {};
  cluster.kube.put(ALLOCATIONS, { ...stored, spec: { ...spec, claim: 'another token' } });
  await cluster.clock.advance(TIMES.claimGrace - 2 * SECOND);
  t.ok(stands(), 'a new token starts the count again');
  await cluster.clock.advance(5 * SECOND);
  t.notOk(stands());
});

t.test('without a break: a claim that was listed for less than a pass is counted anew', async (t) => {
  const cluster = start(t, ({ kube }) => kube.put(ALLOCATIONS, allocation('a')));
  const stands = () => cluster.kube.stored(ALLOCATIONS, IP) !== undefined;
  await cluster.clock.advance(TIMES.claimGrace - 2 * SECOND);
  cluster.annotate('a', { egressIPAM: 'pool', egressIPs: IP });
  cluster.annotate('a', {});
  await cluster.clock.advance(TIMES.claimGrace - 2 * SECOND);
  t.ok(stands());
  await cluster.clock.advance(5 * SECOND);
  t.notOk(stands());
});

t.test('«its own namespace»: that another one lists the IP keeps nobody from giving it back', async (t) => {
  const cluster = start(t, (it) => {
    it.serve('a', 'pool', { [IP]: 'n1' });
    it.annotate('a', {});
    it.annotate('b', { egressIPAM: 'unknown', egressIPs: IP });
  });
  await cluster.clock.advance(5 * SECOND);
  t.same(usersOf(cluster), ['a'], 'the control: it is in use until the grace is over');
  await cluster.clock.advance(RELEASE);
  t.equal(cluster.kube.stored(ALLOCATIONS, IP), undefined);
  t.notOk(cluster.isAssigned(IP));
});

t.test('no IP on two NetNamespaces', async (t) => {
  const cluster = start(t, (it) => {
    it.use('b', IP);
    it.admit('a', 'pool', [IP]);
  });
  await cluster.clock.advance(60 * SECOND);
  t.same(usersOf(cluster), ['b'], 'it is foreign there: nobody takes it away');
  const events = cluster.kube.all(EVENTS) as unknown as { reason: string }[];
  t.ok(events.some(({ reason }) => reason === 'AddressInUse'));
  cluster.kube.put(NET_NAMESPACES, { ...cluster.kube.stored(NET_NAMESPACES, 'b'), egressIPs: [] });
  await cluster.clock.advance(5 * SECOND);
  t.same(usersOf(cluster), ['a']);
  t.same(cluster.faults, []);
});

t.test('ours on the wrong NetNamespace is taken off', async (t) => {
  const cluster = start(t, (it) => it.serve('a', 'pool', { [IP]: 'n1' }));
  await cluster.clock.advance(5 * SECOND);
  cluster.use('b', IP);
  await cluster.clock.advance(SECOND);
  t.same(usersOf(cluster), ['a']);
});

t.test('ours on the wrong NetNamespace is taken off before its own gets it', async (t) => {
  const cluster = start(t, (it) => {
    it.serve('a', 'pool', { [IP]: 'n1' });
    it.kube.put(NET_NAMESPACES, { ...it.kube.stored(NET_NAMESPACES, 'a'), egressIPs: [] });
    it.use('b', IP);
  });
  await cluster.clock.advance(5 * SECOND);
  t.same(usersOf(cluster), ['a']);
  t.same(cluster.faults, [], 'and at no time were there two');
});

for (const phase of [undefined, 'Claimed', 'Bound', 'Releasing', 'Resting']) {
  t.test(`release whatever the phase: ${phase ?? 'none'}`, async (t) => {
    const cluster = start(t, (it) => {
      it.serve('a', 'pool', { [IP]: 'n1' });
      it.annotate('a', {});
      const { status } = it.kube.stored(ALLOCATIONS, IP) ?? {};
      const { phase: _phase, ...rest } = status ?? {};
      const left = { ...rest, ...(phase === undefined ? {} : { phase }) };
      it.kube.put(ALLOCATIONS, allocation('a', { finalizers: [FINALIZER], status: left }));
    });
    await cluster.clock.advance(RELEASE);
    t.equal(cluster.kube.stored(ALLOCATIONS, IP), undefined);
    t.same(usersOf(cluster), []);
    t.same(
      cluster.kube.all(HOST_SUBNETS).flatMap((it) => it.egressIPs ?? []),
      [],
    );
    t.notOk(cluster.isAssigned(IP));
  });
}

t.test(
  'release whatever the phase: an address found later where a `Resting` one was is taken off again',
  async (t) => {
    const cluster = start(t, (it) => {
      it.kube.put(ALLOCATIONS, resting('2026-11-22T08:00:00Z', { node: 'n1', interface: it.eni('n1') }));
    });
    cluster.addEgressIPAM('pool', { '10.0.1.0/26': 'a' }, { reuseGracePeriod: '1h' });
    await cluster.clock.advance(5 * SECOND);
    cluster.assign('n1', IP);
    await cluster.clock.advance(TIMES.resync + 5 * SECOND);
    t.notOk(cluster.isAssigned(IP));
  },
);
