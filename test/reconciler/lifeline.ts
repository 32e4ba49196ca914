// Between a process and everything outside it: every call to the API server and to EC2 goes through here and takes a moment
// each way, so that calls are really in flight; and at any one of them the process can be made to die, as by SIGKILL.
import type { Ec2 } from '../../reconciler/aws/ec2.ts';
import type { KubeObject } from '../../shared/kinds.ts';
import type { KubeClient, WatchEvent } from '../../shared/kube/client.ts';
import type { Clock } from '../../shared/process/clock.ts';

/**
 * What becomes of the call at which the process dies, and of all others that are in flight then: they never arrive; they take
 * effect, and nobody reads the answer; or they arrive when the test lets them.
 */
export type Fate = 'never arrives' | 'loses its answer' | 'comes late';

/** Milliseconds that a request, and its answer, are on their way. */
const TRAVEL = 1;

const WRITES = /^(create|replace|patch|delete|assign|unassign) /;

export class Lifeline {
  /** Calls since the last `arm`, as sentences, in the order in which they were sent; watches are none. */
  calls: string[] = [];
  /** Told after each write has taken effect. */
  onWrite: (call: string) => void = () => {};
  /** Calls that never arrive, though the process lives: it is told so. */
  cuts: (call: string) => Error | undefined = () => undefined;
  /** Calls that are still on their way though the process is dead. */
  readonly late: (() => unknown)[] = [];
  readonly #clock: Clock;
  readonly #death = new AbortController();
  #doom: { readonly at: number; readonly fate: Fate } | undefined;
  #fate: Fate | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins to count calls anew; the process dies at the one with that index. */
  arm(doom?: { readonly at: number; readonly fate: Fate }): void {
    this.calls = [];
    this.#doom = doom;
  }

  get isDead(): boolean {
    return this.#fate !== undefined;
  }

  /** Now, between two calls. */
  die(fate: Fate = 'never arrives'): void {
    this.#fate ??= fate;
    this.#death.abort();
  }

  /** A clock whose timers ring for nobody once the process is dead. */
  get clock(): Clock {
    return {
      now: () => this.#clock.now(),
      after: (milliseconds, callback) =>
        this.#clock.after(milliseconds, () => {
          if (!this.isDead) callback();
        }),
    };
  }

  kube(client: KubeClient): KubeClient {
    const named = (plural: string, name: string) => `${plural}/${name}`;
    const sub = (options: { readonly subresource?: 'status' } | undefined) =>
      options?.subresource === undefined ? '' : ' status';
    return {
      get: (it, name, options) =>
        this.#call(`get ${named(it.plural, name)}`, () => client.get(it, name, options)),
      list: (it, options) => this.#call(`list ${it.plural}`, () => client.list(it, options)),
      create: (it, object, options) => {
        const { name } = (object as KubeObject).metadata;
        return this.#call(`create ${named(it.plural, name)}`, () => client.create(it, object, options));
      },
      replace: (it, object, options) =>
        this.#call(`replace ${named(it.plural, object.metadata.name)}`, () =>
          client.replace(it, object, options),
        ),
      patch: (it, name, type, patch, options) =>
        this.#call(`patch ${named(it.plural, name)}${sub(options)}`, () =>
          client.patch(it, name, type, patch, options),
        ),
      delete: (it, name, preconditions, options) =>
        this.#call(`delete ${named(it.plural, name)}`, () => client.delete(it, name, preconditions, options)),
      watch: (it, from, options) => {
        const { signal } = this.#death;
        const both = options?.signal === undefined ? signal : AbortSignal.any([signal, options.signal]);
        return this.#events(client.watch(it, from, { ...options, signal: both }));
      },
    };
  }

  ec2(ec2: Ec2): Ec2 {
    return {
      instances: (ids, next) => this.#call('describe instances', () => ec2.instances(ids, next)),
      subnets: (ids, next) => this.#call('describe subnets', () => ec2.subnets(ids, next)),
      interfaces: (query, next) => this.#call('describe interfaces', () => ec2.interfaces(query, next)),
      typeLimits: (types, next) => this.#call('describe types', () => ec2.typeLimits(types, next)),
      reservations: (subnetId, next) =>
        this.#call('describe reservations', () => ec2.reservations(subnetId, next)),
      assign: (interfaceId, ips, options) =>
        this.#call(`assign ${interfaceId}`, () => ec2.assign(interfaceId, ips, options)),
      unassign: (interfaceId, ips) =>
        this.#call(`unassign ${interfaceId}`, () => ec2.unassign(interfaceId, ips)),
      close: () => {},
    };
  }

  async #call<R>(sentence: string, act: () => Promise<R>): Promise<R> {
    if (this.isDead) return await nothing();
    const index = this.calls.push(sentence) - 1;
    const isLast = index === this.#doom?.at;
    if (isLast && this.#doom?.fate !== 'loses its answer') this.die(this.#doom?.fate);
    await this.#travel();
    if (this.#fate === 'never arrives') return await nothing();
    if (this.#fate === 'comes late') {
      this.late.push(() => this.#carryOut(sentence, act).catch(() => {}));
      return await nothing();
    }
    const cut = this.cuts(sentence);
    const answer = cut === undefined ? this.#carryOut(sentence, act) : Promise.reject(cut);
    if (isLast) this.die('loses its answer');
    await Promise.allSettled([answer]);
    await this.#travel();
    return this.isDead ? await nothing() : await answer;
  }

  async #carryOut<R>(sentence: string, act: () => Promise<R>): Promise<R> {
    const answer = await act();
    if (isWrite(sentence)) this.onWrite(sentence);
    return answer;
  }

  #travel(): Promise<void> {
    return new Promise((resolve) => this.#clock.after(TRAVEL, resolve));
  }

  async *#events<T extends KubeObject>(events: AsyncIterable<WatchEvent<T>>): AsyncGenerator<WatchEvent<T>> {
    for await (const event of events) {
      if (this.isDead) break;
      yield event;
    }
    if (this.isDead) await nothing();
  }
}

export function isWrite(sentence: string): boolean {
  return WRITES.test(sentence);
}

/** What the dead wait for. */
function nothing(): Promise<never> {
  return new Promise(() => {});
}
