// What Prometheus sees. The Go operator's two metrics keep their names and labels, so its alerts go on working; they
// show what was observed, and a node that is gone takes its series along.
import type { Action } from '../shared/plan/actions.ts';
import { lawfulNodes } from '../shared/plan/lawful.ts';
import type { Plan } from '../shared/plan/plan.ts';
import type { World } from '../shared/plan/world.ts';
import type { Metrics } from '../shared/process/metrics.ts';

export interface ReconcilerMetrics {
  pass(seconds: number, plan: Plan): void;
  action(action: Action, result: string): void;
  leads(leads: boolean): void;
  /** Called when metrics are scraped. */
  view(world: () => World | undefined): void;
}

export function reconcilerMetrics(metrics: Metrics): ReconcilerMetrics {
  let world: () => World | undefined = () => undefined;
  const labels = ['node', 'egressipam'] as const;
  metrics.gauge({
    name: 'egressip_ip_allocated',
    help: 'Addresses in use on the node: egress IPs of the EgressIPAM as observed on its HostSubnet, and its primary address.',
    labels,
    collect(gauge) {
      gauge.reset();
      for (const { node, egressipam, allocated } of nodeLoads(world()))
        gauge.set({ node, egressipam }, allocated);
    },
  });
  metrics.gauge({
    name: 'egressip_ip_capacity',
    help: "Addresses that the node's interface can carry, its primary one included; absent where no limit is known.",
    labels,
    collect(gauge) {
      gauge.reset();
      for (const { node, egressipam, capacity } of nodeLoads(world())) {
        if (capacity !== undefined) gauge.set({ node, egressipam }, capacity);
      }
    },
  });
  const passes = metrics.histogram({
    name: 'egressip_ipam_reconciler_pass_duration_seconds',
    help: 'Time to observe and plan.',
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  });
  const planned = metrics.gauge({
    name: 'egressip_ipam_reconciler_planned_actions',
    help: 'Actions in the latest plan.',
  });
  const actions = metrics.counter({
    name: 'egressip_ipam_reconciler_actions_total',
    help: 'Actions carried out, by kind and how they ended.',
    labels: ['kind', 'result'] as const,
  });
  const leader = metrics.gauge({
    name: 'egressip_ipam_reconciler_leader',
    help: '1 while this replica leads.',
  });
  leader.set(0);
  return {
    pass(seconds, plan) {
      passes.observe(seconds);
      planned.set(plan.actions.length);
    },
    action: (action, result) => actions.inc({ kind: action.kind, result }),
    leads: (leads) => leader.set(leads ? 1 : 0),
    view(current) {
      world = current;
    },
  };
}

interface NodeLoad {
  readonly node: string;
  readonly egressipam: string;
  readonly allocated: number;
  readonly capacity: number | undefined;
}

function nodeLoads(world: World | undefined): NodeLoad[] {
  const loads: NodeLoad[] = [];
  if (world === undefined) return loads;
  for (const egressIPAM of world.egressIPAMs.valid.values()) {
    const nodes = new Set<string>();
    for (const pool of egressIPAM.pools) {
      for (const node of lawfulNodes(world, egressIPAM, pool)) {
        nodes.add(node.name);
      }
    }
    for (const node of nodes) {
      const ips = [...(world.hostSubnets.get(node)?.ips ?? [])];
      const allocated = ips.filter((ip) => world.allocations.get(ip)?.egressIPAM === egressIPAM.name).length;
      const host = world.inventory?.hosts.get(node);
      // The Go operator counts the primary address on both sides, on every platform, and its alerts compare the two.
      const capacity = host === undefined ? undefined : host.slots + 1;
      loads.push({ node, egressipam: egressIPAM.name, allocated: allocated + 1, capacity });
    }
  }
  return loads;
}
