// How is a decision carried out? Reads what the caches do not know, waits for what is about to be known, claims what is
// planned, and turns the outcome into an answer. All of it within the request's time.
import { freeAddresses, startAt, startFor } from '../shared/allocate.ts';
import { egressIPsText, formatEgressIPs, type IPByPool, requestedIPs } from '../shared/annotation.ts';
import type { EgressIPAM, Pool } from '../shared/egressipam.ts';
import { describeHolder, unavailable } from '../shared/explicit.ts';
import type { IPv4 } from '../shared/ip.ts';
import type { EgressIPAMObject, NamespaceObject } from '../shared/kinds.ts';
import type { ClaimOutcome, Claims, ClaimTask } from '../shared/kube/claims.ts';
import { isApiError, type KubeClient } from '../shared/kube/client.ts';
import { EGRESSIPAMS } from '../shared/kube/resources.ts';
import { EGRESSIPS_ANNOTATION } from '../shared/names.ts';
import type { Problem } from '../shared/problem.ts';
import { describeProblems } from '../shared/problem.ts';
import {
  type Decision,
  type Deny,
  impossible,
  later,
  type Plan,
  RETRY_AFTER,
  type Wanted,
} from './decision.ts';
import { judge } from './egressipam.ts';
import { decide } from './namespace.ts';
import { annotationPatch } from './patch.ts';
import { exhausted } from './plan.ts';
import { type AdmissionRequest, ALLOWED, type Answer } from './review.ts';
import type { View } from './view.ts';

export interface AdmissionPorts {
  readonly view: View;
  readonly claims: Claims;
  readonly client: Pick<KubeClient, 'get'>;
  /** Takes an EgressIPAM that was read into the cache. */
  readonly seen: (object: EgressIPAMObject) => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Where this product runs. */
  readonly ownNamespace: string;
  /** How many requests may wait for I/O at once; those beyond are told to come back. */
  readonly maxInFlight: number;
}

/** How long a decision may wait for the cloud of a new EgressIPAM to be looked at, milliseconds. */
const LONGEST_WAIT = 5_000;
/** What a wait leaves of the request's time for the claims that follow it, milliseconds. */
const TIME_TO_CLAIM = 1_000;

export class Admission {
  readonly #ports: AdmissionPorts;
  #inFlight = 0;

  constructor(ports: AdmissionPorts) {
    this.#ports = ports;
  }

  /** How many requests are claiming, reading or waiting. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** `deadline` is on the clock of the ports. Answers at once whatever needs no I/O. */
  namespace(review: AdmissionRequest, deadline: number): Answer | Promise<Answer> {
    const request = {
      operation: review.operation,
      object: review.object as NamespaceObject | undefined,
      oldObject: review.oldObject as NamespaceObject | undefined,
      name: review.object?.metadata.name ?? '',
    };
    if (review.subResource !== '') return ALLOWED;
    const decideAgain = () => decide(request, this.#ports.view, this.#ports.ownNamespace);
    const decision = decideAgain();
    if (decision.kind === 'allow') return allow(decision);
    if (decision.kind === 'deny') return deny(decision);
    if (this.#inFlight >= this.#ports.maxInFlight) return deny(BUSY);
    return this.#withIO(decision, decideAgain, { deadline, dryRun: review.dryRun });
  }

  egressIPAM(review: AdmissionRequest): Answer {
    const { operation, subResource } = review;
    const object = review.object as EgressIPAMObject | undefined;
    const oldObject = review.oldObject as EgressIPAMObject | undefined;
    const verdict = judge({ operation, subResource, object, oldObject }, this.#ports.view);
    return verdict.kind === 'allow' ? { allowed: true, warnings: verdict.warnings } : deny(verdict);
  }

  async #withIO(first: Decision, again: () => Decision, terms: Terms): Promise<Answer> {
    this.#inFlight += 1;
    try {
      const waitUntil = Math.min(this.#ports.now() + LONGEST_WAIT, terms.deadline - TIME_TO_CLAIM);
      let hasRead = false;
      for (let decision = first; ; decision = again()) {
        switch (decision.kind) {
          case 'allow':
            return allow(decision);
          case 'deny':
            return deny(decision);
          case 'allocate':
            return await this.#carryOut(decision.plan, decision.warnings, terms);
          case 'read': {
            if (hasRead) return deny(decision.otherwise);
            hasRead = true;
            const failed = await this.#read(decision.egressIPAM, terms);
            if (failed !== undefined) return deny(failed);
            break;
          }
          case 'wait': {
            const left = waitUntil - this.#ports.now();
            if (left <= 0) return deny(decision.otherwise);
            await this.#ports.view.changed(left);
          }
        }
      }
    } finally {
      this.#inFlight -= 1;
    }
  }

  /** Brings the EgressIPAM into the cache, if there is one. */
  async #read(name: string, terms: Terms): Promise<Deny | undefined> {
    try {
      const timeout = Math.max(1, Math.ceil(terms.deadline - this.#ports.now()));
      const object = await this.#ports.client.get(EGRESSIPAMS, name, { timeout });
      if (object !== undefined) this.#ports.seen(object);
      return undefined;
    } catch (error) {
      if (!isApiError(error)) throw error;
      return later('EgressIPAMNotRead', `EgressIPAM "${name}" could not be read: ${error.message}`);
    }
  }

  async #carryOut(plan: Plan, warnings: readonly string[], terms: Terms): Promise<Answer> {
    // Before anything is awaited: the next decision must see that these host slots are spoken for.
    const claims = plan.wanted.map((want) => this.#claim(want, plan, terms));
    const byPool = new Map(plan.kept);
    const problems: Problem[] = [];
    const postponed: Answer[] = [];
    for (const [index, outcome] of (await Promise.all(claims)).entries()) {
      const want = plan.wanted[index];
      if (want === undefined) continue;
      if (outcome.kind === 'claimed') byPool.set(want.pool, outcome.ip);
      else if (outcome.kind === 'held') problems.push(this.#heldProblem(want, outcome, plan));
      else postponed.push(postpone(outcome, want.pool));
    }
    if (problems.length > 0) return deny(impossible(...problems));
    const [obstacle] = postponed;
    if (obstacle !== undefined) return obstacle;
    return { allowed: true, patch: patchFor(plan, byPool), warnings };
  }

  async #claim(want: Wanted, plan: Plan, terms: Terms): Promise<ClaimOutcome> {
    const { view, claims } = this.#ports;
    const takesSlot = !terms.dryRun && plan.growing.has(want.pool);
    const release = takesSlot ? view.reserve(plan.egressIPAM, want.pool) : () => {};
    try {
      const mode = terms.dryRun ? 'dryRun' : 'claim';
      return await claims.one(this.#task(want, plan), { mode, deadline: terms.deadline });
    } finally {
      release();
    }
  }

  #task(want: Wanted, plan: Plan): ClaimTask {
    const { pool, own } = want;
    const namespace = plan.request.name;
    const common = { egressIPAM: plan.egressIPAM.name, cidr: pool.name, namespace, own };
    if (want.kind === 'explicit') return { ...common, origin: 'explicit', candidates: [want.ip] };
    return { ...common, origin: 'automatic', candidates: this.#candidates(plan, pool) };
  }

  #candidates(plan: Plan, pool: Pool): Generator<IPv4> {
    const { view, random } = this.#ports;
    const usable = view.usable(plan.egressIPAM, pool);
    const { name } = plan.request;
    const start = name === '' ? startAt(random(), usable) : startFor(name, usable);
    return freeAddresses(usable, view.taken, start);
  }

  #heldProblem(want: Wanted, outcome: ClaimOutcome & { kind: 'held' }, plan: Plan): Problem {
    if (want.kind === 'search') return exhausted(plan.egressIPAM, want.pool, this.#ports.view);
    const namespace = outcome.last?.namespace ?? '';
    const isOwn = namespace !== '' && namespace === plan.request.name;
    const why = isOwn
      ? 'is being released after it was deleted by hand'
      : describeHolder({ kind: 'allocation', name: namespace });
    return unavailable(want.ip, why, want.pool);
  }
}

interface Terms {
  readonly deadline: number;
  readonly dryRun: boolean;
}

const BUSY = later('Busy', 'too many namespaces are being given egress IPs at once; try again in a moment');

function allow(decision: Decision & { readonly kind: 'allow' }): Answer {
  const { patch, warnings } = decision;
  return patch.length === 0 && warnings.length === 0 ? ALLOWED : { allowed: true, patch, warnings };
}

function deny({ code, problems, retryAfterSeconds }: Deny): Answer {
  const message = describeProblems(problems);
  return { allowed: false, code, message, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
}

/** A claim that neither succeeded nor showed that it cannot. */
function postpone(outcome: ClaimOutcome & { kind: 'outOfTries' | 'failed' }, pool: Pool): Answer {
  if (outcome.kind === 'outOfTries') {
    const message = `ran out of tries: ${outcome.tries} free IPs of ${pool.name} were taken by others meanwhile; try again`;
    return deny(later('OutOfTries', message));
  }
  const { error } = outcome;
  const message = `no IP of ${pool.name} could be claimed: ${error.message}`;
  if (!isApiError(error, 'unavailable', 'throttled')) return { allowed: false, code: 500, message };
  return { allowed: false, code: 503, message, retryAfterSeconds: error.retryAfterSeconds ?? RETRY_AFTER };
}

/** A list that is valid and complete stays as it was written. */
function patchFor(plan: Plan, byPool: IPByPool) {
  const { object } = plan.request;
  return saysThat(egressIPsText(object), plan.egressIPAM, byPool)
    ? []
    : annotationPatch(object, EGRESSIPS_ANNOTATION, formatEgressIPs(byPool));
}

function saysThat(text: string | undefined, egressIPAM: EgressIPAM, byPool: IPByPool): boolean {
  if (text === undefined) return byPool.size === 0;
  const requested = requestedIPs(text, egressIPAM);
  return (
    requested.ok &&
    requested.value.size === byPool.size &&
    [...byPool].every(([pool, ip]) => requested.value.get(pool) === ip)
  );
}
