// OpenShift SDN over the Kubernetes API: follows what it has to know, does what upkeep.ts and platform.ts say, and tells
// where each namespace's traffic leaves from. One pass at a time; each change asks for another.
import { setTimeout as delay } from 'node:timers/promises';
import type {
  HostSubnetObject,
  NamespaceObject,
  NetNamespaceObject,
  NodeObject,
} from '../../../shared/kinds.ts';
import type { KubeClient } from '../../../shared/kube/client.ts';
import { isApiError } from '../../../shared/kube/client.ts';
import { HOST_SUBNETS, NAMESPACES, NET_NAMESPACES, NODES } from '../../../shared/kube/resources.ts';
import { EGRESS_IPCONFIG_ANNOTATION, formatIPConfig, parseIPConfig, whyIgnored } from './accept.ts';
import { carryOutPlatformWork, carryOutUpkeep } from './carry-out.ts';
import type { SdnCloud } from './cloud.ts';
import type { Change, Followed } from './follow.ts';
import { follow } from './follow.ts';
import type { PlatformWork } from './platform.ts';
import { CLOUD_PRIVATE_IP_CONFIGS, platformWork } from './platform.ts';
import type { Stores, View } from './stores.ts';
import { isCurrent, listAll, objectsOf, viewOf } from './stores.ts';
import type { Upkeep } from './upkeep.ts';
import { highestNetid, netNamespaceUpkeep, nodeUpkeep, offlineNodes, upkeep } from './upkeep.ts';
import type { Verdicts } from './verdict.ts';
import { judge } from './verdict.ts';

export interface SdnOptions {
  /** Where addresses have to be on interfaces to be of use. */
  readonly cloud?: SdnCloud;
  /** `platform`: OpenShift 4.10 and newer in a cloud; needs `cloud`. */
  readonly assigns?: 'platform' | 'nobody';
  /** How long a namespace waits for its NetNamespace. */
  readonly netNamespaceDelayMs?: number;
  readonly now?: () => Date;
}

export interface Sdn {
  /** From what the SDN knows now. */
  verdicts(): Verdicts;
  /** Why the latest update of a HostSubnet is ignored, by node. */
  ignored(): ReadonlyMap<string, string>;
  /** Resolves when the SDN knows of every write made before the call, and has nothing left to do. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export async function startSdn(client: KubeClient, options: SdnOptions = {}): Promise<Sdn> {
  const sdn = new RunningSdn(client, options);
  await sdn.start();
  return sdn;
}

const AT_ONCE = 16;
const RETRY_MS = 200;
const LOOK_AGAIN_MS = 10;
const MAX_REST_MS = 100;

class RunningSdn implements Sdn {
  readonly #client: KubeClient;
  readonly #options: SdnOptions;
  readonly #stop = new AbortController();
  readonly #firstSeen = new Map<string, number>();
  readonly #accepted = new Map<string, HostSubnetObject>();
  readonly #ignored = new Map<string, string>();
  readonly #failures = new Map<string, number>();
  /** Names of namespaces and NetNamespaces of which a pass may have something to do. */
  #touched = new Set<string>();
  /** What any NetNamespace has ever had. */
  #highestNetid = highestNetid([]);
  #nodes: Followed<NodeObject> | undefined;
  #stores: Stores | undefined;
  #dirty = false;
  #running: Promise<void> | undefined;

  constructor(client: KubeClient, options: SdnOptions) {
    this.#client = client;
    this.#options = options;
  }

  async start(): Promise<void> {
    const { signal } = this.#stop;
    const wake = () => this.#wake();
    const started = performance.now();
    const nodes = await follow(this.#client, NODES, signal, wake);
    this.#nodes = nodes;
    await this.#annotate(nodes);
    this.#stores = {
      nodes,
      hostSubnets: await follow(this.#client, HOST_SUBNETS, signal, (change) => this.#consider(change)),
      netNamespaces: await follow(this.#client, NET_NAMESPACES, signal, ({ object }) => this.#meet(object)),
      namespaces: await follow(this.#client, NAMESPACES, signal, (change) => this.#see(change, started)),
      configs: this.#platformAssigns
        ? await follow(this.#client, CLOUD_PRIVATE_IP_CONFIGS, signal, wake)
        : undefined,
    };
    this.#wake();
  }

  verdicts(): Verdicts {
    const nodes = objectsOf(this.#stores?.nodes);
    const interfaces = this.#options.cloud?.interfaces(nodes);
    return judge({
      hostSubnets: [...this.#accepted.values()],
      netNamespaces: objectsOf(this.#stores?.netNamespaces),
      offline: offlineNodes(nodes),
      ...(interfaces === undefined ? {} : { interfaces }),
    });
  }

  ignored(): ReadonlyMap<string, string> {
    return this.#ignored;
  }

  async settled(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#running;
      if (await this.#isSettled()) return;
      await delay(LOOK_AGAIN_MS);
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  get #platformAssigns(): boolean {
    return this.#options.assigns === 'platform' && this.#options.cloud !== undefined;
  }

  /** HostSubnets that are there from the start are taken or ignored by what the platform has long said of their nodes. */
  async #annotate(nodes: Followed<NodeObject>): Promise<void> {
    await eachOf([...this.#annotations(objectsOf(nodes))], async ([name, annotation]) => {
      const metadata = { annotations: { [EGRESS_IPCONFIG_ANNOTATION]: annotation } };
      nodes.put(await this.#client.patch(NODES, name, 'application/merge-patch+json', { metadata }));
    });
  }

  /** Takes or ignores a HostSubnet as it comes. */
  #consider({ type, object }: Change<HostSubnetObject>): void {
    const { name } = object.metadata;
    this.#ignored.delete(name);
    if (type === 'deleted') this.#accepted.delete(name);
    else {
      const node = this.#nodes?.objects.get(name);
      const limit = parseIPConfig(node?.metadata.annotations?.[EGRESS_IPCONFIG_ANNOTATION]);
      const why = this.#platformAssigns ? whyIgnored(object, limit) : undefined;
      if (why === undefined) this.#accepted.set(name, object);
      else this.#ignored.set(name, why);
    }
    this.#wake();
  }

  #meet(object: NetNamespaceObject): void {
    this.#highestNetid = Math.max(this.#highestNetid, highestNetid([object]));
    this.#touched.add(object.metadata.name);
    this.#wake();
  }

  #see({ type, object }: Change<NamespaceObject>, started: number): void {
    const { name, uid } = object.metadata;
    if (type === 'deleted') this.#firstSeen.delete(uid);
    // Those that are there at the start have waited long enough.
    else if (this.#stores === undefined) this.#firstSeen.set(uid, started - this.#delayMs);
    else if (!this.#firstSeen.has(uid)) {
      this.#firstSeen.set(uid, performance.now());
      if (this.#delayMs > 0 && name !== '') this.#wakeIn(this.#delayMs);
    }
    this.#touched.add(name);
    this.#wake();
  }

  get #delayMs(): number {
    return this.#options.netNamespaceDelayMs ?? 0;
  }

  #wake(): void {
    this.#dirty = true;
    this.#running ??= this.#run();
  }

  #wakeIn(milliseconds: number): void {
    delay(milliseconds, undefined, { signal: this.#stop.signal }).then(
      () => this.#wake(),
      () => undefined,
    );
  }

  async #run(): Promise<void> {
    // Everything that has happened by the next turn goes into one pass.
    await delay(0);
    while (this.#dirty && !this.#stop.signal.aborted && this.#stores !== undefined) {
      this.#dirty = false;
      const started = performance.now();
      await this.#pass(this.#stores);
      // Under a stream of changes the SDN leaves most of the processor to others.
      if (this.#dirty) await delay(Math.min(MAX_REST_MS, 4 * (performance.now() - started)));
    }
    this.#running = undefined;
  }

  async #pass(stores: Stores): Promise<void> {
    const netNamespaces = this.#netNamespaceUpkeep(stores);
    const { nodes, hostSubnets } = stores;
    const onNodes = nodeUpkeep({
      nodes: objectsOf(nodes),
      hostSubnets: objectsOf(hostSubnets),
      netNamespaces: objectsOf(stores.netNamespaces),
      ...this.#capacity(objectsOf(nodes)),
    });
    await eachOf([...netNamespaces, ...onNodes], (action) =>
      this.#attempt(() => this.#keepUp(stores, action)),
    );
    if (!this.#platformAssigns) return;
    await eachOf(this.#platformWork(viewOf(stores)), (work) =>
      this.#attempt(() => this.#platform(stores, work)),
    );
  }

  /** Of the names that were touched since the last pass: a cluster has thousands of others. */
  #netNamespaceUpkeep({ namespaces, netNamespaces }: Stores): Upkeep[] {
    const touched = [...this.#touched];
    const isDue = this.#isDue(netNamespaces.objects);
    const present = touched.flatMap((name) => namespaces.objects.get(name) ?? []);
    const due = present.filter(isDue);
    this.#touched = new Set(present.filter((it) => !isDue(it)).map((it) => it.metadata.name));
    return netNamespaceUpkeep(
      {
        namespaces: due,
        netNamespaces: touched.flatMap((name) => netNamespaces.objects.get(name) ?? []),
      },
      this.#highestNetid,
    );
  }

  /** A conflict means that the cluster has moved on: its event asks for another pass. */
  async #attempt(call: () => Promise<void>): Promise<void> {
    try {
      await call();
    } catch (error) {
      if (!isApiError(error)) throw error;
      if (!isApiError(error, 'conflict', 'alreadyExists', 'notFound')) this.#wakeIn(RETRY_MS);
    }
  }

  async #keepUp(stores: Stores, action: Upkeep): Promise<void> {
    // Again in the next pass, if it fails or the answer is lost.
    if (action.kind.endsWith('NetNamespace')) this.#touched.add(action.name);
    const object = await carryOutUpkeep(this.#client, action);
    if (object === undefined) return;
    if (action.kind === 'createNetNamespace') stores.netNamespaces.put(object as NetNamespaceObject);
    else stores.hostSubnets.put(object as HostSubnetObject);
  }

  async #platform(stores: Stores, work: PlatformWork): Promise<void> {
    const { cloud, now = () => new Date() } = this.#options;
    if (cloud === undefined) return;
    const node = (name: string) => stores.nodes.objects.get(name);
    const refusal = await carryOutPlatformWork({ client: this.#client, cloud, node, now }, work);
    if (refusal === undefined || work.kind !== 'assign') return;
    const { uid } = work.config.metadata;
    const failures = (this.#failures.get(uid) ?? 0) + 1;
    this.#failures.set(uid, failures);
    this.#wakeIn(Math.min(RETRY_MS, 5 * 2 ** failures));
  }

  /** Everything that a whole cluster lacks. */
  #upkeep(view: View): Upkeep[] {
    const isDue = this.#isDue(new Map(view.netNamespaces.map((it) => [it.metadata.name, it])));
    return upkeep({ ...view, namespaces: view.namespaces.filter(isDue), ...this.#capacity(view.nodes) });
  }

  /** Whether a namespace has its NetNamespace, or has waited for it long enough. */
  #isDue(netNamespaces: ReadonlyMap<string, unknown>): (namespace: NamespaceObject) => boolean {
    const due = performance.now() - this.#delayMs;
    return ({ metadata: { name, uid } }) => netNamespaces.has(name) || (this.#firstSeen.get(uid) ?? 0) <= due;
  }

  /** How many egress IPs fit on each node, where the platform assigns. */
  #capacity(nodes: readonly NodeObject[]): { capacity?: ReadonlyMap<string, number> } {
    if (!this.#platformAssigns) return {};
    const limits = nodes.flatMap((node) => {
      const limit = parseIPConfig(node.metadata.annotations?.[EGRESS_IPCONFIG_ANNOTATION]);
      return limit === undefined ? [] : [[node.metadata.name, limit.capacity] as const];
    });
    return { capacity: new Map(limits) };
  }

  #platformWork({ nodes, configs }: View): PlatformWork[] {
    if (!this.#platformAssigns) return [];
    const { ips } = this.verdicts();
    const annotations = this.#annotations(nodes);
    return platformWork({ nodes, configs, ips, annotations, failures: this.#failures });
  }

  /** What the annotation of each node is to say, where the platform assigns. */
  #annotations(nodes: readonly NodeObject[]): ReadonlyMap<string, string> {
    const { cloud } = this.#options;
    if (!this.#platformAssigns || cloud === undefined) return new Map();
    const limits = nodes.flatMap((node) => {
      const limit = cloud.limit(node);
      if (limit === undefined) return [];
      return [[node.metadata.name, formatIPConfig(limit.interfaceId, limit, limit.capacity + 1)] as const];
    });
    return new Map(limits);
  }

  async #isSettled(): Promise<boolean> {
    const stores = this.#stores;
    if (stores === undefined) return false;
    const fresh = await listAll(this.#client, stores);
    return (
      this.#upkeep(fresh).length === 0 &&
      this.#platformWork(fresh).length === 0 &&
      isCurrent(stores.nodes, fresh.nodes) &&
      isCurrent(stores.hostSubnets, fresh.hostSubnets) &&
      isCurrent(stores.netNamespaces, fresh.netNamespaces) &&
      isCurrent(stores.namespaces, fresh.namespaces)
    );
  }
}

/** A few at once. */
async function eachOf<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await act(item);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
}
