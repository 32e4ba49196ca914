import t from 'tap';
import { LeaderLease, type LeaseOptions } from '../../reconciler/lease.ts';
import type { LeaseObject } from '../../shared/kinds.ts';
import { ApiError } from '../../shared/kube/client.ts';
import { LEASES } from '../../shared/kube/resources.ts';
import { OBSERVED_ANNOTATION } from '../../shared/names.ts';
import { FakeKubeClient } from '../fakes/kube-client.ts';
import { ManualClock, settled } from '../shared/manual-clock.ts';

const NAMESPACE = 'operator';
const NAME = 'lease';

interface Replica {
  readonly lease: LeaderLease;
  readonly changes: boolean[];
  readonly errors: unknown[];
}

function replica(
  client: FakeKubeClient,
  clock: ManualClock,
  identity: string,
  more: Partial<LeaseOptions> = {},
): Replica {
  const changes: boolean[] = [];
  const errors: unknown[] = [];
  const lease = new LeaderLease({
    client,
    namespace: NAMESPACE,
    name: NAME,
    identity,
    contest: 'wait',
    duration: 12_000,
    renewEvery: 1_000,
    clock,
    wallClock: () => new Date(0),
    observed: () => '{}',
    onChange: (leads) => changes.push(leads),
    onError: (error) => errors.push(error),
    ...more,
  });
  return { lease, changes, errors };
}

const stored = (client: FakeKubeClient) => client.stored<LeaseObject>(LEASES, NAME, NAMESPACE);

t.test('the first to ask leads, the second waits', async (t) => {
  const [client, clock] = [new FakeKubeClient(), new ManualClock()];
  const [a, b] = [replica(client, clock, 'a'), replica(client, clock, 'b')];
  a.lease.start();
  await settled();
  b.lease.start();
  await clock.advance(60_000);
  t.same(a.changes, [true]);
  t.same(b.changes, []);
  t.equal(stored(client)?.spec?.holderIdentity, 'a');
});

t.test('a crashed leader is followed within 15 s, and not before its lease has run out', async (t) => {
  const [client, clock] = [new FakeKubeClient(), new ManualClock()];
  const crashed = new ManualClock(); // its hands never move
  const [a, b] = [replica(client, crashed, 'a'), replica(client, clock, 'b')];
  a.lease.start();
  await settled();
  b.lease.start();
  await clock.advance(11_000);
  t.same(b.changes, [], 'the lease of a still holds');
  await clock.advance(3_000);
  t.same(b.changes, [true]);
  t.equal(stored(client)?.spec?.leaseTransitions, 1);
});

t.test('a clean stop hands over with the next look', async (t) => {
  const [client, clock] = [new FakeKubeClient(), new ManualClock()];
  const [a, b] = [replica(client, clock, 'a'), replica(client, clock, 'b')];
  a.lease.start();
  await settled();
  b.lease.start();
  await clock.advance(5_000);
  await a.lease.stop();
  await clock.advance(1_000);
  t.same(b.changes, [true]);
});

t.test(
  'a write is covered only while the lease outlasts it, counted from when the renewal was sent',
  async (t) => {
    const [client, clock] = [new FakeKubeClient(), new ManualClock()];
    const { lease } = replica(client, clock, 'a', { renewEvery: 100_000 });
    lease.start();
    await settled();
    t.equal(lease.covers(11_999), true);
    t.equal(lease.covers(12_000), false);
    await clock.advance(7_000);
    t.equal(lease.covers(4_999), true);
    t.equal(lease.covers(5_000), false);
  },
);

t.test('however late the answer to a renewal comes, the lease counts from when it was sent', async (t) => {
  const [client, clock] = [new FakeKubeClient(), new ManualClock()];
  const { lease } = replica(client, clock, 'a', { renewEvery: 100_000 });
  const answer = Promise.withResolvers<void>();
  client.underWay = ({ verb }) => (verb === 'create' ? answer.promise : undefined);
  lease.start();
  await clock.advance(3_000);
  t.equal(lease.covers(0), false, 'it does not lead before it has the answer');
  answer.resolve();
  await settled();
  t.equal(lease.covers(8_999), true);
  t.equal(lease.covers(9_000), false);
});

t.test('a leader that cannot renew says so when its lease runs out', async (t) => {
  const [client, clock] = [new FakeKubeClient(), new ManualClock()];
  const { lease, changes } = replica(client, clock, 'a');
  lease.start();
  await settled();
  client.fault = () => new ApiError('unavailable', 'no answer');
  await clock.advance(11_900);
  t.same(changes, [true]);
  await clock.advance(200);
  t.same(changes, [true, false]);
  t.equal(lease.leads, false);
});

t.test('a leader whose renewals arrive and are not answered goes on to lead', async (t) => {
  const [client, clock] = [new FakeKubeClient(), new ManualClock()];
  const [a, b] = [replica(client, clock, 'a'), replica(client, clock, 'b')];
  a.lease.start();
  await settled();
  b.lease.start();
  for (let times = 0; times < 5; times += 1) {
    client.fault = ({ verb }) => {
      if (verb !== 'replace') return undefined;
      client.fault = () => undefined;
      return 'lost';
    };
    await clock.advance(5_000);
  }
  t.equal(a.errors.length, 5);
  t.same(a.changes, [true]);
  t.same(b.changes, []);
});

t.test('a leader whose last renewal had no answer hands over all the same', async (t) => {
  const [client, clock] = [new FakeKubeClient(), new ManualClock()];
  const [a, b] = [replica(client, clock, 'a'), replica(client, clock, 'b')];
  a.lease.start();
  await settled();
  b.lease.start();
  client.fault = ({ verb }) => (verb === 'replace' ? 'lost' : undefined);
  await clock.advance(1_000);
  t.equal(a.errors.length, 1);
  client.fault = () => undefined;
  await a.lease.stop();
  t.equal(stored(client)?.spec?.holderIdentity, '', 'whatever version it has');
  await clock.advance(2_000);
  t.same(b.changes, [true]);
});

t.test('a leader that has no answer and then finds a rival in its place stops', async (t) => {
  const [client, clock] = [new FakeKubeClient(), new ManualClock()];
  const { lease, changes } = replica(client, clock, 'a');
  lease.start();
  await settled();
  const taken = stored(client);
  client.fault = ({ verb }) => {
    if (verb !== 'replace') return undefined;
    client.put(LEASES, { ...taken, spec: { ...taken?.spec, holderIdentity: 'b' } });
    return new ApiError('unavailable', 'no answer');
  };
  await clock.advance(2_100);
  t.same(changes, [true, false]);
  t.equal(lease.covers(0), false);
});

t.test('a leader whose lease was taken stops at once, whatever its clock says', async (t) => {
  const [client, clock] = [new FakeKubeClient(), new ManualClock()];
  const { lease, changes } = replica(client, clock, 'a');
  lease.start();
  await settled();
  const taken = stored(client);
  client.put(LEASES, { ...taken, spec: { ...taken?.spec, holderIdentity: 'b' } });
  await clock.advance(1_000);
  t.same(changes, [true, false]);
  t.equal(lease.covers(0), false);
});

t.test('without a second replica the lease is taken over at once', async (t) => {
  const [client, clock] = [new FakeKubeClient(), new ManualClock()];
  const a = replica(client, clock, 'a');
  a.lease.start();
  await settled();
  const b = replica(client, clock, 'b', { contest: 'takeOver' });
  b.lease.start();
  await settled();
  t.same(b.changes, [true]);
});

t.test('what was observed is published with each renewal, and at once when asked', async (t) => {
  const [client, clock] = [new FakeKubeClient(), new ManualClock()];
  let observed = '{"one":"2026-01-01T00:00:00Z"}';
  const { lease } = replica(client, clock, 'a', { observed: () => observed });
  lease.start();
  await settled();
  t.equal(stored(client)?.metadata.annotations?.[OBSERVED_ANNOTATION], observed);
  observed = '{"two":"2026-01-01T00:00:00Z"}';
  lease.renewSoon();
  await clock.advance(1);
  t.equal(stored(client)?.metadata.annotations?.[OBSERVED_ANNOTATION], observed);
});

t.test('nothing is covered once it is being stopped', async (t) => {
  const [client, clock] = [new FakeKubeClient(), new ManualClock()];
  const { lease } = replica(client, clock, 'a');
  lease.start();
  await settled();
  const stopping = lease.stop();
  t.equal(lease.covers(0), false);
  await stopping;
  t.equal(stored(client)?.spec?.holderIdentity, '');
});
