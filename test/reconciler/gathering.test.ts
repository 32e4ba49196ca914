// How long calls to the cloud wait for company, told step by step.
import t from 'tap';
import { type Call, Gathering } from '../../reconciler/gathering.ts';
import { toIPv4 } from '../../shared/ip.ts';
import type { Action } from '../../shared/plan/actions.ts';

function assign(interfaceId: string, ips: number): Call {
  const addresses = Array.from({ length: ips }, (_, i) => toIPv4(i + 1));
  return { kind: 'assign', node: `node-of-${interfaceId}`, interfaceId, ips: addresses, lane: 'grant' };
}

function bind(ip: number, interfaceId: string): Action {
  const common = { namespace: 'a', namespaceUID: 'u', node: 'n', resourceVersion: '1' };
  return { kind: 'bind', ip: toIPv4(ip), interfaceId, ...common };
}

t.test(
  'with calls enough for all, one waits a moment from when it was first wanted, whoever joins it',
  (t) => {
    const gathering = new Gathering();
    t.equal(gathering.waitFor(assign('eni-1', 1), 'enough', 0), 100);
    t.equal(gathering.waitFor(assign('eni-1', 2), 'enough', 60), 40);
    t.equal(gathering.waitFor(assign('eni-1', 3), 'enough', 100), 0);
    t.end();
  },
);

t.test('with too few calls, one waits until nobody has joined it for a while', (t) => {
  const gathering = new Gathering();
  t.equal(gathering.waitFor(assign('eni-1', 1), 'too few', 0), 1_000);
  t.equal(gathering.waitFor(assign('eni-1', 2), 'too few', 900), 1_000);
  t.equal(gathering.waitFor(assign('eni-1', 2), 'too few', 1_500), 400);
  t.equal(gathering.waitFor(assign('eni-1', 2), 'too few', 1_900), 0);
  t.equal(gathering.waitFor(assign('eni-2', 1), 'too few', 1_900), 1_000, 'each interface by itself');
  t.end();
});

t.test('but for a bounded time, however many go on joining', (t) => {
  const gathering = new Gathering();
  let ips = 1;
  for (let now = 0; now < 20_000; now += 1_000) {
    t.ok(gathering.waitFor(assign('eni-1', ips++), 'too few', now) > 0);
  }
  t.equal(gathering.waitFor(assign('eni-1', ips), 'too few', 20_000), 0);
  t.end();
});

t.test('while calls are too few, it also waits for an IP that is being made ready for its interface', (t) => {
  const gathering = new Gathering();
  gathering.planned([assign('eni-1', 1), bind(7, 'eni-1'), assign('eni-2', 1)]);
  gathering.waitFor(assign('eni-1', 1), 'too few', 0);
  gathering.waitFor(assign('eni-2', 1), 'too few', 0);
  t.equal(gathering.waitFor(assign('eni-1', 1), 'too few', 5_000), 1_000);
  t.equal(gathering.waitFor(assign('eni-2', 1), 'too few', 5_000), 0);
  gathering.planned([assign('eni-1', 1), assign('eni-2', 1)]);
  t.equal(gathering.waitFor(assign('eni-1', 1), 'too few', 5_500), 500);
  t.end();
});

t.test('when calls become plenty, nobody waits any longer than a moment', (t) => {
  const gathering = new Gathering();
  gathering.waitFor(assign('eni-1', 1), 'too few', 0);
  t.equal(gathering.waitFor(assign('eni-1', 5), 'enough', 200), 0);
  t.end();
});

t.test('what was made, or is not wanted any more, begins anew', (t) => {
  const gathering = new Gathering();
  gathering.waitFor(assign('eni-1', 1), 'enough', 0);
  gathering.made(assign('eni-1', 1));
  t.equal(gathering.waitFor(assign('eni-1', 1), 'enough', 500), 100);
  gathering.planned([assign('eni-2', 1)]);
  t.equal(gathering.waitFor(assign('eni-1', 1), 'enough', 900), 100);
  gathering.planned([assign('eni-1', 1)]);
  t.equal(gathering.waitFor(assign('eni-1', 1), 'enough', 950), 50);
  t.end();
});

t.test('the demand is the interfaces that want a call or are about to, not the IPs', (t) => {
  const gathering = new Gathering();
  gathering.planned([assign('eni-1', 2), bind(7, 'eni-1'), bind(8, 'eni-2'), bind(9, 'eni-3')]);
  t.equal(gathering.demand(assign('eni-1', 1)), 3);
  const off: Call = { kind: 'unassign', interfaceId: 'eni-1', ips: [], checks: [], lane: 'cleanup' };
  t.equal(gathering.demand(off), 0);
  gathering.planned([off]);
  t.equal(gathering.demand(off), 1);
  t.equal(gathering.demand(assign('eni-1', 1)), 0);
  t.end();
});
