// Creates the demo's namespaces as people with kubectl would, and notes who is refused and why.
import { setTimeout as delay } from 'node:timers/promises';
import { isApiError, type KubeClient } from '../../shared/kube/client.ts';
import { apply } from '../stack/apply.ts';
import type { Manifest } from '../stack/objects.ts';
import type { Rejection } from './report.ts';

/** Namespaces that are created at the same time. */
const AT_ONCE = 16;
/** How often kubectl comes back. */
const TRIES = 10;

/** A few at a time; who is refused, or still put off when `stop` is aborted, comes back with the reason. */
export async function createAll(
  client: KubeClient,
  namespaces: readonly Manifest[],
  stop: AbortSignal,
): Promise<Rejection[]> {
  const rejected: Rejection[] = [];
  const waiting = namespaces.values();
  const work = async () => {
    for (const namespace of waiting) {
      if (stop.aborted) return;
      const message = await create(client, namespace, stop);
      if (message !== undefined) rejected.push({ name: namespace.metadata.name, message });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return rejected;
}

/** Comes back, as kubectl does, when told when to. */
async function create(
  client: KubeClient,
  namespace: Manifest,
  stop: AbortSignal,
): Promise<string | undefined> {
  for (let tries = 1; ; tries++) {
    try {
      await apply(client, namespace);
      return undefined;
    } catch (error) {
      if (!isApiError(error)) throw error;
      const { retryAfterSeconds, message } = error;
      if (retryAfterSeconds === undefined || tries >= TRIES) return message;
      await delay(retryAfterSeconds * 1000, undefined, { signal: stop }).catch(() => {});
      if (stop.aborted) return message;
    }
  }
}
