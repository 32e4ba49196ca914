// What Prometheus sees. The Go operator's two metrics keep their names and labels, so its alerts go on working; they
// show what was observed, and a node that is gone takes its series along.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Action } from '../shared/plan/actions.ts';
import { lawfulNodes } from '../shared/plan/place.ts';
import type { Plan } from '../shared/plan/plan.ts';
import type { World } from '../shared/plan/world.ts';

export interface ReconcilerMetrics {
  pass(seconds: number, plan: Plan): void;
  action(action: Action, result: string): void;
  leads(leads: boolean): void;
  /** Called when metrics are scraped. */
  view(world: () => World | undefined): void;
}

export function reconcilerMetrics(registry: Registry): ReconcilerMetrics {
  const registers = [registry];
  let world: () => World | undefined = () => undefined;
  const labelNames = ['node', 'egressipam'] as const;
  new Gauge({
    name: 'egressip_ip_allocated',
    help: 'Egress IPs of the EgressIPAM that the node hosts, as observed on its HostSubnet.',
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const { node, egressipam, allocated } of nodeLoads(world()))
        this.set({ node, egressipam }, allocated);
    },
  });
  new Gauge({
    name: 'egressip_ip_capacity',
    help: 'Egress IPs that the interface of the node could carry; absent where no limit is known.',
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const { node, egressipam, capacity } of nodeLoads(world())) {
        if (capacity !== undefined) this.set({ node, egressipam }, capacity);
      }
    },
  });
  const passes = new Histogram({
    name: 'egressip_reconciler_pass_duration_seconds',
    help: 'Time to observe and plan.',
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  });
  const planned = new Gauge({
    name: 'egressip_reconciler_planned_actions',
    help: 'Actions in the latest plan.',
    registers,
  });
  const actions = new Counter({
    name: 'egressip_reconciler_actions_total',
    help: 'Actions carried out, by kind and how they ended.',
    labelNames: ['kind', 'result'],
    registers,
  });
  const leader = new Gauge({
    name: 'egressip_reconciler_leader',
    help: '1 while this replica leads.',
    registers,
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
  for (const egressIPAM of world?.egressIPAMs.valid.values() ?? []) {
    for (const pool of egressIPAM.pools) {
      for (const { name } of lawfulNodes(
        world as World,
        egressIPAM.topologyLabel,
        egressIPAM.nodeSelector,
        pool,
      )) {
        const ips = [...(world?.hostSubnets.get(name)?.ips ?? [])];
        const allocated = ips.filter(
          (ip) => world?.allocations.get(ip)?.egressIPAM === egressIPAM.name,
        ).length;
        const capacity = world?.inventory?.hosts.get(name)?.slots;
        loads.push({ node: name, egressipam: egressIPAM.name, allocated, capacity });
      }
    }
  }
  return loads;
}
