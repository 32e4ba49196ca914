// What was the SDN told, write by write? Records every change of HostSubnets, NetNamespaces and nodes, and judges each state
// in between by the SDN's own rules: looking now and then could miss the moment in which traffic was dropped.
//
// The three watches are not in step with each other; resourceVersions, which one store counts for all, put their events
// back in the order in which they were written.
import type { HostSubnetObject, KubeObject, NetNamespaceObject, NodeObject } from '../../shared/kinds.ts';
import { isApiError, type KubeClient } from '../../shared/kube/client.ts';
import { HOST_SUBNETS, NET_NAMESPACES, NODES, type Resource } from '../../shared/kube/resources.ts';
import { offlineNodes } from '../sandbox/sdn/upkeep.ts';
import { judge, type NamespaceVerdict } from '../sandbox/sdn/verdict.ts';
import { eventually } from './eventually.ts';

interface Change {
  readonly version: bigint;
  readonly plural: string;
  readonly name: string;
  /** undefined: deleted. */
  readonly object: KubeObject | undefined;
}

const WATCHED: readonly Resource[] = [NODES, HOST_SUBNETS, NET_NAMESPACES];
const WATCH_SECONDS = 300;

export class History {
  readonly #client: KubeClient;
  readonly #stop = new AbortController();
  readonly #initial: Change[] = [];
  readonly #changes: Change[] = [];
  readonly #seen = new Map<string, bigint>();
  readonly #watches: Promise<void>[] = [];

  /** Resolves when nothing that is written from now on will be missed. */
  static async start(client: KubeClient): Promise<History> {
    const history = new History(client);
    for (const resource of WATCHED) await history.#follow(resource);
    return history;
  }

  private constructor(client: KubeClient) {
    this.#client = client;
  }

  /** How many changes were seen. */
  get length(): number {
    return this.#changes.length;
  }

  /** The verdicts on the namespace, one after the other, equal neighbours as one; ends the recording. */
  async verdictsOn(namespace: string): Promise<NamespaceVerdict[]> {
    await this.#catchUp();
    await this.stop();
    const state = new Map<string, KubeObject>();
    for (const change of this.#initial) enter(state, change);
    const verdicts = [verdictOn(namespace, state)];
    for (const change of this.#changes.toSorted((a, b) => (a.version < b.version ? -1 : 1))) {
      enter(state, change);
      const verdict = verdictOn(namespace, state);
      if (shortly(verdict) !== shortly(verdicts.at(-1))) verdicts.push(verdict);
    }
    return verdicts.filter((verdict) => verdict !== undefined);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#watches);
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
        if (type !== 'BOOKMARK') this.#changes.push(changeOf(resource, object, type));
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

function verdictOn(namespace: string, state: ReadonlyMap<string, KubeObject>): NamespaceVerdict | undefined {
  const ofKind = <T extends KubeObject>({ plural }: Resource<T>): T[] =>
    [...state].filter(([key]) => key.startsWith(`${plural}/`)).map(([, object]) => object as T);
  const hostSubnets: HostSubnetObject[] = ofKind(HOST_SUBNETS);
  const netNamespaces: NetNamespaceObject[] = ofKind(NET_NAMESPACES);
  const nodes: NodeObject[] = ofKind(NODES);
  return judge({ hostSubnets, netNamespaces, offline: offlineNodes(nodes) }).namespaces.get(namespace);
}

/** `active from 10.0.0.1,10.0.0.2`: what is told apart. */
export function shortly(verdict: NamespaceVerdict | undefined): string {
  if (verdict === undefined) return 'none';
  return verdict.egress === 'active' ? `active from ${[...verdict.from].sort().join()}` : verdict.egress;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
