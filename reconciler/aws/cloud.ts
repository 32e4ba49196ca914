// EC2 as the reconciler's loop sees it: the latest inventory, with this process's own writes in it, and the two writes.
// It never waits for a turn to write: what may not be sent now comes back as delayed, and the next plan, which knows more,
// asks again. Only device-0 interfaces of this cluster's nodes are ever written to.
import type { HostInterface, Inventory } from '../../shared/inventory.ts';
import { type Cidr, contains, formatCidr, formatIPv4, type IPv4 } from '../../shared/ip.ts';
import type { Lane } from '../../shared/plan/actions.ts';
import { type Outcome, sendInBatches } from './batches.ts';
import type { AssignOptions, Ec2Action } from './ec2.ts';
import { CloudError, isCloudError } from './errors.ts';
import { readInventory } from './inventory.ts';
import { NodeInstances, type NodeRef } from './node-instances.ts';
import { OwnWrites } from './own-writes.ts';
import { type Calling, inChunks, observed, pacedReads } from './paced-reads.ts';
import { Turns } from './turns.ts';
import { TypeLimits } from './type-limits.ts';

export interface CloudOptions extends Calling {
  /** Asked right before each write is sent: may a write start that can be on its way for CALL_TIMEOUT_MS? */
  readonly mayWrite: () => boolean;
}

/** What a write without an answer may still do, it does within this time from when it was sent. */
export const SETTLING_MS = 30_000;

export interface WriteOptions {
  readonly lane: Lane;
}

/** Where addresses were at one moment. An address in neither part is on no interface. */
export interface Whereabouts {
  /** The interface that has it, ours or not. */
  readonly holders: ReadonlyMap<IPv4, string>;
  /** In no subnet that was ever read: nobody knows. */
  readonly unknown: readonly IPv4[];
}

export class Cloud {
  readonly #options: CloudOptions;
  readonly #memory = { instances: new NodeInstances(), typeLimits: new TypeLimits() };
  readonly #writes = new OwnWrites();
  readonly #unsettled = new Map<IPv4, number>();
  readonly #turns: Turns;
  /** Every subnet that was ever read: one that has lost its last node is still looked at. */
  readonly #subnets = new Map<string, Cidr>();
  #described: Inventory | undefined;
  /** `#described`, with the own writes in it; undefined after a change. */
  #view: Inventory | undefined;
  #nodes: readonly NodeRef[] = [];
  #running: Promise<Inventory> | undefined;
  #queued: Promise<Inventory> | undefined;

  constructor(options: CloudOptions) {
    this.#options = options;
    this.#turns = new Turns(options);
  }

  /** The latest inventory, own writes included; undefined before the first one. */
  get inventory(): Inventory | undefined {
    if (this.#described !== undefined) this.#view ??= this.#writes.over(this.#described);
    return this.#view;
  }

  /**
   * Addresses whose last write had no answer, with the monotonic time from which EC2 can be asked how it ended. They
   * leave the map once an inventory of their subnet was described after that; until then nobody knows where they are.
   */
  get unsettled(): ReadonlyMap<IPv4, number> {
    return this.#unsettled;
  }

  /** Calls without an answer stay unsettled: whoever leads, they may still take effect. */
  startAfresh(): void {
    this.#writes.forgetAll();
    this.#memory.instances.forgetAll();
    this.#described = undefined;
    this.#view = undefined;
  }

  /**
   * Reads EC2 anew; every address in the answer was described after this call. One read at a time: calls made during one
   * share the next. What cannot be read is unknown in the inventory; it rejects on bugs only, and when the signal ends its
   * waiting.
   */
  refresh(nodes: readonly NodeRef[]): Promise<Inventory> {
    this.#nodes = nodes;
    this.#queued ??= this.#readAfter(this.#running);
    return this.#queued;
  }

  /** Where the addresses are now, by a describe made for this call. Rejects with CloudError. */
  async locate(ips: readonly IPv4[], { lane }: WriteOptions): Promise<Whereabouts> {
    const reads = pacedReads(this.#options, lane);
    const sentAt = this.#options.clock.now();
    const subnets = [...this.#subnets].filter(([, subnet]) => ips.some((ip) => contains(subnet, ip)));
    const wanted = new Set(ips.filter((ip) => subnets.some(([, subnet]) => contains(subnet, ip))));
    const subnetIds = subnets.map(([id]) => id).sort();
    const answers = await Promise.all(
      inChunks([...wanted]).map((having) => reads.interfaces({ subnetIds, having })),
    );
    const holders = new Map<IPv4, string>();
    for (const eni of answers.flat()) {
      for (const ip of eni.primary === undefined ? eni.secondary : [eni.primary, ...eni.secondary]) {
        if (wanted.has(ip)) holders.set(ip, eni.id);
      }
    }
    const unknown = [...new Set(ips)].filter((ip) => !wanted.has(ip));
    return { holders: this.#writes.overHolders(holders, wanted, sentAt), unknown };
  }

  /** Puts the addresses on the interface. Throws, before any call, if it is not a host of the latest inventory. */
  async assign(
    interfaceId: string,
    ips: readonly IPv4[],
    options: AssignOptions & WriteOptions,
  ): Promise<Outcome> {
    const { ec2 } = this.#options;
    const host = this.#hostOf(interfaceId);
    const inside = unique(ips).filter((ip) => contains(host.subnet, ip));
    const outcome = await sendInBatches(inside, {
      goal: 'present',
      send: (batch) =>
        this.#write('assign', host, batch, options.lane, () => ec2.assign(interfaceId, batch, options)),
      suspects: (batch) => this.#heldElsewhere(host, batch, options.lane),
    });
    const outside = unique(ips).filter((ip) => !contains(host.subnet, ip));
    return { ...outcome, failed: new Map([...outcome.failed, ...outside.map(outsideOf(host))]) };
  }

  /** Takes the addresses off the interface; those that are not there count as done. Throws like `assign`. */
  async unassign(interfaceId: string, ips: readonly IPv4[], options: WriteOptions): Promise<Outcome> {
    const { ec2 } = this.#options;
    const host = this.#hostOf(interfaceId);
    if (ips.includes(host.primary)) {
      throw new Error(`${formatIPv4(host.primary)} is the primary address of ${interfaceId}`);
    }
    const outcome = await sendInBatches(unique(ips), {
      goal: 'absent',
      send: (batch) =>
        this.#write('unassign', host, batch, options.lane, () => ec2.unassign(interfaceId, batch)),
      suspects: async () => [],
    });
    // Also those of which EC2 said that they were not there.
    this.#record('unassign', interfaceId, outcome.done);
    return outcome;
  }

  /** Milliseconds until a delayed write is worth trying again. */
  nextAvailableIn(action: Ec2Action, lane: Lane, calls = 1): number {
    return this.#options.limiter.nextAvailableIn(action, lane, calls);
  }

  async #readAfter(running: Promise<Inventory> | undefined): Promise<Inventory> {
    await Promise.allSettled([running]);
    this.#queued = undefined;
    this.#running = this.#read(this.#nodes);
    return await this.#running;
  }

  async #read(nodes: readonly NodeRef[]): Promise<Inventory> {
    const { clock } = this.#options;
    const reads = pacedReads(this.#options, 'grant');
    const known = this.#subnets.keys();
    const { inventory, subnets } = await readInventory(reads, this.#memory, nodes, known, clock.now());
    for (const [id, cidr] of subnets) this.#subnets.set(id, cidr);
    this.#described = inventory;
    this.#view = undefined;
    this.#turns.forget();
    this.#writes.prune(inventory.observedAt);
    for (const [ip, from] of this.#unsettled) {
      const seen = inventory.subnets.some((subnet) => contains(subnet, ip));
      if (seen && inventory.observedAt >= from) this.#unsettled.delete(ip);
    }
    return this.inventory ?? inventory;
  }

  /** One call, if we still lead and it is our turn. */
  async #write(
    action: 'assign' | 'unassign',
    host: HostInterface,
    ips: readonly IPv4[],
    lane: Lane,
    send: () => Promise<void>,
  ): Promise<'done' | 'delayed'> {
    const { clock, mayWrite } = this.#options;
    if (!mayWrite() || !this.#turns.take(action, lane, host.interfaceId)) return 'delayed';
    const sentAt = clock.now();
    try {
      await observed(this.#options, lane, action, send);
    } catch (error) {
      if (isCloudError(error, 'UnknownOutcome')) this.#doubt(ips, sentAt + SETTLING_MS);
      // It may have another type than we remember.
      if (isCloudError(error, 'InterfaceFull')) this.#memory.instances.forgetOwnerOf(host.interfaceId);
      throw error;
    }
    this.#record(action, host.interfaceId, ips);
    return 'done';
  }

  #record(kind: 'assign' | 'unassign', interfaceId: string, ips: readonly IPv4[]): void {
    this.#writes.record(kind, interfaceId, ips, this.#options.clock.now());
    this.#view = undefined;
  }

  #doubt(ips: readonly IPv4[], until: number): void {
    for (const ip of ips) this.#unsettled.set(ip, until);
    this.#writes.forget(ips);
    this.#view = undefined;
  }

  /** Those of the addresses that another interface shows, for EC2's refusals that do not name the culprit. */
  async #heldElsewhere(host: HostInterface, ips: readonly IPv4[], lane: Lane): Promise<readonly IPv4[]> {
    try {
      const { holders } = await this.locate(ips, { lane });
      return ips.filter((ip) => (holders.get(ip) ?? host.interfaceId) !== host.interfaceId);
    } catch (error) {
      if (isCloudError(error)) return [];
      throw error;
    }
  }

  #hostOf(interfaceId: string): HostInterface {
    for (const host of this.inventory?.hosts.values() ?? []) {
      if (host.interfaceId === interfaceId) return host;
    }
    throw new Error(`${interfaceId} is not the primary interface of a node in the latest inventory`);
  }
}

function unique(ips: readonly IPv4[]): IPv4[] {
  return [...new Set(ips)].sort((a, b) => a - b);
}

/** EC2 would refuse the whole batch for one of these, without telling which. */
function outsideOf(host: HostInterface): (ip: IPv4) => [IPv4, CloudError] {
  return (ip) => {
    const message = `${formatIPv4(ip)} is not in ${formatCidr(host.subnet)}, the subnet of ${host.interfaceId}`;
    return [ip, new CloudError('WrongSubnet', message)];
  };
}
