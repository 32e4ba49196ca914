// Lives through a history with real processes in memory, one after the other, and says what went wrong: sentences, none when
// every promise was kept and, at the end, everything is as it should be.

import { formatIPv4 } from '../../shared/ip.ts';
import { ALLOCATIONS, NAMESPACES, NET_NAMESPACES } from '../../shared/kube/resources.ts';
import { EGRESSIPS_ANNOTATION } from '../../shared/names.ts';
import { describe } from '../../shared/plan/actions.ts';
import { plan } from '../../shared/plan/plan.ts';
import { type Happening, happen } from './histories.ts';
import { isWrite } from './lifeline.ts';
import { nowhereTwice, oursOnly, withForeign } from './promises.ts';
import { type Replica, startReplica } from './replica.ts';
import type { SmallCluster } from './small-cluster.ts';

export interface Life {
  readonly story: string[];
  readonly faults: string[];
}

/** How long a request that nobody waits for any more may take, well within the API server's own time-out. */
const LATE = 3_000;
const TAKEOVER = 15_000;
const UNTIL_QUIET = 240_000;
const QUIET = 60_000;

export async function live(cluster: SmallCluster, history: readonly Happening[]): Promise<Life> {
  const life: Life = { story: [], faults: cluster.faults };
  const { foreign, isUntouched } = withForeign(cluster, 'n0');
  cluster.judges = [nowhereTwice, oursOnly(foreign), isUntouched];
  let replica = start(cluster, life);
  await cluster.clock.advance(1_000);
  for (const happening of history) {
    life.story.push(`* ${Object.values(happening).join(' ')}`);
    if (happening.kind === 'time') {
      await pass(cluster, happening.milliseconds);
    } else if (happening.kind === 'crash') {
      replica = await replace(replica, happening.fate, cluster, life);
    } else {
      happen(cluster, happening);
      cluster.look();
    }
    if (life.faults.length > 0) return life;
  }
  await comeToRest(cluster, replica, life);
  return life;
}

function start(cluster: SmallCluster, life: Life): Replica {
  const replica = startReplica(cluster);
  replica.lifeline.onWrite = (call) => {
    life.story.push(call);
    cluster.look();
  };
  return replica;
}

async function pass(cluster: SmallCluster, milliseconds: number): Promise<void> {
  for (let left = milliseconds; left > 0; left -= LATE) {
    await cluster.clock.advance(Math.min(left, LATE));
    landLate(cluster);
  }
}

function landLate(cluster: SmallCluster): void {
  for (const arrive of cluster.kube.late.splice(0)) arrive();
  cluster.look();
}

async function replace(
  dead: Replica,
  fate: Parameters<Replica['lifeline']['die']>[0],
  cluster: SmallCluster,
  life: Life,
): Promise<Replica> {
  dead.lifeline.die(fate);
  await pass(cluster, TAKEOVER);
  // Whatever a leader has sent ends before its lease does.
  for (const arrive of dead.lifeline.late) await arrive();
  return start(cluster, life);
}

async function comeToRest(cluster: SmallCluster, replica: Replica, life: Life): Promise<void> {
  cluster.kube.fault = () => undefined;
  cluster.ec2.forgive();
  cluster.ec2.account.lagMs = 0;
  await pass(cluster, UNTIL_QUIET);
  replica.lifeline.arm();
  await pass(cluster, QUIET);
  replica.lifeline.die();
  const idle = replica.lifeline.calls.filter(isWrite).map((call) => `it is quiet, and yet: ${call}`);
  if (life.faults.length === 0) life.faults.push(...idle, ...unfinished(replica), ...leaks(cluster));
}

/** Whoever has an IP is served, or told why not. */
function unfinished({ session }: Replica): string[] {
  const { world } = session;
  if (world === undefined) return ['there was no pass'];
  const { actions, progress, notices } = plan(world);
  const told = new Set(notices.map(({ about }) => about.name));
  return [
    ...actions.map((action) => `left to do: ${describe(action)}`),
    ...[...progress].flatMap(([ip, how]) => {
      const namespace = world.allocations.get(ip)?.namespace ?? '';
      if (how === 'pending') return [`${formatIPv4(ip)} is pending, and nothing happens`];
      return how === 'stuck' && !told.has(namespace)
        ? [`${formatIPv4(ip)} is stuck, and nobody is told`]
        : [];
    }),
  ];
}

/** Nothing of ours that nobody lists is left anywhere. */
function leaks({ kube }: SmallCluster): string[] {
  const listed = new Set(
    kube
      .all(NAMESPACES)
      .flatMap(({ metadata }) => metadata.annotations?.[EGRESSIPS_ANNOTATION]?.split(',') ?? []),
  );
  const used = new Set(kube.all(NET_NAMESPACES).flatMap((it) => it.egressIPs ?? []));
  const stuck = new Set(
    kube
      .all(ALLOCATIONS)
      .flatMap(({ metadata, status }) => (status?.phase === 'Releasing' ? [metadata.name] : [])),
  );
  return kube
    .all(ALLOCATIONS)
    .map(({ metadata }) => metadata.name)
    .filter((ip) => !listed.has(ip) && !used.has(ip) && !stuck.has(ip))
    .map((ip) => `the allocation of ${ip} is left`);
}
