// `--report-only` over clusters in memory: what it says, and that it says and does nothing else.
import t from 'tap';
import { reportOnly } from '../../reconciler/report.ts';
import { ApiError } from '../../shared/kube/client.ts';
import { DEFAULT_TIMING } from '../../shared/plan/world.ts';
import { fakeZone } from './aws/zone.ts';
import { isWrite } from './lifeline.ts';
import { SmallCluster } from './small-cluster.ts';

async function report(cluster: SmallCluster): Promise<readonly string[]> {
  const { kube: client, clock } = cluster;
  const cloud = undefined;
  const { lines, complete } = await reportOnly({
    client,
    assigns: 'none',
    cloud,
    timing: DEFAULT_TIMING,
    clock,
  });
  t.ok(complete);
  return lines;
}

function bareMetal(): SmallCluster {
  const cluster = new SmallCluster({ cloud: 'none', nodes: { n1: 'a', n2: 'b' } });
  cluster.addEgressIPAM('pool', { '10.0.1.0/26': 'a', '10.0.2.0/26': 'b' });
  return cluster;
}

t.test('where all is in order there is nothing to say', async (t) => {
  const cluster = bareMetal();
  cluster.serve('a', 'pool', { '10.0.1.20': 'n1', '10.0.2.20': 'n2' });
  t.same(await report(cluster), []);
});

t.test('adoption: IPs that the Go operator has listed would be claimed, and none would change', async (t) => {
  const cluster = bareMetal();
  cluster.annotate('a', { egressIPAM: 'pool', egressIPs: '10.0.1.20,10.0.2.20' });
  cluster.use('a', '10.0.1.20', '10.0.2.20');
  cluster.host('n1', '10.0.1.20');
  cluster.host('n2', '10.0.2.20');
  t.same(await report(cluster), [
    'would claim 10.0.1.20 of 10.0.1.0/26 for namespace a',
    'would claim 10.0.2.20 of 10.0.2.0/26 for namespace a',
  ]);
});

t.test('adoption: an IP that would not stay where it is is told of, several steps ahead', async (t) => {
  const cluster = bareMetal();
  cluster.addNode('n3', 'a');
  cluster.annotate('a', { egressIPAM: 'pool', egressIPs: '10.0.1.20,10.0.2.20' });
  cluster.use('a', '10.0.1.20', '10.0.2.20');
  cluster.host('n1', '10.0.1.20');
  cluster.host('n3', '10.0.2.20');
  cluster.setNode('n1', { cordoned: true });
  cluster.setNode('n2', { cordoned: true });
  t.match(await report(cluster), [
    'would claim 10.0.1.20 of 10.0.1.0/26 for namespace a',
    'would claim 10.0.2.20 of 10.0.2.0/26 for namespace a',
    'would then move 10.0.1.20 from node n1 to node n3',
    /^would then take 10\.0\.2\.20 off node n3: none of the 1 nodes with .*zone=b is Ready/,
  ]);
});

t.test('what a person should know is told, too', async (t) => {
  const cluster = bareMetal();
  cluster.annotate('a', { egressIPAM: 'pool', egressIPs: 'nonsense' });
  t.match(await report(cluster), [/^Namespace a: InvalidEgressIPs: .*nonsense/]);
});

t.test('it writes nothing, and reads EC2 once', async (t) => {
  const cluster = bareMetal();
  cluster.annotate('a', { egressIPAM: 'pool' });
  await report(cluster);
  t.same(cluster.kube.calls.filter(isWrite), []);

  const { cloud, ec2, clock } = fakeZone(2);
  const timing = DEFAULT_TIMING;
  const { lines } = await reportOnly({ client: cluster.kube, assigns: 'aws', cloud, timing, clock });
  t.ok(lines.length > 0);
  t.equal(ec2.count('assign') + ec2.count('unassign'), 0);
});

t.test('a cloud that cannot be read makes the report incomplete, and it says so', async (t) => {
  const cluster = bareMetal();
  cluster.serve('a', 'pool', { '10.0.1.20': 'n1', '10.0.2.20': 'n2' });
  const { cloud, clock } = fakeZone(0);
  const inventory = await cloud.refresh([]);
  const silent = ['n4', 'n3', 'n2', 'n1'].map((node) => [node, 'no connection to EC2'] as const);
  const unknownNodes = new Map([...silent, ['n5', 'EC2 does not know it'] as const]);
  cloud.refresh = async () => ({ ...inventory, unknownNodes });
  const options = { client: cluster.kube, assigns: 'aws', cloud, timing: DEFAULT_TIMING, clock } as const;
  const { lines, complete } = await reportOnly(options);
  t.equal(complete, false);
  t.same(
    lines.filter((line) => line.startsWith('EC2')),
    [
      'EC2: n1, n2, n3 and 1 more could not be read: no connection to EC2; what they host stays as it is',
      'EC2: n5 could not be read: EC2 does not know it; what they host stays as it is',
    ],
  );
});

t.test('a cluster that cannot be read is a failure, not an empty report', async (t) => {
  const cluster = bareMetal();
  cluster.kube.fault = ({ plural }) =>
    plural === 'nodes' ? new ApiError('forbidden', 'nodes is forbidden') : undefined;
  await t.rejects(report(cluster), { message: 'nodes is forbidden' });
  cluster.kube.fault = () => undefined;
  const { cloud } = fakeZone(1);
  cloud.refresh = () => Promise.reject(new Error('no answer'));
  const { kube: client, clock } = cluster;
  await t.rejects(reportOnly({ client, assigns: 'aws', cloud, timing: DEFAULT_TIMING, clock }), {
    message: 'no answer',
  });
});
