// Plans and applies until nothing is left to do, and writes down every step as a sentence: what a table's
// last column holds.
import { type Action, describe } from '../../../shared/plan/actions.ts';
import { type Plan, plan } from '../../../shared/plan/plan.ts';
import { parseAddress } from '../../sandbox/ipv4.ts';
import { placeAutomatically } from '../../sandbox/sdn/automatic.ts';
import { apply, elapse, next } from './apply.ts';
import { addressesIn, type Cluster, copyOf, worldOf } from './cluster.ts';
import { offlineNodes } from './oracle.ts';

/** More passes than anything should ever take. */
const ENOUGH = 60;

export interface RunOptions {
  /** Stop when only time would make something due; otherwise time is let go by. */
  readonly time?: 'stands still';
  /** Called after each action, when the SDN has placed what it places. */
  readonly onStep?: (step: Step) => void;
}

export interface Step {
  readonly before: Cluster;
  readonly action: Action;
  readonly after: Cluster;
  readonly plan: Plan;
}

/** Every step until it is quiet. What only waits for time is preceded by `wait 120 s`. */
export function run(cluster: Cluster, options: RunOptions = {}): string[] {
  const steps: string[] = [];
  letSdnPlace(cluster);
  for (let passes = 0; passes < ENOUGH; passes++) {
    const made = planOf(cluster);
    if (made.actions.length === 0) {
      if (made.wakeIn === undefined || options.time === 'stands still') return steps;
      steps.push(`wait ${Math.ceil(made.wakeIn / 1000)} s`);
      elapse(cluster, made.wakeIn);
      continue;
    }
    let isMoving = false;
    for (const action of made.actions) {
      const before = copyOf(cluster);
      const result = apply(cluster, action);
      // What the SDN has changed meanwhile is planned anew.
      if (result !== 'done' && isMoving) break;
      if (result !== 'done') throw new Error(`${describe(action)}: ${result}`);
      isMoving = letSdnPlace(cluster) || isMoving;
      steps.push(describe(action));
      options.onStep?.({ before, action, after: cluster, plan: made });
    }
  }
  throw new Error(`not quiet after ${ENOUGH} passes: ${steps.slice(-10).join('; ')}`);
}

/** The notices of a plan, each as «Reason about name: message». */
export function notices(cluster: Cluster): string[] {
  return planOf(cluster).notices.map(
    ({ about, reason, message }) => `${reason} about ${about.name}: ${message}`,
  );
}

export function planOf(cluster: Cluster): Plan {
  return plan(worldOf(cluster));
}

/** What the next plan would do. */
export function sentences(cluster: Cluster): string[] {
  return planOf(cluster).actions.map(describe);
}

/**
 * OpenShift SDN's automatic placement, round by round, where HostSubnets carry egressCIDRs; whether it
 * changed anything.
 */
export function letSdnPlace(cluster: Cluster): boolean {
  const before = cluster.version;
  for (let rounds = 0; rounds < 10; rounds++) {
    const placed = placeAutomatically({
      hostSubnets: [...cluster.hostSubnets.values()].map((it) => ({ metadata: { name: it.node }, ...it })),
      netNamespaces: [...cluster.netNamespaces.values()].map((it) => ({
        metadata: { name: it.name },
        ...it,
      })),
      offline: offlineNodes(cluster),
    });
    const changed = [...placed].flatMap(([node, egressIPs]) => {
      const stored = cluster.hostSubnets.get(node);
      return stored === undefined || sameSet(stored.egressIPs, egressIPs) ? [] : [{ ...stored, egressIPs }];
    });
    for (const it of changed) {
      const written = { ...it, ips: addressesIn(it.egressIPs), resourceVersion: next(cluster) };
      cluster.hostSubnets.set(it.node, written);
    }
    if (changed.length === 0) break;
  }
  return cluster.version !== before;
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const inOrder = (texts: readonly string[]) =>
    [...texts].sort((x, y) => (parseAddress(x) ?? 0) - (parseAddress(y) ?? 0));
  return inOrder(a).join() === inOrder(b).join();
}
