// What was the SDN told, write by write? Records every change of HostSubnets, NetNamespaces and nodes, and judges each state
// in between by the SDN's own rules: looking now and then could miss the moment in which traffic was dropped.
//
// The watches are not in step with each other; resourceVersions, which one store counts for all, put their events
// back in the order in which they were written.
import type { HostSubnetObject, KubeObject, NetNamespaceObject, NodeObject } from '../../shared/kinds.ts';
import { isApiError, type KubeClient } from '../../shared/kube/client.ts';
import {
  ALLOCATIONS,
  HOST_SUBNETS,
  NET_NAMESPACES,
  NODES,
  type Resource,
} from '../../shared/kube/resources.ts';
import { offlineNodes } from '../sandbox/sdn/upkeep.ts';
import { judge, type NamespaceVerdict, type Verdicts } from '../sandbox/sdn/verdict.ts';
import { eventually } from './eventually.ts';

interface Change {
  readonly version: bigint;
  readonly plural: string;
  readonly name: string;
  /** undefined: deleted. */
  readonly object: KubeObject | undefined;
}

/** Allocations have no say in verdicts; that they change is a moment, too. */
const WATCHED: readonly Resource[] = [NODES, HOST_SUBNETS, NET_NAMESPACES, ALLOCATIONS];
const WATCH_SECONDS = 300;

export class History {
  readonly #client: KubeClient;
  readonly #stop = new AbortController();
  readonly #initial: Change[] = [];
  readonly #changes: Change[] = [];
  readonly #seen = new Map<string, bigint>();
  readonly #watches: Promise<void>[] = [];
  #onChange = () => {};

  /** Resolves when nothing that is written from now on will be missed. */
  static async start(client: KubeClient): Promise<History> {
    const history = new History(client);
    for (const resource of WATCHED) await history.#follow(resource);
    return history;
  }

  private constructor(client: KubeClient) {
    this.#client = client;
  }

  /** Resolves at the moment of the `count`-th change from now on, or when there were fewer within so many milliseconds. */
  async afterChanges(count: number, within: number): Promise<void> {
    const target = this.#changes.length + count;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, within);
    this.#onChange = () => {
      if (this.#changes.length >= target) resolve();
    };
    await promise;
    clearTimeout(timer);
    this.#onChange = () => {};
  }

  /** The verdicts on the namespace, one after the other, equal neighbours as one; ends the recording. */
  async verdictsOn(namespace: string): Promise<NamespaceVerdict[]> {
    const verdicts: NamespaceVerdict[] = [];
    for (const { namespaces } of await this.#states()) {
      const verdict = namespaces.get(namespace);
      if (verdict !== undefined && shortly(verdict) !== shortly(verdicts.at(-1))) verdicts.push(verdict);
    }
    return verdicts;
  }

  /** The IPs that two namespaces listed, or two nodes hosted, at any time; ends the recording. */
  async contested(): Promise<string[]> {
    const found = new Set<string>();
    for (const { ips } of await this.#states()) {
      for (const { ip, namespaces, nodes } of ips.values()) {
        if (namespaces.length > 1) found.add(`${ip} was listed by ${namespaces.join(' and ')}`);
        if (nodes.length > 1) found.add(`${ip} was hosted by ${nodes.join(' and ')}`);
      }
    }
    return [...found];
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#watches);
  }

  /** The verdicts before the first change and after each. */
  async #states(): Promise<Verdicts[]> {
    await this.#catchUp();
    await this.stop();
    const state = new Map<string, KubeObject>();
    for (const change of this.#initial) enter(state, change);
    const states = [judged(state)];
    for (const change of this.#changes.toSorted((a, b) => (a.version < b.version ? -1 : 1))) {
      enter(state, change);
      states.push(judged(state));
    }
    return states;
  }

  async #follow(resource: Resource): Promise<void> {
    const { items, resourceVersion } = await this.#client.list(resource);
    for (const object of items) this.#initial.push(changeOf(resource, object, 'ADDED'));
    this.#seen.set(resource.plural, BigInt(resourceVersion));
    this.#watches.push(this.#watch(resource, resourceVersion));
  }

  async #watch(resource: Resource, resourceVersion: string): Promise<void> {
    const { signal } = this.#stop;
    try {
      const from = { resourceVersion, timeoutSeconds: WATCH_SECONDS };
      for await (const { type, object } of this.#client.watch(resource, from, { signal })) {
        this.#seen.set(resource.plural, BigInt(object.metadata.resourceVersion));
        if (type === 'BOOKMARK') continue;
        this.#changes.push(changeOf(resource, object, type));
        this.#onChange();
      }
    } catch (error) {
      if (!signal.aborted || !isApiError(error)) throw error;
    }
  }

  /** What is stored now has come in. */
  async #catchUp(): Promise<void> {
    for (const resource of WATCHED) {
      const { items } = await this.#client.list(resource);
      const latest = items.map(({ metadata }) => BigInt(metadata.resourceVersion)).reduce(larger, 0n);
      await eventually(
        `changes of ${resource.plural} up to ${latest} were seen`,
        () => this.#seen.get(resource.plural) ?? 0n,
        (seen) => seen >= latest,
      );
    }
  }
}

function changeOf(resource: Resource, object: KubeObject, type: string): Change {
  return {
    version: BigInt(object.metadata.resourceVersion),
    plural: resource.plural,
    name: object.metadata.name,
    object: type === 'DELETED' ? undefined : object,
  };
}

function enter(state: Map<string, KubeObject>, { plural, name, object }: Change): void {
  if (object === undefined) state.delete(`${plural}/${name}`);
  else state.set(`${plural}/${name}`, object);
}

function judged(state: ReadonlyMap<string, KubeObject>): Verdicts {
  const ofKind = <T extends KubeObject>({ plural }: Resource<T>): T[] =>
    [...state].filter(([key]) => key.startsWith(`${plural}/`)).map(([, object]) => object as T);
  const hostSubnets: HostSubnetObject[] = ofKind(HOST_SUBNETS);
  const netNamespaces: NetNamespaceObject[] = ofKind(NET_NAMESPACES);
  const nodes: NodeObject[] = ofKind(NODES);
  return judge({ hostSubnets, netNamespaces, offline: offlineNodes(nodes) });
}

/** `active from 10.0.0.1,10.0.0.2`: what is told apart. */
export function shortly(verdict: NamespaceVerdict | undefined): string {
  if (verdict === undefined) return 'none';
  return verdict.egress === 'active' ? `active from ${[...verdict.from].sort().join()}` : verdict.egress;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
