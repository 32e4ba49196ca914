// Which nodes may host a pool's IPs at all? One answer for the planner, the status and the metrics.
import type { EgressIPAM, Pool } from '../egressipam.ts';
import { selects } from '../selector.ts';
import type { NodeFact, World } from './world.ts';

/** Selected, with the pool's label and a HostSubnet; capacity and readiness are not looked at. Sorted by name. */
export function lawfulNodes(
  world: World,
  { topologyLabel, nodeSelector }: Pick<EgressIPAM, 'topologyLabel' | 'nodeSelector'>,
  pool: Pool,
): NodeFact[] {
  const nodes: NodeFact[] = [];
  for (const node of world.nodes.values()) {
    if (node.labels[topologyLabel] !== pool.labelValue || !selects(nodeSelector, node.labels)) continue;
    if (world.hostSubnets.has(node.name)) nodes.push(node);
  }
  return nodes.sort((a, b) => (a.name < b.name ? -1 : 1));
}
