// Single steps become as few writes as they need, in an order that never depends on the order in which they
// were planned.
import t from 'tap';
import type { Action } from '../../../shared/plan/actions.ts';
import { describe } from '../../../shared/plan/actions.ts';
import { Draft } from '../../../shared/plan/draft.ts';
import { cluster } from './build.ts';
import { ip, worldOf } from './cluster.ts';

const [TEN, ELEVEN, TWELVE] = [ip('10.0.1.10'), ip('10.0.1.11'), ip('10.0.1.12')];
const CHECK = { ip: TEN, namespace: 'a', resourceVersion: '7' };

function draft(): Draft {
  return new Draft(
    worldOf(
      cluster({
        nodes: { n1: { zone: 'a', egressCIDRs: ['192.168.0.0/24'] }, n2: 'a' },
        namespaces: { a: {} },
        hosted: { n1: ['192.168.0.9', '10.0.1.10', '192.168.0.8'] },
        used: { a: ['192.168.0.9', '10.0.1.10'] },
      }),
    ),
  );
}

function only(made: Draft): Action {
  const [action, ...others] = made.actions();
  if (action === undefined || others.length > 0) throw new Error('there is not exactly one action');
  return action;
}

t.test('one patch for each object, ascending, with the foreign entries where they were', async (t) => {
  const made = draft();
  made.host('n1', TWELVE);
  made.host('n1', ELEVEN);
  made.unhost('n1', TEN, CHECK);
  t.match(only(made), {
    kind: 'patchHostSubnet',
    node: 'n1',
    resourceVersion: '1',
    add: [ELEVEN, TWELVE],
    remove: [TEN],
    egressIPs: ['192.168.0.9', '192.168.0.8', '10.0.1.11', '10.0.1.12'],
    checks: [CHECK],
  });
  t.equal('egressCIDRs' in only(made), false, 'CIDRs that do not change are not written');
});

t.test('egressCIDRs change in the same patch, and leave the IPs alone', async (t) => {
  const made = draft();
  made.setCIDRs('n1', []);
  t.match(only(made), { egressCIDRs: [], egressIPs: ['192.168.0.9', '10.0.1.10', '192.168.0.8'] });
});

t.test('a NetNamespace gains and loses in one patch', async (t) => {
  const made = draft();
  made.unuse('a', TEN, CHECK);
  made.use('a', ELEVEN);
  t.match(only(made), {
    kind: 'patchNetNamespace',
    namespace: 'a',
    add: [ELEVEN],
    remove: [TEN],
    egressIPs: ['192.168.0.9', '10.0.1.11'],
    checks: [CHECK],
  });
});

t.test('what is not there is not patched', async (t) => {
  const made = draft();
  made.host('gone', TEN);
  made.use('gone', TEN);
  t.same(made.actions(), []);
});

t.test('one assign, one move and one unassign for each interface', async (t) => {
  const made = draft();
  made.assign('n1', 'eni-n1', TWELVE, 'grant');
  made.assign('n1', 'eni-n1', TEN, 'failover');
  made.assign('n1', 'eni-n1', ELEVEN, 'grant');
  made.move('n2', 'eni-n2', ELEVEN, 'eni-n1');
  made.move('n2', 'eni-n2', TEN, 'eni-n9');
  made.unassign('eni-n3', TWELVE, CHECK);
  made.unassign('eni-n3', TEN, CHECK);
  t.match(made.actions(), [
    {
      kind: 'reassign',
      ips: [TEN, ELEVEN],
      from: new Map([
        [ELEVEN, 'eni-n1'],
        [TEN, 'eni-n9'],
      ]),
      lane: 'failover',
    },
    { kind: 'assign', ips: [TEN, ELEVEN, TWELVE], lane: 'failover' },
    { kind: 'unassign', ips: [TEN, TWELVE], lane: 'cleanup', checks: [CHECK, CHECK] },
  ]);
});

t.test(
  'moves first, then what grants, failover before others and large before small, then what cleans up',
  async (t) => {
    const made = draft();
    made.unassign('eni-n1', TEN, CHECK);
    made.push({ kind: 'release', ip: TEN, checks: [CHECK] });
    made.assign('n1', 'eni-n1', TEN, 'grant');
    made.assign('n2', 'eni-n2', ELEVEN, 'grant');
    made.assign('n2', 'eni-n2', TWELVE, 'grant');
    made.assign('n3', 'eni-n3', TEN, 'failover');
    made.use('a', ELEVEN);
    made.host('n2', TEN);
    made.host('n1', ELEVEN);
    made.move('n9', 'eni-n9', TEN, 'eni-n1');
    t.same(made.actions().map(describe), [
      'move 10.0.1.10 to eni-n9 of node n9',
      'HostSubnet n1: add 10.0.1.11',
      'HostSubnet n2: add 10.0.1.10',
      'NetNamespace a: add 10.0.1.11',
      'assign 10.0.1.10 to eni-n3 of node n3',
      'assign 10.0.1.11, 10.0.1.12 to eni-n2 of node n2',
      'assign 10.0.1.10 to eni-n1 of node n1',
      'begin to release 10.0.1.10',
      'unassign 10.0.1.10 from eni-n1',
    ]);
  },
);
