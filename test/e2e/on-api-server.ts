// Somebody's API server as the cluster of the stories. It may be a bare kube-apiserver: the suite installs the product and
// what OpenShift would bring along, makes the nodes, and plays the SDN and whoever finishes namespaces. All of it is
// marked; guest.ts takes it away.
import type { NodeObject } from '../../shared/kinds.ts';
import type { KubeClient } from '../../shared/kube/client.ts';
import { connect } from '../../shared/kube/connection.ts';
import { ALLOCATIONS, NODES } from '../../shared/kube/resources.ts';
import { type Closer, closeInReverse } from '../../shared/process/shutdown.ts';
import { createNode } from '../sandbox/nodes.ts';
import { startSdn } from '../sandbox/sdn/sdn.ts';
import { Processes } from '../stack/processes.ts';
import { accountsOn } from './accounts.ts';
import { Balancer } from './balancer.ts';
import type { Cluster, ClusterOptions } from './cluster.ts';
import { hasNamespaceController, keepFinishing } from './finish.ts';
import { install, setInfrastructure } from './install.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { machinesFor } from './machines.ts';
import { isOfAStory, marked } from './marks.ts';
import { SHORT_GRACE } from './on-sandbox.ts';
import { RawApi } from './raw-api.ts';
import { workOut } from './verdicts.ts';

/** Milliseconds to close everything. */
const CLOSE = 60_000;

/** `kubeconfig` is an administrator's file. */
export async function onApiServer(kubeconfig: string, options: ClusterOptions): Promise<Cluster> {
  const closers: Closer[] = [];
  const stop = async () => {
    const [unclosed] = await closeInReverse(closers.splice(0), CLOSE);
    if (unclosed !== undefined) throw unclosed.error;
  };
  try {
    return { ...(await start(kubeconfig, options, closers)), stop };
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}

async function start(
  kubeconfig: string,
  options: ClusterOptions,
  closers: Closer[],
): Promise<Omit<Cluster, 'stop'>> {
  const { platform, webhooks = 1, reconcilerArgs = [], timeouts } = options;
  const config = await readKubeconfig(kubeconfig);
  const client = connect(config, { userAgent: 'egressip-ipam-e2e' });
  closers.push({ name: 'connections', close: () => client.close() });
  const raw = new RawApi(config);
  closers.push({ name: 'more connections', close: () => raw.close() });
  const machines = await machinesFor(options);
  closers.push({ name: 'machines', close: () => machines.close() });
  closers.push({ name: 'egress IPs', close: async () => machines.release(await storiesIPs(client)) });
  const balancer = await Balancer.start();
  closers.push({ name: 'balancer', close: () => balancer.close() });

  await install(client, raw, balancer.port);
  await setInfrastructure(client, platform, machines.region);
  for (const spec of machines.nodes) {
    const { labels } = marked({ metadata: { labels: spec.labels } }).metadata;
    await createNode(client, { ...spec, labels });
  }
  const { sdnCloud } = machines;
  const sdn = await startSdn(client, sdnCloud === undefined ? {} : { cloud: sdnCloud });
  closers.push({ name: 'SDN', close: () => sdn.close() });
  if (!(await hasNamespaceController(client))) {
    closers.push({ name: 'end of namespaces', close: keepFinishing(client, raw) });
  }

  const accounts = await accountsOn(raw, kubeconfig, config);
  closers.push({ name: 'tokens', close: () => accounts.remove() });
  const processes = new Processes({
    client,
    webhook: { kubeconfig: accounts.webhook, count: webhooks },
    reconciler: {
      kubeconfig: accounts.reconciler,
      args: [...(timeouts === 'usual' ? [] : SHORT_GRACE), ...reconcilerArgs],
      env: machines.env,
    },
    route: async (ports) => balancer.to(ports),
  });
  closers.push({ name: 'processes', close: () => processes.stop() });
  await processes.startReconciler();
  await processes.startWebhooks();
  const nodes = async (): Promise<readonly NodeObject[]> => (await client.list(NODES)).items;
  return {
    platform,
    client,
    raw,
    kubeconfig,
    zones: machines.zones,
    room: machines.room,
    verdicts: workOut(client, async () => machines.addressesOf(await nodes())),
    cloud: machines.view,
    processes,
    noAudit: accounts.notTested,
    forbidden: async () => complaintsIn(processes),
  };
}

/** There is no audit log to look into; a process that is refused says so in its own. */
function complaintsIn({ webhooks, reconcilers }: Processes): string[] {
  return [...webhooks, ...reconcilers].flatMap(({ lines }) =>
    lines.filter((line) =>
      /is forbidden: User|cannot (get|list|watch|create|update|patch|delete) resource/.test(line),
    ),
  );
}

async function storiesIPs(client: KubeClient): Promise<string[]> {
  const { items } = await client.list(ALLOCATIONS);
  const ours = items.filter(({ spec }) => isOfAStory({ metadata: { name: spec.egressIPAM } }));
  return ours.map(({ metadata }) => metadata.name);
}
