// `--report-only`: what would be done next, which IPs would not stay where they are, and what a person should know, without
// doing any of it. For looking before one lets the reconciler take over a cluster.
import type { Inventory } from '../shared/inventory.ts';
import { formatIPv4 } from '../shared/ip.ts';
import type { KubeClient } from '../shared/kube/client.ts';
import { describe, ipsOf } from '../shared/plan/actions.ts';
import { type Plan, plan } from '../shared/plan/plan.ts';
import type { Timing, World } from '../shared/plan/world.ts';
import type { Clock } from '../shared/process/clock.ts';
import { Caches } from './caches.ts';
import type { Cloud } from './cloud.ts';
import { cloudNodes } from './inventory.ts';
import { Observer } from './observe.ts';

export interface ReportOptions {
  readonly client: KubeClient;
  readonly assigns: World['cloud'];
  readonly cloud: Cloud | undefined;
  readonly timing: Timing;
  readonly clock: Clock;
}

export interface Report {
  /** First what is planned, then notices. Empty when there is nothing to do and nothing to say. */
  readonly lines: readonly string[];
  /** Whether all of the cloud could be read; where it could not, the report does not say what would be done. */
  readonly complete: boolean;
}

export async function reportOnly({ client, assigns, cloud, timing, clock }: ReportOptions): Promise<Report> {
  // Whoever waits for a report is told at once what stands in its way.
  const unreadable = Promise.withResolvers<never>();
  unreadable.promise.catch(() => {});
  const caches = new Caches({
    client,
    platform: assigns === 'platform' ? 'assigns' : 'does not assign',
    clock,
    onChange: () => {},
    onError: unreadable.reject,
  });
  try {
    await Promise.race([caches.start(), unreadable.promise]);
    const inventory: Inventory | undefined = await cloud?.refresh(cloudNodes(caches.nodes.store.values()));
    const observer = new Observer({
      caches,
      cloud: assigns,
      inventory: () => inventory,
      timing,
      now: () => clock.now(),
      wallClock: () => Date.now(),
    });
    const made = plan(observer.observe(new Set(), new Map()));
    const { actions, notices } = made;
    const unread = nodesByReason(inventory);
    const lines = [
      ...actions.map((action) => `would ${describe(action)}`),
      ...laterMoves(made),
      ...unread.map((sentence) => `EC2: ${sentence}; what they host stays as it is`),
      ...notices.map(({ about, reason, message }) => `${about.kind} ${about.name}: ${reason}: ${message}`),
    ];
    return { lines, complete: unread.length === 0 };
  } finally {
    await caches.stop();
  }
}

/** One sentence for each reason for which nodes could not be read. */
function nodesByReason(inventory: Inventory | undefined): string[] {
  const byReason = Map.groupBy(inventory?.unknownNodes ?? [], ([, reason]) => reason);
  return [...byReason].map(([reason, nodes]) => {
    const names = nodes.map(([name]) => name).sort();
    const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
    return `${names.slice(0, 3).join(', ')}${more} could not be read: ${reason}`;
  });
}

/** An IP is claimed and bound before it is moved: what is several steps away is the news that an adoption is judged by. */
function laterMoves({ actions, placements }: Plan): string[] {
  const moving = new Set(actions.filter(({ kind }) => kind === 'patchHostSubnet').flatMap(ipsOf));
  return [...placements].flatMap(([ip, { node, incumbent, why }]) => {
    if (incumbent === undefined || incumbent === node || moving.has(ip)) return [];
    const from = `${formatIPv4(ip)} ${node === undefined ? 'off' : 'from'} node ${incumbent}`;
    return node === undefined ? `would then take ${from}: ${why}` : `would then move ${from} to node ${node}`;
  });
}
