// An account over time: what describes show, and where packets go, while writes and moves are still on their way.
import t from 'tap';
import { formatAddress } from '../ipv4.ts';
import { Account } from './account.ts';
import { assign, unassign } from './assign.ts';
import { answer } from './errors.ts';
import { setInstanceState } from './lifecycle.ts';
import type { Ec2State } from './model.ts';
import { scene } from './scene.ts';

function start() {
  const clock = { now: 0 };
  const account = new Account(() => clock.now);
  const { state, enis, instances } = scene({
    type: 'm5.large',
    nodes: ['10.0.128.10', '10.0.128.11', '10.0.128.12'],
  });
  account.change(() => answer({ state, value: undefined }));
  const [a = '', b = '', c = ''] = enis;
  const give = (eni: string, ip: string) =>
    account.apply((s, now) =>
      assign(s, { networkInterfaceId: eni, addresses: [ip], allowReassignment: true }, now, account.remapMs),
    );
  const names = new Map([a, b, c].map((id, i) => [id, 'abc'[i]]));
  const where = (s: Ec2State, ip: string) =>
    [...s.interfaces.values()]
      .filter((eni) => eni.secondary.map(formatAddress).includes(ip))
      .map((eni) => names.get(eni.id))
      .join();
  return { account, clock, a, b, c, instances, give, where };
}

t.test('without lag a write is seen at once', async (t) => {
  const { account, a, give, where } = start();
  give(a, '10.0.128.20');
  t.equal(where(account.read(), '10.0.128.20'), 'a');
});

t.test('with lag describes show what was true then, and packets go where they go now', async (t) => {
  const { account, clock, a, give, where } = start();
  account.lagMs = 100;
  clock.now = 1000;
  give(a, '10.0.128.20');
  clock.now = 1050;
  give(a, '10.0.128.21');
  clock.now = 1099;
  t.equal(where(account.read(), '10.0.128.20'), '');
  t.equal(where(account.inForce, '10.0.128.20'), 'a');
  clock.now = 1100;
  t.strictSame(
    ['10.0.128.20', '10.0.128.21'].map((ip) => where(account.read(), ip)),
    ['a', ''],
  );
  clock.now = 1150;
  t.equal(where(account.read(), '10.0.128.21'), 'a');
});

t.test('a move is counted as done for further calls, and happens later', async (t) => {
  const { account, clock, a, b, c, give, where } = start();
  account.remapMs = 100;
  give(a, '10.0.128.20');
  give(b, '10.0.128.20');
  t.equal(where(account.state, '10.0.128.20'), 'b');
  t.equal(where(account.inForce, '10.0.128.20'), 'a');
  clock.now = 50;
  give(c, '10.0.128.20');
  t.equal(where(account.inForce, '10.0.128.20'), 'a', 'neither move has happened');
  clock.now = 100;
  t.equal(where(account.inForce, '10.0.128.20'), 'b', 'the first has');
  clock.now = 150;
  t.equal(where(account.inForce, '10.0.128.20'), 'c', 'both have');
});

t.test('a move from an interface that has gone has happened', async (t) => {
  const { account, a, b, give, instances, where } = start();
  account.remapMs = 100;
  give(a, '10.0.128.20');
  give(b, '10.0.128.20');
  account.apply((s, now) => setInstanceState(s, instances[0] ?? '', 'terminated', now));
  t.equal(where(account.inForce, '10.0.128.20'), 'b');
});

t.test('an address that is taken off on its way is nowhere', async (t) => {
  const { account, a, b, give, where } = start();
  account.remapMs = 100;
  give(a, '10.0.128.20');
  give(b, '10.0.128.20');
  account.apply((s) => unassign(s, { networkInterfaceId: b, addresses: ['10.0.128.20'] }));
  t.equal(where(account.inForce, '10.0.128.20'), '');
});

t.test('a refused change changes nothing', async (t) => {
  const { account } = start();
  const before = account.state;
  const change = account.change((s) =>
    unassign(s, { networkInterfaceId: 'eni-00000000', addresses: ['10.0.128.20'] }),
  );
  t.notOk(change.ok);
  t.equal(account.state, before);
});
