// The product on the sandbox: sandbox, webhook and reconciler as processes of their own, with the roles of manifests/.
// Demo and end-to-end tests build on it.
import { setTimeout as delay } from 'node:timers/promises';
import { isApiError, type KubeClient } from '../../shared/kube/client.ts';
import { type Connection, connect } from '../../shared/kube/connection.ts';
import { loadKubeConfig } from '../../shared/kube/kubeconfig.ts';
import { EGRESSIPAMS } from '../../shared/kube/resources.ts';
import { OPERATOR_NAMESPACE, WEBHOOK_SERVICE } from '../../shared/names.ts';
import { describeProblems } from '../../shared/problem.ts';
import { apply } from './apply.ts';
import { Child } from './child.ts';
import { installation, type Manifest } from './objects.ts';
import { startReconciler, startWebhook, type WebhookProcess } from './processes.ts';

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
  readonly #options: StackOptions;
  readonly #sandbox: Child;
  #webhooks: WebhookProcess[] = [];
  #reconcilers: Child[] = [];

  /** Resolves when the webhook answers; `onStep` is told what is being done. */
  static async start(options: StackOptions, onStep: (step: string) => void = () => {}): Promise<Stack> {
    onStep('starting the sandbox');
    const sandbox = new Child({
      script: 'test/sandbox/main.ts',
      args: [`--platform=${options.platform}`, `--nodes=${options.nodes}`, ...(options.sandboxArgs ?? [])],
    });
    let stack: Stack | undefined;
    try {
      const ready = (await sandbox.line((line) => 'kubeconfigs' in line)) as unknown as SandboxReady;
      stack = new Stack(options, sandbox, ready, await connectTo(ready.kubeconfigs.admin, options.userAgent));
      onStep('applying manifests/');
      await stack.#install();
      onStep('starting the webhook and the reconciler');
      await stack.startReconciler();
      await stack.startWebhooks();
      return stack;
    } catch (error) {
      if (stack === undefined) await sandbox.stop();
      else await stack.stop();
      throw error;
    }
  }

  private constructor(options: StackOptions, sandbox: Child, ready: SandboxReady, client: Connection) {
    this.#options = options;
    this.#sandbox = sandbox;
    this.ready = ready;
    this.client = client;
  }

  /** Those that were started and not ended, in that order. */
  get reconcilers(): readonly Child[] {
    return this.#reconcilers;
  }

  get webhooks(): readonly Child[] {
    return this.#webhooks.map(({ child }) => child);
  }

  /** One more; `args` come after those of the stack. */
  async startReconciler(args: readonly string[] = []): Promise<Child> {
    const child = await startReconciler({
      kubeconfig: this.ready.kubeconfigs.reconciler,
      args: [...(this.#options.reconcilerArgs ?? []), ...args],
      env: this.#awsEnvironment(),
    });
    this.#reconcilers.push(child);
    return child;
  }

  /** Ends a reconciler, by SIGTERM or as a crash; the one that was started first unless another is named. */
  async endReconciler(how: 'stop' | 'kill', child = this.#reconcilers[0]): Promise<void> {
    this.#reconcilers = this.#reconcilers.filter((other) => other !== child);
    if (how === 'stop') await child?.stop();
    else await child?.kill();
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
    await Promise.all(this.#reconcilers.map((child) => child.stop()));
    await Promise.all(this.#webhooks.map(({ child }) => child.stop()));
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

  /** As many as the stack has, where there are none. */
  async startWebhooks(): Promise<void> {
    const { webhooks = 1, webhookArgs = [] } = this.#options;
    const start = () => startWebhook({ kubeconfig: this.ready.kubeconfigs.webhook, args: webhookArgs });
    this.#webhooks = await Promise.all(Array.from({ length: webhooks }, start));
    for (const [index, { port }] of this.#webhooks.entries()) {
      const slice = endpointSlice(index, port);
      await this.client.create(ENDPOINT_SLICES, slice, { namespace: OPERATOR_NAMESPACE });
    }
    await until(() => this.#isAnswered());
  }

  /** Nobody answers admission any more. */
  async stopWebhooks(): Promise<void> {
    const webhooks = this.#webhooks;
    this.#webhooks = [];
    for (const [index, { child }] of webhooks.entries()) {
      await child.stop();
      await this.client.delete(ENDPOINT_SLICES, sliceName(index), {}, { namespace: OPERATOR_NAMESPACE });
    }
  }

  /** The webhook answers when an EgressIPAM that cannot be is refused for what it says. */
  async #isAnswered(): Promise<boolean> {
    const probe = {
      apiVersion: 'redhatcop.redhat.io/v1alpha1',
      kind: 'EgressIPAM',
      metadata: { name: 'probe' },
      spec: { topologyLabel: 'probe', cidrAssignments: [{ CIDR: '10.0.0.1/8', labelValue: 'a' }] },
    };
    try {
      await this.client.create(EGRESSIPAMS, probe);
      await this.client.delete(EGRESSIPAMS, 'probe', {});
      return false;
    } catch (error) {
      return isApiError(error, 'invalid');
    }
  }

  #awsEnvironment(): Record<string, string> {
    if (this.ready.ec2Url === null) return {};
    return {
      AWS_ENDPOINT_URL_EC2: this.ready.ec2Url,
      AWS_ACCESS_KEY_ID: 'sandbox',
      AWS_SECRET_ACCESS_KEY: 'sandbox',
    };
  }
}

const ENDPOINT_SLICES = {
  group: 'discovery.k8s.io',
  version: 'v1',
  plural: 'endpointslices',
  kind: 'EndpointSlice',
  namespaced: true,
};

/** What Kubernetes would write for the webhook's Service: a slice per process, as ports differ on one machine. */
function endpointSlice(index: number, port: number): object {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: sliceName(index),
      namespace: OPERATOR_NAMESPACE,
      labels: { 'kubernetes.io/service-name': WEBHOOK_SERVICE },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
    ports: [{ name: 'webhook', port, protocol: 'TCP' }],
  };
}

function sliceName(index: number): string {
  return `${WEBHOOK_SERVICE}-${index}`;
}

async function connectTo(kubeconfig: string, userAgent = 'egressip-ipam-demo'): Promise<Connection> {
  const config = await loadKubeConfig({ kubeconfig, env: {} });
  if (!config.ok) throw new Error(describeProblems(config.problems));
  return connect(config.value, { userAgent });
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

/** Asks every few milliseconds until the answer is yes; rejects after a minute. */
export async function until(isSo: () => Promise<boolean>, within = 60_000): Promise<void> {
  const deadline = performance.now() + within;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not so within ${within / 1000} s`);
    await delay(20);
  }
}
