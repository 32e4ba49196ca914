// What a soak looks at while it goes on: two uses of one IP, memory, descriptors and lines of log of each process.
import { readdir, readFile } from 'node:fs/promises';
import type { HostSubnetObject, NetNamespaceObject } from '../../shared/kinds.ts';
import { HOST_SUBNETS, NET_NAMESPACES } from '../../shared/kube/resources.ts';
import type { Child } from '../stack/child.ts';
import type { Stack } from '../stack/stack.ts';

/** IPs on two NetNamespaces or two HostSubnets at once, as sentences. */
export async function duplicates({ client }: Stack): Promise<string[]> {
  const [netNamespaces, hostSubnets] = await Promise.all([
    client.list(NET_NAMESPACES),
    client.list(HOST_SUBNETS),
  ]);
  return [...usedTwice(netNamespaces.items, 'NetNamespace'), ...usedTwice(hostSubnets.items, 'HostSubnet')];
}

type Lister = Pick<NetNamespaceObject | HostSubnetObject, 'metadata' | 'egressIPs'>;

function usedTwice(objects: readonly Lister[], kind: string): string[] {
  const users = new Map<string, string>();
  return objects.flatMap(({ metadata, egressIPs }) =>
    (egressIPs ?? []).flatMap((ip) => {
      const other = users.get(ip);
      users.set(ip, metadata.name);
      return other === undefined ? [] : [`${ip} is on ${kind}s ${other} and ${metadata.name}`];
    }),
  );
}

export interface Reading {
  readonly name: string;
  readonly mebibytes: number;
  readonly descriptors: number;
}

/** From /proc, where there is one; empty elsewhere. */
export async function readings(children: readonly Child[]): Promise<Reading[]> {
  const found: Reading[] = [];
  for (const { pid, script } of children) {
    try {
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      const descriptors = (await readdir(`/proc/${pid}/fd`)).length;
      const kibibytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
      found.push({ name: script.split('/')[0] ?? '', mebibytes: Math.round(kibibytes / 1024), descriptors });
    } catch {
      // No such process, or no /proc.
    }
  }
  return found;
}

export function shown(list: readonly Reading[]): string {
  return list
    .map(({ name, mebibytes, descriptors }) => `${name} ${mebibytes} MiB ${descriptors} fds`)
    .join(', ');
}
