// One look at EC2: which interface each node has, what it carries and could carry, and what else is in use around it.
// Each part that cannot be read makes its own scope unknown (a chunk of nodes, a subnet, an instance type) and no other.
//
//   nodes -> their instances -> their primary interfaces -> those interfaces' subnets -> every interface in these
//
// Instances are remembered from earlier looks; one whose interface is not seen on it any more is asked for once more.
import type { HostInterface, Inventory } from '../../shared/inventory.ts';
import { type Cidr, type IPv4, type Range, toIPv4 } from '../../shared/ip.ts';
import type { NetworkInterface, Subnet } from './ec2.ts';
import { type CloudError, isCloudError } from './errors.ts';
import type { NodeInstance, NodeInstances, NodeRef } from './node-instances.ts';
import { inChunks, type Reads } from './paced-reads.ts';
import type { Limits, TypeLimits } from './type-limits.ts';

/** An inventory, and the subnets it was read from by ID. */
export interface InventoryRead {
  readonly inventory: Inventory;
  readonly subnets: ReadonlyMap<string, Cidr>;
}

/** What is not asked for in every look. */
export interface Memory {
  readonly instances: NodeInstances;
  readonly typeLimits: TypeLimits;
}

/**
 * Reads the inventory of `nodes` and, besides their own subnets, of `formerSubnets`: where a zone has lost its last node,
 * what is in use there still counts. Makes no call when there is nothing to ask for. A node whose instance is shutting down
 * or terminated is in neither `hosts` nor `unknownNodes`: it is known to host nothing. While a node is Ready, its instance
 * may count as present until the interface is gone. Rejects on bugs only.
 */
export async function readInventory(
  reads: Reads,
  memory: Memory,
  nodes: readonly NodeRef[],
  formerSubnets: Iterable<string>,
  now: number,
): Promise<InventoryRead> {
  const seen = await look(reads, memory, nodes, formerSubnets, now);
  const { found, unknownNodes, subnets, limits, failure } = seen;
  const hosts = new Map<string, HostInterface>();
  for (const one of found) {
    const limit = limits.get(one.type);
    const host =
      limit === undefined
        ? (failure?.message ?? `EC2 does not tell the address limit of instance type ${one.type}`)
        : toHost(one, subnets, limit);
    if (typeof host === 'string') unknownNodes.set(one.node, host);
    else hosts.set(one.node, host);
  }
  const read = [...subnets.values()].filter((view) => view.ok);
  const inventory = { hosts, unknownNodes, ...whatIsInUse(read), observedAt: now };
  return { inventory, subnets: new Map(read.map(({ subnet }) => [subnet.id, subnet.cidr])) };
}

interface Look extends Limits {
  readonly found: readonly NodeInstance[];
  /** Nodes whose instance could not be found, with the reason. */
  readonly unknownNodes: Map<string, string>;
  readonly subnets: ReadonlyMap<string, SubnetView>;
}

async function look(
  reads: Reads,
  { instances, typeLimits }: Memory,
  nodes: readonly NodeRef[],
  formerSubnets: Iterable<string>,
  now: number,
): Promise<Look> {
  const unknownNodes = new Map<string, string>();
  const first = await instances.of(reads, nodes, now, unknownNodes);
  const subnetIds = [...new Set([...formerSubnets, ...first.map(({ eni }) => eni.subnetId)])].sort();
  const [limits, subnets] = await Promise.all([
    typeLimits.of(reads, typesOf(first), now),
    readSubnets(reads, subnetIds),
  ]);
  const lost = first.filter((one) => one.isRemembered && !isSeen(one, subnets));
  if (lost.length === 0) return { found: first, unknownNodes, subnets, ...limits };
  instances.forget(lost.map(({ id }) => id));
  const names = new Set(lost.map(({ node }) => node));
  const again = nodes.filter(({ name }) => names.has(name));
  // On the same interfaces as before, if they are there: an instance keeps its primary one.
  const second = await instances.of(reads, again, now, unknownNodes);
  const found = [...first.filter(({ node }) => !names.has(node)), ...second];
  return { found, unknownNodes, subnets, ...(await typeLimits.of(reads, typesOf(found), now)) };
}

/** A subnet with everything in it, or why it could not be read completely. */
type SubnetView = FullSubnet | { readonly ok: false; readonly reason: string };

interface FullSubnet extends Contents {
  readonly ok: true;
  readonly subnet: Subnet;
}

async function readSubnets(
  reads: Reads,
  subnetIds: readonly string[],
): Promise<ReadonlyMap<string, SubnetView>> {
  const [described, contents] = await Promise.all([
    describeSubnets(reads, subnetIds),
    Promise.all(subnetIds.map((id) => readContents(reads, id))),
  ]);
  const views = new Map<string, SubnetView>();
  for (const [at, id] of subnetIds.entries()) {
    const subnet = described.get(id);
    const content = contents[at];
    if (subnet === undefined) views.set(id, { ok: false, reason: `EC2 does not know subnet ${id}` });
    else if (typeof subnet === 'string') views.set(id, { ok: false, reason: subnet });
    else if (content === undefined || typeof content === 'string')
      views.set(id, { ok: false, reason: content ?? '' });
    else views.set(id, { ok: true, subnet, ...content });
  }
  return views;
}

/** The subnets by ID, or why one could not be read. */
async function describeSubnets(
  reads: Reads,
  subnetIds: readonly string[],
): Promise<ReadonlyMap<string, Subnet | string>> {
  const found = new Map<string, Subnet | string>();
  const chunks = inChunks(subnetIds);
  const answers = await Promise.all(chunks.map((ids) => attempt(reads.subnets(ids))));
  for (const [at, answer] of answers.entries()) {
    if (answer.ok) for (const subnet of answer.value) found.set(subnet.id, subnet);
    else for (const id of chunks[at] ?? []) found.set(id, answer.error.message);
  }
  return found;
}

interface Contents {
  readonly interfaces: ReadonlyMap<string, NetworkInterface>;
  readonly reservations: readonly Cidr[];
}

/** What is in a subnet, or why that could not be read. */
async function readContents(reads: Reads, subnetId: string): Promise<Contents | string> {
  const [interfaces, reservations] = await Promise.all([
    attempt(reads.interfaces({ subnetIds: [subnetId] })),
    attempt(reads.reservations(subnetId)),
  ]);
  if (!interfaces.ok) return interfaces.error.message;
  return {
    interfaces: new Map(interfaces.value.map((eni) => [eni.id, eni])),
    // Nothing but a warning depends on reservations: a role without that permission is no reason to stop.
    reservations: reservations.ok ? reservations.value : [],
  };
}

function typesOf(found: readonly NodeInstance[]): Set<string> {
  return new Set(found.map(({ type }) => type));
}

/** Whether the interface is still that instance's primary one, or may be: its subnet could not be read. */
function isSeen({ id, eni }: NodeInstance, subnets: ReadonlyMap<string, SubnetView>): boolean {
  const view = subnets.get(eni.subnetId);
  return view?.ok !== true || view.interfaces.get(eni.id)?.primaryOf === id;
}

function toHost(
  { node, id, eni }: NodeInstance,
  subnets: ReadonlyMap<string, SubnetView>,
  limit: number,
): HostInterface | string {
  const view = subnets.get(eni.subnetId);
  if (view === undefined || !view.ok) return view?.reason ?? `EC2 does not know subnet ${eni.subnetId}`;
  const seen = view.interfaces.get(eni.id);
  if (seen?.primary === undefined) return `EC2 shows no primary address of instance ${id}`;
  return {
    node,
    interfaceId: eni.id,
    subnetId: eni.subnetId,
    subnet: view.subnet.cidr,
    primary: seen.primary,
    secondary: seen.secondary,
    slots: Math.max(0, limit - 1 - seen.prefixes.length),
  };
}

type InUse = Pick<Inventory, 'holders' | 'kept' | 'subnets' | 'reservations'>;

function whatIsInUse(read: readonly FullSubnet[]): InUse {
  const holders = new Map<IPv4, string>();
  const kept: Range[] = [];
  const subnets: Cidr[] = [];
  const reservations: Cidr[] = [];
  for (const { subnet, interfaces, reservations: explicit } of read) {
    const { cidr } = subnet;
    subnets.push(cidr);
    reservations.push(...explicit);
    kept.push({ first: cidr.first, last: toIPv4(cidr.first + 3) }, { first: cidr.last, last: cidr.last });
    for (const eni of byId(interfaces)) {
      if (eni.primary !== undefined) holders.set(eni.primary, eni.id);
      for (const ip of eni.secondary) holders.set(ip, eni.id);
      kept.push(...eni.prefixes.map(({ first, last }) => ({ first, last })));
    }
  }
  return { holders, kept, subnets, reservations };
}

function byId(interfaces: ReadonlyMap<string, NetworkInterface>): NetworkInterface[] {
  return [...interfaces.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

type Attempt<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: CloudError };

async function attempt<T>(call: Promise<T>): Promise<Attempt<T>> {
  try {
    return { ok: true, value: await call };
  } catch (error) {
    if (!isCloudError(error)) throw error;
    return { ok: false, error };
  }
}
