// A describe can lag behind what this process has just written. So its own successful writes are laid over an inventory
// until it is certain that the describe behind it was made late enough to show them.
import type { HostInterface, Inventory } from '../../shared/inventory.ts';
import type { IPv4 } from '../../shared/ip.ts';

/** How long EC2 may take to show a write in describes; longer than anything that was ever reported. */
export const CONSISTENCY_WINDOW_MS = 30_000;

interface Write {
  readonly kind: 'assign' | 'unassign';
  readonly interfaceId: string;
  /** When EC2 had answered, in monotonic milliseconds. */
  readonly at: number;
}

/** The last write to each address. */
export class OwnWrites {
  readonly #writes = new Map<IPv4, Write>();

  /** EC2 confirmed it at `at`. */
  record(kind: Write['kind'], interfaceId: string, ips: readonly IPv4[], at: number): void {
    for (const ip of ips) this.#writes.set(ip, { kind, interfaceId, at });
  }

  /** Nobody knows any more where these are: only a describe tells. */
  forget(ips: readonly IPv4[]): void {
    for (const ip of ips) this.#writes.delete(ip);
  }

  forgetAll(): void {
    this.#writes.clear();
  }

  /** Drops the writes that a describe sent at `observedAt` is certain to show. */
  prune(observedAt: number): void {
    for (const [ip, write] of this.#writes) {
      if (isCertainToShow(write, observedAt)) this.#writes.delete(ip);
    }
  }

  /** Who holds these addresses, when a describe sent at `observedAt` shows `holders`. */
  overHolders(
    holders: ReadonlyMap<IPv4, string>,
    ips: Iterable<IPv4>,
    observedAt: number,
  ): ReadonlyMap<IPv4, string> {
    const result = new Map(holders);
    for (const ip of ips) {
      const write = this.#writes.get(ip);
      if (write !== undefined && !isCertainToShow(write, observedAt)) apply(write, ip, result);
    }
    return result;
  }

  /** The inventory as it is once the recorded writes are visible. */
  over(inventory: Inventory): Inventory {
    const holders = new Map(inventory.holders);
    // Every interface has a primary address. One that is not shown any more went away with its instance.
    const shown = new Set(inventory.holders.values());
    const moved: Moved[] = [];
    for (const [ip, write] of this.#writes) {
      if (isCertainToShow(write, inventory.observedAt) || !shown.has(write.interfaceId)) continue;
      const from = holders.get(ip);
      apply(write, ip, holders);
      const to = holders.get(ip);
      if (from !== to) moved.push({ ip, from, to });
    }
    return moved.length === 0
      ? inventory
      : { ...inventory, holders, hosts: withMoves(inventory.hosts, moved) };
  }
}

function isCertainToShow(write: Write, observedAt: number): boolean {
  return write.at + CONSISTENCY_WINDOW_MS <= observedAt;
}

function apply(write: Write, ip: IPv4, holders: Map<IPv4, string>): void {
  if (write.kind === 'assign') holders.set(ip, write.interfaceId);
  // Taken off one interface it may be on another by now.
  else if (holders.get(ip) === write.interfaceId) holders.delete(ip);
}

/** Interfaces, or undefined for none. */
interface Moved {
  readonly ip: IPv4;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

function withMoves(
  hosts: ReadonlyMap<string, HostInterface>,
  moved: readonly Moved[],
): ReadonlyMap<string, HostInterface> {
  const leaving = Map.groupBy(moved, ({ from }) => from);
  const arriving = Map.groupBy(moved, ({ to }) => to);
  const result = new Map(hosts);
  for (const [node, host] of hosts) {
    const left = leaving.get(host.interfaceId) ?? [];
    const arrived = arriving.get(host.interfaceId) ?? [];
    if (left.length === 0 && arrived.length === 0) continue;
    const secondary = new Set(host.secondary);
    for (const { ip } of left) secondary.delete(ip);
    for (const { ip } of arrived) secondary.add(ip);
    result.set(node, { ...host, secondary: [...secondary].sort((a, b) => a - b) });
  }
  return result;
}
