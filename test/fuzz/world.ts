// The cluster that fuzzed requests meet: EgressIPAMs in every state, and addresses held by everybody who can hold one. The
// webhook learns of it as of any cluster; the judge reads the same objects by himself.
import type { EgressIPAMObject, KubeObject } from '../../shared/kinds.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  HOST_SUBNETS,
  NAMESPACES,
  NET_NAMESPACES,
  type Resource,
} from '../../shared/kube/resources.ts';
import { allocation, hostSubnet, LIST, netNamespace, optedIn, pool, releasingAll } from '../webhook/build.ts';

const going = { deletionTimestamp: '2026-11-22T07:00:00Z' };
const aws = { cloud: 'aws', observedGeneration: 1 } as const;

function awsPool(name: string, cidr: string, status: object = {}, spec: object = {}): EgressIPAMObject {
  const cidrs = [
    { CIDR: cidr, labelValue: 'a', size: 0, usable: 0, allocated: 0, resting: 0, free: 0, ...status },
  ];
  return pool({ name, cidrs: [cidr], spec, status: { ...aws, cidrs } });
}

export const EGRESSIPAM_OBJECTS: readonly EgressIPAMObject[] = [
  pool({
    cidrs: [
      {
        CIDR: '10.0.128.0/28',
        labelValue: 'zone-0',
        reservedIPs: ['10.0.128.3', '10.0.128.4-10.0.128.5', '10.0.128.12/30'],
      },
      '10.0.144.0/28',
    ],
  }),
  awsPool(
    'wide',
    '10.1.0.0/16',
    { freeHostSlots: 0, inUse: ['10.1.0.0-10.1.0.3', '10.1.7.7', '10.1.255.255'] },
    { capacityPolicy: 'Warn' },
  ),
  pool({ name: 'full', cidrs: ['10.2.0.0/30'] }),
  awsPool('no-room', '10.3.0.0/24', { freeHostSlots: 0 }),
  awsPool('stale', '10.4.0.0/24'),
  pool({ name: 'unseen', cidrs: ['10.5.0.0/24'], status: {} }),
  pool({ name: 'broken', cidrs: ['10.6.0.1/24'] }),
  pool({ name: 'going', cidrs: ['10.7.0.0/24'], metadata: going }),
  pool({ name: 'draining', cidrs: ['10.8.0.0/24'], metadata: { ...going, ...releasingAll } }),
  pool({ name: 'many', cidrs: Array.from({ length: 256 }, (_, i) => `10.16.${i}.0/28`) }),
  pool({ name: 'single', cidrs: ['10.9.0.0/32'] }),
];

/** What is known of each, as the judge sees it. */
export const STATES: Readonly<Record<string, 'gives' | 'refuses' | 'postpones'>> = {
  pool: 'gives',
  wide: 'gives',
  full: 'gives',
  'no-room': 'gives',
  stale: 'postpones',
  unseen: 'postpones',
  broken: 'refuses',
  going: 'refuses',
  draining: 'refuses',
  many: 'gives',
  single: 'gives',
};

/** How long ago the cloud of an EgressIPAM was observed, milliseconds. */
export function observedAge(egressIPAM: string): number {
  return egressIPAM === 'stale' ? 3_600_000 : 0;
}

/** Everything that is stored. */
export const WORLD: readonly (readonly [Resource, KubeObject])[] = [
  ...EGRESSIPAM_OBJECTS.map((object) => [EGRESSIPAMS, object] as const),
  [NAMESPACES, optedIn('a', LIST)],
  [NAMESPACES, optedIn('old', '10.0.128.11')],
  [NAMESPACES, optedIn('x', '10.2.0.1', 'full')],
  [ALLOCATIONS, allocation('10.0.128.7', 'a', { phase: 'Bound' })],
  [ALLOCATIONS, allocation('10.0.144.7', 'a', { phase: 'Bound' })],
  [ALLOCATIONS, allocation('10.0.128.8', 'b', { phase: 'Resting' })],
  [ALLOCATIONS, allocation('10.0.144.8', 'b')],
  [ALLOCATIONS, allocation('10.0.128.9', 'c', { phase: 'Releasing', deleting: 'yes' })],
  [ALLOCATIONS, allocation('10.0.144.9', '')],
  [ALLOCATIONS, allocation('10.0.128.13', 'd', { phase: 'Bound' })],
  [ALLOCATIONS, allocation('10.2.0.1', 'x', { phase: 'Bound' })],
  [ALLOCATIONS, allocation('10.2.0.2', 'constructor')],
  [NET_NAMESPACES, netNamespace('a', '10.0.128.7', '10.0.144.7')],
  [NET_NAMESPACES, netNamespace('legacy', '10.0.128.10')],
  [HOST_SUBNETS, hostSubnet('n1', '10.0.128.1', '10.0.128.7', '10.0.144.7')],
  [HOST_SUBNETS, hostSubnet('n2', '192.168.0.2', '10.0.144.10')],
];
