// The product's processes on one API server, any number of each, started as a cluster would start them but for addresses
// and ports, which are loopback's and the kernel's choice.
import { isApiError, type KubeClient } from '../../shared/kube/client.ts';
import { EGRESSIPAMS } from '../../shared/kube/resources.ts';
import { OPERATOR_NAMESPACE } from '../../shared/names.ts';
import type { Environment } from './aws-environment.ts';
import { Child } from './child.ts';
import { until } from './until.ts';

export interface ProcessOptions {
  /** Whose rights it has. */
  readonly kubeconfig: string;
  readonly args?: readonly string[];
  readonly env?: Environment;
}

export interface ProcessesOptions {
  /** An administrator's, to see whether the webhooks answer. */
  readonly client: KubeClient;
  readonly webhook: ProcessOptions & { readonly count: number };
  readonly reconciler: ProcessOptions;
  /** Tells the API server on which ports of loopback the webhooks are; on none, when they are about to end. */
  readonly route: (ports: readonly number[]) => Promise<void>;
}

const LOOPBACK = '127.0.0.1:0';
const PROBES = [`--metrics-bind-address=${LOOPBACK}`, `--health-probe-bind-address=${LOOPBACK}`];

export class Processes {
  readonly #options: ProcessesOptions;
  #webhooks: Child[] = [];
  #reconcilers: Child[] = [];

  constructor(options: ProcessesOptions) {
    this.#options = options;
  }

  get webhooks(): readonly Child[] {
    return this.#webhooks;
  }

  /** Those that were started and not ended, in that order. */
  get reconcilers(): readonly Child[] {
    return this.#reconcilers;
  }

  /** Resolves when the API server gets answers. */
  async startWebhooks(): Promise<void> {
    const { client, webhook, route } = this.#options;
    const flags = ['--bind-address=127.0.0.1', '--port=0', '--shutdown-delay=0s'];
    this.#webhooks = Array.from({ length: webhook.count }, () => spawn('webhook', webhook, flags));
    const lines = await Promise.all(
      this.#webhooks.map((child) => child.line(({ msg }) => msg === 'listens')),
    );
    await route(lines.map(({ port }) => Number(port)));
    await until(() => isAnswered(client));
  }

  /** Nobody answers admission any more. */
  async stopWebhooks(): Promise<void> {
    const webhooks = this.#webhooks;
    this.#webhooks = [];
    await this.#options.route([]);
    await Promise.all(webhooks.map((child) => child.stop()));
  }

  /** One more; resolves when it runs, whether or not it leads. `args` come after the usual ones. */
  async startReconciler(args: readonly string[] = []): Promise<Child> {
    const child = spawn('reconciler', this.#options.reconciler, args);
    this.#reconcilers.push(child);
    await child.line(({ msg }) => msg === 'started');
    return child;
  }

  /** Ends a reconciler, by SIGTERM or as a crash; the one that was started first unless another is named. */
  async endReconciler(how: 'stop' | 'kill', child = this.#reconcilers[0]): Promise<void> {
    this.#reconcilers = this.#reconcilers.filter((other) => other !== child);
    if (how === 'stop') await child?.stop();
    else await child?.kill();
  }

  /** Ends all of them. */
  async stop(): Promise<void> {
    await Promise.all([...this.#reconcilers, ...this.#webhooks].map((child) => child.stop()));
  }
}

function spawn(
  name: 'webhook' | 'reconciler',
  { kubeconfig, args = [], env }: ProcessOptions,
  more: readonly string[],
): Child {
  return new Child({
    script: `${name}/main.ts`,
    args: [`--kubeconfig=${kubeconfig}`, `--namespace=${OPERATOR_NAMESPACE}`, ...PROBES, ...args, ...more],
    ...(env === undefined ? {} : { env }),
  });
}

/** The webhook answers when an EgressIPAM that cannot be is refused for what it says. */
async function isAnswered(client: KubeClient): Promise<boolean> {
  const probe = {
    apiVersion: 'redhatcop.redhat.io/v1alpha1',
    kind: 'EgressIPAM',
    metadata: { name: 'probe' },
    spec: { topologyLabel: 'probe', cidrAssignments: [{ CIDR: '10.0.0.1/8', labelValue: 'a' }] },
  };
  try {
    await client.create(EGRESSIPAMS, probe);
    await client.delete(EGRESSIPAMS, 'probe', {});
    return false;
  } catch (error) {
    return isApiError(error, 'invalid');
  }
}
