import t from 'tap';
import type { Outcome } from '../../../reconciler/aws/batches.ts';
import { SETTLING_MS } from '../../../reconciler/aws/cloud.ts';
import { CONSISTENCY_WINDOW_MS } from '../../../reconciler/aws/own-writes.ts';
import { formatIPv4, type IPv4 } from '../../../shared/ip.ts';
import { assign, unassign } from '../../sandbox/ec2/assign.ts';
import {
  attach,
  deleteInterface,
  setInstanceState,
  setInstanceType,
  takeAddress,
} from '../../sandbox/ec2/lifecycle.ts';
import { formatAddress } from '../../sandbox/ipv4.ts';
import { fakeZone, ip, ips, texts, type Zone } from './zone.ts';

const GRANT = { lane: 'grant', allowReassignment: false } as const;
const FAILOVER = { lane: 'failover', allowReassignment: true } as const;
const CLEANUP = { lane: 'cleanup' } as const;

/** What the cloud shows on a node, ours and foreign. */
function on({ cloud }: Zone, node: string): string[] {
  return texts(cloud.inventory?.hosts.get(node)?.secondary ?? []);
}

/** What really is on a node's interface. */
function really({ ec2, eni }: Zone, node: string): string[] {
  return [...(ec2.account.state.interfaces.get(eni(node))?.secondary ?? [])].sort().map(formatAddress);
}

function failures(outcome: Outcome): string[] {
  return [...outcome.failed].map(([one, { code }]) => `${formatIPv4(one)} ${code}`);
}

function writes({ ec2 }: Zone): string[] {
  return ec2.log.filter((line) => /^(un)?assign /.test(line));
}

/** Somebody else puts an address on the node's interface, behind our back. */
function putBehindOurBack({ ec2, eni }: Zone, node: string, one: IPv4): void {
  const input = { networkInterfaceId: eni(node), addresses: [formatIPv4(one)], allowReassignment: true };
  ec2.account.apply((s, now) => assign(s, input, now, 0));
}

t.test('what was just assigned or unassigned is shown at once', async (t) => {
  const zone = fakeZone(2);
  await zone.cloud.refresh(zone.nodes);
  await zone.cloud.assign(zone.eni('n1'), ips(20, 22), GRANT);
  t.strictSame(on(zone, 'n1'), texts(ips(20, 22)));
  await zone.cloud.unassign(zone.eni('n1'), ips(21, 21), CLEANUP);
  t.strictSame(on(zone, 'n1'), ['10.0.128.20', '10.0.128.22']);
  await zone.cloud.assign(zone.eni('n2'), ips(20, 20), FAILOVER);
  t.strictSame(on(zone, 'n1'), ['10.0.128.22']);
  t.strictSame(on(zone, 'n2'), ['10.0.128.20']);
  t.equal(zone.cloud.inventory?.holders.get(ip('10.0.128.20')), zone.eni('n2'));
  t.notOk(zone.cloud.inventory?.holders.has(ip('10.0.128.21')));
});

t.test('a describe that lags behind does not undo what it does not show yet', async (t) => {
  const zone = fakeZone(2);
  await zone.cloud.refresh(zone.nodes);
  await zone.cloud.assign(zone.eni('n1'), ips(20, 22), GRANT);
  await zone.clock.advance(60_000);
  await zone.cloud.refresh(zone.nodes);
  zone.ec2.account.lagMs = 20_000;
  await zone.cloud.assign(zone.eni('n1'), ips(30, 30), GRANT);
  await zone.cloud.unassign(zone.eni('n1'), ips(21, 21), CLEANUP);
  await zone.cloud.assign(zone.eni('n2'), ips(22, 22), FAILOVER);
  for (const later of [0, 1_000, 18_000, 20_000, 60_000]) {
    await zone.clock.advance(later);
    await zone.cloud.refresh(zone.nodes);
    t.strictSame(on(zone, 'n1'), ['10.0.128.20', '10.0.128.30']);
    t.strictSame(on(zone, 'n2'), ['10.0.128.22']);
  }
});

t.test('after the consistency window the describe is believed: a stolen address shows', async (t) => {
  const zone = fakeZone(2);
  await zone.cloud.refresh(zone.nodes);
  await zone.cloud.assign(zone.eni('n1'), ips(20, 20), GRANT);
  putBehindOurBack(zone, 'n2', ip('10.0.128.20'));
  await zone.clock.advance(CONSISTENCY_WINDOW_MS - 1);
  await zone.cloud.refresh(zone.nodes);
  t.strictSame(on(zone, 'n1'), ['10.0.128.20']);
  await zone.clock.advance(1);
  await zone.cloud.refresh(zone.nodes);
  t.strictSame(on(zone, 'n1'), []);
  t.strictSame(on(zone, 'n2'), ['10.0.128.20']);
});

t.test('an address that we took off and somebody else took is shown where it is', async (t) => {
  const zone = fakeZone(2);
  await zone.cloud.refresh(zone.nodes);
  await zone.cloud.assign(zone.eni('n1'), ips(20, 20), GRANT);
  await zone.cloud.unassign(zone.eni('n1'), ips(20, 20), CLEANUP);
  const thief = zone.ec2.account.apply((s) => takeAddress(s, zone.subnetId, ip('10.0.128.20')));
  const inventory = await zone.cloud.refresh(zone.nodes);
  t.equal(inventory.holders.get(ip('10.0.128.20')), thief.id);
});

t.test('what was assigned to an instance that is gone is gone with it', async (t) => {
  const zone = fakeZone(2);
  await zone.cloud.refresh(zone.nodes);
  await zone.cloud.assign(zone.eni('n1'), ips(20, 20), GRANT);
  zone.ec2.account.apply((s, now) => setInstanceState(s, zone.instance('n1'), 'terminated', now));
  const inventory = await zone.cloud.refresh(zone.nodes);
  t.notOk(inventory.holders.has(ip('10.0.128.20')));
});

t.test('D4: what is on an interface and not ours is left where it is', async (t) => {
  const zone = fakeZone(1);
  putBehindOurBack(zone, 'n1', ip('10.0.128.77'));
  await zone.cloud.refresh(zone.nodes);
  await zone.cloud.assign(zone.eni('n1'), ips(20, 21), GRANT);
  await zone.cloud.unassign(zone.eni('n1'), ips(20, 21), CLEANUP);
  t.strictSame(really(zone, 'n1'), ['10.0.128.77']);
});

t.test('D7: many are taken off in one call; those that are gone already count as done', async (t) => {
  const zone = fakeZone(1);
  await zone.cloud.refresh(zone.nodes);
  await zone.cloud.assign(zone.eni('n1'), ips(20, 28), GRANT);
  const all = await zone.cloud.unassign(zone.eni('n1'), ips(20, 24), CLEANUP);
  t.strictSame(all.done, ips(20, 24));
  t.equal(zone.ec2.count('unassign'), 1);
  const input = { networkInterfaceId: zone.eni('n1'), addresses: ['10.0.128.26'] };
  zone.ec2.account.apply((s) => unassign(s, input));
  const rest = await zone.cloud.unassign(zone.eni('n1'), ips(25, 28), CLEANUP);
  t.strictSame([...rest.done].sort(), ips(25, 28));
  t.equal(rest.failed.size, 0);
  t.strictSame(really(zone, 'n1'), []);
});

t.test('D9: a stolen address fails alone; the others of its batch are assigned', async (t) => {
  const zone = fakeZone(2);
  await zone.cloud.refresh(zone.nodes);
  zone.ec2.account.apply((s) => takeAddress(s, zone.subnetId, ip('10.0.128.22')));
  putBehindOurBack(zone, 'n2', ip('10.0.128.24'));
  const outcome = await zone.cloud.assign(zone.eni('n1'), ips(20, 25), GRANT);
  t.strictSame(failures(outcome), ['10.0.128.22 AddressTaken', '10.0.128.24 AddressTaken']);
  t.strictSame(really(zone, 'n1'), ['10.0.128.20', '10.0.128.21', '10.0.128.23', '10.0.128.25']);
  t.equal(zone.ec2.count('assign'), 2);
});

t.test('D9: when EC2 does not name the stolen address, a describe finds it', async (t) => {
  const zone = fakeZone(2);
  await zone.cloud.refresh(zone.nodes);
  putBehindOurBack(zone, 'n2', ip('10.0.128.24'));
  zone.ec2.fail('assign', 'AddressRefused');
  const outcome = await zone.cloud.assign(zone.eni('n1'), ips(20, 28), GRANT);
  t.strictSame(failures(outcome), ['10.0.128.24 AddressTaken']);
  t.equal(zone.ec2.count('assign'), 3, 'all, the rest, and the suspect');
});

t.test('D9: not even that describe is needed', async (t) => {
  const zone = fakeZone(2);
  await zone.cloud.refresh(zone.nodes);
  putBehindOurBack(zone, 'n2', ip('10.0.128.24'));
  zone.ec2.fail('assign', 'AddressRefused');
  zone.ec2.fail('interfaces', 'Forbidden');
  const outcome = await zone.cloud.assign(zone.eni('n1'), ips(20, 28), GRANT);
  t.strictSame(failures(outcome), ['10.0.128.24 AddressTaken']);
  t.equal(outcome.done.length, 8);
});

t.test("an address outside the subnet, or one of AWS's own, fails alone", async (t) => {
  const zone = fakeZone(1);
  await zone.cloud.refresh(zone.nodes);
  const outside = ip('10.0.200.1');
  const outcome = await zone.cloud.assign(zone.eni('n1'), [outside, ...ips(20, 21), ...ips(2, 2)], GRANT);
  t.strictSame(failures(outcome).sort(), ['10.0.128.2 WrongSubnet', '10.0.200.1 WrongSubnet']);
  t.strictSame(really(zone, 'n1'), ['10.0.128.20', '10.0.128.21']);
  t.match(outcome.failed.get(outside)?.message, /10\.0\.200\.1 is not in 10\.0\.128\.0\/20/);
});

t.test('a full interface takes as many as it has room for', async (t) => {
  const zone = fakeZone(1, { type: 't3.medium' });
  await zone.cloud.refresh(zone.nodes);
  const outcome = await zone.cloud.assign(zone.eni('n1'), ips(20, 26), GRANT);
  t.strictSame(failures(outcome), ['10.0.128.25 InterfaceFull', '10.0.128.26 InterfaceFull']);
  t.equal(really(zone, 'n1').length, 5);
});

t.test(
  'an interface that is fuller than its remembered type allows has its instance asked for',
  async (t) => {
    const zone = fakeZone(1);
    await zone.cloud.refresh(zone.nodes);
    zone.ec2.account.apply((s) => setInstanceType(s, zone.instance('n1'), 't3.medium'));
    t.equal((await zone.cloud.refresh(zone.nodes)).hosts.get('n1')?.slots, 9);
    const outcome = await zone.cloud.assign(zone.eni('n1'), ips(20, 28), GRANT);
    t.equal(outcome.failed.size, 4);
    t.equal((await zone.cloud.refresh(zone.nodes)).hosts.get('n1')?.slots, 5);
  },
);

t.test('an interface that is gone fails all of a grant and is done for a clean-up', async (t) => {
  const zone = fakeZone(1);
  await zone.cloud.refresh(zone.nodes);
  zone.ec2.account.apply((s) => deleteInterface(s, zone.eni('n1')));
  const granted = await zone.cloud.assign(zone.eni('n1'), ips(20, 21), GRANT);
  t.strictSame(failures(granted), ['10.0.128.20 InterfaceGone', '10.0.128.21 InterfaceGone']);
  t.strictSame((await zone.cloud.unassign(zone.eni('n1'), ips(20, 21), CLEANUP)).done, ips(20, 21));
});

t.test('only the primary interfaces of known nodes are touched, and never a primary address', async (t) => {
  const zone = fakeZone(2);
  const spec = { instanceId: zone.instance('n1'), subnetId: zone.subnetId, deviceIndex: 1 };
  const second = zone.ec2.account.apply((s) => attach(s, spec));
  await t.rejects(
    zone.cloud.assign(zone.eni('n1'), ips(20, 20), GRANT),
    /latest inventory/,
    'before the first look',
  );
  await zone.cloud.refresh(zone.nodes.slice(0, 1));
  for (const eni of [second.id, zone.eni('n2'), 'eni-00000000000000000']) {
    await t.rejects(zone.cloud.assign(eni, ips(20, 20), GRANT), /latest inventory/);
    await t.rejects(zone.cloud.unassign(eni, ips(20, 20), CLEANUP), /latest inventory/);
  }
  await t.rejects(zone.cloud.unassign(zone.eni('n1'), ips(11, 12), CLEANUP), /primary address/);
  t.strictSame(writes(zone), []);
  t.strictSame(
    (await zone.cloud.assign(zone.eni('n1'), ips(20, 20), GRANT)).done,
    ips(20, 20),
    'but this one',
  );
});

t.test(
  'a write without an answer leaves its addresses unsettled until EC2 was read late enough',
  async (t) => {
    const zone = fakeZone(2);
    await zone.cloud.refresh(zone.nodes);
    await zone.clock.advance(1_000);
    zone.ec2.loseAnswer('assign');
    const outcome = await zone.cloud.assign(zone.eni('n1'), ips(20, 21), GRANT);
    t.strictSame(outcome.unknown, ips(20, 21));
    const until = 1_000 + SETTLING_MS;
    t.strictSame(
      [...zone.cloud.unsettled],
      ips(20, 21).map((one) => [one, until]),
    );
    t.strictSame(on(zone, 'n1'), [], 'nobody knows');
    await zone.clock.advance(SETTLING_MS - 1);
    await zone.cloud.refresh(zone.nodes);
    t.equal(zone.cloud.unsettled.size, 2, 'read too early');
    await zone.clock.advance(1);
    t.equal(zone.cloud.unsettled.size, 2, 'not read');
    zone.ec2.fail('interfaces', 'Forbidden');
    await zone.cloud.refresh(zone.nodes);
    t.equal(zone.cloud.unsettled.size, 2, 'not read either');
    await zone.cloud.refresh(zone.nodes);
    t.equal(zone.cloud.unsettled.size, 0);
    t.strictSame(on(zone, 'n1'), texts(ips(20, 21)), 'it had taken effect');
  },
);

t.test('a move without an answer forgets where we had put the address', async (t) => {
  const zone = fakeZone(2);
  await zone.cloud.refresh(zone.nodes);
  await zone.cloud.assign(zone.eni('n1'), ips(20, 20), GRANT);
  zone.ec2.loseAnswer('assign');
  await zone.cloud.assign(zone.eni('n2'), ips(20, 20), FAILOVER);
  await zone.cloud.refresh(zone.nodes);
  t.strictSame(on(zone, 'n1'), []);
  t.strictSame(on(zone, 'n2'), ['10.0.128.20']);
});

t.test('nothing is sent while we do not lead, not even the rest of a batch that was refused', async (t) => {
  let leads = false;
  const zone = fakeZone(2, { mayWrite: () => leads });
  await zone.cloud.refresh(zone.nodes);
  t.strictSame((await zone.cloud.assign(zone.eni('n1'), ips(20, 22), GRANT)).delayed, ips(20, 22));
  t.strictSame(writes(zone), []);
  leads = true;
  putBehindOurBack(zone, 'n2', ip('10.0.128.21'));
  zone.ec2.meanwhile('assign', () => {
    leads = false;
  });
  const outcome = await zone.cloud.assign(zone.eni('n1'), ips(20, 22), GRANT);
  t.strictSame(failures(outcome), ['10.0.128.21 AddressTaken']);
  t.strictSame(texts(outcome.delayed), ['10.0.128.20', '10.0.128.22']);
  t.equal(zone.ec2.count('assign'), 1);
});

t.test('what may not be sent now is delayed, not dropped, and its delay is measured', async (t) => {
  const zone = fakeZone(1);
  await zone.cloud.refresh(zone.nodes);
  for (let n = 0; n < 25; n += 1) await zone.cloud.assign(zone.eni('n1'), ips(20, 20), GRANT);
  t.strictSame((await zone.cloud.assign(zone.eni('n1'), ips(21, 21), GRANT)).delayed, ips(21, 21));
  t.equal(zone.cloud.nextAvailableIn('assign', 'grant'), 200);
  t.equal(zone.cloud.nextAvailableIn('assign', 'failover'), 0);
  t.strictSame(
    (await zone.cloud.assign(zone.eni('n1'), ips(22, 22), FAILOVER)).done,
    ips(22, 22),
    'a failover need not wait',
  );
  await zone.clock.advance(400);
  t.strictSame((await zone.cloud.assign(zone.eni('n1'), ips(21, 21), GRANT)).done, ips(21, 21));
  t.strictSame(zone.delays, ['assign grant 400']);
});

t.test('a call that EC2 refuses as one too many is delayed, and the next ones are slower', async (t) => {
  const zone = fakeZone(1);
  await zone.cloud.refresh(zone.nodes);
  zone.ec2.fail('assign', 'Throttled');
  t.strictSame((await zone.cloud.assign(zone.eni('n1'), ips(20, 21), GRANT)).delayed, ips(20, 21));
  t.equal(zone.cloud.nextAvailableIn('assign', 'grant'), 400);
  t.equal(zone.cloud.unsettled.size, 0);
});

t.test('addresses are located by a describe made for it, our own writes included', async (t) => {
  const zone = fakeZone(2);
  await zone.clock.advance(60_000);
  await zone.cloud.refresh(zone.nodes);
  zone.ec2.account.lagMs = 20_000;
  await zone.cloud.assign(zone.eni('n1'), ips(20, 21), GRANT);
  putBehindOurBack(zone, 'n2', ip('10.0.128.30'));
  const elsewhere = ip('192.168.0.1');
  const { holders, unknown } = await zone.cloud.locate([...ips(20, 21), ...ips(30, 31), elsewhere], CLEANUP);
  t.strictSame([...holders], [...ips(20, 21).map((one) => [one, zone.eni('n1')])], 'lagging');
  t.strictSame(unknown, [elsewhere]);
  zone.ec2.account.lagMs = 0;
  t.equal((await zone.cloud.locate(ips(30, 30), CLEANUP)).holders.get(ip('10.0.128.30')), zone.eni('n2'));
  zone.ec2.fail('interfaces', 'Forbidden');
  await t.rejects(zone.cloud.locate(ips(30, 30), CLEANUP), { code: 'Forbidden' });
});

t.test('nobody knows where an address is before its subnet was read', async (t) => {
  const zone = fakeZone(1);
  t.strictSame((await zone.cloud.locate(ips(20, 20), CLEANUP)).unknown, ips(20, 20));
  t.strictSame(zone.ec2.log, []);
});

t.test('reads do not overlap, and whoever asks during one gets a later one', async (t) => {
  const zone = fakeZone(2);
  const first = zone.cloud.refresh(zone.nodes.slice(0, 1));
  await Promise.resolve();
  await zone.clock.advance(0);
  let during: Promise<unknown> | undefined;
  let also: Promise<unknown> | undefined;
  zone.ec2.meanwhile('interfaces', () => {
    during = zone.cloud.refresh([]);
    also = zone.cloud.refresh(zone.nodes);
  });
  const second = zone.cloud.refresh(zone.nodes.slice(0, 1));
  t.equal((await first).hosts.size, 1);
  await second;
  t.ok(during, 'asked during the read');
  t.equal(during, also, 'both share one');
  const third = await zone.cloud.refresh(zone.nodes);
  t.equal(third.hosts.size, 2, 'with the nodes named last');
  t.equal(zone.ec2.count('instances') <= 4, true);
});
