// The oracle: where does each namespace's traffic leave from? Asked of the sandbox's SDN where that runs; elsewhere worked
// out by the same pure function from what the Kubernetes API and EC2 show.
import type { KubeClient } from '../../shared/kube/client.ts';
import { HOST_SUBNETS, NET_NAMESPACES, NODES } from '../../shared/kube/resources.ts';
import { offlineNodes } from '../sandbox/sdn/upkeep.ts';
import { judge, type NamespaceVerdict } from '../sandbox/sdn/verdict.ts';
import type { Stack } from '../stack/stack.ts';

export interface Verdicts {
  /** Of every namespace that the SDN knows, by name, now. */
  namespaces(): Promise<ReadonlyMap<string, NamespaceVerdict>>;
}

/** The sandbox's SDN itself. */
export function askSandbox(stack: Stack): Verdicts {
  return {
    async namespaces() {
      const { namespaces } = await stack.ask<{ namespaces: NamespaceVerdict[] }>('verdicts');
      return new Map(namespaces.map((verdict) => [verdict.namespace, verdict]));
    },
  };
}

/** Addresses on the primary interface of each node, by node; undefined where no cloud is in between. */
export type NodeAddresses = () => Promise<ReadonlyMap<string, ReadonlySet<string>> | undefined>;

/** From what is stored, as an SDN that has followed every change would see it. */
export function workOut(client: KubeClient, addresses: NodeAddresses): Verdicts {
  return {
    async namespaces() {
      const [nodes, hostSubnets, netNamespaces, interfaces] = await Promise.all([
        client.list(NODES),
        client.list(HOST_SUBNETS),
        client.list(NET_NAMESPACES),
        addresses(),
      ]);
      return judge({
        hostSubnets: hostSubnets.items,
        netNamespaces: netNamespaces.items,
        offline: offlineNodes(nodes.items),
        ...(interfaces === undefined ? {} : { interfaces }),
      }).namespaces;
    },
  };
}
