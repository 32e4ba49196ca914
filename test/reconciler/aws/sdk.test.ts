// The EC2 port against the sandbox's EC2, through the real SDK.
import t from 'tap';
import { takeAddress } from '../../sandbox/ec2/lifecycle.ts';
import { ip, ips, startZone, texts } from './zone.ts';

const GRANT = { lane: 'grant', allowReassignment: false } as const;

t.test('a node is read with its interface, its subnet and its room', async (t) => {
  const { cloud, nodes, eni, subnetId, ec2 } = await startZone(t, 2);
  ec2.model.apply((s) => takeAddress(s, subnetId, ip('10.0.128.99')));
  const inventory = await cloud.refresh(nodes);
  t.strictSame([...inventory.hosts.keys()], ['n1', 'n2']);
  t.match(inventory.hosts.get('n1'), {
    node: 'n1',
    interfaceId: eni('n1'),
    subnetId,
    primary: ip('10.0.128.11'),
    secondary: [],
    slots: 9,
  });
  t.equal(inventory.unknownNodes.size, 0);
  t.strictSame(texts(inventory.holders.keys()).sort(), ['10.0.128.11', '10.0.128.12', '10.0.128.99']);
});

t.test(
  'addresses are assigned in one call, shown at once, moved in one call and unassigned in one call',
  async (t) => {
    const { cloud, nodes, eni, ec2 } = await startZone(t, 2);
    const eni1 = eni('n1');
    const eni2 = eni('n2');
    await cloud.refresh(nodes);
    ec2.model.lagMs = 60_000;
    await cloud.refresh(nodes);
    const wanted = ips(20, 24);
    t.strictSame((await cloud.assign(eni1, wanted, GRANT)).done, wanted);
    t.strictSame(cloud.inventory?.hosts.get('n1')?.secondary, wanted);
    const moved = await cloud.assign(eni2, wanted, { lane: 'failover', allowReassignment: true });
    t.strictSame(moved.done, wanted);
    t.strictSame(cloud.inventory?.hosts.get('n1')?.secondary, []);
    t.strictSame(cloud.inventory?.hosts.get('n2')?.secondary, wanted);
    t.strictSame((await cloud.unassign(eni2, wanted, { lane: 'cleanup' })).done, wanted);
    t.strictSame(cloud.inventory?.hosts.get('n2')?.secondary, []);
    t.equal(ec2.counts().AssignPrivateIpAddresses, 2);
    t.equal(ec2.counts().UnassignPrivateIpAddresses, 1);
  },
);
