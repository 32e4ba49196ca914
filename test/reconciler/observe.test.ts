// What a pass sees, gathered from caches over an API server in memory.
import t from 'tap';
import { Caches } from '../../reconciler/caches.ts';
import { Observer } from '../../reconciler/observe.ts';
import type { Inventory } from '../../shared/inventory.ts';
import { formatIPv4 } from '../../shared/ip.ts';
import { EGRESSIPAMS, HOST_SUBNETS, NAMESPACES, NODES } from '../../shared/kube/resources.ts';
import { DEFAULT_TIMING, type World } from '../../shared/plan/world.ts';
import { settled } from '../shared/manual-clock.ts';
import { ip } from '../shared/plan/cluster.ts';
import { inventoryWith } from './execute-stage.ts';
import { SmallCluster } from './small-cluster.ts';

interface Watching {
  readonly cluster: SmallCluster;
  /** Changes that a plan could depend on. */
  readonly changes: { count: number };
  readonly observer: Observer;
  inventory: Inventory | undefined;
  observe(): Promise<World>;
}

async function watch(t: { teardown(handler: () => Promise<void>): unknown }): Promise<Watching> {
  const cluster = new SmallCluster({ cloud: 'none', nodes: { n1: 'a', n2: 'a' } });
  cluster.addEgressIPAM('pool', { '10.0.1.0/26': 'a' });
  cluster.serve('a', 'pool', { '10.0.1.20': 'n1' });
  const changes = { count: 0 };
  const caches = new Caches({
    client: cluster.kube,
    platform: 'does not assign',
    clock: cluster.clock,
    onChange: () => {
      changes.count += 1;
    },
    onError: () => {},
  });
  await caches.start();
  t.teardown(() => caches.stop());
  const observer = new Observer({
    caches,
    cloud: 'aws',
    inventory: () => watching.inventory,
    timing: DEFAULT_TIMING,
    now: () => cluster.clock.now(),
    wallClock: () => cluster.wallClock().getTime(),
  });
  changes.count = 0;
  const watching: Watching = {
    cluster,
    changes,
    observer,
    inventory: undefined,
    async observe() {
      await settled();
      return observer.observe(new Set(), new Map());
    },
  };
  return watching;
}

t.test('a world has everything in it that the API server holds', async (t) => {
  const { cluster, observe } = await watch(t);
  await cluster.clock.advance(5_000);
  const world = await observe();
  t.same([...world.nodes.keys()], ['n1', 'n2']);
  t.match(world.namespaces.get('a'), { egressIPAM: 'pool', text: '10.0.1.20', terminating: false });
  t.match(world.allocations.get(ip('10.0.1.20')), { namespace: 'a', phase: 'Bound', ours: true });
  t.same([...(world.hostSubnets.get('n1')?.ips ?? [])], [ip('10.0.1.20')]);
  t.same([...(world.netNamespaces.get('a')?.ips ?? [])], [ip('10.0.1.20')]);
  t.ok(world.egressIPAMs.valid.has('pool'));
  t.equal(world.wallClock, cluster.wallClock().getTime());
  t.equal(world.inventoryAge, Number.POSITIVE_INFINITY, 'EC2 was not read yet');
});

t.test('how long a node has been NotReady is counted from when we first saw it so', async (t) => {
  const { cluster, observe } = await watch(t);
  const notReadyFor = async () => (await observe()).nodes.get('n1')?.notReadyFor;
  t.equal(await notReadyFor(), 0);
  cluster.setNode('n1', { ready: false });
  t.equal(await notReadyFor(), 0);
  await cluster.clock.advance(40_000);
  t.equal(await notReadyFor(), 40_000);
  cluster.setNode('n1', { ready: true });
  t.equal(await notReadyFor(), 0);
  cluster.setNode('n1', { ready: false });
  await observe();
  await cluster.clock.advance(7_000);
  t.equal(await notReadyFor(), 7_000, 'it is counted anew');
});

t.test('a node whose condition is not known is not Ready', async (t) => {
  const { cluster, observe } = await watch(t);
  cluster.kube.put(NODES, { metadata: { name: 'n3' }, status: {} });
  t.match((await observe()).nodes.get('n3'), { ready: false, cordoned: false });
});

t.test('the count of not being listed breaks when a listing came and went between two passes', async (t) => {
  const { cluster, observe, observer } = await watch(t);
  cluster.annotate('a', {});
  await observe();
  await cluster.clock.advance(100_000);
  t.equal((await observe()).claimAges.get(ip('10.0.1.20'))?.unlistedFor, 100_000);
  observer.listingChanged([ip('10.0.1.20')]);
  t.equal((await observe()).claimAges.get(ip('10.0.1.20'))?.unlistedFor, 0);
});

t.test('what anything holds is taken, what is foreign in the cloud is not usable', async (t) => {
  const watching = await watch(t);
  const { cluster, observe } = watching;
  cluster.host('n2', '10.0.1.30');
  cluster.annotate('b', { egressIPAM: 'pool', egressIPs: '10.0.1.31' });
  cluster.use('b', '10.0.1.32');
  const holders = new Map([
    [ip('10.0.1.20'), 'eni-n1'],
    [ip('10.0.1.40'), 'eni-of-a-load-balancer'],
  ]);
  watching.inventory = { ...inventoryWith({}), holders };
  const world = await observe();
  const [pool] = world.egressIPAMs.valid.get('pool')?.pools ?? [];
  t.ok(pool);
  const usable = pool === undefined ? undefined : world.usable.get(pool);
  const held = ['10.0.1.20', '10.0.1.30', '10.0.1.31', '10.0.1.32'].map(ip);
  t.same(held.filter((it) => !world.taken.has(it)).map(formatIPv4), []);
  t.equal(usable?.whyNot(ip('10.0.1.20')), undefined, 'ours may be where it is');
  t.match(usable?.whyNot(ip('10.0.1.40')), /used by the cloud/);
  t.equal(world.nodeOfInterface.get('eni-n1'), 'n1');
});

t.test('an EgressIPAM is judged anew only when one has changed', async (t) => {
  const { cluster, observe } = await watch(t);
  const before = (await observe()).egressIPAMs;
  cluster.annotate('b', {});
  t.equal((await observe()).egressIPAMs, before);
  cluster.addEgressIPAM('broken', { '10.0.9.1/24': 'a' });
  const after = (await observe()).egressIPAMs;
  t.same([...after.valid.keys()], ['pool']);
  t.same([...after.invalid.keys()], ['broken']);
});

t.test('heartbeats and our own status writes are no reason for a pass, changes are', async (t) => {
  const { cluster, changes } = await watch(t);
  const { kube } = cluster;
  const touches: Record<string, [happens: () => void, counts: number]> = {
    'a heartbeat of a node': [
      () => kube.put(NODES, { ...kube.stored(NODES, 'n1'), status: heartbeat('2026-11-22T08:00:10Z') }),
      0,
    ],
    'a label on a namespace': [
      () => {
        const { metadata, ...rest } = kube.stored(NAMESPACES, 'a') ?? {};
        kube.put(NAMESPACES, { ...rest, metadata: { ...metadata, labels: { team: 'x' } } });
      },
      0,
    ],
    'a status that we write': [
      () => {
        const status = { ...kube.stored(EGRESSIPAMS, 'pool')?.status, free: 7 };
        kube.put(EGRESSIPAMS, { ...kube.stored(EGRESSIPAMS, 'pool'), status });
      },
      0,
    ],
    'a node that is cordoned': [() => cluster.setNode('n1', { cordoned: true }), 1],
    'a node that fails': [() => cluster.setNode('n1', { ready: false }), 1],
    'a namespace that opts in': [() => cluster.annotate('b', { egressIPAM: 'pool' }), 2],
    'a HostSubnet with one more IP': [() => cluster.host('n2', '10.0.1.50'), 1],
    'a HostSubnet that is gone': [() => kube.remove(HOST_SUBNETS, 'n2'), 1],
    'another CIDR': [() => cluster.addEgressIPAM('pool', { '10.0.1.128/26': 'a' }), 1],
  };
  for (const [what, [happens, counts]] of Object.entries(touches)) {
    changes.count = 0;
    happens();
    await settled();
    t.equal(changes.count, counts, what);
  }
});

function heartbeat(lastHeartbeatTime: string): object {
  return { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime }] };
}
