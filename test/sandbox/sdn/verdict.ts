// Where does a namespace's traffic leave from? OpenShift SDN's own rules as one pure function, which tests call directly:
// they are the oracle by which every state that the product passes through is judged. Sources: openshift/sdn,
// pkg/network/common/egressip.go, egressIPActive and syncEgressNamespaceState.
//
// | an IP is, the first that holds          | so that                                            |
// | --------------------------------------- | -------------------------------------------------- |
// | listed by no namespace, or on no node   | it is not active                                   |
// | on two nodes                            | it is not active                                   |
// | listed by two namespaces                | it is not active, and both namespaces are dropped  |
// | on a node with another IP of the same   | neither of the two is active                       |
// | NetNamespace                            |                                                    |
// | else                                    | it is active                                       |
//
// A namespace that lists no IPs leaves from the node's IP. One that lists some uses those that are active and on a node
// that is online; with none of them it is dropped. Under a cloud an IP that the SDN uses and that is not on that node's
// interface loses its packets: the cloud throws them away.

/** The fields of a HostSubnet that count. */
export interface HostedIPs {
  readonly metadata: { readonly name: string };
  readonly egressIPs?: readonly string[];
}

/** The fields of a NetNamespace that count. */
export interface ListedIPs {
  readonly metadata: { readonly name: string };
  readonly egressIPs?: readonly string[];
}

export interface SdnView {
  /** As the SDN has accepted them (accept.ts). */
  readonly hostSubnets: readonly HostedIPs[];
  readonly netNamespaces: readonly ListedIPs[];
  /** Nodes that do not answer. */
  readonly offline: ReadonlySet<string>;
  /** The addresses on each node's primary interface, by node; absent where no cloud is in between. */
  readonly interfaces?: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface IPVerdict {
  readonly ip: string;
  readonly namespaces: readonly string[];
  readonly nodes: readonly string[];
  /** The SDN counts it as active; its node may be offline all the same. */
  readonly active: boolean;
  /** Packets leave from it: active, on a node that is online, on that node's interface. */
  readonly delivers: boolean;
  /** The SDN uses it, and its packets get lost: it is not on the interface, which the SDN does not notice. */
  readonly loses: boolean;
  readonly reason: string;
}

/** From its egress IPs, from the node's IP, or not at all. */
export type Egress = 'active' | 'node' | 'dropped';

export interface NamespaceVerdict {
  readonly namespace: string;
  readonly egress: Egress;
  readonly reason: string;
  /** IPs from which its packets leave. */
  readonly from: readonly string[];
  /** IPs that the SDN uses though their packets get lost; a part of its connections fails. */
  readonly lost: readonly string[];
}

export interface Verdicts {
  readonly ips: ReadonlyMap<string, IPVerdict>;
  readonly namespaces: ReadonlyMap<string, NamespaceVerdict>;
}

export function judge(view: SdnView): Verdicts {
  const claims = gatherClaims(view);
  const listed = new Map(view.netNamespaces.map((it) => [it.metadata.name, it.egressIPs ?? []]));
  const ips = new Map(
    [...claims.keys()].sort().map((ip) => [ip, judgeIP(ip, claims, listed, view)] as const),
  );
  const namespaces = new Map(
    [...listed]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, own]) => [name, judgeNamespace(name, own, ips)]),
  );
  return { ips, namespaces };
}

interface Claim {
  readonly nodes: string[];
  readonly namespaces: string[];
}

/** Who claims each IP; one that an object names twice is claimed once. */
function gatherClaims(view: SdnView): Map<string, Claim> {
  const claims = new Map<string, Claim>();
  const claim = (ip: string): Claim => {
    const known = claims.get(ip) ?? { nodes: [], namespaces: [] };
    claims.set(ip, known);
    return known;
  };
  for (const it of view.hostSubnets) {
    for (const ip of new Set(it.egressIPs)) claim(ip).nodes.push(it.metadata.name);
  }
  for (const it of view.netNamespaces) {
    for (const ip of new Set(it.egressIPs)) claim(ip).namespaces.push(it.metadata.name);
  }
  return claims;
}

function judgeIP(
  ip: string,
  claims: ReadonlyMap<string, Claim>,
  listed: ReadonlyMap<string, readonly string[]>,
  view: SdnView,
): IPVerdict {
  const { nodes, namespaces } = claims.get(ip) ?? { nodes: [], namespaces: [] };
  const verdict = { ip, nodes, namespaces, active: false, delivers: false, loses: false };
  const [node, ...otherNodes] = nodes;
  const [namespace, ...otherNamespaces] = namespaces;
  if (namespace === undefined) return { ...verdict, reason: 'no namespace lists it' };
  if (otherNamespaces.length > 0)
    return { ...verdict, reason: `it is listed by ${namespaces.join(' and ')}` };
  if (node === undefined) return { ...verdict, reason: 'no node hosts it' };
  if (otherNodes.length > 0) return { ...verdict, reason: `it is hosted by ${nodes.join(' and ')}` };
  const sibling = (listed.get(namespace) ?? []).find((other) => {
    const claim = claims.get(other);
    return other !== ip && claim?.nodes.length === 1 && claim.nodes[0] === node;
  });
  if (sibling !== undefined) {
    return { ...verdict, reason: `${sibling} of the same NetNamespace is on ${node}, too` };
  }
  if (view.offline.has(node)) return { ...verdict, active: true, reason: `${node} is offline` };
  if (view.interfaces !== undefined && !view.interfaces.get(node)?.has(ip)) {
    return { ...verdict, active: true, loses: true, reason: `it is not on the interface of ${node}` };
  }
  return { ...verdict, active: true, delivers: true, reason: `it is active on ${node}` };
}

function judgeNamespace(
  namespace: string,
  own: readonly string[],
  ips: ReadonlyMap<string, IPVerdict>,
): NamespaceVerdict {
  if (own.length === 0) {
    return { namespace, egress: 'node', reason: 'it lists no egress IPs', from: [], lost: [] };
  }
  const verdicts = [...new Set(own)].flatMap((ip) => ips.get(ip) ?? []);
  const shared = verdicts.find((it) => it.namespaces.length > 1);
  if (shared !== undefined) {
    const reason = `${shared.ip} is listed by ${shared.namespaces.join(' and ')}`;
    return { namespace, egress: 'dropped', reason, from: [], lost: [] };
  }
  const from = verdicts.filter((it) => it.delivers).map((it) => it.ip);
  const lost = verdicts.filter((it) => it.loses).map((it) => it.ip);
  const why = verdicts.map((it) => `${it.ip}: ${it.reason}`).join('; ');
  return { namespace, egress: from.length > 0 ? 'active' : 'dropped', reason: why, from, lost };
}
