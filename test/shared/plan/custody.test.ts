// Who has an address in the cloud, and when nobody can say.
import t from 'tap';
import { type Custody, custodyOf, isStolen } from '../../../shared/plan/custody.ts';
import type { Tale } from './build.ts';
import { cluster } from './build.ts';
import { ip, worldOf } from './cluster.ts';

const bound = (node: string) => ({ '10.0.1.10': { for: 'a', phase: 'Bound' as const, node } });
const unread = { n1: { zone: 'a', instance: 'unread' as const }, n2: 'a' };

t.test('an address is somebody else’s only when it can be nobody else’s', async (t) => {
  const rows: readonly [string, Tale, Custody][] = [
    ['EC2 was not read', { inventory: 'none' }, 'nobody'],
    ['nobody has it', {}, 'nobody'],
    ['a node of ours has it', { assigned: { n1: ['10.0.1.10'] } }, 'node'],
    ['an interface outside the cluster has it', { foreign: { 'eni-lb': ['10.0.1.10'] } }, 'stranger'],
    [
      'the same, though we have bound it',
      { allocations: bound('n1'), foreign: { 'eni-lb': ['10.0.1.10'] } },
      'stranger',
    ],
    [
      'a node that cannot be read has it: known by the node’s address on the same interface',
      { nodes: unread, assigned: { n1: ['10.0.1.10'] } },
      'unknown',
    ],
    [
      'the interface is not that of the node which cannot be read',
      { nodes: unread, foreign: { 'eni-lb': ['10.0.1.10'] } },
      'stranger',
    ],
    [
      'a node cannot be read, and nobody knows its address',
      {
        nodes: { n1: { zone: 'a', instance: 'unread', hostSubnet: 'missing' }, n2: 'a' },
        foreign: { 'eni-lb': ['10.0.1.10'] },
      },
      'unknown',
    ],
    [
      'where we had put it, the node being gone',
      { nodes: { n2: 'a' }, allocations: bound('n1'), foreign: { 'eni-n1': ['10.0.1.250', '10.0.1.10'] } },
      'former',
    ],
    [
      'where we had put it, the node being out of sight',
      { nodes: unread, allocations: bound('n1'), assigned: { n1: ['10.0.1.10'] } },
      'former',
    ],
    [
      'where it was when it was not ours yet',
      {
        nodes: { n2: 'a' },
        allocations: { '10.0.1.10': { for: 'a', node: 'n1' } },
        foreign: { 'eni-n1': ['10.0.1.250', '10.0.1.10'] },
      },
      'stranger',
    ],
  ];
  for (const [title, tale, expected] of rows) {
    const world = worldOf(cluster(tale));
    t.equal(custodyOf(ip('10.0.1.10'), world), expected, title);
    t.equal(isStolen(ip('10.0.1.10'), world), expected === 'stranger', title);
  }
});

t.test('an address that AWS keeps is nobody’s to have, once EC2 was read', async (t) => {
  const rows: readonly [string, Tale, Custody][] = [
    ['the control: EC2 was not read', { inventory: 'none' }, 'nobody'],
    ['EC2 was read', {}, 'stranger'],
    ['where the platform assigns, nobody knows exactly what it keeps', { cloud: 'platform' }, 'nobody'],
  ];
  for (const [title, tale, expected] of rows)
    t.equal(custodyOf(ip('10.0.1.2'), worldOf(cluster(tale))), expected, title);
});

t.test('the address that a node has for itself is no egress IP, whoever has claimed it', async (t) => {
  const world = worldOf(cluster({ allocations: { '10.0.1.201': { for: 'a', phase: 'Bound', node: 'n1' } } }));
  t.equal(custodyOf(ip('10.0.1.201'), world), 'stranger');
  t.equal(custodyOf(ip('10.0.1.202'), world), 'stranger', 'nobody has claimed it');
});
