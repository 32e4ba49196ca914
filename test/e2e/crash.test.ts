// The reconciler is killed at any moment and started again, on AWS: what it left half done is finished, nothing is given
// twice, and what is not ours stays as it is.
import t from 'tap';
import { ALLOCATIONS, HOST_SUBNETS, NAMESPACES, NET_NAMESPACES, NODES } from '../../shared/kube/resources.ts';
import { startCluster } from './cluster.ts';
import { createEgressIPAM, ipsOf, zonedSpec } from './egressipams.ts';
import { eventually } from './eventually.ts';
import { History } from './history.ts';
import { annotate, createNamespace, egressIPsOf } from './namespaces.ts';
import { rightsSuffice } from './rights.ts';

// Only one reconciler runs at a time here, and the next one need not wait for the lease of one that is dead.
const cluster = await startCluster({ platform: 'aws', nodes: 6, reconcilerArgs: ['--leader-elect=false'] });
t.teardown(() => cluster.stop());

const EGRESSIPAM = 'e2e-crash';
const SLICE = 12;
const FOREIGN = { namespace: 'e2e-foreign', listed: '10.9.0.1', taken: 5 };
/** Of each pool, where somebody else can be made to take an address. */
const takes = cluster.cloud?.take === undefined ? [] : ipsOf(cluster, SLICE, FOREIGN.taken);
const NAMES = Array.from({ length: 10 }, (_, i) => `e2e-crash-${i}`);
const MERGE = 'application/merge-patch+json';
/** Milliseconds after which a moment that does not come is no longer waited for: everything is done already. */
const QUIET = 2_000;
/** Changes after which it is killed at the latest. */
const LATEST = 40;

await createEgressIPAM(cluster, EGRESSIPAM, zonedSpec(cluster, SLICE));

/** Kills the reconciler somewhere in the midst of `work`, twice, and starts it again. */
async function amid(history: History, work: () => Promise<unknown>): Promise<string> {
  const moments = [1, 2].map(() => 1 + Math.floor(Math.random() * LATEST));
  const [worked] = await Promise.allSettled([work(), killAt(moments, history)]);
  if (worked.status === 'rejected') throw worked.reason;
  return `killed after ${moments.join(' and ')} changes`;
}

async function killAt(moments: readonly number[], history: History): Promise<void> {
  for (const moment of moments) {
    await history.afterChanges(moment, QUIET);
    await cluster.processes.endReconciler('kill');
    await cluster.processes.startReconciler();
  }
}

/** What is on this cluster and not ours, and what EC2 holds of it. */
async function foreign(): Promise<unknown> {
  const [netNamespace, hostSubnets, interfaces] = await Promise.all([
    cluster.client.get(NET_NAMESPACES, FOREIGN.namespace),
    cluster.client.list(HOST_SUBNETS),
    cluster.cloud?.interfaces(),
  ]);
  return {
    listed: netNamespace?.egressIPs,
    hosts: hostSubnets.items
      .filter(({ egressIPs }) => egressIPs?.includes(FOREIGN.listed))
      .map(({ host }) => host),
    interfaces: takes.map((ip) => interfaces?.get(ip)),
  };
}

async function makeForeign(): Promise<void> {
  for (const ip of takes) await cluster.cloud?.take?.(ip);
  const metadata = { name: FOREIGN.namespace };
  await cluster.client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata });
  await eventually(
    'the SDN has made a NetNamespace',
    () => cluster.client.get(NET_NAMESPACES, FOREIGN.namespace),
    (netNamespace) => netNamespace !== undefined,
  );
  const [node] = (await cluster.client.list(HOST_SUBNETS)).items;
  const egressIPs = [FOREIGN.listed];
  await cluster.client.patch(HOST_SUBNETS, node?.metadata.name ?? '', MERGE, { egressIPs });
  await cluster.client.patch(NET_NAMESPACES, FOREIGN.namespace, MERGE, { egressIPs });
}

/** What each namespace lists, by name. */
async function listed(): Promise<Map<string, string[]>> {
  const { items } = await cluster.client.list(NAMESPACES);
  const ours = items.filter(({ metadata }) => NAMES.includes(metadata.name));
  return new Map(ours.map((namespace) => [namespace.metadata.name, egressIPsOf(namespace)]));
}

/** Everything that is listed is in use, and nothing else of ours is allocated, hosted or on an interface of a node. */
async function untilAllIsAsListed(): Promise<void> {
  await eventually('all is as listed', deviations, (found) => found.length === 0);
}

async function deviations(): Promise<string[]> {
  const [wanted, verdicts, allocations, hostSubnets, interfaces] = await Promise.all([
    listed(),
    cluster.verdicts.namespaces(),
    cluster.client.list(ALLOCATIONS),
    cluster.client.list(HOST_SUBNETS),
    cluster.cloud?.interfaces() ?? new Map<string, string>(),
  ]);
  const all = sorted([...wanted.values()].flat());
  const traffic = [...wanted].flatMap(([name, ips]) => {
    const from = sorted(verdicts.get(name)?.from ?? []);
    return from === sorted(ips) ? [] : [`${name} lists ${sorted(ips)}, its traffic leaves from ${from}`];
  });
  const allocated = sorted(allocations.items.map(({ metadata }) => metadata.name));
  const hosted = sorted(
    hostSubnets.items.flatMap(({ egressIPs = [] }) => egressIPs).filter((ip) => ip !== FOREIGN.listed),
  );
  const primary = hostSubnets.items.map(({ hostIP }) => hostIP);
  const nodes = new Set(primary.map((ip) => interfaces.get(ip)));
  const assigned = sorted(
    [...interfaces].flatMap(([ip, id]) => (nodes.has(id) && !primary.includes(ip) ? [ip] : [])),
  );
  const rest = Object.entries({ allocated, hosted, assigned }).flatMap(([what, ips]) =>
    ips === all ? [] : [`listed are ${all}, ${what} are ${ips}`],
  );
  return [...traffic, ...rest];
}

/** Lists of IPs, one of each pool, that are in no other list. */
function unlisted(taken: readonly string[]): string[][] {
  const candidates = Array.from({ length: 40 }, (_, i) => ipsOf(cluster, SLICE, 20 + i));
  return candidates.filter((ips) => !ips.some((ip) => taken.includes(ip)));
}

function sorted(ips: readonly string[]): string {
  return [...ips].sort().join();
}

t.test('killed at any moment of a burst, it ends in the state that was asked for', async (t) => {
  await makeForeign();
  const before = await foreign();
  const history = await History.start(cluster.client);
  t.teardown(() => history.stop());

  t.comment(
    await amid(history, () =>
      Promise.all(NAMES.map((name) => createNamespace(cluster, name, { egressIPAM: EGRESSIPAM }))),
    ),
  );
  await untilAllIsAsListed();
  const lists = [...(await listed()).values()];
  t.equal(new Set(lists.flat()).size, NAMES.length * cluster.zones.length, 'nothing is listed twice');

  const free = unlisted(lists.flat());
  const [edited = [], optsOut = [], goes = []] = [NAMES.slice(0, 3), NAMES.slice(3, 5), NAMES.slice(5, 7)];
  t.comment(
    await amid(history, async () => {
      for (const name of edited) await annotate(cluster, name, { egressIPs: free.shift()?.join() ?? '' });
      for (const name of optsOut) await annotate(cluster, name, { egressIPAM: null });
      for (const name of goes) await cluster.client.delete(NAMESPACES, name, {});
    }),
  );
  await untilAllIsAsListed();

  const host = (await cluster.client.list(HOST_SUBNETS)).items.find(({ egressIPs = [] }) =>
    egressIPs.some((ip) => ip !== FOREIGN.listed),
  );
  const node = host?.metadata.name ?? '';
  t.comment(
    await amid(history, () => cluster.client.patch(NODES, node, MERGE, { spec: { unschedulable: true } })),
  );
  await eventually(
    `${node} is emptied`,
    async () => (await cluster.client.get(HOST_SUBNETS, node))?.egressIPs ?? [],
    (left) => left.every((ip) => ip === FOREIGN.listed),
  );
  await cluster.client.patch(NODES, node, MERGE, { spec: { unschedulable: null } });
  await untilAllIsAsListed();

  t.strictSame(await foreign(), before, 'what is not ours is as it was');
  t.strictSame(await history.contested(), []);
});

rightsSuffice(t, cluster);
