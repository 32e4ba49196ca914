// Runs a decision table of the planner: each row tells a cluster, and every step until it is quiet. Each
// state in between is judged by the oracle, too.
import { cluster, type Tale } from './build.ts';
import type { Cluster } from './cluster.ts';
import { faultsOf } from './invariants.ts';
import { traffic } from './oracle.ts';
import { notices, run } from './run.ts';

export interface Row {
  readonly title: string;
  readonly tale: Tale;
  /** Happens to the cluster before the first plan. */
  readonly but?: (cluster: Cluster) => void;
  /** Where time goes by, too, waits are steps; otherwise it stands still. */
  readonly time?: 'goes by';
  /** Every step, in order. */
  readonly steps: readonly string[];
  /** Reasons of the notices before the first step, each with whom it is about, when the row is about them. */
  readonly told?: readonly string[];
  /** What the SDN says in the end, when the row is about that. */
  readonly traffic?: readonly string[];
}

interface Asserts {
  same(found: unknown, wanted: unknown, message: string): unknown;
}

export function check(t: Asserts, rows: readonly Row[]): void {
  for (const row of rows) {
    const it = cluster(row.tale);
    row.but?.(it);
    if (row.told !== undefined) t.same(reasons(it), row.told, `${row.title}: told`);
    const faults: string[] = [];
    const steps = run(it, {
      ...(row.time === undefined ? { time: 'stands still' as const } : {}),
      onStep: ({ before, action, after, plan }) => faults.push(...faultsOf(before, action, after, plan)),
    });
    t.same(steps, row.steps, row.title);
    t.same(faults, [], `${row.title}: nobody is interrupted`);
    if (row.traffic !== undefined) t.same(traffic(it), row.traffic, `${row.title}: traffic`);
  }
}

function reasons(it: Cluster): string[] {
  return notices(it).map((notice) => notice.split(':')[0] ?? '');
}
