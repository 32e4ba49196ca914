// One reconciler process on a small cluster, from its session down to its EC2 calls: everything real but the two ends.
import { Cloud } from '../../reconciler/aws/cloud.ts';
import { Limiter } from '../../reconciler/aws/limiter.ts';
import { Session } from '../../reconciler/session.ts';
import { DEFAULT_TIMING } from '../../shared/plan/world.ts';
import { Lifeline } from './lifeline.ts';
import type { SmallCluster } from './small-cluster.ts';

/** Milliseconds: everything that only waits takes less long than it does in earnest, and as long in comparison. */
export const TIMES = { resync: 20_000, apiServerTimeout: 10_000, claimGrace: 20_000, notReadyHold: 40_000 };

export interface Replica {
  readonly lifeline: Lifeline;
  readonly session: Session;
  /** What it logged, but for debugging. */
  readonly log: string[];
}

export interface ReplicaOptions {
  /** Milliseconds. */
  readonly resync?: number;
  readonly onPlatformAssigns?: () => void;
}

/** Starts one; it has made its first pass when the clock has been advanced by a second. */
export function startReplica(
  cluster: SmallCluster,
  { resync = TIMES.resync, onPlatformAssigns = () => {} }: ReplicaOptions = {},
): Replica {
  const lifeline = new Lifeline(cluster.clock);
  lifeline.onWrite = () => cluster.look();
  const { clock } = lifeline;
  const log: string[] = [];
  const say = (fields: object, message: string) => {
    const { err } = fields as { err?: unknown };
    log.push(err === undefined ? message : `${message}: ${err instanceof Error ? err.message : err}`);
  };
  const cloud =
    cluster.cloud === 'none'
      ? undefined
      : new Cloud({
          ec2: lifeline.ec2(cluster.ec2),
          limiter: new Limiter(clock),
          observer: { called: () => {}, delayed: () => {} },
          clock,
          signal: new AbortController().signal,
          mayWrite: () => true,
        });
  const session = new Session({
    client: lifeline.kube(cluster.kube),
    assigns: cluster.cloud,
    cloud,
    covers: () => true,
    timing: { ...DEFAULT_TIMING, claimGrace: TIMES.claimGrace, notReadyHold: TIMES.notReadyHold },
    resync,
    apiServerTimeout: TIMES.apiServerTimeout,
    concurrency: 32,
    requestTimeout: 5_000,
    callTimeout: 10_000,
    identity: 'replica',
    metrics: { pass: () => {}, action: () => {}, leads: () => {}, view: () => {} },
    log: { info: say, warn: say, error: say, debug: () => {} },
    clock,
    wallClock: () => cluster.wallClock(),
    onFirstLook: () => {},
    onPlatformAssigns,
  });
  session.start().catch((error) => log.push(`it did not start: ${error}`));
  return { lifeline, session, log };
}
