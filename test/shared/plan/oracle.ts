// Judges a cluster by OpenShift SDN's own rules, and what an action may do to traffic by what the design
// promises.
import { formatIPv4 } from '../../../shared/ip.ts';
import { judge, type Verdicts } from '../../sandbox/sdn/verdict.ts';
import type { Cluster } from './cluster.ts';

export function offlineNodes(cluster: Cluster): ReadonlySet<string> {
  const offline = new Set<string>();
  for (const name of cluster.hostSubnets.keys()) {
    const node = cluster.nodes.get(name);
    if (node === undefined || node.notReadySince !== undefined) offline.add(name);
  }
  return offline;
}

export function verdictsOf(cluster: Cluster): Verdicts {
  const interfaces = new Map<string, ReadonlySet<string>>();
  for (const { node, secondary } of cluster.interfaces.values()) {
    if (node !== undefined) interfaces.set(node, new Set([...secondary].map(formatIPv4)));
  }
  return judge({
    hostSubnets: [...cluster.hostSubnets.values()].map((it) => ({
      metadata: { name: it.node },
      egressIPs: it.egressIPs,
    })),
    netNamespaces: [...cluster.netNamespaces.values()].map((it) => ({
      metadata: { name: it.name },
      egressIPs: it.egressIPs,
    })),
    offline: offlineNodes(cluster),
    ...(cluster.cloud === 'aws' ? { interfaces } : {}),
  });
}

/** `a active from 10.0.1.10`, for every namespace that has a NetNamespace. */
export function traffic(cluster: Cluster): string[] {
  return [...verdictsOf(cluster).namespaces.values()].map(({ namespace, egress, from }) =>
    from.length === 0 ? `${namespace} ${egress}` : `${namespace} ${egress} from ${from.join(', ')}`,
  );
}
