// What must hold after every single write, whoever made it and whatever went wrong before: each promise answers with the
// sentences that say how it was broken.
import { ALLOCATIONS, HOST_SUBNETS, NET_NAMESPACES } from '../../shared/kube/resources.ts';
import { formatAddress } from '../sandbox/ipv4.ts';
import type { SmallCluster } from './small-cluster.ts';

export type Promised = (cluster: SmallCluster) => readonly string[];

interface Lists {
  readonly metadata: { readonly name: string };
  readonly egressIPs?: readonly string[];
}

/** No IP on two NetNamespaces, and none on two HostSubnets. */
export const nowhereTwice: Promised = ({ kube }) => [
  ...twice('NetNamespaces', kube.all(NET_NAMESPACES)),
  ...twice('HostSubnets', kube.all(HOST_SUBNETS)),
];

function twice(kind: string, objects: readonly Lists[]): string[] {
  const seen = new Map<string, string>();
  const faults: string[] = [];
  for (const { metadata, egressIPs } of objects) {
    for (const ip of new Set(egressIPs)) {
      const other = seen.get(ip);
      if (other !== undefined) faults.push(`${ip} is on the ${kind} ${other} and ${metadata.name}`);
      seen.set(ip, metadata.name);
    }
  }
  return faults;
}

/** Nothing is on a NetNamespace, a HostSubnet or a node's interface before the finalizer says that it is ours. */
export function oursOnly(foreign: Foreign): Promised {
  return ({ kube, ec2 }) => {
    const ours = new Set(
      kube
        .all(ALLOCATIONS)
        .filter(({ metadata }) => (metadata.finalizers ?? []).length > 0)
        .map(({ metadata }) => metadata.name),
    );
    const strange = (ips: readonly string[] | undefined, where: string, known: readonly string[]) =>
      (ips ?? [])
        .filter((ip) => !ours.has(ip) && !known.includes(ip))
        .map((ip) => `${ip} is on ${where} and not ours`);
    const enis = [...ec2.account.state.interfaces.values()].filter((it) => it.attachment !== undefined);
    return [
      ...kube
        .all(NET_NAMESPACES)
        .flatMap((it) => strange(it.egressIPs, `NetNamespace ${it.metadata.name}`, foreign.listed)),
      ...kube
        .all(HOST_SUBNETS)
        .flatMap((it) => strange(it.egressIPs, `HostSubnet ${it.metadata.name}`, foreign.listed)),
      ...enis.flatMap((it) => strange(it.secondary.map(formatAddress), it.id, foreign.assigned)),
    ];
  };
}

/** Addresses that nobody of us has allocated, and where they stand. */
export interface Foreign {
  /** On a NetNamespace and a HostSubnet. */
  readonly listed: readonly string[];
  /** On a node's interface. */
  readonly assigned: readonly string[];
}

/** Puts foreign addresses into the cluster, and promises that they stay where they are. */
export function withForeign(
  cluster: SmallCluster,
  node: string,
): { foreign: Foreign; isUntouched: Promised } {
  const [listed, assigned, tenant] = ['10.0.1.99', '10.0.1.98', '10.0.1.97'];
  cluster.annotate('stranger', {});
  cluster.use('stranger', listed);
  cluster.host(node, listed);
  if (cluster.cloud === 'aws') {
    cluster.assign(node, assigned);
    cluster.steal(tenant);
  }
  const foreign = { listed: [listed], assigned: cluster.cloud === 'aws' ? [assigned] : [] };
  const isUntouched: Promised = ({ kube, ec2, cloud }) => {
    const faults: string[] = [];
    const check = (ips: readonly string[] | undefined, ip: string, where: string) => {
      if (ips !== undefined && !ips.includes(ip)) faults.push(`foreign ${ip} is not on ${where} any more`);
    };
    check(kube.stored(NET_NAMESPACES, 'stranger')?.egressIPs ?? [], listed, 'its NetNamespace');
    const host = kube.stored(HOST_SUBNETS, node);
    if (host !== undefined) check(host.egressIPs ?? [], listed, 'its HostSubnet');
    if (cloud === 'none') return faults;
    const eni = ec2.account.state.interfaces.get(cluster.eni(node));
    check(eni?.secondary.map(formatAddress), assigned, 'its interface');
    return faults;
  };
  return { foreign, isUntouched };
}

/** Packets of these namespaces always find a way out. */
export function neverDropped(...namespaces: readonly string[]): Promised {
  return (cluster) => {
    const verdicts = cluster.verdicts();
    return namespaces.flatMap((name) => {
      const verdict = verdicts.namespaces.get(name);
      return verdict?.egress === 'dropped' ? [`namespace ${name} is dropped: ${verdict.reason}`] : [];
    });
  };
}
