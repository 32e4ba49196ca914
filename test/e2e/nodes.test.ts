// What becomes of IPs when the node that hosts them fails or is about to be rebooted, on AWS.
import t from 'tap';
import { HOST_SUBNETS, NODES } from '../../shared/kube/resources.ts';
import { setReady } from '../sandbox/nodes.ts';
import { startCluster } from './cluster.ts';
import { createEgressIPAM, zonedSpec } from './egressipams.ts';
import { eventually } from './eventually.ts';
import { History, shortly } from './history.ts';
import { MARK } from './marks.ts';
import { createNamespace, egressIPsOf, untilLeavesFrom } from './namespaces.ts';
import { rightsSuffice } from './rights.ts';

const cluster = await startCluster({ platform: 'aws', nodes: 6 });
t.teardown(() => cluster.stop());

const SINGLE = 'e2e-single';
const SEVERAL = 'e2e-several';
const [zone] = cluster.zones;
await createEgressIPAM(cluster, SINGLE, zonedSpec(cluster, 4, zone === undefined ? [] : [zone]));
await createEgressIPAM(cluster, SEVERAL, zonedSpec(cluster, 5));

/** Opted in, with its IPs in use, which are returned. */
async function served(name: string, egressIPAM: string): Promise<string[]> {
  const ips = egressIPsOf(await createNamespace(cluster, name, { egressIPAM }));
  await untilLeavesFrom(cluster, name, ips);
  return ips;
}

async function hostOf(ip: string): Promise<string> {
  const { items } = await cluster.client.list(HOST_SUBNETS);
  return items.find(({ egressIPs }) => egressIPs?.includes(ip))?.metadata.name ?? '';
}

async function untilHostedElsewhere(ips: readonly string[], node: string): Promise<void> {
  await eventually(
    `${ips.join()} are hosted by others than ${node}`,
    () => Promise.all(ips.map(hostOf)),
    (hosts) => hosts.every((host) => host !== '' && host !== node),
  );
}

async function hostedBy(node: string): Promise<readonly string[]> {
  return (await cluster.client.get(HOST_SUBNETS, node))?.egressIPs ?? [];
}

async function setCordoned(node: string, unschedulable: boolean | null): Promise<void> {
  await cluster.client.patch(NODES, node, 'application/merge-patch+json', { spec: { unschedulable } });
}

t.test('an only IP leaves a node that is NotReady at once, interface and all', async (t) => {
  const [ip = ''] = await served('e2e-only', SINGLE);
  const node = await hostOf(ip);
  const before = (await cluster.cloud?.interfaces())?.get(ip);
  t.teardown(() => setReady(cluster.client, node, 'ready'));
  await setReady(cluster.client, node, 'notReady');
  await untilHostedElsewhere([ip], node);
  await untilLeavesFrom(cluster, 'e2e-only', [ip]);
  const after = (await cluster.cloud?.interfaces())?.get(ip);
  t.not(after, before, 'it is on another interface');
  t.notOk((await hostedBy(node)).includes(ip), 'the failed node hosts it no more');
});

t.test(
  'one of several IPs stays on a node that is NotReady for now, and the others carry the traffic',
  async (t) => {
    const ips = await served('e2e-redundant', SEVERAL);
    const [ip = ''] = ips;
    const rest = ips.filter((other) => other !== ip);
    const node = await hostOf(ip);
    t.teardown(() => setReady(cluster.client, node, 'ready'));
    await setReady(cluster.client, node, 'notReady');
    await untilLeavesFrom(cluster, 'e2e-redundant', rest);
    t.equal(await hostOf(ip), node);
    await setReady(cluster.client, node, 'ready');
    await untilLeavesFrom(cluster, 'e2e-redundant', ips);
    t.equal(await hostOf(ip), node, 'it never moved');
  },
);

t.test(
  'a node that is cordoned is emptied, and no namespace with another IP is dropped meanwhile',
  async (t) => {
    const ips = await served('e2e-upgraded', SEVERAL);
    const [ip = ''] = ips;
    const node = await hostOf(ip);
    const hosted = await hostedBy(node);
    const history = await History.start(cluster.client);
    t.teardown(() => history.stop());
    t.teardown(() => setCordoned(node, null));
    await setCordoned(node, true);
    await untilHostedElsewhere(hosted, node);
    await untilLeavesFrom(cluster, 'e2e-upgraded', ips);
    t.strictSame(await hostedBy(node), []);
    const verdicts = await history.verdictsOn('e2e-upgraded');
    t.ok(
      verdicts.every(({ egress }) => egress === 'active'),
      verdicts.map(shortly).join(' | '),
    );
  },
);

t.test('a node that is taken out of the selection is emptied', async (t) => {
  const [ip = ''] = await served('e2e-deselected', SINGLE);
  const node = await hostOf(ip);
  const label = async (value: string | null) => {
    const patch = { metadata: { labels: { [MARK]: value } } };
    await cluster.client.patch(NODES, node, 'application/merge-patch+json', patch);
  };
  t.teardown(() => label(''));
  await label(null);
  await untilHostedElsewhere([ip], node);
  await untilLeavesFrom(cluster, 'e2e-deselected', [ip]);
  await eventually(
    `${node} hosts nothing`,
    () => hostedBy(node),
    (hosted) => hosted.length === 0,
  );
});

rightsSuffice(t, cluster);
