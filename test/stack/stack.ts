// The product on the sandbox: sandbox, webhook and reconciler as processes of their own, with the roles of manifests/.
// Demo and end-to-end tests build on it.
import { isApiError, type KubeClient } from '../../shared/kube/client.ts';
import { type Connection, connect } from '../../shared/kube/connection.ts';
import { loadKubeConfig } from '../../shared/kube/kubeconfig.ts';
import { EGRESSIPAMS } from '../../shared/kube/resources.ts';
import { OPERATOR_NAMESPACE, WEBHOOK_SERVICE } from '../../shared/names.ts';
import { describeProblems } from '../../shared/problem.ts';
import { apply } from './apply.ts';
import { sandboxAws } from './aws-environment.ts';
import { Child } from './child.ts';
import { installation, type Manifest } from './objects.ts';
import { Processes } from './processes.ts';
import { until } from './until.ts';

export interface StackOptions {
  readonly platform: 'aws' | 'baremetal';
  readonly nodes: number;
  readonly webhooks?: number;
  readonly userAgent?: string;
  /** More flags for each process. */
  readonly sandboxArgs?: readonly string[];
  readonly reconcilerArgs?: readonly string[];
  readonly webhookArgs?: readonly string[];
}

/** What the sandbox prints when it is ready. */
interface SandboxReady {
  readonly url: string;
  readonly kubeconfigs: { readonly admin: string; readonly webhook: string; readonly reconciler: string };
  readonly ec2Url: string | null;
  readonly region: string | null;
  readonly controlUrl: string;
}

export class Stack {
  readonly ready: SandboxReady;
  readonly client: Connection;
  readonly processes: Processes;
  readonly #sandbox: Child;

  /** Resolves when the webhook answers; `onStep` is told what is being done. Rejects, all ended, once `stop` is aborted. */
  static async start(
    options: StackOptions,
    onStep: (step: string) => void = () => {},
    stop: AbortSignal = new AbortController().signal,
  ): Promise<Stack> {
    const unlessStopped = <T>(step: Promise<T>) => Promise.race([step, rejection(stop)]);
    onStep('starting the sandbox');
    const sandbox = new Child({
      script: 'test/sandbox/main.ts',
      args: [`--platform=${options.platform}`, `--nodes=${options.nodes}`, ...(options.sandboxArgs ?? [])],
    });
    let stack: Stack | undefined;
    try {
      const said = await unlessStopped(sandbox.line((line) => 'kubeconfigs' in line));
      const ready = said as unknown as SandboxReady;
      stack = new Stack(options, sandbox, ready, await connectTo(ready.kubeconfigs.admin, options.userAgent));
      onStep('applying manifests/');
      await unlessStopped(stack.#install());
      onStep('starting the webhook and the reconciler');
      await unlessStopped(stack.processes.startReconciler());
      await unlessStopped(stack.processes.startWebhooks());
      return stack;
    } catch (error) {
      if (stack === undefined) await sandbox.stop();
      else await stack.stop();
      throw error;
    }
  }

  private constructor(options: StackOptions, sandbox: Child, ready: SandboxReady, client: Connection) {
    const { webhooks = 1, webhookArgs = [], reconcilerArgs = [] } = options;
    const { kubeconfigs, ec2Url } = ready;
    this.#sandbox = sandbox;
    this.ready = ready;
    this.client = client;
    this.processes = new Processes({
      client,
      webhook: { kubeconfig: kubeconfigs.webhook, args: webhookArgs, count: webhooks },
      reconciler: {
        kubeconfig: kubeconfigs.reconciler,
        args: reconcilerArgs,
        env: ec2Url === null ? {} : sandboxAws(ec2Url),
      },
      route: (ports) => this.#route(ports),
    });
  }

  get sandbox(): Child {
    return this.#sandbox;
  }

  /** What the sandbox says on its control port. */
  async ask<T>(path: string): Promise<T> {
    const response = await fetch(`${this.ready.controlUrl}/control/${path}`);
    if (!response.ok) throw new Error(`the sandbox answered ${response.status} to ${path}`);
    return (await response.json()) as T;
  }

  async tell(path: string, body: unknown, method: 'POST' | 'DELETE' = 'POST'): Promise<void> {
    const response = await fetch(`${this.ready.controlUrl}/control/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`the sandbox answered ${response.status} to ${path}`);
  }

  async stop(): Promise<void> {
    await this.processes.stop();
    await this.client.close();
    await this.#sandbox.stop();
  }

  async #install(): Promise<void> {
    const objects = installation();
    // Webhook configurations come last: until somebody answers, they would refuse what they are asked about.
    const early = objects.filter((object) => !object.kind.endsWith('WebhookConfiguration'));
    const late = objects.filter((object) => object.kind.endsWith('WebhookConfiguration'));
    for (const object of [...early, ...late]) await applyEventually(this.client, object);
    await until(async () => (await this.client.list(EGRESSIPAMS)) !== undefined);
  }

  /** What Kubernetes would do for the webhook's Service: a slice per process, as ports differ on one machine. */
  async #route(ports: readonly number[]): Promise<void> {
    const { items } = await this.client.list(ENDPOINT_SLICES, { namespace: OPERATOR_NAMESPACE });
    for (const { metadata } of items) {
      await this.client.delete(ENDPOINT_SLICES, metadata.name, {}, { namespace: OPERATOR_NAMESPACE });
    }
    for (const port of ports) {
      await this.client.create(ENDPOINT_SLICES, endpointSlice(port), { namespace: OPERATOR_NAMESPACE });
    }
  }
}

const ENDPOINT_SLICES = {
  group: 'discovery.k8s.io',
  version: 'v1',
  plural: 'endpointslices',
  kind: 'EndpointSlice',
  namespaced: true,
};

function endpointSlice(port: number): object {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${WEBHOOK_SERVICE}-${port}`,
      namespace: OPERATOR_NAMESPACE,
      labels: { 'kubernetes.io/service-name': WEBHOOK_SERVICE },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
    ports: [{ name: 'webhook', port, protocol: 'TCP' }],
  };
}

async function connectTo(kubeconfig: string, userAgent = 'egressip-ipam-demo'): Promise<Connection> {
  const config = await loadKubeConfig({ kubeconfig, env: {} });
  if (!config.ok) throw new Error(describeProblems(config.problems));
  return connect(config.value, { userAgent });
}

/** Rejects once the signal is aborted. */
function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** A kind whose CRD was made a moment ago may not be served yet. */
async function applyEventually(client: KubeClient, object: Manifest): Promise<void> {
  await until(async () => {
    try {
      await apply(client, object);
      return true;
    } catch (error) {
      if (isApiError(error, 'notFound')) return false;
      throw error;
    }
  });
}
