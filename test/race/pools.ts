// Which addresses is the race about? Three CIDRs on bare metal, where no node has a limit of host slots: on AWS an interface
// takes so few addresses that capacity, and not the webhooks, would decide. And which of them must never be handed out, said
// here once more, without the product's code.
import type { EgressIPAMObject } from '../../shared/kinds.ts';
import { cidr, formatAddress } from '../sandbox/ipv4.ts';

/** What the race's EgressIPAM is called. */
export const EGRESSIPAM = 'race';
/** Node label that says which pool's IPs a node hosts. */
export const NODE_GROUP = 'example.com/race';

/** One CIDR of the race. */
export interface RacePool {
  readonly cidr: string;
  readonly labelValue: string;
  readonly first: number;
  readonly size: number;
  readonly reservedIPs: readonly string[];
  /** On a NetNamespace that has not opted in. */
  readonly foreign: readonly string[];
}

/** Node addresses of the sandbox lie in the first one. */
const NETWORKS = [
  { inside: '192.168.100.10', labelValue: 'a' },
  { inside: '10.64.0.0', labelValue: 'b' },
  { inside: '10.65.0.0', labelValue: 'c' },
];
/** Addresses per namespace: enough for those that rest or wait to be collected, few enough to meet others. */
const ROOM = 1.6;
/** Address of a CIDR, counted from its first, from which on nothing is special. */
export const FIRST_PLAIN = 128;

/** Three CIDRs with room for so many namespaces. */
export function racePools(namespaces: number): RacePool[] {
  const prefix = 32 - Math.max(9, Math.ceil(Math.log2(ROOM * namespaces + FIRST_PLAIN)));
  const size = 2 ** (32 - prefix);
  return NETWORKS.map(({ inside, labelValue }) => {
    const first = Math.floor(cidr(`${inside}/32`).first / size) * size;
    const at = (offset: number) => formatAddress(first + offset);
    return {
      cidr: `${at(0)}/${prefix}`,
      labelValue,
      first,
      size,
      reservedIPs: [`${at(1)}-${at(20)}`, `${at(32)}/28`, at(60)],
      foreign: [at(70)],
    };
  });
}

/** Addresses that nobody may be given, each with the words by which a refusal says why. */
export function neverHandedOut(pools: readonly RacePool[], hostIPs: readonly string[]): Map<string, RegExp> {
  const never = new Map<string, RegExp>();
  for (const ip of hostIPs) never.set(ip, /is the address of node/);
  for (const { first, size, foreign } of pools) {
    const exclude = (from: number, to: number, why: RegExp) => {
      for (let offset = from; offset <= to; offset++) never.set(formatAddress(first + offset), why);
    };
    exclude(0, 0, /is the network address of/);
    exclude(size - 1, size - 1, /is the broadcast address of/);
    exclude(1, 20, /is in reservedIPs of/);
    exclude(32, 47, /is in reservedIPs of/);
    exclude(60, 60, /is in reservedIPs of/);
    for (const ip of foreign) never.set(ip, /is on the NetNamespace of/);
  }
  return never;
}

/** The EgressIPAM of these pools; what is released rests for a moment only. */
export function raceEgressIPAM(pools: readonly RacePool[]): object {
  const spec: EgressIPAMObject['spec'] = {
    topologyLabel: NODE_GROUP,
    nodeSelector: { matchExpressions: [{ key: NODE_GROUP, operator: 'Exists' }] },
    reuseGracePeriod: '2s',
    cidrAssignments: pools.map(({ cidr: CIDR, labelValue, reservedIPs }) => ({
      CIDR,
      labelValue,
      reservedIPs,
    })),
  };
  return {
    apiVersion: 'redhatcop.redhat.io/v1alpha1',
    kind: 'EgressIPAM',
    metadata: { name: EGRESSIPAM },
    spec,
  };
}
