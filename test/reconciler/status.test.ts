import t from 'tap';
import { Caches } from '../../reconciler/caches.ts';
import { StatusWriter } from '../../reconciler/status.ts';
import { ApiError } from '../../shared/kube/client.ts';
import { EGRESSIPAMS } from '../../shared/kube/resources.ts';
import { plan } from '../../shared/plan/plan.ts';
import { FakeKubeClient } from '../fakes/kube-client.ts';
import { ManualClock, settled } from '../shared/manual-clock.ts';
import { cluster, type Tale } from '../shared/plan/build.ts';
import { worldOf } from '../shared/plan/cluster.ts';

const WRITE = 'patch egressipams/pool';
const BEGIN = Date.parse('2026-11-22T08:00:00Z');

const SERVED: Tale = { namespaces: { a: ['10.0.1.10'] }, serves: [['a', '10.0.1.10', 'n1']] };
/** Its IP is there and cannot be hosted. */
const STUCK: Tale = {
  nodes: { n1: { zone: 'a', cordoned: true } },
  namespaces: { a: ['10.0.1.10'] },
  allocations: { '10.0.1.10': { for: 'a', phase: 'Bound' } },
};

/** A writer over the EgressIPAMs of a tale, which have no status yet. */
async function startWriter(t: { teardown(handler: () => Promise<void>): unknown }, tale: Tale = SERVED) {
  const [client, clock] = [new FakeKubeClient(), new ManualClock()];
  for (const { status: _status, ...object } of cluster(tale).egressIPAMs.values())
    client.put(EGRESSIPAMS, object);
  const ignored = { onChange: () => {}, onError: () => {} };
  const caches = new Caches({ client, platform: 'does not assign', clock: new ManualClock(), ...ignored });
  await caches.start();
  const errors: unknown[] = [];
  const writer = new StatusWriter({
    client,
    caches,
    clock,
    wallClock: () => new Date(BEGIN + clock.now()),
    onError: (error) => errors.push(error),
  });
  t.teardown(async () => {
    await writer.stop();
    await caches.stop();
  });
  client.calls.length = 0;
  return {
    client,
    clock,
    writer,
    errors,
    update(seen: Tale) {
      const world = worldOf(cluster(seen));
      writer.update(plan(world), world);
    },
    condition: (type: string) =>
      client.stored(EGRESSIPAMS, 'pool')?.status?.conditions?.find((it) => it.type === type),
  };
}

t.test('no write when nothing changed', async (t) => {
  const { client, clock, update } = await startWriter(t);
  for (let pass = 0; pass < 5; pass += 1) {
    update(SERVED);
    await clock.advance(60_000);
  }
  t.same(client.calls, [WRITE], 'D21: one, for the first time');
  t.match(client.stored(EGRESSIPAMS, 'pool')?.status, { allocated: 1, cloud: 'aws' });
});

t.test('many passes make one write, of what the last one saw', async (t) => {
  const { client, clock, update, condition } = await startWriter(t);
  for (let pass = 0; pass < 50; pass += 1) {
    update(SERVED);
    await clock.advance(1);
  }
  update(STUCK);
  await clock.advance(1_000);
  t.same(client.calls, [WRITE]);
  t.equal(condition('Ready')?.reason, 'NotHosted');
});

t.test('a condition keeps its transition time until its status changes', async (t) => {
  const { clock, update, condition } = await startWriter(t);
  update(STUCK);
  await clock.advance(1_000);
  t.match(condition('Ready'), { status: 'False', lastTransitionTime: '2026-11-22T08:00:00Z' });
  const others = { namespaces: { ...STUCK.namespaces, b: ['10.0.1.11'] } };
  const bound = { for: 'b', phase: 'Bound' } as const;
  update({ ...STUCK, ...others, allocations: { ...STUCK.allocations, '10.0.1.11': bound } });
  await clock.advance(10_000);
  t.match(condition('Ready'), { message: /^2 namespaces /, lastTransitionTime: '2026-11-22T08:00:00Z' });
  update(SERVED);
  await clock.advance(1_000);
  t.match(condition('Ready'), { status: 'True', lastTransitionTime: '2026-11-22T08:00:11Z' });
});

t.test('a write that fails is made again later, and keeps back no other', async (t) => {
  const two: Tale = {
    ...SERVED,
    egressIPAMs: { other: { cidrs: { '10.0.2.0/24': 'b' } }, pool: { cidrs: { '10.0.1.0/24': 'a' } } },
  };
  const { client, clock, update, errors } = await startWriter(t, two);
  client.fault = ({ name }) => (name === 'other' ? new ApiError('unavailable', 'no answer') : undefined);
  update(two);
  await clock.advance(400);
  t.ok(client.stored(EGRESSIPAMS, 'pool')?.status?.cidrs);
  t.equal(errors.length, 1);
  client.fault = () => undefined;
  await clock.advance(3_000);
  t.same(client.calls, ['patch egressipams/other', WRITE, 'patch egressipams/other']);
});

t.test('an EgressIPAM that has changed since is looked at again', async (t) => {
  const { client, clock, update, errors } = await startWriter(t);
  client.fault = ({ verb }) => {
    client.fault = () => undefined;
    const { metadata, ...rest } = client.stored(EGRESSIPAMS, 'pool') ?? {};
    client.put(EGRESSIPAMS, { ...rest, metadata: { ...metadata, annotations: { by: 'somebody' } } });
    return verb === 'patch' ? undefined : new ApiError('unavailable', 'no answer');
  };
  update(SERVED);
  await clock.advance(5_000);
  t.equal(errors.length, 1);
  const stored = client.stored(EGRESSIPAMS, 'pool');
  t.match(stored, { metadata: { annotations: { by: 'somebody' } }, status: { allocated: 1 } });
});

t.test('an invalid EgressIPAM is told what is wrong, and keeps the figures that it had', async (t) => {
  const { client, clock, update, condition } = await startWriter(t);
  update(SERVED);
  await clock.advance(1_000);
  update({ ...SERVED, egressIPAMs: { pool: { cidrs: { '10.0.1.7/24': 'a' } } } });
  await clock.advance(1_000);
  t.match(condition('Ready'), { status: 'False', reason: 'Invalid' });
  t.equal(client.stored(EGRESSIPAMS, 'pool')?.status?.allocated, 1);
});

t.test('nothing is written after the end, and the end waits for the write under way', async (t) => {
  const { client, clock, update, writer } = await startWriter(t);
  const gate = Promise.withResolvers<void>();
  client.underWay = () => gate.promise;
  update(SERVED);
  await clock.advance(400);
  let stopped = false;
  const stopping = writer.stop().then(() => {
    stopped = true;
  });
  await settled();
  t.equal(stopped, false);
  gate.resolve();
  await stopping;
  update(STUCK);
  await clock.advance(10_000);
  t.same(client.calls, [WRITE]);
});
