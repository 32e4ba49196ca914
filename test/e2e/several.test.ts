// Several of each process at once, on AWS: two webhooks give out IPs side by side, two reconcilers take turns.
import t from 'tap';
import { ALLOCATIONS, LEASES } from '../../shared/kube/resources.ts';
import { OPERATOR_NAMESPACE, RECONCILER_LEASE } from '../../shared/names.ts';
import type { Child } from '../stack/child.ts';
import { startCluster } from './cluster.ts';
import { createEgressIPAM, zonedSpec } from './egressipams.ts';
import { eventually } from './eventually.ts';
import { createNamespace, egressIPsOf, untilLeavesFrom } from './namespaces.ts';
import { rightsSuffice } from './rights.ts';

/** Of a crash: by then the other reconciler leads, milliseconds. */
const TAKEOVER = 15_000;
/** Of a clean stop: twice the time between two looks at the Lease, and then some. */
const AT_ONCE = 5_000;
const MOST = 100;

const cluster = await startCluster({
  platform: 'aws',
  nodes: 12,
  instanceType: 'm5.4xlarge',
  webhooks: 2,
  timeouts: 'usual',
});
t.teardown(() => cluster.stop());

const EGRESSIPAM = 'e2e-crowd';
const COUNT = Math.min(MOST, cluster.room - 2);
await createEgressIPAM(cluster, EGRESSIPAM, {
  ...zonedSpec(cluster, 1),
  cidrAssignments: cluster.zones.map((zone) => ({ CIDR: zone.addresses, labelValue: zone.name })),
});

/** How many namespaces it has given IPs to. */
function gaveTo({ lines }: Child): number {
  return lines.filter((line) => line.includes('changed the list of egress IPs')).length;
}

async function leader(): Promise<Child | undefined> {
  const lease = await cluster.client.get(LEASES, RECONCILER_LEASE, { namespace: OPERATOR_NAMESPACE });
  const pid = Number(lease?.spec?.holderIdentity?.split('_').at(-1));
  return cluster.processes.reconcilers.find((child) => child.pid === pid);
}

t.test(
  'a hundred namespaces created at once through two webhooks hold a hundred different sets of IPs',
  async (t) => {
    const names = Array.from({ length: COUNT }, (_, i) => `e2e-crowd-${i}`);
    const before = cluster.processes.webhooks.map(gaveTo);
    const created = await Promise.all(
      names.map((name) => createNamespace(cluster, name, { egressIPAM: EGRESSIPAM })),
    );
    const sets = created.map(egressIPsOf);
    t.ok(sets.every((ips) => ips.length === cluster.zones.length));
    t.equal(new Set(sets.flat()).size, COUNT * cluster.zones.length, 'no IP was given twice');
    const shares = cluster.processes.webhooks.map((child, i) => gaveTo(child) - (before[i] ?? 0));
    t.ok(
      shares.every((share) => share > 0),
      `both had a share: ${shares}`,
    );
    for (const [i, name] of names.entries()) await untilLeavesFrom(cluster, name, sets[i] ?? []);
    await eventually(
      'nothing is allocated but what is listed',
      async () => (await cluster.client.list(ALLOCATIONS)).items.map(({ metadata }) => metadata.name).sort(),
      (held) => held.join() === sets.flat().sort().join(),
    );
  },
);

t.test('when the reconciler that leads dies, the other one goes on within 15 s', async (t) => {
  await cluster.processes.startReconciler();
  const crashed = await leader();
  const died = performance.now();
  await cluster.processes.endReconciler('kill', crashed);
  await eventually('the other one leads', leader, (child) => child !== undefined, TAKEOVER);
  const took = performance.now() - died;
  const ips = egressIPsOf(await createNamespace(cluster, 'e2e-orphan', { egressIPAM: EGRESSIPAM }));
  await untilLeavesFrom(cluster, 'e2e-orphan', ips);
  const served = performance.now() - died;
  t.comment(`led after ${(took / 1000).toFixed(1)} s, served after ${(served / 1000).toFixed(1)} s`);
});

t.test('when the reconciler that leads is stopped, another one goes on at once', async () => {
  await cluster.processes.startReconciler();
  const stopped = await leader();
  await cluster.processes.endReconciler('stop', stopped);
  await eventually('another one leads', leader, (child) => child !== undefined, AT_ONCE);
  const ips = egressIPsOf(await createNamespace(cluster, 'e2e-heir', { egressIPAM: EGRESSIPAM }));
  await untilLeavesFrom(cluster, 'e2e-heir', ips);
});

rightsSuffice(t, cluster);
