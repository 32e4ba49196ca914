// The sandbox as the cluster of the stories.
import type { KubeClient } from '../../shared/kube/client.ts';
import { NODES } from '../../shared/kube/resources.ts';
import { OPERATOR_NAMESPACE } from '../../shared/names.ts';
import { Stack } from '../stack/stack.ts';
import type { CloudView, Cluster, ClusterOptions } from './cluster.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { AWS_ZONES, RACKS } from './machines.ts';
import { marked } from './marks.ts';
import { RawApi } from './raw-api.ts';
import { askSandbox } from './verdicts.ts';

/** What the API server gives a request; a claim's grace, twice what the reconciler is told, has to be longer. */
const SHORT_TIMEOUT = '4s';
export const SHORT_GRACE = ['--api-server-request-timeout=2500ms'];

interface AuditEntry {
  readonly verb: string;
  readonly path: string;
  readonly code: number;
}

/** The sandbox with the product on it, all of it stopped by `stop`. */
export async function onSandbox(options: ClusterOptions): Promise<Cluster> {
  const { platform, nodes, rackNodes = 0, instanceType, webhooks = 1, reconcilerArgs = [] } = options;
  const short = options.timeouts !== 'usual';
  const stack = await Stack.start({
    platform,
    nodes,
    webhooks,
    userAgent: 'egressip-ipam-e2e',
    sandboxArgs: [
      ...(short ? [`--request-timeout=${SHORT_TIMEOUT}`] : []),
      ...(rackNodes > 0 ? [`--rack-nodes=${rackNodes}`] : []),
      ...(instanceType === undefined ? [] : [`--instance-type=${instanceType}`]),
    ],
    reconcilerArgs: [...(short ? SHORT_GRACE : []), ...reconcilerArgs],
  });
  await markNodes(stack.client);
  const raw = new RawApi(await readKubeconfig(stack.ready.kubeconfigs.admin));
  return {
    platform,
    client: stack.client,
    raw,
    kubeconfig: stack.ready.kubeconfigs.admin,
    zones: platform === 'aws' ? AWS_ZONES : RACKS,
    room: Number.POSITIVE_INFINITY,
    verdicts: askSandbox(stack),
    cloud: platform === 'aws' ? cloudOf(stack) : undefined,
    processes: stack.processes,
    noAudit: undefined,
    forbidden: () => forbiddenIn(stack),
    async stop() {
      await raw.close();
      await stack.stop();
    },
  };
}

async function markNodes(client: KubeClient): Promise<void> {
  const { items } = await client.list(NODES);
  const patch = marked({ metadata: {} });
  for (const { metadata } of items) {
    await client.patch(NODES, metadata.name, 'application/merge-patch+json', patch);
  }
}

function cloudOf(stack: Stack): CloudView {
  return {
    async interfaces() {
      const { interfaces } = await stack.ask<{ interfaces: { id: string; addresses: string[] }[] }>('ec2');
      return new Map(interfaces.flatMap(({ id, addresses }) => addresses.map((ip) => [ip, id] as const)));
    },
    take: (ip) => stack.tell('ec2/taken', { ip }),
  };
}

async function forbiddenIn(stack: Stack): Promise<string[]> {
  const users = ['webhook', 'reconciler'].map(
    (name) => `system:serviceaccount:${OPERATOR_NAMESPACE}:egressip-ipam-${name}`,
  );
  const entries = await Promise.all(
    users.map((user) => stack.ask<AuditEntry[]>(`audit?user=${encodeURIComponent(user)}`)),
  );
  return entries
    .flat()
    .filter(({ code }) => code === 403)
    .map(({ verb, path }) => `${verb} ${path}`);
}
