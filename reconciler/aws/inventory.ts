// One look at EC2: which interface each node has, what it carries and could carry, and what else is in use around it.
// Each part that cannot be read makes its own scope unknown (a chunk of nodes, a subnet, an instance type) and no other.
//
//   nodes -> their instances -> their primary interfaces -> those interfaces' subnets -> every interface in these
import type { HostInterface, Inventory } from '../../shared/inventory.ts';
import { type Cidr, type IPv4, type Range, toIPv4 } from '../../shared/ip.ts';
import type { Instance, NetworkInterface, PrimaryInterface, Subnet } from './ec2.ts';
import { type CloudError, isCloudError } from './errors.ts';
import { inChunks, type Reads } from './paced-reads.ts';
import type { TypeLimits } from './type-limits.ts';

/** A node of this cluster. */
export interface NodeRef {
  readonly name: string;
  /** `aws:///eu-central-1a/i-0123…`, or undefined while the cloud provider has not set it. */
  readonly providerID: string | undefined;
}

/** An inventory, and the subnets it was read from by ID. */
export interface InventoryRead {
  readonly inventory: Inventory;
  readonly subnets: ReadonlyMap<string, Cidr>;
}

/**
 * Reads the inventory of `nodes` and, besides their own subnets, of `formerSubnets`: where a zone has lost its last node,
 * what is in use there still counts. Makes no call when there is nothing to ask for. A node whose instance is shutting down
 * or terminated is in neither `hosts` nor `unknownNodes`: it is known to host nothing. Rejects on bugs only.
 */
export async function readInventory(
  reads: Reads,
  typeLimits: TypeLimits,
  nodes: readonly NodeRef[],
  formerSubnets: Iterable<string>,
  now: number,
): Promise<InventoryRead> {
  const unknownNodes = new Map<string, string>();
  const found = await findInstances(reads, nodes, unknownNodes);
  const subnetIds = [...new Set([...formerSubnets, ...found.map(({ eni }) => eni.subnetId)])].sort();
  const types = new Set(found.map(({ instance }) => instance.type));
  const [subnets, { limits, failure }] = await Promise.all([
    readSubnets(reads, subnetIds),
    typeLimits.of(reads, types, now),
  ]);
  const hosts = new Map<string, HostInterface>();
  for (const one of found) {
    const limit = limits.get(one.instance.type);
    const host =
      limit === undefined
        ? (failure?.message ?? `EC2 does not tell the address limit of instance type ${one.instance.type}`)
        : toHost(one, subnets, limit);
    if (typeof host === 'string') unknownNodes.set(one.node, host);
    else hosts.set(one.node, host);
  }
  const read = [...subnets.values()].filter((view) => view.ok);
  const inventory = { hosts, unknownNodes, ...whatIsInUse(read), observedAt: now };
  return { inventory, subnets: new Map(read.map(({ subnet }) => [subnet.id, subnet.cidr])) };
}

interface Found {
  readonly node: string;
  readonly instance: Instance;
  readonly eni: PrimaryInterface;
}

/** The present instances of the nodes; fills in why others could not be found. */
async function findInstances(
  reads: Reads,
  nodes: readonly NodeRef[],
  unknownNodes: Map<string, string>,
): Promise<Found[]> {
  const nodeOf = new Map<string, string>();
  for (const { name, providerID } of nodes) {
    const id = instanceIdOf(providerID);
    if (id === undefined) unknownNodes.set(name, `providerID "${providerID ?? ''}" names no EC2 instance`);
    else if (nodeOf.has(id)) unknownNodes.set(name, `node "${nodeOf.get(id)}" has the same providerID`);
    else nodeOf.set(id, name);
  }
  const chunks = inChunks([...nodeOf.keys()].sort());
  const answers = await Promise.all(chunks.map((ids) => attempt(reads.instances(ids))));
  const instances = new Map<string, Instance>();
  for (const answer of answers) if (answer.ok) for (const one of answer.value) instances.set(one.id, one);
  const found: Found[] = [];
  for (const [at, ids] of chunks.entries()) {
    const answer = answers[at];
    for (const id of ids) {
      const node = nodeOf.get(id) ?? '';
      const instance = instances.get(id);
      if (answer?.ok === false) unknownNodes.set(node, answer.error.message);
      else if (instance === undefined) unknownNodes.set(node, `EC2 does not know instance ${id}`);
      else if (instance.state === 'gone') continue;
      else if (instance.primaryInterface === undefined)
        unknownNodes.set(node, `EC2 shows no primary interface of instance ${id}`);
      else found.push({ node, instance, eni: instance.primaryInterface });
    }
  }
  return found.sort((a, b) => (a.node < b.node ? -1 : 1));
}

/** The instance's ID at the end of `aws:///zone/i-…`. */
function instanceIdOf(providerID: string | undefined): string | undefined {
  return /^aws:\/\/.*\/(i-[0-9a-f]+)$/.exec(providerID ?? '')?.[1];
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

function toHost(
  { node, instance, eni }: Found,
  subnets: ReadonlyMap<string, SubnetView>,
  limit: number,
): HostInterface | string {
  const view = subnets.get(eni.subnetId);
  if (view === undefined || !view.ok) return view?.reason ?? `EC2 does not know subnet ${eni.subnetId}`;
  const seen = view.interfaces.get(eni.id);
  if (seen?.primary === undefined) return `EC2 shows no primary address of instance ${instance.id}`;
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
