// Reads whole lists from EC2: page by page, each page when the token bucket allows it, again when EC2 refused for being
// asked too often or gave no answer. Reading twice does no harm, so this is the one place that retries by itself.
import type { Cidr } from '../../shared/ip.ts';
import type { Lane } from '../../shared/plan/actions.ts';
import { type Clock, sleep } from '../../shared/process/clock.ts';
import {
  type Ec2,
  type Ec2Action,
  type Instance,
  type InterfaceQuery,
  MAX_FILTER_VALUES,
  type NetworkInterface,
  type Page,
  type Subnet,
  type TypeLimit,
} from './ec2.ts';
import { isCloudError, toCloudError } from './errors.ts';
import type { Limiter } from './limiter.ts';
import type { CallObserver } from './metrics.ts';

/** Whole lists. Rejects with CloudError and nothing else. */
export interface Reads {
  /** At most MAX_FILTER_VALUES ids, as for the others. */
  instances(ids: readonly string[]): Promise<Instance[]>;
  subnets(ids: readonly string[]): Promise<Subnet[]>;
  interfaces(query: InterfaceQuery): Promise<NetworkInterface[]>;
  typeLimits(types: readonly string[]): Promise<TypeLimit[]>;
  reservations(subnetId: string): Promise<Cidr[]>;
}

/** What making calls takes. */
export interface Calling {
  readonly ec2: Ec2;
  readonly limiter: Limiter;
  readonly observer: CallObserver;
  readonly clock: Clock;
  /** Ends all waiting: reads that wait then reject with its reason. */
  readonly signal: AbortSignal;
}

const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 250;

export function pacedReads(calling: Calling, lane: Lane): Reads {
  const { ec2 } = calling;
  return {
    instances: (ids) => all(calling, lane, 'instances', (next) => ec2.instances(ids, next)),
    subnets: (ids) => all(calling, lane, 'subnets', (next) => ec2.subnets(ids, next)),
    interfaces: (query) => all(calling, lane, 'interfaces', (next) => ec2.interfaces(query, next)),
    typeLimits: (types) => all(calling, lane, 'typeLimits', (next) => ec2.typeLimits(types, next)),
    reservations: (subnetId) =>
      all(calling, lane, 'reservations', (next) => ec2.reservations(subnetId, next)),
  };
}

/** Lists of at most as many values as one filter takes. */
export function inChunks<T>(values: readonly T[]): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < values.length; at += MAX_FILTER_VALUES) {
    chunks.push(values.slice(at, at + MAX_FILTER_VALUES));
  }
  return chunks;
}

async function all<T>(
  calling: Calling,
  lane: Lane,
  action: Ec2Action,
  fetch: (next: string | undefined) => Promise<Page<T>>,
): Promise<T[]> {
  const items: T[] = [];
  let next: string | undefined;
  do {
    const token = next;
    const page = await persistently(calling, lane, action, () => fetch(token));
    items.push(...page.items);
    next = page.next;
  } while (next !== undefined);
  return items;
}

/** Tries a few times, with pauses that double. */
async function persistently<T>(
  calling: Calling,
  lane: Lane,
  action: Ec2Action,
  send: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await inTurn(calling, lane, action, send);
    } catch (error) {
      const passing = isCloudError(error, 'Throttled', 'UnknownOutcome', 'Unreachable');
      if (!passing || attempt >= ATTEMPTS) throw error;
      await pause(calling, FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }
}

async function inTurn<T>(
  calling: Calling,
  lane: Lane,
  action: Ec2Action,
  send: () => Promise<T>,
): Promise<T> {
  const { limiter, observer, clock } = calling;
  if (!limiter.tryTake(action, lane)) {
    const wantedAt = clock.now();
    do await pause(calling, Math.max(1, limiter.nextAvailableIn(action, lane)));
    while (!limiter.tryTake(action, lane));
    observer.delayed(action, lane, clock.now() - wantedAt);
  }
  return await observed(calling, lane, action, send);
}

async function pause({ clock, signal }: Calling, milliseconds: number): Promise<void> {
  await sleep(clock, milliseconds, signal);
  signal.throwIfAborted();
}

/** Makes one call and reports how it ended, to the limiter, too. */
export async function observed<T>(
  calling: Calling,
  lane: Lane,
  action: Ec2Action,
  send: () => Promise<T>,
): Promise<T> {
  const { limiter, observer, clock } = calling;
  const sentAt = clock.now();
  try {
    const result = await send();
    observer.called(action, 'Done', clock.now() - sentAt);
    return result;
  } catch (thrown) {
    const error = toCloudError(action, thrown);
    observer.called(action, error.code, clock.now() - sentAt);
    if (error.code === 'Throttled') limiter.throttled(action, lane, sentAt);
    throw error;
  }
}
