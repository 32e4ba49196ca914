// What is measured while it lasts: memory, connections, log lines, and IPs that two have at a time.
import { HOST_SUBNETS, NET_NAMESPACES } from '../../shared/kube/resources.ts';
import { usageOf } from '../bench/processes/usage.ts';
import type { Child } from '../stack/child.ts';
import type { Stack } from '../stack/stack.ts';

/** One process at one moment. */
export interface Sample {
  readonly name: 'webhook' | 'reconciler';
  readonly pid: number;
  /** MiB. */
  readonly memory: number;
  /** Lines logged since it began. */
  readonly lines: number;
}

export async function sampleProcesses({ processes }: Stack): Promise<Sample[]> {
  const named: [Sample['name'], Child][] = [
    ...processes.webhooks.map((child): [Sample['name'], Child] => ['webhook', child]),
    ...processes.reconcilers.map((child): [Sample['name'], Child] => ['reconciler', child]),
  ];
  return await Promise.all(
    named.map(async ([name, child]) => ({
      name,
      pid: child.pid ?? 0,
      memory: Math.round((await usageOf(child)).memory / 2 ** 20),
      lines: child.count,
    })),
  );
}

/** Open watches of webhooks and reconcilers together. */
export async function openWatches(stack: Stack): Promise<{ webhook: number; reconciler: number }> {
  const counts = await stack.ask<Record<string, number>>('kube/watches');
  const of = (name: string) =>
    Object.entries(counts).reduce((sum, [user, count]) => (user.endsWith(`-${name}`) ? sum + count : sum), 0);
  return { webhook: of('webhook'), reconciler: of('reconciler') };
}

/** IPs that are on two NetNamespaces, or on two HostSubnets, as sentences. Each list is of one moment. */
export async function findDuplicates({ client }: Stack): Promise<string[]> {
  const [netNamespaces, hostSubnets] = await Promise.all([
    client.list(NET_NAMESPACES),
    client.list(HOST_SUBNETS),
  ]);
  return [...twice('NetNamespaces', netNamespaces.items), ...twice('HostSubnets', hostSubnets.items)];
}

interface Lists {
  readonly metadata: { readonly name: string };
  readonly egressIPs?: readonly string[];
}

function twice(kind: string, objects: readonly Lists[]): string[] {
  const seen = new Map<string, string>();
  const found: string[] = [];
  for (const { metadata, egressIPs } of objects) {
    for (const ip of new Set(egressIPs)) {
      const other = seen.get(ip);
      if (other !== undefined) found.push(`${ip} is on the ${kind} ${other} and ${metadata.name}`);
      seen.set(ip, metadata.name);
    }
  }
  return found;
}
