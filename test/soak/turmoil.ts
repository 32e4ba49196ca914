// What users do to namespaces, and what befalls nodes, at random: one event at a time, each by the words of an API call. It
// remembers what it has done only as far as it takes to undo it.
import { isApiError, type KubeClient } from '../../shared/kube/client.ts';
import { EGRESSIPAMS, NAMESPACES, NODES } from '../../shared/kube/resources.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION } from '../../shared/names.ts';
import { ZONES } from '../sandbox/nodes.ts';
import type { SeededRandom } from '../seeded-random.ts';

const MERGE = 'application/merge-patch+json';
/** On the nodes that the EgressIPAMs select. */
const SELECTED = 'example.com/egress';

/** CIDRs of the EgressIPAMs, each a part of its zone's subnet. */
const CIDRS = {
  everywhere: ['10.0.130.0/24', '10.0.146.0/24', '10.0.162.0/24'],
  'one-zone': ['10.0.131.0/24'],
} as const;
type Pool = keyof typeof CIDRS;
const POOLS = Object.keys(CIDRS) as Pool[];

/** How an event ended, as far as the caller could see. */
export type Ending = 'done' | 'refused' | 'failed';

export class Turmoil {
  readonly #client: KubeClient;
  readonly #random: SeededRandom;
  readonly #most: number;
  readonly #setReady: (node: string, ready: boolean) => Promise<void>;
  #namespaces: string[] = [];
  #nodes: readonly string[] = [];
  /** Nodes that something befell, with what ends it. */
  readonly #befallen = new Map<string, () => Promise<void>>();
  #made = 0;

  /** `most`: namespaces at a time. */
  constructor(
    client: KubeClient,
    random: SeededRandom,
    most: number,
    setReady: (node: string, ready: boolean) => Promise<void>,
  ) {
    this.#client = client;
    this.#random = random;
    this.#most = most;
    this.#setReady = setReady;
  }

  /** Selects all nodes and creates the EgressIPAMs. */
  async prepare(): Promise<void> {
    const { items } = await this.#client.list(NODES);
    this.#nodes = items.map(({ metadata }) => metadata.name);
    for (const node of this.#nodes) await this.#label(node, '');
    for (const name of POOLS) {
      const cidrAssignments = CIDRS[name].map((CIDR, at) => ({ CIDR, labelValue: ZONES[at]?.zone }));
      await this.#client.create(EGRESSIPAMS, {
        apiVersion: 'redhatcop.redhat.io/v1alpha1',
        kind: 'EgressIPAM',
        metadata: { name },
        spec: {
          topologyLabel: 'topology.kubernetes.io/zone',
          nodeSelector: { matchLabels: { [SELECTED]: '' } },
          reuseGracePeriod: '5s',
          cidrAssignments,
        },
      });
    }
  }

  async namespaceEvent(): Promise<Ending> {
    const random = this.#random;
    const name = this.#namespaces.length === 0 ? undefined : random.pick(this.#namespaces);
    const share = this.#namespaces.length / this.#most;
    if (name === undefined || random.next() > 0.3 + share * 0.6)
      return await this.#attempt(() => this.#create());
    const pool = random.pick(POOLS);
    const change = random.pick<() => Promise<unknown>>([
      () => this.#delete(name),
      () => this.#delete(name),
      () => this.#annotate(name, { [EGRESSIPAM_ANNOTATION]: null }),
      () => this.#annotate(name, { [EGRESSIPAM_ANNOTATION]: pool }),
      () => this.#annotate(name, { [EGRESSIPAM_ANNOTATION]: pool, [EGRESSIPS_ANNOTATION]: null }),
      () =>
        this.#annotate(name, { [EGRESSIPAM_ANNOTATION]: pool, [EGRESSIPS_ANNOTATION]: this.#ipsOf(pool) }),
      () => this.#annotate(name, { [EGRESSIPS_ANNOTATION]: null }),
      () => this.#annotate(name, { 'example.com/note': String(this.#made) }),
    ]);
    return await this.#attempt(change);
  }

  /** Something befalls a node, or ends; never a quarter of them at a time. */
  async nodeEvent(): Promise<Ending> {
    const free = this.#nodes.filter((node) => !this.#befallen.has(node));
    const isFull = this.#befallen.size * 4 >= this.#nodes.length;
    if (this.#befallen.size > 0 && (isFull || this.#random.chance(0.5))) {
      return await this.#attempt(() => this.#end(this.#random.pick([...this.#befallen.keys()])));
    }
    const node = this.#random.pick(free);
    const [begin, end] = this.#random.pick<[() => Promise<void>, () => Promise<void>]>([
      [() => this.#setReady(node, false), () => this.#setReady(node, true)],
      [() => this.#cordon(node, true), () => this.#cordon(node, null)],
      [() => this.#label(node, null), () => this.#label(node, '')],
    ]);
    this.#befallen.set(node, end);
    return await this.#attempt(begin);
  }

  /** All nodes are well again. */
  async calm(): Promise<void> {
    for (const node of [...this.#befallen.keys()]) await this.#end(node);
  }

  async #end(node: string): Promise<void> {
    await this.#befallen.get(node)?.();
    this.#befallen.delete(node);
  }

  async #create(): Promise<void> {
    this.#made += 1;
    const pool = this.#random.pick(POOLS);
    const isListing = this.#random.chance(0.2);
    const annotations = {
      [EGRESSIPAM_ANNOTATION]: pool,
      ...(isListing ? { [EGRESSIPS_ANNOTATION]: this.#ipsOf(pool) } : {}),
    };
    const name = `team-${this.#made}`;
    const metadata = this.#random.chance(0.2) ? { generateName: `${name}-` } : { name };
    const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { ...metadata, annotations } };
    const created = await this.#client.create(NAMESPACES, object);
    this.#namespaces.push(created.metadata.name);
  }

  async #delete(name: string): Promise<void> {
    this.#namespaces = this.#namespaces.filter((other) => other !== name);
    await this.#client.delete(NAMESPACES, name, {});
  }

  async #annotate(name: string, annotations: Readonly<Record<string, string | null>>): Promise<void> {
    await this.#client.patch(NAMESPACES, name, MERGE, { metadata: { annotations } });
  }

  async #cordon(node: string, unschedulable: true | null): Promise<void> {
    await this.#client.patch(NODES, node, MERGE, { spec: { unschedulable } });
  }

  async #label(node: string, value: '' | null): Promise<void> {
    await this.#client.patch(NODES, node, MERGE, { metadata: { labels: { [SELECTED]: value } } });
  }

  /** One of each CIDR, whoever has it. */
  #ipsOf(pool: Pool): string {
    return CIDRS[pool].map((text) => text.replace(/0\/24$/, String(4 + this.#random.below(250)))).join(',');
  }

  async #attempt(act: () => Promise<unknown>): Promise<Ending> {
    try {
      await act();
      return 'done';
    } catch (error) {
      if (!isApiError(error)) throw error;
      return isApiError(error, 'invalid', 'forbidden', 'conflict', 'notFound') ? 'refused' : 'failed';
    }
  }
}
