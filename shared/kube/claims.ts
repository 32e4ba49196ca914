// How does an IP become a namespace's own? By creating the object that is named after it: the API server lets one
// creator win, across replicas, crashes and stale caches. What is there already is taken back when it is for the same
// namespace, and left alone otherwise. Nothing is ever deleted here: a claim that nobody lists is collected by the
// reconciler, which creates claims of its own and never takes one back.
import { randomUUID } from 'node:crypto';
import { type ClaimSpec, claimObject, retakenObject } from '../allocation.ts';
import { formatIPv4, type IPv4 } from '../ip.ts';
import type { AllocationObject } from '../kinds.ts';
import { EXPLICIT_ANNOTATION } from '../names.ts';
import { ApiError, isApiError, type KubeClient } from './client.ts';
import { ALLOCATIONS } from './resources.ts';

/** One IP of one CIDR that a namespace is to get. */
export interface ClaimTask {
  readonly egressIPAM: string;
  readonly cidr: string;
  /** Empty for a namespace that has no name yet; such a claim is never retaken. */
  readonly namespace: string;
  /** `explicit`: the user named the IP, which is the only candidate. */
  readonly origin: ClaimSpec['origin'];
  /** What the caches show as allocated to this namespace already; tried first. */
  readonly own: readonly IPv4[];
  /** Free addresses, in the order in which they are to be tried. Read lazily, at most once. */
  readonly candidates: Iterable<IPv4>;
}

/** How claims are carried out for one request. */
export interface ClaimTerms {
  /** `dryRun` reads and never writes: what would be claimed. */
  readonly mode: 'claim' | 'dryRun';
  /** On the clock of the ports; nothing is started after it. */
  readonly deadline: number;
}

export type ClaimOutcome =
  | { readonly kind: 'claimed'; readonly ip: IPv4; readonly how: 'created' | 'retaken' | 'dryRun' }
  /** Every candidate is held; `last` is the one that was tried last, none when there was no candidate at all. */
  | { readonly kind: 'held'; readonly last: HeldIP | undefined }
  /** There are more candidates, but as many as allowed were found held: not the same as exhausted. */
  | { readonly kind: 'outOfTries'; readonly tries: number }
  /** The API server did not answer, or refused. */
  | { readonly kind: 'failed'; readonly error: ApiError };

/** An IP whose live allocation is somebody else's. */
export interface HeldIP {
  readonly ip: IPv4;
  /** The namespace it is for, empty when that has no name yet. */
  readonly namespace: string;
  readonly deleting: boolean;
}

export interface ClaimPorts {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'replace'>;
  /** A token that was never used before. */
  readonly newToken: () => string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Own writes, and what was read live, go into the caches at once. */
  readonly seen: (allocation: AllocationObject) => void;
  /** Counts candidates that turned out to be held. */
  readonly collided?: () => void;
}

/** Gives out tokens that no other source gives out, nor the same one twice. */
export function tokenSource(): () => string {
  const source = randomUUID();
  let given = 0;
  return () => `${source}-${++given}`;
}

/** How many candidates of one CIDR are tried. */
const MAX_TRIES = 24;
/** How often one candidate that changes under our hands is looked at again. */
const MAX_ROUNDS = 4;

type Attempt =
  | { readonly kind: 'claimed'; readonly how: 'created' | 'retaken' | 'dryRun' }
  | { readonly kind: 'held'; readonly held: HeldIP }
  /** It kept changing. */
  | { readonly kind: 'restless' };

const CREATED: Attempt = { kind: 'claimed', how: 'created' };

export class Claims {
  readonly #ports: ClaimPorts;
  /** Which namespace's claim of an IP is under way in this process, so that others try elsewhere first. */
  readonly #underWay = new Map<IPv4, string>();

  constructor(ports: ClaimPorts) {
    this.#ports = ports;
  }

  /** Several tasks may run side by side; what succeeds stays claimed, whatever becomes of the rest. */
  async one(task: ClaimTask, terms: ClaimTerms): Promise<ClaimOutcome> {
    let tries = 0;
    let last: HeldIP | undefined;
    try {
      for (const ip of this.#inOrder(task)) {
        if (tries >= MAX_TRIES) return { kind: 'outOfTries', tries };
        tries += 1;
        const attempt = await this.#try(ip, task, terms);
        if (attempt.kind === 'claimed') return { kind: 'claimed', ip, how: attempt.how };
        this.#ports.collided?.();
        if (attempt.kind === 'restless' && task.origin === 'explicit') return { kind: 'outOfTries', tries };
        if (attempt.kind === 'held') last = attempt.held;
      }
      return { kind: 'held', last };
    } catch (error) {
      if (isApiError(error)) return { kind: 'failed', error };
      throw error;
    }
  }

  /** Own claims first; then what nobody else in this process is after; then the rest, since those may yet fail. */
  *#inOrder(task: ClaimTask): Generator<IPv4> {
    yield* task.own;
    const contested: IPv4[] = [];
    for (const ip of task.candidates) {
      if (task.own.includes(ip)) continue;
      const claimant = this.#underWay.get(ip);
      const other = claimant !== undefined && (claimant !== task.namespace || claimant === '');
      if (other && task.origin === 'automatic') contested.push(ip);
      else yield ip;
    }
    yield* contested;
  }

  async #try(ip: IPv4, task: ClaimTask, terms: ClaimTerms): Promise<Attempt> {
    const { egressIPAM, cidr, namespace, origin } = task;
    const spec: ClaimSpec = { ip, egressIPAM, cidr, namespace, origin };
    const first = !this.#underWay.has(ip);
    if (first) this.#underWay.set(ip, namespace);
    try {
      // What the caches call ours is read first, since creating it would fail; everything else is created first.
      const mayBeFree = terms.mode === 'claim' && !task.own.includes(ip);
      if (mayBeFree && (await this.#create(spec, terms))) return CREATED;
      return await this.#takeBack(spec, terms);
    } finally {
      if (first) this.#underWay.delete(ip);
    }
  }

  /** Looks at what is stored, and retakes it; creates it after all when it has gone meanwhile. */
  async #takeBack(spec: ClaimSpec, terms: ClaimTerms): Promise<Attempt> {
    const { ip, namespace } = spec;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const stored = await this.#read(ip, terms);
      if (terms.mode === 'dryRun') {
        const isFree = stored === undefined || isRetakable(stored, namespace);
        return isFree ? { kind: 'claimed', how: 'dryRun' } : { kind: 'held', held: heldBy(ip, stored) };
      }
      if (stored === undefined) {
        if (await this.#create(spec, terms)) return CREATED;
        continue;
      }
      if (!isRetakable(stored, namespace)) return { kind: 'held', held: heldBy(ip, stored) };
      if (await this.#retake(stored, spec, terms)) return { kind: 'claimed', how: 'retaken' };
    }
    return { kind: 'restless' };
  }

  /** False when the object exists already. */
  async #create(spec: ClaimSpec, terms: ClaimTerms): Promise<boolean> {
    const token = this.#ports.newToken();
    try {
      const options = { timeout: this.#remaining(terms) };
      this.#ports.seen(await this.#ports.client.create(ALLOCATIONS, claimObject(spec, token), options));
      return true;
    } catch (error) {
      if (isApiError(error, 'alreadyExists')) return false;
      return await this.#settle(error, spec.ip, token, terms);
    }
  }

  /**
   * False when the object changed or went since it was read. The PUT carries the resourceVersion that was read, so that
   * a deletion or a release decided on the old token wins, or fails; and always a new token, which starts the
   * collector's count again even when the claim looks like ours already.
   */
  async #retake(stored: AllocationObject, spec: ClaimSpec, terms: ClaimTerms): Promise<boolean> {
    const token = this.#ports.newToken();
    const object = withOrigin(retakenObject(stored, spec, token), spec.origin);
    try {
      const options = { timeout: this.#remaining(terms) };
      this.#ports.seen(await this.#ports.client.replace(ALLOCATIONS, object, options));
      return true;
    } catch (error) {
      if (isApiError(error, 'conflict', 'notFound')) return false;
      return await this.#settle(error, spec.ip, token, terms);
    }
  }

  /**
   * After a write whose outcome is unknown: true when the object carries the token of that write. Otherwise the write
   * counts as failed; should it land later, nobody lists what it claimed, and the reconciler collects it.
   */
  async #settle(error: unknown, ip: IPv4, token: string, terms: ClaimTerms): Promise<boolean> {
    if (isApiError(error, 'unavailable') && terms.deadline > this.#ports.now()) {
      const stored = await this.#read(ip, terms);
      if (stored?.spec.claim === token && stored.metadata.deletionTimestamp === undefined) return true;
    }
    throw error;
  }

  async #read(ip: IPv4, terms: ClaimTerms): Promise<AllocationObject | undefined> {
    const options = { timeout: this.#remaining(terms) };
    const stored = await this.#ports.client.get(ALLOCATIONS, formatIPv4(ip), options);
    if (stored !== undefined) this.#ports.seen(stored);
    return stored;
  }

  #remaining(terms: ClaimTerms): number {
    const remaining = Math.ceil(terms.deadline - this.#ports.now());
    if (remaining > 0) return remaining;
    throw new ApiError('unavailable', 'no time was left to claim an IP');
  }
}

/**
 * Only what is for this very namespace and not being deleted. Two nameless claims look the same and are two namespaces';
 * what was deleted by hand stays in force until it is released, and goes then.
 */
function isRetakable(stored: AllocationObject, namespace: string): boolean {
  if (namespace === '' || stored.metadata.deletionTimestamp !== undefined) return false;
  return stored.spec?.namespace === namespace;
}

function heldBy(ip: IPv4, stored: AllocationObject): HeldIP {
  return {
    ip,
    namespace: stored.spec?.namespace ?? '',
    deleting: stored.metadata.deletionTimestamp !== undefined,
  };
}

/**
 * A released IP that is asked for anew is explicit or not as it is asked for now. One that is still in force keeps what
 * it was: the reconciler lists IPs that it chose itself, and those do not become a user's choice by that.
 */
function withOrigin(object: AllocationObject, origin: ClaimSpec['origin']): AllocationObject {
  const phase = object.status?.phase;
  if (phase !== 'Releasing' && phase !== 'Resting') return object;
  const { [EXPLICIT_ANNOTATION]: _, ...others } = object.metadata.annotations ?? {};
  const annotations = origin === 'explicit' ? { ...others, [EXPLICIT_ANNOTATION]: 'true' } : others;
  return { ...object, metadata: { ...object.metadata, annotations } };
}
