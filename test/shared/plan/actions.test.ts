// Every action says itself in one sentence, and names the IPs and the one object that it changes.
import t from 'tap';
import { type Action, describe, destinationOf, ipsOf, targetOf } from '../../../shared/plan/actions.ts';
import { ip } from './cluster.ts';

const IP = ip('10.0.1.10');
const TWO = [ip('10.0.1.10'), ip('10.0.1.11')];
const resourceVersion = '7';
const place = { node: 'n1', interfaceId: 'eni-n1' };
const patch = { resourceVersion, egressIPs: [], checks: [] };

const ROWS: readonly (readonly [
  Action,
  sentence: string,
  target: string,
  ips: number,
  destination?: string,
])[] = [
  [
    { kind: 'claim', ip: IP, namespace: 'a', egressIPAM: 'p', cidr: '10.0.1.0/24' },
    'claim 10.0.1.10 of 10.0.1.0/24 for namespace a',
    'EgressIPAllocation/10.0.1.10',
    1,
  ],
  [
    { kind: 'name', ip: IP, namespace: 'a', resourceVersion },
    'name namespace a in the claim of 10.0.1.10',
    'EgressIPAllocation/10.0.1.10',
    1,
  ],
  [
    {
      kind: 'annotate',
      namespace: 'a',
      resourceVersion,
      egressIPs: '10.0.1.10,10.0.2.10',
      why: 'it has none',
    },
    'list 10.0.1.10,10.0.2.10 on namespace a: it has none',
    'Namespace/a',
    0,
  ],
  [
    { kind: 'annotate', namespace: 'a', resourceVersion, egressIPs: undefined, why: 'it has opted out' },
    'take the list of IPs off namespace a: it has opted out',
    'Namespace/a',
    0,
  ],
  [
    { kind: 'bind', ip: IP, namespace: 'a', namespaceUID: 'u', ...place, resourceVersion },
    'bind 10.0.1.10 to namespace a on node n1, eni-n1',
    'EgressIPAllocation/10.0.1.10',
    1,
    'n1',
  ],
  [
    {
      kind: 'bind',
      ip: IP,
      namespace: 'a',
      namespaceUID: 'u',
      node: undefined,
      interfaceId: undefined,
      resourceVersion,
    },
    'bind 10.0.1.10 to namespace a',
    'EgressIPAllocation/10.0.1.10',
    1,
  ],
  [
    { kind: 'record', ip: IP, node: 'n1', interfaceId: undefined, resourceVersion },
    'record 10.0.1.10 on node n1',
    'EgressIPAllocation/10.0.1.10',
    1,
    'n1',
  ],
  [
    { kind: 'assign', ...place, ips: TWO, lane: 'grant' },
    'assign 10.0.1.10, 10.0.1.11 to eni-n1 of node n1',
    'assign/eni-n1',
    2,
    'n1',
  ],
  [
    { kind: 'reassign', ...place, ips: TWO, from: new Map(), lane: 'failover' },
    'move 10.0.1.10, 10.0.1.11 to eni-n1 of node n1',
    'assign/eni-n1',
    2,
    'n1',
  ],
  [
    { kind: 'unassign', interfaceId: 'eni-n1', ips: TWO, checks: [], lane: 'cleanup' },
    'unassign 10.0.1.10, 10.0.1.11 from eni-n1',
    'unassign/eni-n1',
    2,
  ],
  [
    { kind: 'patchHostSubnet', node: 'n1', add: TWO, remove: [], ...patch },
    'HostSubnet n1: add 10.0.1.10, 10.0.1.11',
    'HostSubnet/n1',
    2,
    'n1',
  ],
  [
    { kind: 'patchHostSubnet', node: 'n1', add: [], remove: [IP], ...patch, egressCIDRs: [] },
    'HostSubnet n1: remove 10.0.1.10 and set egressCIDRs to []',
    'HostSubnet/n1',
    1,
  ],
  [
    {
      kind: 'patchHostSubnet',
      node: 'n1',
      add: [],
      remove: [],
      ...patch,
      egressCIDRs: ['10.0.1.0/24', '10.0.2.0/24'],
    },
    'HostSubnet n1: set egressCIDRs to [10.0.1.0/24, 10.0.2.0/24]',
    'HostSubnet/n1',
    0,
    'n1',
  ],
  [
    { kind: 'patchNetNamespace', namespace: 'a', add: [IP], remove: [ip('10.0.1.11')], ...patch },
    'NetNamespace a: add 10.0.1.10, remove 10.0.1.11',
    'NetNamespace/a',
    2,
  ],
  [{ kind: 'release', ip: IP, checks: [] }, 'begin to release 10.0.1.10', 'EgressIPAllocation/10.0.1.10', 1],
  [{ kind: 'rest', ip: IP, checks: [] }, 'let 10.0.1.10 rest', 'EgressIPAllocation/10.0.1.10', 1],
  [
    { kind: 'delete', ip: IP, uid: 'u', resourceVersion, namespace: 'a' },
    'delete the allocation of 10.0.1.10',
    'EgressIPAllocation/10.0.1.10',
    1,
  ],
  [
    { kind: 'finalizeEgressIPAM', name: 'p', resourceVersion, finalizers: ['x', 'y'] },
    'set the finalizers of EgressIPAM p to [x, y]',
    'EgressIPAM/p',
    0,
  ],
];

t.test('in a sentence, with its target, its IPs and where it puts them', async (t) => {
  for (const [action, sentence, target, ips, destination] of ROWS) {
    t.equal(describe(action), sentence);
    t.equal(targetOf(action), target, sentence);
    t.equal(ipsOf(action).length, ips, sentence);
    t.equal(destinationOf(action), destination, sentence);
  }
});
