// One session per term of leadership, on a small cluster: what a term may know from before, and what it must not do.
import t from 'tap';
import { Cloud } from '../../reconciler/aws/cloud.ts';
import { Limiter } from '../../reconciler/aws/limiter.ts';
import type { Predecessor } from '../../reconciler/predecessor.ts';
import { Terms } from '../../reconciler/terms.ts';
import { ALLOCATIONS, HOST_SUBNETS, NET_NAMESPACES } from '../../shared/kube/resources.ts';
import { DEFAULT_TIMING } from '../../shared/plan/world.ts';
import { isWrite, Lifeline } from './lifeline.ts';
import { TIMES } from './replica.ts';
import { SmallCluster } from './small-cluster.ts';

interface Running {
  readonly cluster: SmallCluster;
  readonly terms: Terms;
  readonly lifeline: Lifeline;
  readonly log: string[];
  readonly firstLooks: { count: number };
  readonly lease: { holds: boolean };
  writes(): string[];
}

/** A process that may lead, over a cluster in which one namespace waits for its IP. */
function startProcess(
  t: { teardown(handler: () => Promise<void>): unknown },
  isAlive: () => Promise<boolean> = async () => false,
): Running {
  const cluster = new SmallCluster({ cloud: 'aws', nodes: { n1: 'a', n2: 'a' } });
  cluster.addEgressIPAM('pool', { '10.0.1.0/26': 'a' });
  cluster.admit('a', 'pool', ['10.0.1.20']);
  const lifeline = new Lifeline(cluster.clock);
  const { clock } = lifeline;
  const log: string[] = [];
  const firstLooks = { count: 0 };
  const lease = { holds: true };
  const say = (_fields: object, message: string) => log.push(message);
  const observer = { called: () => {}, delayed: () => {} };
  const signal = new AbortController().signal;
  const ec2 = lifeline.ec2(cluster.ec2);
  const limiter = new Limiter(clock);
  const terms = new Terms({
    client: lifeline.kube(cluster.kube),
    assigns: 'aws',
    cloud: new Cloud({ ec2, limiter, observer, clock, signal, mayWrite: () => lease.holds }),
    covers: () => lease.holds,
    timing: { ...DEFAULT_TIMING, claimGrace: TIMES.claimGrace },
    predecessor: { isAlive } as unknown as Predecessor,
    resync: 60_000,
    apiServerTimeout: TIMES.apiServerTimeout,
    concurrency: 32,
    requestTimeout: 5_000,
    callTimeout: 10_000,
    identity: 'process',
    metrics: { pass: () => {}, action: () => {}, leads: () => {}, view: () => {} },
    log: { info: say, warn: say, error: say, debug: () => {} },
    clock,
    wallClock: () => cluster.wallClock(),
    onFirstLook: () => {
      firstLooks.count += 1;
    },
  });
  t.teardown(async () => {
    const stopping = terms.stop();
    await cluster.clock.advance(10_000);
    await stopping;
  });
  const writes = () => lifeline.calls.filter(isWrite);
  return { cluster, terms, lifeline, log, firstLooks, lease, writes };
}

t.test('nothing is read and nothing written before the lead is won', async (t) => {
  const { cluster, terms, lifeline } = startProcess(t);
  await cluster.clock.advance(60_000);
  t.same(lifeline.calls, []);
  t.equal(terms.world, undefined);
  t.equal(terms.whyNotReady(), 'the caches are not filled yet');
  t.equal(terms.observed(), '{}');
});

t.test('a term serves, and tells when the cloud was read', async (t) => {
  const { cluster, terms, firstLooks } = startProcess(t);
  terms.change(true);
  await cluster.clock.advance(5_000);
  t.same(cluster.kube.stored(NET_NAMESPACES, 'a')?.egressIPs, ['10.0.1.20']);
  t.equal(terms.whyNotReady(), undefined);
  t.equal(terms.whyNotAlive(), undefined);
  t.equal(firstLooks.count, 1);
  t.match(JSON.parse(terms.observed()), { pool: /^2026-11-22T08:00:0/ });
});

t.test('an EgressIPAM whose subnet could not be read counts as not looked at', async (t) => {
  const { cluster, terms, firstLooks } = startProcess(t);
  cluster.ec2.refuses = (call) => (call.startsWith('interfaces ') ? 'Forbidden' : undefined);
  terms.change(true);
  await cluster.clock.advance(5_000);
  t.equal(terms.observed(), '{}');
  t.equal(firstLooks.count, 0);
  cluster.ec2.refuses = () => undefined;
  await cluster.clock.advance(60_000);
  t.equal(firstLooks.count, 1);
  const before = JSON.parse(terms.observed()).pool;
  cluster.ec2.refuses = (call) => (call.startsWith('interfaces ') ? 'Forbidden' : undefined);
  await cluster.clock.advance(120_000);
  t.equal(JSON.parse(terms.observed()).pool, before, 'what was seen before keeps its time');
});

t.test('a term that ends starts nothing more, and is done when its calls are', async (t) => {
  const { cluster, terms, lifeline } = startProcess(t);
  terms.change(true);
  await cluster.clock.advance(5_000);
  terms.change(false);
  await cluster.clock.advance(1_000);
  t.equal(terms.world, undefined);
  lifeline.arm();
  cluster.admit('b', 'pool', ['10.0.1.21']);
  await cluster.clock.advance(600_000);
  t.same(lifeline.calls, []);
});

t.test('a new term starts with fresh caches', async (t) => {
  const { cluster, terms, lifeline } = startProcess(t);
  terms.change(true);
  await cluster.clock.advance(5_000);
  terms.change(false);
  await cluster.clock.advance(1_000);
  cluster.deleteNamespace('a');
  lifeline.arm();
  terms.change(true);
  await cluster.clock.advance(TIMES.claimGrace - 1_000);
  t.ok(lifeline.calls.includes('list namespaces'));
  t.notOk(terms.world?.namespaces.has('a'));
  t.same(
    lifeline.calls.filter((call) => call.startsWith('patch egressipallocations')),
    [],
    'the claim has not stood for its grace in this term',
  );
  await cluster.clock.advance(5_000);
  t.ok(lifeline.calls.includes('patch egressipallocations/10.0.1.20 status'), 'it is being released');
});

t.test('a new term reads EC2 again before it writes', async (t) => {
  const { cluster, terms, lifeline, writes } = startProcess(t);
  terms.change(true);
  await cluster.clock.advance(5_000);
  terms.change(false);
  await cluster.clock.advance(1_000);
  moveByAnotherLeader(cluster, '10.0.1.20');
  cluster.ec2.refuses = (call) => (call.startsWith('instances ') ? 'Unreachable' : undefined);
  lifeline.arm();
  terms.change(true);
  await cluster.clock.advance(1_000);
  t.ok(terms.world, 'there have been passes');
  t.equal(terms.world?.inventory, undefined, 'what was seen in the last term does not count');
  cluster.ec2.refuses = () => undefined;
  await cluster.clock.advance(10_000);
  t.ok(terms.world?.inventory);
  t.same(
    writes().filter((call) => !call.includes('egressipams')),
    [],
    'all is as it should be',
  );
});

/** From the node that hosts it to the other one, as it should be done. */
function moveByAnotherLeader(cluster: SmallCluster, ip: string): void {
  const [to, from] = cluster.kube.stored(HOST_SUBNETS, 'n1')?.egressIPs?.includes(ip)
    ? ['n2', 'n1']
    : ['n1', 'n2'];
  cluster.assign(to, ip);
  cluster.kube.put(HOST_SUBNETS, { ...cluster.kube.stored(HOST_SUBNETS, from), egressIPs: [] });
  cluster.host(to, ip);
  const stored = cluster.kube.stored(ALLOCATIONS, ip);
  const status = { ...stored?.status, node: to, interface: cluster.eni(to) };
  cluster.kube.put(ALLOCATIONS, { ...stored, status });
}

t.test('predecessor alive: nothing is done but say so, once', async (t) => {
  let alive = true;
  const { cluster, terms, lifeline, log, writes } = startProcess(t, async () => alive);
  terms.change(true);
  await cluster.clock.advance(60_000);
  t.same(lifeline.calls, []);
  t.equal(log.filter((line) => line.includes('may still be at work')).length, 1);
  alive = false;
  await cluster.clock.advance(10_000);
  t.ok(writes().length > 0);
});

t.test('a predecessor that cannot be asked for counts as alive', async (t) => {
  const { cluster, terms, lifeline } = startProcess(t, () => Promise.reject(new Error('no answer')));
  terms.change(true);
  await cluster.clock.advance(60_000);
  t.same(lifeline.calls, []);
});

t.test('a term that ended while it waited for the predecessor never begins', async (t) => {
  const asked: ((alive: boolean) => void)[] = [];
  const { cluster, terms, lifeline } = startProcess(t, () => new Promise((resolve) => asked.push(resolve)));
  terms.change(true);
  await cluster.clock.advance(1_000);
  terms.change(false);
  terms.change(true);
  await cluster.clock.advance(1_000);
  t.equal(asked.length, 2);
  asked[0]?.(false);
  await cluster.clock.advance(30_000);
  t.same(lifeline.calls, [], 'the second term still waits');
  asked[1]?.(false);
  await cluster.clock.advance(5_000);
  t.equal(lifeline.calls.filter((call) => call === 'list namespaces').length, 1, 'one session');
});

t.test('no write starts that the lease does not cover', async (t) => {
  const { cluster, terms, lease, writes } = startProcess(t);
  lease.holds = false;
  terms.change(true);
  await cluster.clock.advance(30_000);
  t.same(writes(), []);
  lease.holds = true;
  await cluster.clock.advance(30_000);
  t.ok(writes().length > 0);
});
