// The product's two processes on one API server, started as a cluster would start them but for addresses and ports, which
// are loopback's and the kernel's choice.
import { Child } from './child.ts';

/** A process that answers admission, and where. */
export interface WebhookProcess {
  readonly child: Child;
  readonly port: number;
}

export interface ProcessOptions {
  /** Whose rights it has. */
  readonly kubeconfig: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const LOOPBACK = '127.0.0.1:0';
const PROBES = [`--metrics-bind-address=${LOOPBACK}`, `--health-probe-bind-address=${LOOPBACK}`];

/** Resolves when it listens; by then the API server has been told to trust it. */
export async function startWebhook({ kubeconfig, args = [], env }: ProcessOptions): Promise<WebhookProcess> {
  const child = new Child({
    script: 'webhook/main.ts',
    args: [
      `--kubeconfig=${kubeconfig}`,
      '--bind-address=127.0.0.1',
      '--port=0',
      '--shutdown-delay=0s',
      ...PROBES,
      ...args,
    ],
    ...(env === undefined ? {} : { env }),
  });
  const line = await child.line(({ msg }) => msg === 'listens');
  return { child, port: Number(line.port) };
}

/** Resolves when it runs; whether it leads is another matter. */
export async function startReconciler({ kubeconfig, args = [], env }: ProcessOptions): Promise<Child> {
  const child = new Child({
    script: 'reconciler/main.ts',
    args: [`--kubeconfig=${kubeconfig}`, ...PROBES, ...args],
    ...(env === undefined ? {} : { env }),
  });
  await child.line(({ msg }) => msg === 'started');
  return child;
}
