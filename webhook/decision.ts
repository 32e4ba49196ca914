// What can come out of judging a namespace request, and what judging needs to know. Values only: namespace.ts decides,
// admit.ts carries out.
import type { AddressSet } from '../shared/address-set.ts';
import type { Allocation } from '../shared/allocation.ts';
import type { IPByPool } from '../shared/annotation.ts';
import type { EgressIPAM, Pool } from '../shared/egressipam.ts';
import type { Surroundings } from '../shared/explicit.ts';
import type { IPv4 } from '../shared/ip.ts';
import type { NamespaceObject } from '../shared/kinds.ts';
import type { Problem } from '../shared/problem.ts';
import type { PatchOperation } from './patch.ts';
import type { Operation } from './review.ts';

/** A namespace before and after. */
export interface NamespaceRequest {
  readonly operation: Operation;
  /** undefined when it is deleted. */
  readonly object: NamespaceObject | undefined;
  readonly oldObject: NamespaceObject | undefined;
  /** Empty when the API server will make one up. */
  readonly name: string;
}

export type Decision =
  | {
      readonly kind: 'allow';
      readonly patch: readonly PatchOperation[];
      readonly warnings: readonly string[];
    }
  | Deny
  | { readonly kind: 'allocate'; readonly plan: Plan; readonly warnings: readonly string[] }
  /** The cache does not know this EgressIPAM: it must be read before it is called unknown, which `otherwise` does. */
  | { readonly kind: 'read'; readonly egressIPAM: string; readonly otherwise: Deny }
  /** It may be a matter of seconds: decide again when something changed, or deny when the time is up. */
  | { readonly kind: 'wait'; readonly otherwise: Deny };

export interface Deny {
  readonly kind: 'deny';
  /** 422: the request is impossible as it is; 503: it cannot be judged now. */
  readonly code: 422 | 503;
  readonly problems: readonly Problem[];
  readonly retryAfterSeconds?: number;
}

/** What to claim, and what the annotation says when everything was claimed. */
export interface Plan {
  readonly request: NamespaceRequest & { readonly object: NamespaceObject };
  readonly egressIPAM: EgressIPAM;
  /** Listed already, nothing to claim. */
  readonly kept: IPByPool;
  readonly wanted: readonly Wanted[];
  /** Pools in which it needs a host slot more than it has. */
  readonly growing: ReadonlySet<Pool>;
}

/** One IP to claim. `own` is what is allocated to this namespace in the pool already, in the order to try. */
export type Wanted =
  | { readonly kind: 'explicit'; readonly pool: Pool; readonly ip: IPv4; readonly own: readonly IPv4[] }
  | { readonly kind: 'search'; readonly pool: Pool; readonly own: readonly IPv4[] };

/** What is known of the cloud of an EgressIPAM. */
export type CloudView =
  | { readonly kind: 'known'; readonly warnings: readonly string[] }
  /** Not looked at yet, or not since the last change: wait. */
  | { readonly kind: 'unobserved'; readonly why: string }
  /** Too old: refuse until it is newer. */
  | { readonly kind: 'old'; readonly why: string }
  /** Not to be told, and that does not change by waiting: refuse. */
  | { readonly kind: 'untold'; readonly why: string };

/** How full a pool is. */
export interface PoolCounts {
  /** Allocations that are not resting. */
  readonly allocated: number;
  readonly resting: number;
  /** Usable addresses that somebody has without an allocation: on a NetNamespace, a HostSubnet, a list. */
  readonly foreign: number;
  /** When the next resting address comes free, RFC 3339; undefined when none is known to. */
  readonly nextFreeAt: string | undefined;
}

/** What a decision is made on, all of it in memory. */
export interface NamespaceView extends Surroundings {
  /** Why nothing can be decided on it now; undefined while every cache is in sync and in touch with the API server. */
  outOfTouch(): string | undefined;
  /** A valid EgressIPAM. */
  egressIPAM(name: string): EgressIPAM | undefined;
  /** Why a stored EgressIPAM is invalid; undefined when it is valid or not known. */
  invalid(name: string): readonly Problem[] | undefined;
  /** Whether a stored EgressIPAM, valid or not, is being deleted with everything released. */
  isDraining(name: string): boolean;
  names(): readonly string[];
  cloud(egressIPAM: EgressIPAM): CloudView;
  /** Addresses that somebody holds. */
  readonly taken: AddressSet;
  /** What is allocated to the namespace in the pool and not being deleted, in any phase, the likeliest to be in use first. */
  ownAllocations(namespace: string, pool: Pool): readonly Allocation[];
  /** As last published, and what was claimed since. */
  hostSlots(
    egressIPAM: EgressIPAM,
    pool: Pool,
  ): { readonly free: number | undefined; readonly claimedSince: number };
  counts(egressIPAM: EgressIPAM, pool: Pool): PoolCounts;
  /** How many of its addresses are allocated and not resting. */
  allocated(pool: Pool): number;
}

/** How long to wait, in seconds, before what cannot be judged now is asked for again. */
export const RETRY_AFTER = 5;

/** Cannot be judged now; kubectl waits and asks again by itself. */
export function later(code: string, message: string): Deny {
  return { kind: 'deny', code: 503, problems: [{ code, path: '', message }], retryAfterSeconds: RETRY_AFTER };
}

/** Impossible as it is. */
export function impossible(...problems: readonly Problem[]): Deny {
  return { kind: 'deny', code: 422, problems };
}
