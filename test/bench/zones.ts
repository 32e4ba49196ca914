// A cluster on AWS in three zones, EC2 slow and throttled as the real one: what bursts and failovers are measured on. Some
// nodes serve the burst's three CIDRs; six more in one zone serve an EgressIPAM of one CIDR, and fail on demand.
import { setTimeout as delay } from 'node:timers/promises';
import type { HostSubnetObject, NetNamespaceObject, NodeObject } from '../../shared/kinds.ts';
import type { KubeClient } from '../../shared/kube/client.ts';
import { Reflector } from '../../shared/kube/reflector.ts';
import { EGRESSIPAMS, HOST_SUBNETS, NAMESPACES, NET_NAMESPACES, NODES } from '../../shared/kube/resources.ts';
import { EGRESSIPAM_ANNOTATION } from '../../shared/names.ts';
import { Stack } from '../stack/stack.ts';
import { sized, type Terms } from './part.ts';
import { callsTo } from './seeded.ts';

/** Milliseconds that EC2 takes for each call. */
export const EC2_LATENCY = 250;
const ZONE = 'topology.kubernetes.io/zone';
const ROLE = 'bench';
const SPARE_PER_ZONE = 6;
const CIDRS = { burst: ['10.0.0.0/19', '10.0.64.0/19', '10.0.128.0/19'], single: ['10.0.32.0/19'] };
const ZONES = ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'];

export interface ZonesSize {
  readonly namespaces: number;
  /** That serve the burst. */
  readonly nodes: number;
  /** On the node that fails. */
  readonly ips: number;
}

export function zonesSize(terms: Pick<Terms, 'size'>): ZonesSize {
  return sized(terms, { namespaces: 1_000, nodes: 120, ips: 25 }, { namespaces: 9, nodes: 6, ips: 3 });
}

/** Call `stop`. */
export class Zones {
  readonly stack: Stack;
  readonly size: ZonesSize;
  /** Those that serve the single CIDR, in the order of their names. */
  readonly single: readonly string[];
  readonly nodes: Reflector<NodeObject>;
  readonly hostSubnets: Reflector<HostSubnetObject>;
  readonly netNamespaces: Reflector<NetNamespaceObject>;

  static async start(terms: Terms): Promise<Zones> {
    const size = zonesSize(terms);
    const stack = await Stack.start(
      {
        platform: 'aws',
        nodes: size.nodes + 3 * SPARE_PER_ZONE,
        userAgent: 'egressip-ipam-bench',
        sandboxArgs: [
          `--ec2-latency=${EC2_LATENCY}ms`,
          '--ec2-throttling=real',
          '--instance-type=m5.16xlarge',
          '--large-subnets',
        ],
      },
      (step) => terms.say(step),
    );
    try {
      const zones = new Zones(stack, size, await label(stack.client, size.nodes));
      for (const reflector of zones.#reflectors) reflector.start();
      await Promise.all(zones.#reflectors.map((reflector) => reflector.synced));
      await zones.#createEgressIPAM('burst');
      await zones.#createEgressIPAM('single');
      return zones;
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  private constructor(stack: Stack, size: ZonesSize, single: readonly string[]) {
    const { client } = stack;
    this.stack = stack;
    this.size = size;
    this.single = single;
    this.nodes = new Reflector({ client, resource: NODES });
    this.hostSubnets = new Reflector({ client, resource: HOST_SUBNETS });
    this.netNamespaces = new Reflector({ client, resource: NET_NAMESPACES });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()));
    await this.stack.stop();
  }

  /** As fast as the API server takes them, so many at a time. Resolves when the last one is admitted. */
  async admit(egressIPAM: 'burst' | 'single', names: readonly string[]): Promise<void> {
    const waiting = [...names];
    const admitNext = async () => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
        const annotations = { [EGRESSIPAM_ANNOTATION]: egressIPAM };
        await this.stack.client.create(NAMESPACES, { metadata: { name, annotations } });
      }
    };
    await Promise.all(Array.from({ length: 32 }, admitNext));
  }

  /** Resolves with when (monotonic ms) the last of the namespaces has so many IPs on its NetNamespace. */
  async untilGranted(names: readonly string[], ips: number): Promise<number> {
    const wanted = new Set(names);
    return await this.#until(this.netNamespaces, () => {
      for (const name of wanted) {
        if ((this.netNamespaces.store.get(name)?.egressIPs?.length ?? 0) < ips) return false;
        wanted.delete(name);
      }
      return true;
    });
  }

  /** Resolves with when (monotonic ms) so many IPs are hosted on the nodes of the single CIDR but for `except`, and none there. */
  async untilHostedBy(hosts: readonly string[], ips: number): Promise<number> {
    return await this.#until(this.hostSubnets, () => {
      const on = (names: readonly string[]) =>
        names.reduce((sum, name) => sum + (this.hostSubnets.store.get(name)?.egressIPs?.length ?? 0), 0);
      return on(hosts) >= ips && on(this.single) === on(hosts);
    });
  }

  async cordon(names: readonly string[], unschedulable: boolean): Promise<void> {
    const patch = { spec: { unschedulable } };
    for (const name of names) {
      await this.stack.client.patch(NODES, name, 'application/merge-patch+json', patch);
    }
  }

  /** Resolves with when (monotonic ms) a watch tells. */
  async setReady(name: string, ready: boolean): Promise<number> {
    const told = this.#until(this.nodes, () => {
      const conditions = this.nodes.store.get(name)?.status?.conditions ?? [];
      return conditions.some(({ type, status }) => type === 'Ready' && (status === 'True') === ready);
    });
    await this.stack.tell(`nodes/${name}`, { ready });
    return await told;
  }

  get #reflectors() {
    return [this.nodes, this.hostSubnets, this.netNamespaces] as const;
  }

  #until(reflector: Reflector<never> | { onChange(listener: () => void): () => void }, isSo: () => boolean) {
    const { promise, resolve } = Promise.withResolvers<number>();
    const look = () => {
      if (!isSo()) return;
      end();
      resolve(performance.now());
    };
    const end = reflector.onChange(look);
    look();
    return promise;
  }

  async #createEgressIPAM(name: 'burst' | 'single'): Promise<void> {
    const spec = {
      topologyLabel: ZONE,
      nodeSelector: { matchLabels: { [ROLE]: name } },
      cidrAssignments: CIDRS[name].map((CIDR, zone) => ({ CIDR, labelValue: ZONES[zone] })),
    };
    await this.stack.client.create(EGRESSIPAMS, { metadata: { name }, spec });
    for (;;) {
      const { status } = (await this.stack.client.get(EGRESSIPAMS, name)) ?? {};
      if (status?.cidrs !== undefined) return;
      await delay(50);
    }
  }
}

/** Gives each node its part, and returns those of the single CIDR. */
async function label(client: KubeClient, burstNodes: number): Promise<string[]> {
  const { items } = await client.list(NODES);
  const single: string[] = [];
  for (const zone of ZONES) {
    const names = items
      .filter(({ metadata }) => metadata.labels?.[ZONE] === zone)
      .map((it) => it.metadata.name);
    for (const [index, name] of names.sort().entries()) {
      const isBurst = index < burstNodes / ZONES.length;
      if (!isBurst && zone !== ZONES[0]) continue;
      if (!isBurst) single.push(name);
      const patch = { metadata: { labels: { [ROLE]: isBurst ? 'burst' : 'single' } } };
      await client.patch(NODES, name, 'application/merge-patch+json', patch);
    }
  }
  return single;
}

/** Calls to EC2 from now until the function returned is asked. */
export async function countCalls(
  stack: Stack,
): Promise<() => Promise<{ assigns: number; describes: number }>> {
  const before = await callsTo(stack);
  return async () => {
    const after = await callsTo(stack);
    const made = (action: string) => (after[action] ?? 0) - (before[action] ?? 0);
    const describes = Object.keys(after).filter(
      (action) => !action.startsWith('Assign') && !action.startsWith('Un'),
    );
    return {
      assigns: made('AssignPrivateIpAddresses'),
      describes: describes.reduce((sum, action) => sum + made(action), 0),
    };
  };
}

export function namesOf(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}-${String(i).padStart(4, '0')}`);
}
