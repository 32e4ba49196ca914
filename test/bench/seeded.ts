// The product on a sandbox that has been in use: the stack that several parts measure on, at rest before they begin.
import { setTimeout as delay } from 'node:timers/promises';
import { Stack } from '../stack/stack.ts';
import { sized, type Terms } from './part.ts';

/** 3 IPs each. */
export interface SeededSize {
  readonly namespaces: number;
  readonly nodes: number;
}

export function seededSize(terms: Pick<Terms, 'size'>): SeededSize {
  return sized(terms, { namespaces: 5_000, nodes: 600 }, { namespaces: 10, nodes: 6 });
}

export function inWords({ namespaces, nodes }: SeededSize): string {
  return `${namespaces} namespaces, ${3 * namespaces} IPs, ${nodes} nodes`;
}

/** To be stopped by the caller. */
export async function startSeeded(terms: Terms): Promise<Stack> {
  const { namespaces, nodes } = seededSize(terms);
  const sandboxArgs = [
    `--seed-namespaces=${namespaces}`,
    '--instance-type=c5.4xlarge',
    ...(namespaces > 3_500 ? ['--large-subnets'] : []),
  ];
  return await Stack.start(
    { platform: 'aws', nodes, sandboxArgs, userAgent: 'egressip-ipam-bench' },
    (step) => terms.say(step),
  );
}

/** A write to the API server. */
export interface AuditEntry {
  readonly time: string;
  readonly user: string;
  readonly verb: string;
  readonly resource: string;
  readonly path: string;
  readonly code: number;
}

const READS = new Set(['get', 'list', 'watch']);

/** What webhook and reconciler have written so far, but for the leader's Lease. */
export async function writesOf(stack: Stack): Promise<AuditEntry[]> {
  const entries = await stack.ask<AuditEntry[]>('audit');
  return entries.filter(
    ({ user, verb, resource }) =>
      user.startsWith('system:serviceaccount:') && !READS.has(verb) && resource !== 'leases',
  );
}

/** Calls to EC2 so far, by action. */
export async function callsTo(stack: Stack): Promise<Readonly<Record<string, number>>> {
  return (await stack.ask<{ counts: Record<string, number> }>('ec2')).counts;
}

/** Waits until nothing has been written for that long (ms). */
export async function untilAtRest(stack: Stack, quiet: number): Promise<void> {
  for (let before = -1, now = 0; before !== now; ) {
    before = now;
    await delay(quiet);
    now = (await writesOf(stack)).length;
  }
}
