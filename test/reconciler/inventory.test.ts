import t from 'tap';
import { Caches } from '../../reconciler/caches.ts';
import type { Cloud, CloudNode } from '../../reconciler/cloud.ts';
import { InventoryReader } from '../../reconciler/inventory.ts';
import type { IPv4 } from '../../shared/ip.ts';
import { NODES } from '../../shared/kube/resources.ts';
import { FakeKubeClient } from '../fakes/kube-client.ts';
import { ManualClock, settled } from '../shared/manual-clock.ts';
import { ip } from '../shared/plan/cluster.ts';
import { inventoryWith } from './execute-stage.ts';

interface Reading {
  readonly client: FakeKubeClient;
  readonly clock: ManualClock;
  readonly reader: InventoryReader;
  readonly unsettled: Map<IPv4, number>;
  /** When EC2 was looked at. */
  readonly looks: number[];
  readonly nodes: CloudNode[][];
  readonly errors: unknown[];
  /** What the looks do. */
  look: () => Promise<void>;
}

/** A reader over one node, `n1`, with a resync of a minute. */
async function startReading(t: { teardown(handler: () => Promise<void>): unknown }): Promise<Reading> {
  const [client, clock] = [new FakeKubeClient(), new ManualClock()];
  client.put(NODES, { metadata: { name: 'n1' }, spec: { providerID: 'aws:///a/i-1' } });
  const ignored = { onChange: () => {}, onError: () => {} };
  const caches = new Caches({ client, platform: 'does not assign', clock: new ManualClock(), ...ignored });
  await caches.start();
  const cloud: Pick<Cloud, 'refresh' | 'unsettled'> = {
    unsettled: new Map<IPv4, number>(),
    async refresh(nodes) {
      reading.looks.push(clock.now());
      reading.nodes.push([...nodes]);
      await reading.look();
      return inventoryWith({});
    },
  };
  const errors: unknown[] = [];
  const reader = new InventoryReader({
    cloud: cloud as Cloud,
    nodes: caches.nodes,
    resync: 60_000,
    clock,
    onRead: () => {},
    onError: (error) => errors.push(error),
  });
  const unsettled = cloud.unsettled as Map<IPv4, number>;
  const look = async () => {};
  const reading: Reading = { client, clock, reader, unsettled, looks: [], nodes: [], errors, look };
  t.teardown(async () => {
    await reader.stop();
    await caches.stop();
  });
  reader.start();
  await clock.advance(0);
  return reading;
}

t.test('the cloud is read at the start and at every resync', async (t) => {
  const { clock, looks, nodes } = await startReading(t);
  await clock.advance(130_000);
  t.same(looks, [0, 60_000, 120_000]);
  t.same(nodes[0], [{ name: 'n1', providerID: 'aws:///a/i-1', ready: false }]);
});

t.test('the cloud is read when a node comes, goes or changes its instance, once for many', async (t) => {
  const { client, clock, looks, nodes } = await startReading(t);
  await clock.advance(1_000);
  client.put(NODES, { metadata: { name: 'n2' }, spec: { providerID: 'aws:///a/i-2' } });
  client.put(NODES, { metadata: { name: 'n3' } });
  client.put(NODES, { metadata: { name: 'n3' }, spec: { providerID: 'aws:///a/i-3' } });
  await clock.advance(1_000);
  t.same(looks, [0, 1_100]);
  t.same(nodes[1]?.map(({ name }) => name).sort(), ['n1', 'n2', 'n3']);
  client.remove(NODES, 'n2');
  await clock.advance(1_000);
  t.same(looks, [0, 1_100, 2_100]);
});

t.test("a node's heartbeat is no reason to read the cloud", async (t) => {
  const { client, clock, looks } = await startReading(t);
  const status = { conditions: [{ type: 'Ready', status: 'True' }] };
  client.put(NODES, { metadata: { name: 'n1' }, spec: { providerID: 'aws:///a/i-1' }, status });
  await clock.advance(30_000);
  t.same(looks, [0]);
});

t.test('requests are answered soon, and many by one look', async (t) => {
  const { reader, clock, looks } = await startReading(t);
  await clock.advance(10_000);
  for (let i = 0; i < 10; i += 1) reader.request();
  await clock.advance(1_000);
  t.same(looks, [0, 10_100]);
  await clock.advance(60_000);
  t.same(looks, [0, 10_100, 70_100], 'the resync counts from the last look');
});

t.test('a call without an answer is settled by a look right after it must have taken effect', async (t) => {
  const { reader, clock, looks, unsettled } = await startReading(t);
  await clock.advance(1_000);
  unsettled.set(ip('10.0.1.10'), 31_000);
  reader.request();
  await clock.advance(31_000);
  t.same(looks, [0, 1_100, 31_001]);
});

t.test('while EC2 cannot tell how a call ended it is asked now and then, not on and on', async (t) => {
  const { reader, clock, looks, unsettled } = await startReading(t);
  unsettled.set(ip('10.0.1.10'), 500);
  reader.request();
  await clock.advance(20_000);
  t.ok(looks.length >= 5 && looks.length <= 15, `${looks.length} looks`);
});

t.test('a look that fails is made again soon', async (t) => {
  const reading = await startReading(t);
  reading.look = async () => {
    throw new Error('no answer');
  };
  reading.reader.request();
  await reading.clock.advance(2_500);
  reading.look = async () => {};
  await reading.clock.advance(60_000);
  t.same(reading.looks, [0, 100, 2_100, 4_100]);
  t.equal(reading.errors.length, 2);
});

t.test('stop waits for the look under way and makes no other', async (t) => {
  const reading = await startReading(t);
  const gate = Promise.withResolvers<void>();
  reading.look = () => gate.promise;
  reading.reader.request();
  await reading.clock.advance(200);
  let stopped = false;
  const stopping = reading.reader.stop().then(() => {
    stopped = true;
  });
  await settled();
  t.equal(stopped, false);
  gate.resolve();
  await stopping;
  reading.reader.request();
  await reading.clock.advance(200_000);
  t.same(reading.looks, [0, 100]);
});

t.test('the cloud is read when nodes fail, once for those that fail within seconds', async (t) => {
  const { client, clock, looks, nodes } = await startReading(t);
  const put = (name: string, status: 'True' | 'False') => {
    const conditions = [{ type: 'Ready', status }];
    client.put(NODES, {
      metadata: { name },
      spec: { providerID: `aws:///a/i-${name}` },
      status: { conditions },
    });
  };
  put('n1', 'True');
  put('n2', 'True');
  await clock.advance(10_000);
  const before = looks.length;
  put('n1', 'False');
  await clock.advance(2_000);
  put('n2', 'False');
  await clock.advance(20_000);
  t.same(looks.slice(before), [15_000]);
  t.same(
    nodes.at(-1)?.map(({ ready }) => ready),
    [false, false],
  );
  put('n1', 'True');
  await clock.advance(20_000);
  t.equal(looks.length, before + 1, 'not when they come back');
});
