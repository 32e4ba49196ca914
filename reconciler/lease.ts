// Who leads? A coordination Lease, as Kubernetes' own controllers use it, but counted on the monotonic clock from when
// the last successful renewal was *sent*: that is the only moment of which both we and a rival can be sure. A write may
// start only while the lease outlasts that write's own deadline.

import type { LeaseObject } from '../shared/kinds.ts';
import { isApiError, type KubeClient } from '../shared/kube/client.ts';
import { LEASES } from '../shared/kube/resources.ts';
import { OBSERVED_ANNOTATION } from '../shared/names.ts';
import type { Clock } from '../shared/process/clock.ts';

export interface LeaseOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  /** Wait until a rival's lease has run out, or take it over: the latter only where there is no second replica. */
  readonly contest: 'wait' | 'takeOver';
  /** Milliseconds: how long a lease holds, and how often it is renewed. */
  readonly duration: number;
  readonly renewEvery: number;
  readonly clock: Clock;
  readonly wallClock: () => Date;
  /** JSON for OBSERVED_ANNOTATION, written with each renewal. */
  readonly observed: () => string;
  readonly onChange: (leads: boolean) => void;
  readonly onError: (error: unknown) => void;
}

interface RivalSighting {
  readonly record: string;
  readonly at: number;
}

export class LeaderLease {
  readonly #options: LeaseOptions;
  #lease: LeaseObject | undefined;
  /** Monotonic time until which we lead. */
  #until = Number.NEGATIVE_INFINITY;
  #rival: RivalSighting | undefined;
  #leads = false;
  /** Cancels the next round, and the alarm at the lease's end. */
  #cancelRound: (() => void) | undefined;
  #cancelExpiry: (() => void) | undefined;
  #round: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  get leads(): boolean {
    return this.#options.clock.now() < this.#until;
  }

  /** Whether a write that ends within `deadline` milliseconds ends while we lead. */
  covers(deadline: number): boolean {
    return !this.#stopped && this.#options.clock.now() + deadline < this.#until;
  }

  start(): void {
    this.#round = this.#run();
  }

  /** Stops renewing and, if we lead, gives the lease up, so that the other replica takes over at once. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelRound?.();
    this.#cancelExpiry?.();
    await this.#round;
    if (!this.leads) return;
    this.#until = Number.NEGATIVE_INFINITY;
    await this.#giveUp().catch(this.#options.onError);
  }

  async #giveUp(): Promise<void> {
    const { client, namespace, name, identity } = this.#options;
    // After a renewal without an answer nobody knows its version.
    const held = this.#lease ?? (await client.get(LEASES, name, { namespace, timeout: this.#timeout }));
    if (held?.spec?.holderIdentity !== identity) return;
    await this.#write({ ...held, spec: { ...held.spec, holderIdentity: '', leaseDurationSeconds: 1 } });
  }

  /** Milliseconds that a call may take. */
  get #timeout(): number {
    return Math.floor(this.#options.duration / 3);
  }

  /** Renews before its time, because what is published with the lease has changed. */
  renewSoon(): void {
    if (this.#stopped || this.#cancelRound === undefined) return;
    this.#cancelRound();
    this.#schedule(0);
  }

  #schedule(delay: number): void {
    this.#cancelRound = this.#options.clock.after(delay, () => {
      this.#cancelRound = undefined;
      this.#round = this.#run();
    });
  }

  async #run(): Promise<void> {
    try {
      await this.#tryOnce();
    } catch (error) {
      if (!isApiError(error, 'conflict', 'alreadyExists')) this.#options.onError(error);
    }
    this.#announce();
    if (this.#stopped) return;
    this.#schedule(this.#options.renewEvery);
  }

  async #tryOnce(): Promise<void> {
    const { client, namespace, name, identity, clock, duration } = this.#options;
    // A renewal goes by the last reply; anything else reads first.
    const held = this.#leads ? this.#lease : undefined;
    const current = held ?? (await client.get(LEASES, name, { namespace, timeout: this.#timeout }));
    const mayTake = this.#options.contest === 'takeOver' || !this.#isHeldByRival(current);
    if (held === undefined && !mayTake) {
      this.#until = Number.NEGATIVE_INFINITY;
      return;
    }
    const sent = clock.now();
    try {
      this.#lease = await this.#write(this.#claimed(current, identity));
      this.#until = sent + duration;
    } catch (error) {
      // Without an answer, too: the lease may have been renewed all the same, and then its version is not the one we know.
      if (isApiError(error, 'conflict', 'alreadyExists', 'notFound', 'unavailable')) this.#lease = undefined;
      if (isApiError(error, 'conflict')) this.#until = Number.NEGATIVE_INFINITY;
      throw error;
    }
  }

  /** A rival leads until its record has stood still for its own duration, on our clock. */
  #isHeldByRival(current: LeaseObject | undefined): boolean {
    const holder = current?.spec?.holderIdentity ?? '';
    if (current === undefined || holder === '' || holder === this.#options.identity) return false;
    const record = current.metadata.resourceVersion;
    const now = this.#options.clock.now();
    if (this.#rival?.record !== record) this.#rival = { record, at: now };
    return now < this.#rival.at + (current.spec?.leaseDurationSeconds ?? 15) * 1000;
  }

  #claimed(current: LeaseObject | undefined, identity: string): LeaseObject {
    const { namespace, name, duration, wallClock, observed } = this.#options;
    const time = wallClock().toISOString().replace('Z', '000Z');
    const isOurs = current?.spec?.holderIdentity === identity;
    const transitions = (current?.spec?.leaseTransitions ?? 0) + (current === undefined || isOurs ? 0 : 1);
    const metadata = current?.metadata ?? { name, namespace, uid: '', resourceVersion: '' };
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { ...metadata, annotations: { ...metadata.annotations, [OBSERVED_ANNOTATION]: observed() } },
      spec: {
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(duration / 1000),
        acquireTime: isOurs ? (current?.spec?.acquireTime ?? time) : time,
        renewTime: time,
        leaseTransitions: transitions,
      },
    };
  }

  async #write(lease: LeaseObject): Promise<LeaseObject> {
    const { client, namespace } = this.#options;
    const options = { namespace, timeout: this.#timeout };
    if (lease.metadata.resourceVersion !== '') return await client.replace(LEASES, lease, options);
    const { uid: _uid, resourceVersion: _version, ...metadata } = lease.metadata;
    return await client.create(LEASES, { ...lease, metadata }, options);
  }

  #announce(): void {
    const leads = this.leads;
    this.#cancelExpiry?.();
    if (leads && !this.#stopped) {
      const left = Math.max(1, this.#until - this.#options.clock.now());
      this.#cancelExpiry = this.#options.clock.after(left, () => this.#announce());
    }
    if (leads === this.#leads) return;
    this.#leads = leads;
    if (!leads) this.#rival = undefined;
    this.#options.onChange(leads);
  }
}
