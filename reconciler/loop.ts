// The heart beat: observe, plan, start what may start, and again whenever something changed. It owns three promises:
// one action per IP and per object at a time; the rest of an old plan is dropped when a new one is made; and no write
// starts that could end after our lease.
import { formatIPv4, type IPv4 } from '../shared/ip.ts';
import { isApiError } from '../shared/kube/client.ts';
import { type Action, destinationOf, ipsOf, targetOf } from '../shared/plan/actions.ts';
import { type Plan, plan } from '../shared/plan/plan.ts';
import type { World } from '../shared/plan/world.ts';
import type { Clock } from '../shared/process/clock.ts';
import type { Cloud } from './cloud.ts';
import type { Outcome } from './execute.ts';
import { type Call, callOf, Gathering, isCall } from './gathering.ts';
import { Stale } from './stale.ts';

export interface LoopOptions {
  /** `promised`: the nodes that actions under way put IPs on. */
  readonly observe: (busy: ReadonlySet<IPv4>, promised: ReadonlyMap<IPv4, string>) => World;
  readonly execute: (action: Action) => Promise<Outcome>;
  readonly cloud: Cloud | undefined;
  /** Whether a write that ends within so many milliseconds ends while we lead. */
  readonly covers: (deadline: number) => boolean;
  /** Milliseconds that one request, or one call to the cloud, may take at most. */
  readonly requestTimeout: number;
  readonly callTimeout: number;
  /** Milliseconds for which the API server may still carry out a request that nobody waits for any more. */
  readonly apiServerTimeout: number;
  readonly concurrency: number;
  readonly clock: Clock;
  /** Sees every plan; for status, events and metrics. */
  readonly onPlan: (plan: Plan, world: World) => void;
  readonly onAction: (action: Action, result: ActionResult, error: unknown) => void;
}

/** `stale`: the world was not as planned on; `delayed`: not all of it was sent, as it was not our turn. */
export type ActionResult = 'done' | 'stale' | 'failed' | 'unknown' | 'delayed';

interface Failure {
  readonly count: number;
  readonly notBefore: number;
}

const BACKOFF = { first: 250, most: 30_000 };
/** A pass may take half of the time at most: the next one starts no sooner than this many times its length later. */
const REST_AFTER_PASS = 1;
const LEAST_PAUSE = 5;
const LONGEST_PAUSE = 3_600_000;
/** How long to wait for the next renewal when the lease is too short for a write. */
const LEASE_PAUSE = 500;

export class Loop {
  readonly #options: LoopOptions;
  readonly #busyTargets = new Set<string>();
  readonly #busyIPs = new Set<IPv4>();
  readonly #promised = new Map<IPv4, string>();
  readonly #gathering = new Gathering();
  readonly #failures = new Map<string, Failure>();
  /** IPs of Kubernetes writes without an answer: until when these may still take effect. */
  readonly #unanswered = new Map<IPv4, number>();
  readonly #running = new Set<Promise<void>>();
  #queue: Action[] = [];
  #cancel: (() => void) | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #earliest = 0;
  #stopped = false;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  /** Asks for a pass soon; many calls make one pass. */
  trigger(): void {
    this.#schedule(LEAST_PAUSE);
  }

  /** Starts nothing more and resolves when everything under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    this.#queue = [];
    await Promise.all(this.#running);
  }

  /** IPs that no plan may touch: an action is under way, or its outcome is not known yet. */
  get busy(): ReadonlySet<IPv4> {
    return new Set([...this.#busyIPs, ...(this.#options.cloud?.unsettled.keys() ?? [])]);
  }

  /** Milliseconds by which the next pass is late; 0 when none is due. */
  overdue(): number {
    return Math.max(0, this.#options.clock.now() - this.#dueAt);
  }

  #schedule(delay: number): void {
    if (this.#stopped) return;
    // Timers of the runtime end at 24 days; looking once an hour costs nothing.
    const at = Math.max(this.#options.clock.now() + Math.min(delay, LONGEST_PAUSE), this.#earliest);
    if (at >= this.#dueAt) return;
    this.#dueAt = at;
    this.#cancel?.();
    this.#cancel = this.#options.clock.after(Math.max(0, at - this.#options.clock.now()), () => this.#pass());
  }

  #pass(): void {
    const { clock, observe, onPlan } = this.#options;
    this.#dueAt = Number.POSITIVE_INFINITY;
    const started = clock.now();
    const world = observe(this.busy, this.#promised);
    const made = plan(world);
    this.#queue = [...made.actions];
    this.#gathering.planned(made.actions);
    onPlan(made, world);
    this.#earliest = clock.now() + (clock.now() - started) * REST_AFTER_PASS;
    this.#startWhatMay();
    if (made.wakeIn !== undefined) this.#schedule(made.wakeIn + 1);
  }

  /**
   * An IP must not come to rest, or be forgotten, while a write that nobody has answered could still put it somewhere.
   * Everything else may go on: its own write either finds the object changed or keeps the late one from applying.
   */
  #mayStillAppear(action: Action): boolean {
    if (action.kind !== 'rest' && action.kind !== 'delete') return false;
    const until = this.#unanswered.get(action.ip);
    if (until === undefined) return false;
    const left = until - this.#options.clock.now();
    if (left > 0) this.#schedule(left);
    else this.#unanswered.delete(action.ip);
    return left > 0;
  }

  /** Starts what may start now, in the plan's order; what has to wait stays in the queue until the next plan. */
  #startWhatMay(): void {
    const waiting: Action[] = [];
    for (const action of this.#queue) {
      if (this.#running.size >= this.#options.concurrency) {
        waiting.push(action);
        continue;
      }
      if (this.#isBlocked(action) || this.#mayStillAppear(action)) continue;
      const due = this.#withoutFailures(action);
      if (due === undefined) continue;
      const wait = this.#waitFor(due);
      if (wait > 0) this.#schedule(wait);
      else this.#start(due);
    }
    this.#queue = waiting;
  }

  #isBlocked(action: Action): boolean {
    return this.#busyTargets.has(targetOf(action)) || ipsOf(action).some((ip) => this.#busyIPs.has(ip));
  }

  /** What of the action does not wait after a failure: one address that EC2 refuses holds up no other. */
  #withoutFailures(action: Action): Action | undefined {
    if (this.#failures.size === 0) return action;
    const now = this.#options.clock.now();
    const waits = new Map(
      keysOf(action).map((key) => [key, (this.#failures.get(key)?.notBefore ?? 0) - now]),
    );
    const longest = Math.max(...waits.values());
    if (longest <= 0) return action;
    this.#schedule(Math.min(...[...waits.values()].filter((wait) => wait > 0)));
    return isCall(action) ? onlyFor(action, (ip) => (waits.get(keyFor(action, ip)) ?? 0) <= 0) : undefined;
  }

  /** Milliseconds until the action may start; 0 means now. */
  #waitFor(action: Action): number {
    const { covers, cloud, requestTimeout, callTimeout } = this.#options;
    if (!covers(isCall(action) ? callTimeout : requestTimeout)) return LEASE_PAUSE;
    if (cloud === undefined || !isCall(action)) return 0;
    const gathering = this.#gathersFor(action, cloud);
    if (gathering > 0) return gathering;
    return cloud.nextAvailableIn(callOf(action), action.lane);
  }

  /** Grants and clean-ups wait for others of the same interface, which then share the call; failovers never. */
  #gathersFor(call: Call, cloud: Cloud): number {
    if (call.lane === 'failover') return 0;
    const wanted = this.#gathering.demand(call);
    const supply = cloud.nextAvailableIn(callOf(call), call.lane, wanted) === 0 ? 'enough' : 'too few';
    return this.#gathering.waitFor(call, supply, this.#options.clock.now());
  }

  #start(action: Action): void {
    const target = targetOf(action);
    this.#busyTargets.add(target);
    if (isCall(action)) this.#gathering.made(action);
    const destination = destinationOf(action);
    for (const ip of ipsOf(action)) {
      this.#busyIPs.add(ip);
      if (destination !== undefined) this.#promised.set(ip, destination);
    }
    const run = this.#run(action).finally(() => {
      this.#busyTargets.delete(target);
      for (const ip of ipsOf(action)) {
        this.#busyIPs.delete(ip);
        this.#promised.delete(ip);
      }
      this.#running.delete(run);
      if (this.#stopped) return;
      if (this.#queue.length > 0) this.#startWhatMay();
      this.trigger();
    });
    this.#running.add(run);
  }

  async #run(action: Action): Promise<void> {
    const { onAction, execute } = this.#options;
    try {
      const { unknown, failed, delayed } = await execute(action);
      const failing = new Set([...failed.keys()].map((ip) => keyFor(action, ip)));
      for (const key of keysOf(action)) if (!failing.has(key)) this.#failures.delete(key);
      this.#backOff(failing);
      const [first] = failed.values();
      if (first !== undefined) onAction(action, 'failed', first);
      else if (unknown.length > 0) onAction(action, 'unknown', undefined);
      else onAction(action, delayed.length > 0 ? 'delayed' : 'done', undefined);
    } catch (error) {
      const isStale = error instanceof Stale || isApiError(error, 'conflict', 'notFound');
      this.#backOff(keysOf(action));
      if (isApiError(error, 'unavailable')) this.#holdUnanswered(action);
      onAction(action, isStale ? 'stale' : isApiError(error, 'unavailable') ? 'unknown' : 'failed', error);
    }
  }

  #holdUnanswered(action: Action): void {
    const until = this.#options.clock.now() + this.#options.apiServerTimeout;
    for (const ip of ipsOf(action)) this.#unanswered.set(ip, until);
  }

  #backOff(keys: Iterable<string>): void {
    for (const key of keys) {
      const count = (this.#failures.get(key)?.count ?? 0) + 1;
      const delay = Math.min(BACKOFF.first * 2 ** (count - 1), BACKOFF.most);
      this.#failures.set(key, { count, notBefore: this.#options.clock.now() + delay });
    }
    // Failures of what is planned no more are forgotten some time.
    if (this.#failures.size > 10_000) this.#failures.clear();
  }
}

/** What fails together waits together: one kind of action on one object, and in a call to the cloud each IP by itself. */
function keysOf(action: Action): string[] {
  return isCall(action) ? action.ips.map((ip) => keyFor(action, ip)) : [`${action.kind} ${targetOf(action)}`];
}

function keyFor(action: Action, ip: IPv4): string {
  return `${action.kind} ${targetOf(action)} ${formatIPv4(ip)}`;
}

/** The call for some of its IPs; undefined for none. */
function onlyFor(action: Call, wanted: (ip: IPv4) => boolean): Call | undefined {
  const ips = action.ips.filter(wanted);
  if (ips.length === 0) return undefined;
  if (action.kind !== 'unassign') return { ...action, ips };
  return { ...action, ips, checks: action.checks.filter(({ ip }) => wanted(ip)) };
}
