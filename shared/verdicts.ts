// What is said of an EgressIPAM in its conditions? One function per condition, the first reason that holds is the one told.
// Apart from status.ts, which counts.
import type { EgressIPAM, Pool } from './egressipam.ts';
import type { Cidr } from './ip.ts';
import type { CIDRStatus, Condition } from './kinds.ts';
import { lawfulNodes } from './plan/lawful.ts';
import type { Plan } from './plan/plan.ts';
import type { World } from './plan/world.ts';
import { isRead, MAX_RANGES, merge } from './published.ts';

/** A condition without its times. */
export type Verdict = Omit<Condition, 'lastTransitionTime' | 'observedGeneration'>;

/** `Ready`: whether everybody is served. */
export function readiness(egressIPAM: EgressIPAM, world: World, plan: Plan): Verdict {
  if (egressIPAM.deleting) {
    const message = egressIPAM.releaseAll
      ? 'Being deleted; its IPs are being released'
      : 'Being deleted; it waits until no namespace uses it any more';
    return { type: 'Ready', status: 'False', reason: 'Deleting', message };
  }
  const open = plan.notices.find(
    ({ reason, about }) => reason === 'BreakerOpen' && about.name === egressIPAM.name,
  );
  if (open !== undefined)
    return { type: 'Ready', status: 'False', reason: open.reason, message: open.message };
  const stuck = [...world.namespaces.values()].filter(
    ({ egressIPAM: name, listed }) =>
      name === egressIPAM.name && [...listed].some((ip) => plan.progress.get(ip) === 'stuck'),
  );
  if (stuck.length > 0) {
    const names = stuck.map(({ name }) => name).sort();
    const message =
      names.length === 1
        ? `Namespace ${names[0]} has an IP that cannot be used now; see its events`
        : `${names.length} namespaces have an IP that cannot be used now, among them ${names.slice(0, 5).join(', ')}; see their events`;
    return { type: 'Ready', status: 'False', reason: 'NotHosted', message };
  }
  return { type: 'Ready', status: 'True', reason: 'Served', message: 'Every IP is hosted or on its way' };
}

/** `CapacityOK`: whether more can be given out, and whether it would outlive a node. `fragile`: pools that would not. */
export function capacity(cidrs: readonly CIDRStatus[], fragile: readonly Pool[]): Verdict {
  const full = cidrs.filter((status) => status.free === 0).map((status) => status.CIDR);
  const type = 'CapacityOK';
  if (full.length > 0) {
    return {
      type,
      status: 'False',
      reason: 'PoolExhausted',
      message: `No free address in ${full.join(', ')}`,
    };
  }
  const crowded = cidrs.filter((status) => status.freeHostSlots === 0).map((status) => status.CIDR);
  if (crowded.length > 0) {
    const message = `No node could host another IP of ${crowded.join(', ')}`;
    return { type, status: 'False', reason: 'NoHostSlots', message };
  }
  if (fragile.length > 0) {
    const names = fragile.map((pool) => pool.name).join(', ');
    const message = `The loss of one node would leave IPs of ${names} without a node; add nodes`;
    return { type, status: 'True', reason: 'ZoneAtRisk', message };
  }
  return {
    type,
    status: 'True',
    reason: 'Enough',
    message: 'Every CIDR has free addresses and nodes to host them',
  };
}

/** `InventoryFresh`: whether the cloud tells all that must be known of it. */
export function inventory(egressIPAM: EgressIPAM, cidrs: readonly CIDRStatus[], world: World): Verdict {
  const type = 'InventoryFresh';
  if (world.cloud === 'none') {
    return {
      type,
      status: 'True',
      reason: 'NoCloud',
      message: 'There is no cloud whose addresses could be in use',
    };
  }
  if (world.cloud === 'platform') {
    const message = 'The platform assigns the IPs; capacity and subnets are what it says of its nodes';
    return { type, status: 'True', reason: 'PlatformAssigns', message };
  }
  const fragmented = cidrs.filter(isTooFragmented).map((status) => status.CIDR);
  if (fragmented.length > 0) {
    const message = `More than ${MAX_RANGES} separate ranges are in use in ${fragmented.join(', ')}; use a CIDR of its own`;
    return { type, status: 'False', reason: 'TooFragmented', message };
  }
  const outside = egressIPAM.pools.filter((pool) => !isRead(pool.cidr, world.inventory));
  const unknown = outside.length > 0 ? allUnknown(world) : unknownOf(egressIPAM, world);
  const [first] = unknown;
  if (first !== undefined) {
    const [name, why] = first;
    const message =
      unknown.length === 1
        ? `Node ${name} could not be read in EC2: ${why}`
        : `${unknown.length} nodes could not be read in EC2, among them ${name}: ${why}`;
    const unseen = cidrs.filter((status) => status.inUse === undefined).map((status) => status.CIDR);
    if (unseen.length > 0)
      return {
        type,
        status: 'Unknown',
        reason: 'NotRead',
        message: `${message}; ${unseen.join(', ')} was never read`,
      };
    return { type, status: 'False', reason: 'NodesUnknown', message };
  }
  if (outside.length > 0) {
    const names = outside.map((pool) => pool.name).join(', ');
    const message = `No node has its interface in a subnet around ${names}; add nodes there, or use CIDRs of the nodes' subnets`;
    return { type, status: 'False', reason: 'OutsideSubnets', message };
  }
  const open = egressIPAM.pools.filter(({ cidr }) => !isReserved(cidr, world.inventory?.reservations ?? []));
  if (open.length > 0) {
    const message = `EC2 was read completely. AWS may hand out addresses of ${open.map((pool) => pool.name).join(', ')} to others; a subnet CIDR reservation of type explicit keeps it from that`;
    return { type, status: 'True', reason: 'NotReserved', message };
  }
  return {
    type,
    status: 'True',
    reason: 'Read',
    message: 'EC2 was read completely, and the CIDRs are reserved',
  };
}

type UnknownNode = readonly [name: string, why: string];

/** Where a CIDR was not read, any of these may be why. */
function allUnknown({ inventory }: World): UnknownNode[] {
  return [...(inventory?.unknownNodes ?? [])];
}

/** Those that the EgressIPAM selects: a node that cannot be read is no concern of the others. */
function unknownOf(egressIPAM: EgressIPAM, world: World): UnknownNode[] {
  const nodes = egressIPAM.pools.flatMap((pool) => lawfulNodes(world, egressIPAM, pool));
  const selected = new Set(nodes.map(({ name }) => name));
  return allUnknown(world).filter(([name]) => selected.has(name));
}

/** Whether the reservations, taken together, cover all of the CIDR. */
function isReserved(cidr: Cidr, reservations: readonly Cidr[]): boolean {
  return merge(reservations).some((range) => range.first <= cidr.first && range.last >= cidr.last);
}

/** More separate ranges than a status has room for. */
export function isTooFragmented(status: CIDRStatus): boolean {
  return (status.inUse?.length ?? 0) > MAX_RANGES;
}
