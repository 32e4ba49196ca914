// Who has which IP, wherever that is written: a small cluster in a form that can be compared.
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  HOST_SUBNETS,
  NAMESPACES,
  NET_NAMESPACES,
} from '../../shared/kube/resources.ts';
import { EGRESSIPS_ANNOTATION } from '../../shared/names.ts';
import { formatAddress } from '../sandbox/ipv4.ts';
import type { SmallCluster } from './small-cluster.ts';

/** By kind and name. Tokens, versions and uids are left out. */
export type ClusterState = Readonly<Record<string, Readonly<Record<string, string>>>>;

export function stateOf({ kube, nodeInterfaces }: SmallCluster): ClusterState {
  const inOrder = (texts: readonly string[] | undefined) => [...(texts ?? [])].sort().join(' ');
  return {
    namespaces: byName(
      kube.all(NAMESPACES),
      ({ metadata }) => metadata.annotations?.[EGRESSIPS_ANNOTATION] ?? '',
    ),
    netNamespaces: byName(kube.all(NET_NAMESPACES), (it) => inOrder(it.egressIPs)),
    hostSubnets: byName(kube.all(HOST_SUBNETS), (it) =>
      [inOrder(it.egressIPs), ...(it.egressCIDRs ?? [])].join(' | '),
    ),
    allocations: byName(kube.all(ALLOCATIONS), ({ metadata, spec, status }) => {
      const { phase = 'Claimed', node = 'nowhere', interface: eni = 'no interface' } = status ?? {};
      return `${spec.namespace} ${phase} ${node} ${eni} ${metadata.finalizers?.length ?? 0}`;
    }),
    interfaces: Object.fromEntries(
      nodeInterfaces.map((it) => [it.id, inOrder(it.secondary.map(formatAddress))]),
    ),
    egressIPAMs: byName(kube.all(EGRESSIPAMS), ({ metadata }) => inOrder(metadata.finalizers)),
  };
}

function byName<T extends { readonly metadata: { readonly name: string } }>(
  objects: readonly T[],
  text: (object: T) => string,
): Record<string, string> {
  const sorted = [...objects].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  return Object.fromEntries(sorted.map((object) => [object.metadata.name, text(object)]));
}
