// Asks the API server what platform this is, and again until it answers: it may be starting, too, and a process that only
// ended would be started again later and later.
import type { KubeClient } from '../shared/kube/client.ts';
import { INFRASTRUCTURES, NODES } from '../shared/kube/resources.ts';
import { type Clock, sleep } from '../shared/process/clock.ts';
import { type AssignFlag, detectPlatform, type Platform } from './platform.ts';

export interface Patience {
  readonly clock: Clock;
  /** Ends the waiting. */
  readonly stop: AbortSignal;
  readonly onError: (error: unknown) => void;
}

type Reads = Pick<KubeClient, 'get' | 'list'>;

/** Milliseconds; they double. */
const PAUSE = { first: 500, most: 10_000 };

/** Asks once. Rejects with ApiError. */
export async function readPlatform(client: Reads, assign: AssignFlag): Promise<Platform> {
  const [infrastructure, nodes] = await Promise.all([
    client.get(INFRASTRUCTURES, 'cluster'),
    client.list(NODES),
  ]);
  return detectPlatform(assign, infrastructure, nodes.items);
}

/** Asks until there is an answer; undefined when it was stopped before. */
export async function findPlatform(
  client: Reads,
  assign: AssignFlag,
  { clock, stop, onError }: Patience,
): Promise<Platform | undefined> {
  for (let pause = PAUSE.first; !stop.aborted; pause = Math.min(2 * pause, PAUSE.most)) {
    try {
      return await readPlatform(client, assign);
    } catch (error) {
      onError(error);
      await sleep(clock, pause, stop);
    }
  }
  return undefined;
}
