// Where the race is run: the product on the sandbox, nodes in three groups, an address that a stranger holds, and ledgers
// that follow who holds what.
import type { AllocationObject, NamespaceObject, NetNamespaceObject } from '../../shared/kinds.ts';
import type { KubeConfig } from '../../shared/kube/kubeconfig.ts';
import { loadKubeConfig } from '../../shared/kube/kubeconfig.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  HOST_SUBNETS,
  NAMESPACES,
  NET_NAMESPACES,
  NODES,
} from '../../shared/kube/resources.ts';
import { describeProblems } from '../../shared/problem.ts';
import type { Child } from '../stack/child.ts';
import { Stack } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import { listIn } from './client.ts';
import type { RaceConfig } from './config.ts';
import { Ledger } from './ledger.ts';
import { EGRESSIPAM, NODE_GROUP, neverHandedOut, type RacePool, raceEgressIPAM, racePools } from './pools.ts';

const STRANGER = 'race-stranger';
/** Of the API server's request time-out: what the reconciler is told, so that its grace, twice that, is longer. */
const TOLD_SHARE = 0.6;

export interface Course {
  readonly stack: Stack;
  readonly config: KubeConfig;
  readonly pools: readonly RacePool[];
  readonly never: ReadonlyMap<string, RegExp>;
  /** Where the webhooks show what they count. */
  readonly metricsPorts: readonly number[];
  readonly namespaces: Ledger<NamespaceObject>;
  readonly netNamespaces: Ledger<NetNamespaceObject>;
  readonly allocations: Ledger<AllocationObject>;
  close(): Promise<void>;
}

/** Resolves when the EgressIPAM gives out IPs. */
export async function prepare(race: RaceConfig, say: (step: string) => void): Promise<Course> {
  const timeout = race['request-timeout'];
  const stack = await Stack.start(
    {
      platform: 'baremetal',
      nodes: race.nodes,
      webhooks: race.webhooks,
      userAgent: 'egressip-ipam-race',
      sandboxArgs: [`--request-timeout=${timeout}ms`],
      reconcilerArgs: [`--api-server-request-timeout=${TOLD_SHARE * timeout}ms`],
    },
    say,
  );
  try {
    say('preparing nodes and the EgressIPAM');
    // While the lines that say so are still kept.
    const metricsPorts = stack.processes.webhooks.map(metricsPortOf);
    const pools = racePools(race.namespaces);
    const hostIPs = await label(stack, pools);
    await settle(stack, pools);
    await stack.client.create(EGRESSIPAMS, raceEgressIPAM(pools));
    await until(async () => {
      const status = (await stack.client.get(EGRESSIPAMS, EGRESSIPAM))?.status;
      return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;
    });
    const ledgers = await follow(stack);
    return {
      stack,
      config: await readConfig(stack.ready.kubeconfigs.admin),
      pools,
      never: neverHandedOut(pools, hostIPs),
      metricsPorts,
      ...ledgers,
      async close() {
        await Promise.all(Object.values(ledgers).map((ledger) => ledger.stop()));
        await stack.stop();
      },
    };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

/** Splits the nodes into the groups of the pools; returns their addresses. */
async function label({ client }: Stack, pools: readonly RacePool[]): Promise<string[]> {
  const { items } = await client.list(NODES);
  for (const [i, { metadata }] of items.entries()) {
    const labels = { [NODE_GROUP]: pools[i % pools.length]?.labelValue };
    await client.patch(NODES, metadata.name, 'application/merge-patch+json', { metadata: { labels } });
  }
  const hostSubnets = await client.list(HOST_SUBNETS);
  return hostSubnets.items.map(({ hostIP }) => hostIP);
}

/** Somebody who never opted in has an address of each pool. */
async function settle({ client }: Stack, pools: readonly RacePool[]): Promise<void> {
  const egressIPs = pools.flatMap(({ foreign }) => foreign);
  await client.create(NAMESPACES, { metadata: { name: STRANGER } });
  await until(async () => (await client.get(NET_NAMESPACES, STRANGER)) !== undefined);
  await client.patch(NET_NAMESPACES, STRANGER, 'application/merge-patch+json', { egressIPs });
}

async function follow({ client }: Stack) {
  return {
    namespaces: await Ledger.follow(client, NAMESPACES, (object) => ({
      holder: object.metadata.name,
      ips: listIn(object)?.split(',') ?? [],
    })),
    netNamespaces: await Ledger.follow(client, NET_NAMESPACES, ({ metadata, egressIPs = [] }) => ({
      holder: metadata.name,
      ips: egressIPs,
    })),
    allocations: await Ledger.follow(client, ALLOCATIONS, ({ metadata, spec }) => ({
      holder: spec.namespace,
      ips: [metadata.name],
    })),
  };
}

function metricsPortOf({ lines }: Child): number {
  const line = lines.find((text) => text.includes('"listens"')) ?? '{}';
  return Number((JSON.parse(line) as { metrics?: unknown }).metrics);
}

async function readConfig(file: string): Promise<KubeConfig> {
  const config = await loadKubeConfig({ kubeconfig: file, env: {} });
  if (!config.ok) throw new Error(describeProblems(config.problems));
  return config.value;
}
