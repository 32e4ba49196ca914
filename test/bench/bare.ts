// The sandbox without the product: what API server and EC2 do when nobody else is there.
import { type Connection, connect } from '../../shared/kube/connection.ts';
import { loadKubeConfig } from '../../shared/kube/kubeconfig.ts';
import { describeProblems } from '../../shared/problem.ts';
import { Child } from '../stack/child.ts';
import type { Terms } from './part.ts';

interface Ready {
  readonly kubeconfigs: { readonly admin: string };
}

export class Bare {
  readonly child: Child;
  readonly client: Connection;
  /** An administrator's, a file. */
  readonly kubeconfig: string;

  /** To be stopped by the caller. */
  static async start(terms: Pick<Terms, 'say'>, args: readonly string[] = []): Promise<Bare> {
    terms.say('starting a sandbox');
    const child = new Child({ script: 'test/sandbox/main.ts', args });
    try {
      const ready = (await child.line((line) => 'kubeconfigs' in line)) as unknown as Ready;
      const config = await loadKubeConfig({ kubeconfig: ready.kubeconfigs.admin, env: {} });
      if (!config.ok) throw new Error(describeProblems(config.problems));
      return new Bare(child, connect(config.value, { userAgent: 'egressip-ipam-bench' }), ready);
    } catch (error) {
      await child.stop();
      throw error;
    }
  }

  private constructor(child: Child, client: Connection, { kubeconfigs }: Ready) {
    this.child = child;
    this.client = client;
    this.kubeconfig = kubeconfigs.admin;
  }

  async stop(): Promise<void> {
    await this.client.close();
    await this.child.stop();
  }
}
