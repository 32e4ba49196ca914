import t from 'tap';
import type { NodeRef } from '../../../reconciler/aws/node-instances.ts';
import type { Inventory } from '../../../shared/inventory.ts';
import { type Cidr, formatCidr, formatRange } from '../../../shared/ip.ts';
import {
  addSubnet,
  addVpc,
  delegatePrefix,
  launch,
  reserveCidr,
  setInstanceState,
  setInstanceType,
  TERMINATED_VISIBLE_MS,
  takeAddress,
} from '../../sandbox/ec2/lifecycle.ts';
import { address, cidr } from '../../sandbox/ipv4.ts';
import { fakeZone, ip, ips, nodeRef, texts, type Zone } from './zone.ts';

/** A second zone in 10.0.144.0/20 with the node `other`. */
function secondZone({ ec2, vpcId }: Zone) {
  const spec = { vpcId, zone: 'eu-central-1b', cidr: cidr('10.0.144.0/20') };
  const subnet = ec2.account.apply((s) => addSubnet(s, spec));
  const wanted = { subnetId: subnet.id, type: 'm5.xlarge', address: address('10.0.144.11') };
  const { instance } = ec2.account.apply((s, now) => launch(s, wanted, now));
  return { subnetId: subnet.id, node: nodeRef('other', instance.id), instance: instance.id };
}

function cidrs(list: readonly Cidr[]): string[] {
  return list.map(formatCidr);
}

function hosts(inventory: Inventory): string[] {
  return [...inventory.hosts.keys()];
}

t.test('D1: a subnet that cannot be read is not taken for an empty one', async (t) => {
  const zone = fakeZone(1);
  const other = secondZone(zone);
  zone.ec2.account.apply((s) => takeAddress(s, zone.subnetId, ip('10.0.128.50')));
  zone.ec2.account.apply((s) => takeAddress(s, other.subnetId, address('10.0.144.50')));
  const both = [...zone.nodes, other.node];
  const whole = await zone.cloud.refresh(both);
  t.strictSame(hosts(whole), ['n1', 'other'], 'as long as all can be read');

  zone.ec2.refuses = (call) => (call === `interfaces ${other.subnetId}` ? 'Forbidden' : undefined);
  const inventory = await zone.cloud.refresh(both);
  t.strictSame(hosts(inventory), ['n1'], 'the other zone goes on');
  t.match(inventory.unknownNodes.get('other'), /Forbidden/);
  t.strictSame(cidrs(inventory.subnets), ['10.0.128.0/20']);
  t.ok(inventory.holders.has(ip('10.0.128.50')));
});

t.test('D1: when nothing can be read every node is unknown', async (t) => {
  const zone = fakeZone(2);
  zone.ec2.fail('instances', 'Forbidden');
  const inventory = await zone.cloud.refresh(zone.nodes);
  t.equal(inventory.hosts.size, 0);
  t.strictSame([...inventory.unknownNodes.keys()], ['n1', 'n2']);
  t.equal(inventory.subnets.length, 0);
});

t.test('D2: what AWS keeps follows from the real subnet', async (t) => {
  const zone = fakeZone(1);
  const { kept } = await zone.cloud.refresh(zone.nodes);
  t.strictSame(kept.map(formatRange), ['10.0.128.0-10.0.128.3', '10.0.143.255']);
});

t.test("D3: the nodes' own subnets are read, once, to the last page, and no other VPC's", async (t) => {
  const zone = fakeZone(2);
  zone.ec2.pageSize = 3;
  for (const one of ips(50, 60)) zone.ec2.account.apply((s) => takeAddress(s, zone.subnetId, one));
  const vpc = zone.ec2.account.apply((s) => addVpc(s, cidr('10.0.0.0/16')));
  const spec = { vpcId: vpc.id, zone: 'eu-central-1a', cidr: cidr('10.0.128.0/20') };
  const foreign = zone.ec2.account.apply((s) => addSubnet(s, spec));
  zone.ec2.account.apply((s) => takeAddress(s, foreign.id, ip('10.0.128.99')));
  const inventory = await zone.cloud.refresh(zone.nodes);
  t.strictSame([...inventory.holders.keys()].sort(), [...ips(11, 12), ...ips(50, 60)]);
  t.equal(zone.ec2.count('interfaces'), 5, 'thirteen interfaces on five pages');
  t.notOk(zone.ec2.log.some((line) => line.includes(foreign.id)));
});

t.test('D6: a terminated instance hosts nothing and disturbs nobody', async (t) => {
  const zone = fakeZone(3);
  zone.ec2.account.apply((s, now) => setInstanceState(s, zone.instance('n1'), 'terminated', now));
  zone.ec2.account.apply((s, now) => setInstanceState(s, zone.instance('n2'), 'shutting-down', now));
  const inventory = await zone.cloud.refresh(zone.nodes);
  t.strictSame(hosts(inventory), ['n3']);
  t.equal(inventory.unknownNodes.size, 0, 'which is known, so that their IPs can move');
});

t.test('D6: a stopped instance still has its addresses', async (t) => {
  const zone = fakeZone(1);
  zone.ec2.account.apply((s, now) => setInstanceState(s, zone.instance('n1'), 'stopped', now));
  t.strictSame(hosts(await zone.cloud.refresh(zone.nodes)), ['n1']);
});

t.test(
  'D8: an instance that EC2 does not know, or an odd providerID, is unknown and fails no other',
  async (t) => {
    const zone = fakeZone(2);
    const odd = [
      nodeRef('forgotten', 'i-0123456789abcdef0'),
      { name: 'new', providerID: undefined, ready: true },
      { name: 'elsewhere', providerID: 'vsphere://42', ready: true },
      { name: 'twin', providerID: zone.nodes[1]?.providerID, ready: true },
    ];
    const inventory = await zone.cloud.refresh([...zone.nodes, ...odd]);
    t.strictSame(hosts(inventory), ['n1', 'n2']);
    t.strictSame([...inventory.unknownNodes.keys()].sort(), ['elsewhere', 'forgotten', 'new', 'twin']);
    t.match(inventory.unknownNodes.get('forgotten'), 'i-0123456789abcdef0');
    t.equal(zone.ec2.count('instances'), 1, 'in one call');
  },
);

t.test('D8: an instance terminated long ago is unknown, not a reason to fail', async (t) => {
  const zone = fakeZone(2);
  zone.ec2.account.apply((s, now) => setInstanceState(s, zone.instance('n1'), 'terminated', now));
  await zone.clock.advance(TERMINATED_VISIBLE_MS + 1);
  const inventory = await zone.cloud.refresh(zone.nodes);
  t.strictSame(hosts(inventory), ['n2']);
  t.ok(inventory.unknownNodes.has('n1'));
});

t.test('D8: no node, no call', async (t) => {
  const zone = fakeZone(1);
  const inventory = await zone.cloud.refresh([]);
  t.strictSame(zone.ec2.log, []);
  t.equal(inventory.hosts.size, 0);
});

t.test('many nodes are asked for in chunks, and a chunk that fails leaves the others', async (t) => {
  const zone = fakeZone(1);
  const many = Array.from({ length: 450 }, (_, i) =>
    nodeRef(`absent-${i}`, `i-f${String(i).padStart(16, '0')}`),
  );
  const nodes = [...zone.nodes, ...many];
  await zone.cloud.refresh(nodes);
  t.equal(zone.ec2.count('instances'), 3);
  zone.ec2.fail('instances', 'Forbidden');
  const { unknownNodes } = await zone.cloud.refresh(nodes);
  const failed = [...unknownNodes.values()].filter((reason) => /Forbidden/.test(reason));
  t.equal(failed.length, 200);
});

t.test('D10: only the types in use are asked for, seldom, and an unknown limit is not zero', async (t) => {
  const zone = fakeZone(2);
  const other = secondZone(zone);
  const nodes = [...zone.nodes, other.node];
  const inventory = await zone.cloud.refresh(nodes);
  t.equal(inventory.hosts.get('n1')?.slots, 9);
  t.equal(inventory.hosts.get('other')?.slots, 14);
  t.strictSame(
    zone.ec2.log.filter((line) => line.startsWith('typeLimits')),
    ['typeLimits m5.large m5.xlarge: done'],
  );
  await zone.cloud.refresh(nodes);
  t.equal(zone.ec2.count('typeLimits'), 1, 'not again within the hour');
  await zone.clock.advance(3_600_000);
  await zone.cloud.refresh(nodes);
  t.equal(zone.ec2.count('typeLimits'), 2, 'again after it');
});

t.test('D10: a limit that cannot be read makes the nodes of that type unknown', async (t) => {
  const zone = fakeZone(1);
  zone.ec2.fail('typeLimits', 'Forbidden');
  const first = await zone.cloud.refresh(zone.nodes);
  t.equal(first.hosts.size, 0);
  t.match(first.unknownNodes.get('n1'), /Forbidden/);
  t.strictSame(cidrs(first.subnets), ['10.0.128.0/20'], 'what is in use is known all the same');
  const second = await zone.cloud.refresh(zone.nodes);
  t.equal(second.hosts.get('n1')?.slots, 9, 'read as soon as it can be');
  await zone.clock.advance(3_600_000);
  zone.ec2.fail('typeLimits', 'Forbidden');
  const third = await zone.cloud.refresh(zone.nodes);
  t.equal(third.hosts.get('n1')?.slots, 9, 'once known, it stays known');
});

t.test('delegated prefixes use up slots, and their addresses are kept', async (t) => {
  const zone = fakeZone(1);
  zone.ec2.account.apply((s) => delegatePrefix(s, zone.eni('n1'), cidr('10.0.129.16/28')));
  const inventory = await zone.cloud.refresh(zone.nodes);
  t.equal(inventory.hosts.get('n1')?.slots, 8);
  t.ok(inventory.kept.map(formatRange).includes('10.0.129.16-10.0.129.31'));
});

t.test('explicit reservations are shown, and a role that may not read them stops nothing', async (t) => {
  const zone = fakeZone(1);
  zone.ec2.account.apply((s) => reserveCidr(s, zone.subnetId, cidr('10.0.140.0/24')));
  zone.ec2.account.apply((s) => reserveCidr(s, zone.subnetId, cidr('10.0.141.0/24'), 'prefix'));
  t.strictSame(cidrs((await zone.cloud.refresh(zone.nodes)).reservations), ['10.0.140.0/24']);
  zone.ec2.fail('reservations', 'Forbidden');
  const inventory = await zone.cloud.refresh(zone.nodes);
  t.strictSame(inventory.reservations, []);
  t.strictSame(hosts(inventory), ['n1']);
});

t.test('foreign secondary addresses are shown with the node that has them', async (t) => {
  const zone = fakeZone(2);
  await zone.ec2.assign(zone.eni('n2'), ips(20, 21).reverse(), { allowReassignment: false });
  const inventory = await zone.cloud.refresh(zone.nodes);
  t.strictSame(texts(inventory.hosts.get('n2')?.secondary ?? []), ['10.0.128.20', '10.0.128.21']);
  t.equal(inventory.holders.get(ip('10.0.128.20')), zone.eni('n2'));
});

t.test('a zone that has lost its last node is still looked at', async (t) => {
  const zone = fakeZone(1);
  const other = secondZone(zone);
  const nodes = [...zone.nodes, other.node];
  await zone.cloud.refresh(nodes);
  zone.ec2.account.apply((s) => takeAddress(s, other.subnetId, address('10.0.144.50')));
  zone.ec2.account.apply((s, now) => setInstanceState(s, other.instance, 'terminated', now));
  const inventory = await zone.cloud.refresh(nodes);
  t.strictSame(hosts(inventory), ['n1']);
  t.strictSame(cidrs(inventory.subnets).sort(), ['10.0.128.0/20', '10.0.144.0/20']);
  t.ok(inventory.holders.has(ip('10.0.144.50')));
});

t.test('instances that are there are asked for seldom, all others each time', async (t) => {
  const zone = fakeZone(2);
  const gone = secondZone(zone);
  zone.ec2.account.apply((s, now) => setInstanceState(s, gone.instance, 'shutting-down', now));
  const nodes = [...zone.nodes, gone.node];
  await zone.cloud.refresh(nodes);
  await zone.cloud.refresh(nodes);
  const asked = () => zone.ec2.log.filter((line) => line.startsWith('instances '));
  t.strictSame(asked().slice(1), [`instances ${gone.instance}: done`]);
  const added = zone.ec2.account.apply((s, now) =>
    launch(s, { subnetId: zone.subnetId, type: 'm5.large', address: ip('10.0.128.30') }, now),
  );
  const more = [...zone.nodes, nodeRef('n3', added.instance.id)];
  t.strictSame(hosts(await zone.cloud.refresh(more)), ['n1', 'n2', 'n3']);
  t.equal(asked().at(-1), `instances ${added.instance.id}: done`);
  await zone.clock.advance(600_000);
  t.strictSame(hosts(await zone.cloud.refresh(zone.nodes)), ['n1', 'n2']);
  t.equal(asked().at(-1), `instances ${[zone.instance('n1'), zone.instance('n2')].sort().join(' ')}: done`);
  zone.cloud.startAfresh();
  await zone.cloud.refresh(zone.nodes);
  t.equal(asked().at(-1), asked().at(-2), 'a new term remembers nothing');
});

t.test('what is forgotten during a look is known to the end of it, and no longer', async (t) => {
  const zone = fakeZone(2);
  await zone.cloud.refresh(zone.nodes.slice(0, 1));
  zone.ec2.meanwhile('instances', () => zone.cloud.startAfresh());
  t.strictSame(hosts(await zone.cloud.refresh(zone.nodes)), ['n1', 'n2']);
  await zone.cloud.refresh(zone.nodes);
  const asked = zone.ec2.log.filter((line) => line.startsWith('instances '));
  t.equal(asked.at(-1), `instances ${zone.instance('n1')}: done`);
});

t.test('an instance whose interface has gone is asked for at once', async (t) => {
  const zone = fakeZone(3);
  await zone.cloud.refresh(zone.nodes);
  zone.ec2.account.apply((s, now) => setInstanceState(s, zone.instance('n1'), 'terminated', now));
  const inventory = await zone.cloud.refresh(zone.nodes);
  t.strictSame(hosts(inventory), ['n2', 'n3']);
  t.equal(inventory.unknownNodes.size, 0, 'it is known to host nothing');
  t.equal(zone.ec2.log.at(-1), `instances ${zone.instance('n1')}: done`);
  t.equal(zone.ec2.count('interfaces'), 2, 'and nothing else is read twice');
});

t.test("so is one whose interface is another's primary one, or nobody's", async (t) => {
  for (const primaryOf of ['i-0123456789abcdef0', undefined]) {
    const zone = fakeZone(1);
    await zone.cloud.refresh(zone.nodes);
    const { interfaces } = zone.ec2;
    zone.ec2.interfaces = async (...query) => {
      const { items, next } = await interfaces.apply(zone.ec2, query);
      return { next, items: items.map((eni) => ({ ...eni, primaryOf })) };
    };
    zone.ec2.fail('instances', 'Forbidden');
    const inventory = await zone.cloud.refresh(zone.nodes);
    t.strictSame(hosts(inventory), [], 'what is remembered of it does not count any more');
    t.match(inventory.unknownNodes.get('n1'), /Forbidden/);
  }
});

t.test('a node that has another instance now is found where that is', async (t) => {
  const zone = fakeZone(2);
  const other = secondZone(zone);
  await zone.cloud.refresh(zone.nodes);
  zone.ec2.account.apply((s, now) => setInstanceState(s, zone.instance('n2'), 'terminated', now));
  const [first] = zone.nodes;
  const inventory = await zone.cloud.refresh([first as NodeRef, { ...other.node, name: 'n2' }]);
  t.equal(inventory.hosts.get('n2')?.subnetId, other.subnetId);
});

t.test('the instance of a node that is not Ready is asked for each time, and then once more', async (t) => {
  const zone = fakeZone(2);
  const [first, second] = zone.nodes as [NodeRef, NodeRef];
  await zone.cloud.refresh(zone.nodes);
  const failed = { ...first, ready: false };
  t.strictSame(hosts(await zone.cloud.refresh([failed, second])), ['n1', 'n2']);
  zone.ec2.account.apply((s, now) => setInstanceState(s, zone.instance('n1'), 'shutting-down', now));
  t.strictSame(hosts(await zone.cloud.refresh([failed, second])), ['n2'], 'known to be gone');
  zone.ec2.account.apply((s, now) => setInstanceState(s, zone.instance('n1'), 'stopped', now));
  t.equal((await zone.cloud.refresh([failed, second])).hosts.get('n1')?.slots, 9);
  zone.ec2.account.apply((s) => setInstanceType(s, zone.instance('n1'), 'm5.xlarge'));
  t.equal((await zone.cloud.refresh(zone.nodes)).hosts.get('n1')?.slots, 14, 'it came back larger');
  const asked = zone.ec2.count('instances');
  await zone.cloud.refresh(zone.nodes);
  t.equal(zone.ec2.count('instances'), asked, 'remembered while it is Ready');
});

t.test('while a subnet cannot be read, nobody asks for its instances', async (t) => {
  const zone = fakeZone(2);
  await zone.cloud.refresh(zone.nodes);
  zone.ec2.fail('interfaces', 'Forbidden');
  const inventory = await zone.cloud.refresh(zone.nodes);
  t.strictSame([...inventory.unknownNodes.keys()], ['n1', 'n2']);
  t.equal(zone.ec2.count('instances'), 1);
  t.strictSame(hosts(await zone.cloud.refresh(zone.nodes)), ['n1', 'n2']);
});
