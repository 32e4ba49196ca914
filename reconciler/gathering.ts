// How long does a call to the cloud wait for company? EC2 counts calls, not addresses, so IPs of one interface that come
// one after the other share a call if the first of them waits. When fewer calls are to be had than interfaces want, the
// last interface waits anyway, and each call that is made too early makes that wait longer.
//
//   calls to be had      a call waits
//   enough for all       a moment from when it was first wanted
//   too few              until nobody is about to join it, nor has joined it for a while; for a bounded time in all
import { type Action, targetOf } from '../shared/plan/actions.ts';

/** A call that may wait. */
export type Call = Extract<Action, { readonly kind: 'assign' | 'reassign' | 'unassign' }>;

const MOMENT = 100;
const WHILE = 1_000;
const LONGEST = 20_000;

interface Wait {
  readonly since: number;
  size: number;
  joinedAt: number;
}

/** Remembers since when each interface's call has been wanted. */
export class Gathering {
  readonly #waits = new Map<string, Wait>();
  /** How many interfaces want a call, or are about to. */
  #demand = { assign: 0, unassign: 0 };
  /** Interfaces for which an IP is being made ready. */
  #coming: ReadonlySet<string> = new Set();

  /** Takes note of a new plan: what it does not want any more is forgotten. */
  planned(actions: readonly Action[]): void {
    const wanted = new Set<string>();
    for (const action of actions) if (isCall(action)) wanted.add(targetOf(action));
    for (const target of this.#waits.keys()) if (!wanted.has(target)) this.#waits.delete(target);
    this.#coming = comingOf(actions);
    const assigns = wantingOf(actions, 'assign');
    this.#demand = {
      assign: new Set([...assigns, ...this.#coming]).size,
      unassign: wantingOf(actions, 'unassign').size,
    };
  }

  /** How many interfaces want such a call, or are about to. */
  demand(call: Call): number {
    return this.#demand[callOf(call)];
  }

  /** Milliseconds that the call still waits at `now`; 0: no longer. */
  waitFor(call: Call, supply: 'enough' | 'too few', now: number): number {
    const target = targetOf(call);
    const size = call.ips.length;
    let wait = this.#waits.get(target);
    if (wait === undefined) {
      wait = { since: now, size, joinedAt: now };
      this.#waits.set(target, wait);
    }
    if (size > wait.size) wait.joinedAt = now;
    wait.size = size;
    if (supply === 'enough') return Math.max(0, wait.since + MOMENT - now);
    if (call.kind !== 'unassign' && this.#coming.has(call.interfaceId)) wait.joinedAt = now;
    return Math.max(0, Math.min(wait.joinedAt + WHILE, wait.since + LONGEST) - now);
  }

  /** The call is made. */
  made(call: Call): void {
    this.#waits.delete(targetOf(call));
  }
}

/** What EC2 counts apart. */
export function callOf(call: Call): 'assign' | 'unassign' {
  return call.kind === 'unassign' ? 'unassign' : 'assign';
}

export function isCall(action: Action): action is Call {
  return action.kind === 'assign' || action.kind === 'reassign' || action.kind === 'unassign';
}

function wantingOf(actions: readonly Action[], what: 'assign' | 'unassign'): ReadonlySet<string> {
  const interfaces = new Set<string>();
  for (const action of actions) {
    if (isCall(action) && callOf(action) === what) interfaces.add(action.interfaceId);
  }
  return interfaces;
}

/** What is bound or written down to an interface will want to be assigned to it. */
function comingOf(actions: readonly Action[]): ReadonlySet<string> {
  const interfaces = new Set<string>();
  for (const action of actions) {
    const isReadied = action.kind === 'bind' || action.kind === 'record';
    if (isReadied && action.interfaceId !== undefined) interfaces.add(action.interfaceId);
  }
  return interfaces;
}
