// What stories act on, whichever API server is behind it: the API as its administrator, the oracle, the product's
// processes, and room for EgressIPAMs.
import type { KubeClient } from '../../shared/kube/client.ts';
import type { Processes } from '../stack/processes.ts';
import { askedKubeconfig } from './config.ts';
import { onApiServer } from './on-api-server.ts';
import { onSandbox } from './on-sandbox.ts';
import type { RawApi } from './raw-api.ts';
import type { Verdicts } from './verdicts.ts';

export interface ClusterOptions {
  readonly platform: 'aws' | 'baremetal';
  readonly nodes: number;
  /** Bare metal: nodes besides, in two racks. */
  readonly rackNodes?: number;
  readonly instanceType?: string;
  readonly webhooks?: number;
  readonly reconcilerArgs?: readonly string[];
  /** `short`, the default: a claim that nobody lists is collected, and a release begins, after seconds; `usual`: minutes. */
  readonly timeouts?: 'short' | 'usual';
}

/** A place from whose addresses pools can be cut: a subnet with its zone, or a rack. */
export interface Zone {
  readonly name: string;
  /** CIDR. */
  readonly addresses: string;
}

/** What EC2 holds, beyond what the Kubernetes API shows. */
export interface CloudView {
  /** Id of the interface by address, over all interfaces; primary addresses included. */
  interfaces(): Promise<ReadonlyMap<string, string>>;
  /** Lets somebody outside the cluster take the address, where that can be brought about. */
  readonly take?: (ip: string) => Promise<void>;
}

export interface Cluster {
  readonly platform: 'aws' | 'baremetal';
  readonly client: KubeClient;
  readonly raw: RawApi;
  /** A kubeconfig of the administrator, for kubectl. */
  readonly kubeconfig: string;
  readonly zones: readonly Zone[];
  /** How many namespaces the nodes can host. */
  readonly room: number;
  readonly verdicts: Verdicts;
  /** On AWS. */
  readonly cloud: CloudView | undefined;
  /** The product's processes; stories end and start them. */
  readonly processes: Processes;
  /** Why requests that the two processes were not allowed to make cannot be told; undefined when they can. */
  readonly noAudit: string | undefined;
  /** Requests of the two processes that were answered 403, as sentences. */
  forbidden(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** Starts everything, and sees to it that it is stopped when this process is asked to end. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const kubeconfig = askedKubeconfig();
  const starting = kubeconfig === undefined ? onSandbox(options) : onApiServer(kubeconfig, options);
  const end = async () => {
    await starting.then((cluster) => cluster.stop()).catch(() => {});
    process.exit(1);
  };
  // Not `once`: tap ends the process by itself on a signal for which nobody else is listening any more.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end);
  return await starting;
}
