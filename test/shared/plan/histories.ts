// What may happen to a cluster while the reconciler works: nodes come, go, flap and change labels; namespaces
// and pools change; addresses are stolen; people edit by hand; time passes. Each happening is data, so that a
// failing history shrinks.
import fc from 'fast-check';
import { cluster, MINUTE } from './build.ts';
import type { Cluster } from './cluster.ts';

export const NODES = ['n1', 'n2', 'n3', 'n4', 'n5'] as const;
export const NAMESPACES = ['a', 'b', 'c', 'd'] as const;
export const EGRESSIPAMS = ['blue', 'green'] as const;
const ZONES = ['a', 'b'] as const;

export type Node = (typeof NODES)[number];
export type Name = (typeof NAMESPACES)[number];

export type Happening =
  | { readonly kind: 'work'; readonly steps: number; readonly pick: number }
  | { readonly kind: 'time'; readonly milliseconds: number }
  | {
      readonly kind: 'flap' | 'cordon' | 'drain EC2' | 'lose instance' | 'delete node' | 'lose HostSubnet';
      readonly node: Node;
    }
  | { readonly kind: 'relabel'; readonly node: Node; readonly zone: (typeof ZONES)[number] }
  | {
      readonly kind: 'admit';
      readonly name: Name;
      readonly egressIPAM: (typeof EGRESSIPAMS)[number];
      readonly pick: number;
    }
  | {
      readonly kind: 'slip by';
      readonly name: Name;
      readonly egressIPAM: (typeof EGRESSIPAMS)[number];
      readonly pick: number;
    }
  | {
      readonly kind:
        | 'opt out'
        | 'terminate'
        | 'delete namespace'
        | 'leave out'
        | 'retake'
        | 'lose NetNamespace';
      readonly name: Name;
    }
  | { readonly kind: 'claim only'; readonly name: Name; readonly pick: number }
  | { readonly kind: 'grow' | 'break' | 'mend'; readonly egressIPAM: (typeof EGRESSIPAMS)[number] }
  | { readonly kind: 'release all'; readonly egressIPAM: (typeof EGRESSIPAMS)[number] }
  | { readonly kind: 'meddle'; readonly name: Name; readonly node: Node; readonly pick: number }
  | { readonly kind: 'forget EC2' }
  | { readonly kind: 'steal'; readonly pick: number }
  | { readonly kind: 'delete allocation'; readonly pick: number };

const node = fc.constantFrom(...NODES);
const name = fc.constantFrom(...NAMESPACES);
const egressIPAM = fc.constantFrom(...EGRESSIPAMS);
const pick = fc.nat({ max: 40 });

export const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('work' as const), steps: fc.integer({ min: 1, max: 6 }), pick }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('time' as const),
      milliseconds: fc.constantFrom(1000, 2 * MINUTE, 5 * MINUTE),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'flap' as const,
        'cordon' as const,
        'drain EC2' as const,
        'lose instance' as const,
        'delete node' as const,
        'lose HostSubnet' as const,
      ),
      node,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('relabel' as const), node, zone: fc.constantFrom(...ZONES) }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('admit' as const), name, egressIPAM, pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('slip by' as const), name, egressIPAM, pick }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'opt out' as const,
        'terminate' as const,
        'delete namespace' as const,
        'leave out' as const,
        'retake' as const,
        'lose NetNamespace' as const,
      ),
      name,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('claim only' as const), name, pick }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('grow' as const, 'break' as const, 'mend' as const),
      egressIPAM,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release all' as const), egressIPAM }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('meddle' as const), name, node, pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget EC2' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('steal' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete allocation' as const), pick }) },
);

/** CIDRs and their zones, by EgressIPAM. */
export const CIDRS = {
  blue: { '10.0.1.0/28': 'a', '10.0.2.0/28': 'b' },
  green: { '10.0.1.32/28': 'a' },
} as const;

/** Two zones, five nodes with hardly enough room, an EgressIPAM of two CIDRs and one of one. */
export function beginning(cloud: Cluster['cloud']): Cluster {
  return cluster({
    cloud,
    nodes: {
      n1: { zone: 'a', slots: 3 },
      n2: { zone: 'a', slots: 3 },
      n3: { zone: 'a', slots: 2 },
      n4: { zone: 'b', slots: 3 },
      n5: { zone: 'b', slots: 3 },
    },
    egressIPAMs: { blue: { cidrs: CIDRS.blue }, green: { cidrs: CIDRS.green } },
  });
}
