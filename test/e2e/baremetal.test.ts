// The same job without a cloud: one CIDR, whose IPs the SDN places itself; and several, whose IPs we place.
import t from 'tap';
import { HOST_SUBNETS } from '../../shared/kube/resources.ts';
import { setReady } from '../sandbox/nodes.ts';
import { startCluster } from './cluster.ts';
import { createEgressIPAM, ipsOf, REST, zonedSpec } from './egressipams.ts';
import { eventually } from './eventually.ts';
import { History, shortly } from './history.ts';
import { MARK } from './marks.ts';
import {
  annotate,
  createNamespace,
  deleteNamespace,
  egressIPsOf,
  untilLeavesFrom,
  untilReleased,
} from './namespaces.ts';
import { rightsSuffice } from './rights.ts';

const cluster = await startCluster({ platform: 'baremetal', nodes: 3, rackNodes: 4 });
t.teardown(() => cluster.stop());

const ONE = 'e2e-one-cidr';
const SEVERAL = 'e2e-racks';
const CIDR = '192.168.100.128/26';
await createEgressIPAM(cluster, ONE, {
  topologyLabel: 'egressGW',
  nodeSelector: { matchLabels: { [MARK]: '' } },
  reuseGracePeriod: REST,
  cidrAssignments: [{ CIDR, labelValue: 'true' }],
});
await createEgressIPAM(cluster, SEVERAL, zonedSpec(cluster, 1));

async function hostOf(ip: string): Promise<string> {
  const { items } = await cluster.client.list(HOST_SUBNETS);
  return items.find(({ egressIPs }) => egressIPs?.includes(ip))?.metadata.name ?? '';
}

t.test(
  'with one CIDR nodes offer it, the SDN places, and traffic leaves from the IP in the answer to create',
  async (t) => {
    const ips = egressIPsOf(await createNamespace(cluster, 'e2e-placed', { egressIPAM: ONE }));
    t.equal(ips.length, 1);
    await untilLeavesFrom(cluster, 'e2e-placed', ips);
    const { items } = await cluster.client.list(HOST_SUBNETS);
    const offering = items.filter(({ egressCIDRs }) => egressCIDRs?.includes(CIDR));
    t.equal(offering.length, 3, 'the nodes that are selected, and no other');
  },
);

t.test('with one CIDR an edited list is carried out, and the old IP given back', async () => {
  await createNamespace(cluster, 'e2e-swapped', { egressIPAM: ONE, egressIPs: '192.168.100.150' });
  await untilLeavesFrom(cluster, 'e2e-swapped', ['192.168.100.150']);
  await annotate(cluster, 'e2e-swapped', { egressIPs: '192.168.100.151' });
  await untilLeavesFrom(cluster, 'e2e-swapped', ['192.168.100.151']);
  await untilReleased(cluster, ['192.168.100.150']);
});

t.test('with several CIDRs a namespace gets an IP on a node of each rack', async (t) => {
  const ips = egressIPsOf(await createNamespace(cluster, 'e2e-racked', { egressIPAM: SEVERAL }));
  t.equal(ips.length, 2);
  await untilLeavesFrom(cluster, 'e2e-racked', ips);
  const hosts = await Promise.all(ips.map(hostOf));
  t.match(hosts, [/^rack-1-/, /^rack-2-/]);
});

t.test(
  'with several CIDRs a list is honoured, edited without a drop, and given back with the namespace',
  async (t) => {
    const before = ipsOf(cluster, 1, 20);
    const after = ipsOf(cluster, 1, 21);
    await createNamespace(cluster, 'e2e-listed', { egressIPAM: SEVERAL, egressIPs: before.join() });
    await untilLeavesFrom(cluster, 'e2e-listed', before);
    const history = await History.start(cluster.client);
    t.teardown(() => history.stop());
    await annotate(cluster, 'e2e-listed', { egressIPs: after.join() });
    await untilLeavesFrom(cluster, 'e2e-listed', after);
    await untilReleased(cluster, before);
    const verdicts = await history.verdictsOn('e2e-listed');
    t.ok(
      verdicts.every(({ egress }) => egress === 'active'),
      verdicts.map(shortly).join(' | '),
    );
    await deleteNamespace(cluster, 'e2e-listed');
    await untilReleased(cluster, after);
  },
);

t.test('IPs leave a node that fails, whoever places them', async (t) => {
  const [placed = ''] = egressIPsOf(await createNamespace(cluster, 'e2e-moved', { egressIPAM: ONE }));
  await untilLeavesFrom(cluster, 'e2e-moved', [placed]);
  const node = await hostOf(placed);
  t.teardown(() => setReady(cluster.client, node, 'ready'));
  await setReady(cluster.client, node, 'notReady');
  await eventually(
    `${placed} is hosted by another node than ${node}`,
    () => hostOf(placed),
    (host) => host !== '' && host !== node,
  );
  await untilLeavesFrom(cluster, 'e2e-moved', [placed]);
});

rightsSuffice(t, cluster);
