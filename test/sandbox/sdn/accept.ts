// Which HostSubnet updates does the SDN take? Where the platform assigns (OpenShift 4.10 and newer in a cloud) it ignores
// a whole update that is over the node's capacity or has one IP outside the cloud's subnet, and goes on with the last one
// that it took. Source: openshift/sdn, validateEgressIPs.
import type { Cidr } from '../ipv4.ts';
import { formatCidr, parseAddress, parseCidr, within } from '../ipv4.ts';

/** What the platform says of a node, from its annotation. */
export interface NodeLimit {
  /** How many egress IPs fit on it. */
  readonly capacity: number;
  readonly subnet: Cidr;
}

/** The part of a HostSubnet that is taken or ignored. */
export interface Egress {
  readonly egressIPs?: readonly string[];
  readonly egressCIDRs?: readonly string[];
}

/** Why the update is ignored; undefined if it is taken. `limit`: none if the node does not carry the annotation. */
export function whyIgnored(update: Egress, limit: NodeLimit | undefined): string | undefined {
  const { egressIPs = [], egressCIDRs = [] } = update;
  if (egressIPs.length === 0 && egressCIDRs.length === 0) return undefined;
  if (limit === undefined) return 'the node has no egress-ipconfig annotation';
  const subnet = formatCidr(limit.subnet);
  if (egressCIDRs.length > 0) {
    const outside = egressCIDRs.find((text) => !isInside(limit.subnet, text));
    return outside === undefined ? undefined : `egress CIDR ${outside} is not within ${subnet}`;
  }
  if (egressIPs.length > limit.capacity) {
    return `${egressIPs.length} egress IPs exceed the capacity of ${limit.capacity}`;
  }
  const outside = egressIPs.find((text) => !within(limit.subnet, parseAddress(text) ?? -1));
  return outside === undefined ? undefined : `egress IP ${outside} is not within ${subnet}`;
}

function isInside(subnet: Cidr, text: string): boolean {
  const inner = parseCidr(text);
  return inner !== undefined && within(subnet, inner.first) && within(subnet, inner.last);
}

/** An entry of the annotation, as OpenShift writes it. */
interface IPConfig {
  readonly interface: string;
  readonly ifaddr: { readonly ipv4?: string };
  readonly capacity: { readonly ip?: number; readonly ipv4?: number; readonly ipv6?: number };
}

/** On each node, where the platform assigns. */
export const EGRESS_IPCONFIG_ANNOTATION = 'cloud.network.openshift.io/egress-ipconfig';

export function formatIPConfig(interfaceId: string, limit: NodeLimit, ipv6Capacity: number): string {
  const config: IPConfig = {
    interface: interfaceId,
    ifaddr: { ipv4: formatCidr(limit.subnet) },
    capacity: { ipv4: limit.capacity, ipv6: ipv6Capacity },
  };
  return JSON.stringify([config]);
}

/** The first entry counts, `capacity.ip` before `capacity.ipv4`. undefined if there is none or it cannot be read. */
export function parseIPConfig(annotation: string | undefined): NodeLimit | undefined {
  if (annotation === undefined) return undefined;
  try {
    const [first] = JSON.parse(annotation) as readonly IPConfig[];
    const subnet = parseCidr(first?.ifaddr.ipv4 ?? '');
    const capacity = first?.capacity.ip || first?.capacity.ipv4;
    return subnet === undefined || capacity === undefined ? undefined : { capacity, subnet };
  } catch {
    return undefined;
  }
}
