// Two replicas on one small cluster, each with its lease, its terms and its own connection: who writes, and when.
import t from 'tap';
import { Cloud } from '../../reconciler/aws/cloud.ts';
import { Limiter } from '../../reconciler/aws/limiter.ts';
import { LeaderLease } from '../../reconciler/lease.ts';
import type { Predecessor } from '../../reconciler/predecessor.ts';
import { Terms } from '../../reconciler/terms.ts';
import { ApiError } from '../../shared/kube/client.ts';
import { NET_NAMESPACES } from '../../shared/kube/resources.ts';
import { DEFAULT_TIMING } from '../../shared/plan/world.ts';
import { Lifeline } from './lifeline.ts';
import { nowhereTwice } from './promises.ts';
import { TIMES } from './replica.ts';
import { SmallCluster } from './small-cluster.ts';

const SECOND = 1_000;
const LEASE = 12 * SECOND;

interface Replica {
  readonly lifeline: Lifeline;
  readonly lease: LeaderLease;
  readonly terms: Terms;
  /** When it wrote anything but its lease. */
  readonly writes: number[];
}

function startReplica(cluster: SmallCluster, identity: string): Replica {
  const lifeline = new Lifeline(cluster.clock);
  const writes: number[] = [];
  lifeline.onWrite = (call) => {
    if (!call.includes('leases/')) writes.push(cluster.clock.now());
    cluster.look();
  };
  const { clock } = lifeline;
  const client = lifeline.kube(cluster.kube);
  const observer = { called: () => {}, delayed: () => {} };
  const { signal } = new AbortController();
  const mayWrite = () => lease.covers(10 * SECOND);
  const ec2 = lifeline.ec2(cluster.ec2);
  const silent = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };
  const terms = new Terms({
    client,
    assigns: 'aws',
    cloud: new Cloud({ ec2, limiter: new Limiter(clock), observer, clock, signal, mayWrite }),
    covers: (deadline) => lease.covers(deadline),
    timing: { ...DEFAULT_TIMING, claimGrace: TIMES.claimGrace },
    predecessor: { isAlive: async () => false } as unknown as Predecessor,
    resync: TIMES.resync,
    apiServerTimeout: TIMES.apiServerTimeout,
    concurrency: 32,
    requestTimeout: 5 * SECOND,
    callTimeout: 10 * SECOND,
    identity,
    metrics: { pass: () => {}, action: () => {}, leads: () => {}, view: () => {} },
    log: silent,
    clock,
    wallClock: () => cluster.wallClock(),
    onFirstLook: () => lease.renewSoon(),
  });
  const lease: LeaderLease = new LeaderLease({
    client,
    namespace: 'operator',
    name: 'lease',
    identity,
    contest: 'wait',
    duration: LEASE,
    renewEvery: SECOND,
    clock,
    wallClock: () => cluster.wallClock(),
    observed: () => terms.observed(),
    onChange: (leads) => terms.change(leads),
    onError: () => {},
  });
  lease.start();
  return { lifeline, lease, terms, writes };
}

/** Two of them, the first of which leads, on a cluster in which a namespace comes every now and then. */
async function startTwo(t: { teardown(handler: () => void): unknown }) {
  const cluster = new SmallCluster({ cloud: 'aws', nodes: { n1: 'a', n2: 'a' } });
  cluster.addEgressIPAM('pool', { '10.0.1.0/26': 'a' });
  cluster.judges = [nowhereTwice];
  const first = startReplica(cluster, 'first');
  await cluster.clock.advance(2 * SECOND);
  const second = startReplica(cluster, 'second');
  t.teardown(() => {
    first.lifeline.die();
    second.lifeline.die();
  });
  await cluster.clock.advance(3 * SECOND);
  let made = 0;
  return {
    cluster,
    first,
    second,
    /** Time goes by, with a new namespace each half second. */
    async live(milliseconds: number) {
      for (let passed = 0; passed < milliseconds; passed += SECOND / 2) {
        if (made < 12) cluster.admit(`team-${made}`, 'pool', [`10.0.1.${20 + made}`]);
        made += 1;
        await cluster.clock.advance(SECOND / 2);
      }
    },
    isServed: (name: string) => (cluster.kube.stored(NET_NAMESPACES, name)?.egressIPs ?? []).length > 0,
  };
}

t.test('one of two writes, the other waits', async (t) => {
  const { first, second, live, isServed } = await startTwo(t);
  await live(10 * SECOND);
  t.ok(first.writes.length > 0);
  t.same(second.writes, []);
  t.ok(isServed('team-0'));
});

t.test(
  'after a crash the other one writes within 15 s, and never before the lease has run out',
  async (t) => {
    const { cluster, first, second, live, isServed } = await startTwo(t);
    await live(2 * SECOND);
    const died = cluster.clock.now();
    first.lifeline.die('loses its answer');
    cluster.admit('late', 'pool', ['10.0.1.60']);
    await live(15 * SECOND);
    const [took] = second.writes;
    t.ok(took !== undefined && took - died <= 15 * SECOND, `it took ${(took ?? 0) - died} ms`);
    t.ok((took ?? 0) - died >= LEASE - SECOND - 5, 'the lease that was renewed last had to run out');
    t.ok(isServed('late'));
    t.same(cluster.faults, []);
  },
);

t.test('a clean stop hands over at once', async (t) => {
  const { cluster, first, second, live, isServed } = await startTwo(t);
  await live(2 * SECOND);
  const began = cluster.clock.now();
  const stopping = first.terms.stop().then(() => first.lease.stop());
  cluster.admit('late', 'pool', ['10.0.1.60']);
  await live(3 * SECOND);
  await stopping;
  t.ok((second.writes[0] ?? Number.POSITIVE_INFINITY) - began < 3 * SECOND);
  t.ok(isServed('late'));
});

t.test('a leader that cannot renew has stopped to write before another one begins', async (t) => {
  const { cluster, first, second, live } = await startTwo(t);
  await live(2 * SECOND);
  first.lifeline.cuts = (call) =>
    call === 'replace leases/lease' ? new ApiError('unavailable', 'no answer') : undefined;
  await live(30 * SECOND);
  t.ok(second.writes.length > 0);
  const [begins = 0] = second.writes;
  const ends = first.writes.at(-1) ?? 0;
  t.ok(ends < begins, `the first writes until ${ends}, the second from ${begins}`);
  t.same(cluster.faults, []);
});
