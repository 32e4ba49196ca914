// What goes wrong on demand: slow answers, refusals, connections that break or fall silent, before a request has taken
// effect or after. Only requests over HTTPS meet these faults; the in-process client never does.
import type { ApiRequest } from './dispatch.ts';
import { type ResourceRoute, resourceRoute } from './route.ts';
import { conflict, internalError, serviceUnavailable, tooManyRequests } from './status.ts';

/** Which requests; what is left out matches any. Requests outside resources (discovery) match no `resource`. */
export interface FaultScope {
  readonly verb?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly name?: string;
  readonly user?: string;
}

export type FaultEffect =
  | { readonly kind: 'latency'; readonly milliseconds: number }
  | { readonly kind: 'refuse'; readonly code: 409 | 429 | 500 | 503; readonly retryAfterSeconds?: number }
  /** The connection is cut, before the request takes effect or instead of the answer. */
  | { readonly kind: 'drop'; readonly when: 'before' | 'after' }
  /** Nothing is ever answered and the connection stays. */
  | { readonly kind: 'silence'; readonly when: 'before' | 'after' };

export interface Fault {
  readonly on: FaultScope;
  readonly effect: FaultEffect;
  /** How many requests it hits; every one when left out. */
  readonly times?: number;
}

export interface Faults {
  /** In force until its times are used up or the returned function is called. */
  add(fault: Fault): () => void;
  clear(): void;
  /** Every older resourceVersion is answered 410, in watches and in `continue`. */
  forgetWatchHistory(): void;
  /** As when the process is replaced: all connections break; older resourceVersions are forgotten. */
  restart(): void;
  /** All connections break, and nothing is forgotten. */
  cutConnections(): void;
  /** Watches that are open now send nothing any more, no bookmark and no end, and stay open. */
  muteWatches(): void;
}

interface ActiveFault extends Fault {
  left: number;
}

export class FaultInjector {
  readonly #active = new Set<ActiveFault>();

  add(fault: Fault): () => void {
    const active = { ...fault, left: fault.times ?? Number.POSITIVE_INFINITY };
    this.#active.add(active);
    return () => this.#active.delete(active);
  }

  clear(): void {
    this.#active.clear();
  }

  /** Delays or refuses the request, or tells how its connection fails. */
  async before(request: ApiRequest): Promise<'drop' | 'silence' | undefined> {
    if (this.#active.size === 0) return undefined;
    const route = resourceRoute(request.method, request.path, request.query);
    for (const fault of this.#active) {
      const { effect } = fault;
      if ((effect.kind === 'drop' || effect.kind === 'silence') && effect.when === 'after') continue;
      if (!this.#hits(fault, request, route)) continue;
      if (effect.kind === 'latency') await delay(effect.milliseconds);
      else if (effect.kind === 'refuse') throw refusalFor(effect, route);
      else return effect.kind;
    }
    return undefined;
  }

  /** What happens to the answer. */
  after(request: ApiRequest): 'drop' | 'silence' | undefined {
    if (this.#active.size === 0) return undefined;
    const route = resourceRoute(request.method, request.path, request.query);
    for (const fault of this.#active) {
      const { effect } = fault;
      const loses = effect.kind === 'drop' || effect.kind === 'silence';
      if (loses && effect.when === 'after' && this.#hits(fault, request, route)) return effect.kind;
    }
    return undefined;
  }

  #hits(fault: ActiveFault, request: ApiRequest, route: ResourceRoute | undefined): boolean {
    const { verb, resource, subresource, name, user } = fault.on;
    const hit =
      matches(user, request.user.name) &&
      matches(verb, route?.verb) &&
      matches(resource, route?.resource) &&
      matches(subresource, route?.subresource) &&
      matches(name, route?.name);
    if (!hit) return false;
    fault.left -= 1;
    if (fault.left <= 0) this.#active.delete(fault);
    return true;
  }
}

function matches(wanted: string | undefined, actual: string | undefined): boolean {
  return wanted === undefined || wanted === actual;
}

function refusalFor(effect: Extract<FaultEffect, { kind: 'refuse' }>, route: ResourceRoute | undefined) {
  const { group = '', resource = '', name = '' } = route ?? {};
  switch (effect.code) {
    case 409:
      return conflict({ group, resource }, name);
    case 429:
      return tooManyRequests(effect.retryAfterSeconds ?? 1);
    case 500:
      return internalError('etcdserver: request timed out');
    case 503:
      return serviceUnavailable('apiserver is shutting down', effect.retryAfterSeconds);
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
