// Stops what one edit would do to a large part of a pool: a selector with a typo, or labels taken off half of
// the nodes, must not cut the traffic of a hundred namespaces. What would be displaced stays where it is, and
// the EgressIPAM says so, until the edit is undone or its annotation `allow-disruption` is set.
//
//   an IP's node is …                            counts, and is held
//   there, Ready, schedulable, and not selected  yes: only an edit of the EgressIPAM or of labels makes it so
//   NotReady, cordoned, deleted, without a       no: that is what failover is for
//   HostSubnet
import type { EgressIPAM, Pool } from '../egressipam.ts';
import { contains, type IPv4 } from '../ip.ts';
import { ALLOW_DISRUPTION_ANNOTATION } from '../names.ts';
import { selects } from '../selector.ts';
import type { Desire, Notice, Wanted } from './desire.ts';
import { type Mode, selectedBySdn } from './modes.ts';
import type { Sightings } from './sightings.ts';
import { DEFAULT_BREAKER, type NodeFact, type World } from './world.ts';

/** What stays where it is. */
export interface Held {
  readonly ips: ReadonlySet<IPv4>;
  /** CIDRs that nodes go on to offer, by node. */
  readonly offers: ReadonlyMap<string, ReadonlySet<string>>;
  readonly notices: readonly Notice[];
}

/** One pool's IPs that are hosted, and those of them that an edit would displace, with their nodes. */
interface Count {
  readonly egressIPAM: EgressIPAM;
  hosted: number;
  readonly displaced: Map<IPv4, string>;
}

/** What is held back from this plan. */
export function hold(
  world: World,
  wish: Desire,
  seen: Sightings,
  modes: ReadonlyMap<EgressIPAM, Mode>,
): Held {
  const ips = new Set<IPv4>();
  const offers = new Map<string, Set<string>>();
  const notices: Notice[] = [];
  const limits = world.breaker ?? DEFAULT_BREAKER;
  for (const [pool, count] of countByPool(world, wish, seen, modes)) {
    const { egressIPAM, displaced, hosted } = count;
    const isLarge = displaced.size >= limits.least && displaced.size > hosted * limits.share;
    if (!isLarge || egressIPAM.allowDisruption) continue;
    for (const [ip, node] of displaced) {
      ips.add(ip);
      // Only what a node offers already: on one that we fill, the SDN would take off what we have put there.
      const isOffered = seen.offeredBy(pool.name).includes(node);
      if (modes.get(egressIPAM) === 'automatic' && isOffered)
        offers.set(node, (offers.get(node) ?? new Set()).add(pool.name));
    }
    notices.push(notice(pool, count));
  }
  return { ips, offers, notices };
}

function countByPool(
  world: World,
  wish: Desire,
  seen: Sightings,
  modes: ReadonlyMap<EgressIPAM, Mode>,
): Map<Pool, Count> {
  const counts = new Map<Pool, Count>();
  const bySdn = new Map<EgressIPAM, ReadonlySet<string>>();
  for (const [egressIPAM, mode] of modes) {
    if (mode === 'automatic') bySdn.set(egressIPAM, selectedBySdn(egressIPAM, world));
  }
  for (const wanted of wish.wanted.values()) {
    const [host, ...others] = seen.hostsOf(wanted.ip);
    // On two nodes it is not active: somebody has put it there by hand, and there is nothing to hold.
    if (host === undefined || others.length > 0) continue;
    if (world.allocations.get(wanted.ip)?.ours !== true) continue;
    const { egressIPAM, pool } = wanted;
    const count = counts.get(pool) ?? { egressIPAM, hosted: 0, displaced: new Map() };
    counts.set(pool, count);
    count.hosted += 1;
    const node = world.nodes.get(host);
    if (node === undefined || !node.ready || node.cordoned || !mayCarry(host, wanted, world)) continue;
    const names = bySdn.get(egressIPAM);
    const isSelected = names === undefined ? selectsNode(wanted, node) : names.has(host);
    if (!isSelected) count.displaced.set(wanted.ip, host);
  }
  return counts;
}

/** Whether the IP can be on the node's interface at all: one that cannot serves nobody there, and is not held there. */
function mayCarry(node: string, { ip }: Wanted, { cloud, inventory }: World): boolean {
  const host = inventory?.hosts.get(node);
  return cloud === 'none' || host === undefined || contains(host.subnet, ip);
}

function selectsNode({ egressIPAM, pool }: Wanted, { labels }: NodeFact): boolean {
  return labels[egressIPAM.topologyLabel] === pool.labelValue && selects(egressIPAM.nodeSelector, labels);
}

function notice(pool: Pool, { egressIPAM, hosted, displaced }: Count): Notice {
  const nodes = [...new Set(displaced.values())].sort();
  const named = `${nodes.slice(0, 3).join(', ')}${nodes.length > 3 ? ' …' : ''}`;
  const message =
    `${displaced.size} of ${hosted} IPs of ${pool.name} are on nodes that are not selected any more ` +
    `(${named}); they stay there until these are selected again, or the annotation ` +
    `${ALLOW_DISRUPTION_ANNOTATION} is "true"`;
  return {
    about: { kind: 'EgressIPAM', name: egressIPAM.name },
    type: 'Warning',
    reason: 'BreakerOpen',
    message,
  };
}
