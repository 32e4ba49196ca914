// Lives through a story, with or without a crash, and says how it ended.

import { type ClusterState, stateOf } from './cluster-state.ts';
import type { Story } from './crash-stories.ts';
import { type Fate, isWrite } from './lifeline.ts';
import { startReplica } from './replica.ts';

export interface Ending {
  /** What the first replica called, from when the story began. */
  readonly calls: readonly string[];
  readonly state: ClusterState;
  /** Who leaves from where. */
  readonly traffic: readonly string[];
  readonly faults: readonly string[];
  /** Writes of the last minutes, in which nothing was left to do. */
  readonly idleWrites: readonly string[];
}

export interface Crash {
  /** Index of the call at which the process dies. */
  readonly at: number;
  readonly fate: Fate;
}

const SECOND = 1_000;
/** Takes in the grace of claims, the hold, the rest, what EC2 may still do after a call was given up, and some tries. */
const LONG_ENOUGH = 120 * SECOND;
const TAKEOVER = 15 * SECOND;
const QUIET = 45 * SECOND;

/** The whole story; a second replica takes over when the first one is dead. */
export async function live(story: Story, crash?: Crash): Promise<Ending> {
  const cluster = story.begin();
  const { clock } = cluster;
  const first = startReplica(cluster);
  await clock.advance(3 * SECOND);
  first.lifeline.arm(crash);
  await story.happens(cluster);
  cluster.look();
  for (let waited = 0; waited < LONG_ENOUGH && !first.lifeline.isDead; waited += 5 * SECOND) {
    await clock.advance(5 * SECOND);
  }
  let last = first;
  if (crash !== undefined) {
    if (!first.lifeline.isDead) throw new Error(`there is no call ${crash.at}`);
    await clock.advance(TAKEOVER);
    last = startReplica(cluster);
    await clock.advance(5 * SECOND);
    for (const arrive of first.lifeline.late) await arrive();
    await clock.advance(LONG_ENOUGH);
  }
  const { calls } = first.lifeline;
  last.lifeline.arm();
  await clock.advance(QUIET);
  last.lifeline.die();
  return {
    calls,
    state: stateOf(cluster),
    traffic: [...cluster.verdicts().namespaces.values()].map(
      ({ namespace, egress, from }) => `${namespace} ${egress} ${from.join(' ')}`,
    ),
    faults: [...cluster.faults],
    idleWrites: last.lifeline.calls.filter(isWrite),
  };
}

/** Every way in which the process can die at each of these calls, up to the last one that changes anything. */
export function crashesAt(calls: readonly string[]): Crash[] {
  const end = calls.findLastIndex(isWrite) + 1;
  return calls.slice(0, end).flatMap((call, at) => {
    // A read that took effect has changed nothing.
    const fates: Fate[] = isWrite(call)
      ? ['never arrives', 'loses its answer', 'comes late']
      : ['never arrives'];
    return fates.map((fate) => ({ at, fate }));
  });
}
