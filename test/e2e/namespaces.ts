// What users do to namespaces and see of them.
import { setTimeout as delay } from 'node:timers/promises';
import type { NamespaceObject } from '../../shared/kinds.ts';
import { ApiError, isApiError } from '../../shared/kube/client.ts';
import { ALLOCATIONS, NAMESPACES } from '../../shared/kube/resources.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION } from '../../shared/names.ts';
import type { NamespaceVerdict } from '../sandbox/sdn/verdict.ts';
import type { Cluster } from './cluster.ts';
import { eventually } from './eventually.ts';

/** What a namespace asks for; `null` takes an annotation away. */
export interface Asked {
  readonly egressIPAM?: string | null;
  readonly egressIPs?: string | null;
}

/** How often kubectl comes back when it is told to. */
const TRIES = 10;

export async function createNamespace(
  cluster: Cluster,
  name: string,
  asked: Asked,
): Promise<NamespaceObject> {
  return await asKubectl(() => cluster.client.create(NAMESPACES, namespace({ name }, asked)));
}

/** The refusal's sentence; throws when it is not refused. */
export async function refusal(attempt: () => Promise<unknown>): Promise<ApiError> {
  try {
    await asKubectl(attempt);
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('this should have been refused');
}

/** Changes annotations as `kubectl annotate` does. */
export async function annotate(cluster: Cluster, name: string, asked: Asked): Promise<NamespaceObject> {
  const patch = { metadata: { annotations: annotationsOf(asked) } };
  return await asKubectl(() => cluster.client.patch(NAMESPACES, name, 'application/merge-patch+json', patch));
}

export function namespace(metadata: { name: string } | { generateName: string }, asked: Asked): object {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { ...metadata, annotations: annotationsOf(asked) },
  };
}

/** Deletes it and resolves when it is gone. */
export async function deleteNamespace(cluster: Cluster, name: string): Promise<void> {
  await cluster.client.delete(NAMESPACES, name, {});
  await eventually(
    `namespace ${name} is gone`,
    () => cluster.client.get(NAMESPACES, name),
    (object) => object === undefined,
  );
}

/** The IPs that it lists. */
export function egressIPsOf(object: NamespaceObject | undefined): string[] {
  return object?.metadata.annotations?.[EGRESSIPS_ANNOTATION]?.split(',') ?? [];
}

/** Resolves when the namespace's packets leave from all these IPs and from no other. */
export async function untilLeavesFrom(
  cluster: Cluster,
  name: string,
  ips: readonly string[],
  within?: number,
): Promise<void> {
  const wanted = [...ips].sort().join();
  await eventually(
    `traffic of ${name} leaves from ${wanted}`,
    async () => (await cluster.verdicts.namespaces()).get(name),
    (verdict) =>
      verdict?.egress === (ips.length === 0 ? 'node' : 'active') &&
      [...verdict.from].sort().join() === wanted &&
      verdict.lost.length === 0,
    within,
  );
}

export async function verdictOf(cluster: Cluster, name: string): Promise<NamespaceVerdict | undefined> {
  return (await cluster.verdicts.namespaces()).get(name);
}

/** Resolves when nobody holds these IPs any more: no allocation, no interface. */
export async function untilReleased(cluster: Cluster, ips: readonly string[]): Promise<void> {
  await eventually(
    `${ips.join()} are allocated no more`,
    () => allocationsOf(cluster, ips),
    (allocations) => allocations.length === 0,
  );
  const interfaces = (await cluster.cloud?.interfaces()) ?? new Map();
  const left = ips.filter((ip) => interfaces.has(ip));
  if (left.length > 0) throw new Error(`${left.join()} are still on interfaces`);
}

/** Those of the IPs that are allocated, with their phases. */
export async function allocationsOf(cluster: Cluster, ips: readonly string[]): Promise<string[]> {
  const objects = await Promise.all(ips.map((ip) => cluster.client.get(ALLOCATIONS, ip)));
  return objects.flatMap((object) =>
    object === undefined ? [] : [`${object.metadata.name} ${object.status?.phase ?? 'Claimed'}`],
  );
}

/** Comes back when told to, as kubectl does. */
async function asKubectl<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      const after = isApiError(error) ? error.retryAfterSeconds : undefined;
      if (after === undefined || tries >= TRIES) throw error;
      await delay(after * 1000);
    }
  }
}

function annotationsOf({ egressIPAM, egressIPs }: Asked): Record<string, string | null> {
  return {
    ...(egressIPAM === undefined ? {} : { [EGRESSIPAM_ANNOTATION]: egressIPAM }),
    ...(egressIPs === undefined ? {} : { [EGRESSIPS_ANNOTATION]: egressIPs }),
  };
}
