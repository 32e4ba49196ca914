// A cluster in fast motion: an API server that runs admission as the real one does, replicas of the webhook with caches that
// lag, namespaces that come and go, and a collector that follows the reconciler's rules for claims nobody lists. Every
// step of everybody may be interleaved with every other; checks itself after each change of a namespace.

import { egressIPAMOf, listedIPs } from '../../shared/annotation.ts';
import { formatIPv4 } from '../../shared/ip.ts';
import type { AllocationObject, NamespaceObject } from '../../shared/kinds.ts';
import { isApiError } from '../../shared/kube/client.ts';
import { ALLOCATIONS, EGRESSIPAMS, NAMESPACES, type Resource } from '../../shared/kube/resources.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION } from '../../shared/names.ts';
import type { AdmissionRequest, Answer } from '../../webhook/review.ts';
import { FakeKubeClient, type Mishap } from '../fakes/kube-client.ts';
import { create, pool, update } from './build.ts';
import { patchedList, Replica } from './replica.ts';

/** Milliseconds; as the real ones, and the grace exceeds the request time-out. */
export const REQUEST_TIMEOUT = 60_000;
export const GRACE = 120_000;
const WEBHOOK_TIMEOUT = 10_000;

export type Step = Deed & {
  /** Whether the next step begins when this one is done, or beside it. */
  readonly next: 'wait' | 'goOn';
};

type Deed =
  | { readonly do: 'create'; readonly name: string; readonly list: string; readonly fate: Fate }
  | { readonly do: 'generate'; readonly list: string; readonly fate: Fate }
  | {
      readonly do: 'relist' | 'optOut' | 'optIn';
      readonly name: string;
      readonly list: string;
      readonly fate: Fate;
    }
  | { readonly do: 'delete'; readonly name: string }
  | { readonly do: 'sync'; readonly replica: number; readonly kind: number }
  | { readonly do: 'restart'; readonly replica: number }
  | { readonly do: 'collect' | 'late' }
  | { readonly do: 'wait' | 'sweep'; readonly milliseconds: number };

/** Whether somebody after us rejects the request. */
export type Fate = 'stored' | 'rejected';

export interface SimulationOptions {
  readonly replicas: number;
  readonly cidr: string;
  /** Resolves when it is this step's turn. */
  readonly turn: (label: string) => Promise<unknown>;
  readonly mishap: () => Mishap;
  readonly random: () => number;
}

export class Simulation {
  readonly api = new FakeKubeClient();
  readonly refusals: Answer[] = [];
  time = 0;
  readonly #options: SimulationOptions;
  readonly #replicas: Replica[];
  readonly #unlisted = new Map<string, number>();
  #generated = 0;
  #requests = 0;
  #restarts = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    const assignment = { CIDR: options.cidr, labelValue: 'a', reservedIPs: ['10.0.128.3'] };
    this.api.put(EGRESSIPAMS, pool({ cidrs: [assignment] }));
    this.api.fault = async ({ verb, name }) => {
      await options.turn(`${verb} ${name}`);
      return options.mishap();
    };
    this.api.underWay = async ({ verb, name }) => {
      await options.turn(`answer to ${verb} ${name}`);
    };
    this.#replicas = Array.from({ length: options.replicas }, () => this.#newReplica());
  }

  /** Resolves when everything that was begun is done. */
  async run(steps: readonly Step[]): Promise<void> {
    const begun: Promise<void>[] = [];
    for (const step of steps) {
      const done = this.#take(step);
      begun.push(done);
      if (step.next === 'wait') await done;
    }
    await Promise.all(begun);
  }

  async #take(step: Deed): Promise<void> {
    await this.#options.turn(step.do);
    switch (step.do) {
      case 'create':
        return this.#create(requestOf(step.name, step.list), step.fate);
      case 'generate':
        return this.#create(requestOf('', step.list), step.fate);
      case 'relist':
        return this.#update(step.name, step.fate, (object) => annotated(object, 'pool', step.list));
      case 'optIn':
        return this.#update(step.name, step.fate, (object) => annotated(object, 'pool', ''));
      case 'optOut':
        return this.#update(step.name, step.fate, (object) => annotated(object, '', ''));
      case 'delete':
        this.api.remove(NAMESPACES, step.name);
        return;
      case 'sync': {
        const kinds: Resource[] = [ALLOCATIONS, NAMESPACES, EGRESSIPAMS];
        const kind = kinds[step.kind % kinds.length];
        if (kind !== undefined) this.#replicaAt(step.replica).sync(kind);
        return;
      }
      case 'restart':
        this.#replicas[step.replica % this.#replicas.length] = this.#newReplica();
        return;
      case 'collect':
        return this.#collect();
      case 'late':
        this.api.late.shift()?.();
        return;
      case 'wait':
        this.time += step.milliseconds;
        return;
      case 'sweep':
        await this.#collect();
        await this.#options.turn('time passes');
        this.time += step.milliseconds;
        await this.#options.turn('sweep again');
        await this.#collect();
    }
  }

  /** Lets everything come to an end, then returns what is claimed and not listed. */
  async leaks(): Promise<string[]> {
    for (const act of this.api.late.splice(0)) act();
    for (let pass = 0; pass < 3; pass++) {
      await this.#collect();
      this.time += GRACE + 1;
    }
    await this.#collect();
    const listed = new Set(this.#listed().keys());
    return this.api
      .all(ALLOCATIONS)
      .map(({ metadata }) => metadata.name)
      .filter((name) => !listed.has(name));
  }

  get listedCount(): number {
    return this.#listed().size;
  }

  /** What is listed and not claimed by its namespace. */
  unclaimed(): string[] {
    return [...this.#listed()]
      .filter(([ip, name]) => this.api.stored(ALLOCATIONS, ip)?.spec.namespace !== name)
      .map(([ip, name]) => `${ip} of ${name}`);
  }

  async #create(object: NamespaceObject, fate: Fate): Promise<void> {
    const started = this.time;
    const answer = await this.#admit(create(object));
    await this.#options.turn('store');
    if (!this.#goesOn(answer, started, fate)) return;
    const name = object.metadata.name || `generated-${++this.#generated}`;
    if (this.api.stored(NAMESPACES, name) !== undefined) return;
    this.#store({ ...object, metadata: { ...object.metadata, name } }, object, answer);
  }

  /** As the API server does it: when the object changed since it was read, everything is done again. */
  async #update(
    name: string,
    fate: Fate,
    change: (object: NamespaceObject) => NamespaceObject,
  ): Promise<void> {
    const started = this.time;
    for (let tries = 0; tries < 5; tries++) {
      const before = this.api.stored(NAMESPACES, name);
      if (before === undefined) return;
      const after = change(before);
      const answer = await this.#admit(update(before, after));
      await this.#options.turn('store');
      if (!this.#goesOn(answer, started, fate)) return;
      const now = this.api.stored(NAMESPACES, name);
      if (now?.metadata.resourceVersion !== before.metadata.resourceVersion) continue;
      this.#store(after, after, answer);
      return;
    }
  }

  async #admit(request: AdmissionRequest): Promise<Answer | undefined> {
    const started = this.time;
    const replica = this.#replicaAt(this.#requests++);
    replica.time = this.time;
    const answer = await replica.ask(request);
    if (!answer.allowed) this.refusals.push(answer);
    return this.time - started > WEBHOOK_TIMEOUT ? undefined : answer;
  }

  #goesOn(answer: Answer | undefined, started: number, fate: Fate): answer is Answer {
    return answer?.allowed === true && fate === 'stored' && this.time - started < REQUEST_TIMEOUT;
  }

  #store(object: NamespaceObject, asked: NamespaceObject, answer: Answer): void {
    const list = patchedList(answer) ?? asked.metadata.annotations?.[EGRESSIPS_ANNOTATION] ?? '';
    const stored = annotated(object, egressIPAMOf(asked) ?? '', list);
    this.api.put(NAMESPACES, stored);
    this.#checkUnique();
    const wanted = asked.metadata.annotations?.[EGRESSIPS_ANNOTATION];
    if (wanted !== undefined && egressIPAMOf(asked) !== undefined && list !== wanted) {
      throw new Error(`asked for ${wanted}, given ${list}`);
    }
  }

  #checkUnique(): void {
    const holders = new Map<string, string>();
    for (const namespace of this.api.all(NAMESPACES)) {
      const ips = listedIPs(namespace);
      if (egressIPAMOf(namespace) !== undefined && ips.length !== 1)
        throw new Error('not one IP of the CIDR');
      for (const ip of ips.map(formatIPv4)) {
        const other = holders.get(ip);
        if (other !== undefined) throw new Error(`${ip} is ${other}'s and ${namespace.metadata.name}'s`);
        holders.set(ip, namespace.metadata.name);
        if (/\.(0|3|7)$/.test(ip)) throw new Error(`${ip} must not be given out`);
      }
    }
  }

  #listed(): Map<string, string> {
    const listed = new Map<string, string>();
    for (const namespace of this.api.all(NAMESPACES)) {
      for (const ip of listedIPs(namespace)) listed.set(formatIPv4(ip), namespace.metadata.name);
    }
    return listed;
  }

  /** The reconciler's rules for claims: name what is listed, count per token, ask again live, delete by resourceVersion. */
  async #collect(): Promise<void> {
    const listed = this.#listed();
    const seen = new Set<string>();
    const due: AllocationObject[] = [];
    for (const allocation of this.api.all(ALLOCATIONS)) {
      const { metadata, spec } = allocation;
      const key = `${metadata.uid}/${spec.claim}`;
      seen.add(key);
      const holder = listed.get(metadata.name);
      if (holder !== undefined && (spec.namespace === holder || spec.namespace === '')) {
        this.#unlisted.delete(key);
        if (spec.namespace === '')
          this.api.put(ALLOCATIONS, { ...allocation, spec: { ...spec, namespace: holder } });
        continue;
      }
      const since = this.#unlisted.get(key) ?? this.time;
      this.#unlisted.set(key, since);
      if (this.time - since > GRACE) due.push(allocation);
    }
    for (const key of this.#unlisted.keys()) if (!seen.has(key)) this.#unlisted.delete(key);
    for (const allocation of due) await this.#delete(allocation);
  }

  async #delete({ metadata, spec }: AllocationObject): Promise<void> {
    await this.#options.turn('live read');
    const holder = this.#listed().get(metadata.name);
    if (holder !== undefined && (spec.namespace === holder || spec.namespace === '')) return;
    await this.#options.turn('delete');
    try {
      const stored = this.api.stored(ALLOCATIONS, metadata.name);
      const same =
        stored?.metadata.uid === metadata.uid && stored.metadata.resourceVersion === metadata.resourceVersion;
      if (same) this.api.remove(ALLOCATIONS, metadata.name);
    } catch (error) {
      if (!isApiError(error)) throw error;
    }
  }

  #replicaAt(index: number): Replica {
    const replica = this.#replicas[index % this.#replicas.length];
    if (replica === undefined) throw new Error('no replica');
    return replica;
  }

  #newReplica(): Replica {
    const name = `replica-${++this.#restarts}`;
    const replica = new Replica({ api: this.api, name, random: this.#options.random });
    replica.sync();
    return replica;
  }
}

function requestOf(name: string, list: string): NamespaceObject {
  const annotations = {
    [EGRESSIPAM_ANNOTATION]: 'pool',
    ...(list === '' ? {} : { [EGRESSIPS_ANNOTATION]: list }),
  };
  const metadata = name === '' ? { generateName: 'generated-', annotations } : { name, annotations };
  return { metadata } as unknown as NamespaceObject;
}

function annotated(object: NamespaceObject, egressIPAM: string, list: string): NamespaceObject {
  const annotations = {
    ...(egressIPAM === '' ? {} : { [EGRESSIPAM_ANNOTATION]: egressIPAM }),
    ...(list === '' ? {} : { [EGRESSIPS_ANNOTATION]: list }),
  };
  return { ...object, metadata: { ...object.metadata, annotations } };
}
