// OpenShift 4.10 and newer in a cloud assigns egress IPs itself. What it says of each node, in an annotation, is all that
// we know of the cloud there: how many IPs the node can carry and which subnet they must be of. OpenShift SDN ignores a
// whole HostSubnet that goes beyond either, so both are ceilings.
import type { HostInterface, Inventory } from '../../shared/inventory.ts';
import { type Cidr, type IPv4, parseCidr, type Range, toIPv4 } from '../../shared/ip.ts';
import type { NodeObject } from '../../shared/kinds.ts';
import type { HostSubnetFact, PlatformAssignment } from '../../shared/plan/world.ts';
import { once } from '../facts.ts';
import { EGRESS_IPCONFIG_ANNOTATION } from '../platform.ts';
import type { CloudPrivateIPConfigObject } from './resource.ts';

interface NodeConfig {
  /** As the cloud calls it; no two of a node have the same name. */
  readonly interfaceName: string;
  readonly subnet: Cidr;
  readonly capacity: number;
}

/** The same shape as what EC2 shows, made of annotations and HostSubnets. `now`: monotonic milliseconds. */
export function platformInventory(
  nodes: Iterable<NodeObject>,
  hostSubnets: ReadonlyMap<string, HostSubnetFact>,
  now: number,
): Inventory {
  const hosts = new Map<string, HostInterface>();
  const unknownNodes = new Map<string, string>();
  const holders = new Map<IPv4, string>();
  const subnets = new Map<number, Cidr>();
  for (const node of nodes) {
    const { name } = node.metadata;
    const config = nodeConfig(node);
    const hostSubnet = hostSubnets.get(name);
    if (typeof config === 'string') {
      unknownNodes.set(name, config);
      continue;
    }
    const { subnet, capacity } = config;
    // GCP calls the interface of every node nic0.
    const interfaceId = `${name}/${config.interfaceName}`;
    const secondary = [...(hostSubnet?.ips ?? [])].sort((a, b) => a - b);
    for (const ip of secondary) holders.set(ip, interfaceId);
    subnets.set(subnet.first, subnet);
    const primary = hostSubnet?.hostIP ?? subnet.first;
    hosts.set(name, { node: name, interfaceId, subnetId: '', subnet, primary, secondary, slots: capacity });
  }
  const kept = [...subnets.values()].flatMap(keptBySubnet);
  return {
    hosts,
    unknownNodes,
    holders,
    kept,
    subnets: [...subnets.values()],
    reservations: [],
    observedAt: now,
  };
}

/** What the platform has made of each IP. */
export function platformAssignments(
  configs: Iterable<CloudPrivateIPConfigObject>,
  parse: (text: string) => IPv4 | undefined,
): Map<IPv4, PlatformAssignment> {
  const assignments = new Map<IPv4, PlatformAssignment>();
  for (const { metadata, status } of configs) {
    const ip = parse(metadata.name);
    if (ip === undefined) continue;
    const assigned = status?.conditions?.find((condition) => condition.type === 'Assigned');
    const refusal = assigned?.status === 'False' && assigned.message !== '' ? assigned.message : undefined;
    assignments.set(ip, { isAssigned: assigned?.status === 'True', refusal });
  }
  return assignments;
}

const nodeConfig = once((node: NodeObject): NodeConfig | string => {
  const text = node.metadata.annotations?.[EGRESS_IPCONFIG_ANNOTATION];
  if (text === undefined) return `it has no annotation ${EGRESS_IPCONFIG_ANNOTATION} yet`;
  return parseNodeConfig(text) ?? `its annotation ${EGRESS_IPCONFIG_ANNOTATION} cannot be read`;
});

/** `[{"interface": …, "ifaddr": {"ipv4": CIDR}, "capacity": {"ipv4": n}}]`; some clouds write `capacity.ip`. */
function parseNodeConfig(text: string): NodeConfig | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const [first] = Array.isArray(parsed) ? parsed : [];
  const { interface: interfaceName, ifaddr, capacity } = (first ?? {}) as Record<string, unknown>;
  const subnet = parseCidr(String((ifaddr as { ipv4?: unknown } | undefined)?.ipv4 ?? ''));
  const { ipv4, ip } = (capacity ?? {}) as { ipv4?: unknown; ip?: unknown };
  const room = ipv4 ?? ip;
  if (typeof interfaceName !== 'string' || typeof subnet === 'string') return undefined;
  if (typeof room !== 'number' || !Number.isInteger(room) || room < 0) return undefined;
  return { interfaceName, subnet, capacity: room };
}

/** AWS keeps the first four addresses and the last; other clouds keep no more. */
function keptBySubnet({ first, last, prefix }: Cidr): Range[] {
  if (prefix > 29) return [{ first, last }];
  return [
    { first, last: toIPv4(first + 3) },
    { first: last, last },
  ];
}
