// The administrator's kubeconfig, read as the product reads its own.
import { type KubeConfig, loadKubeConfig } from '../../shared/kube/kubeconfig.ts';
import { describeProblems } from '../../shared/problem.ts';

/** Throws when the file cannot be used. */
export async function readKubeconfig(file: string): Promise<KubeConfig> {
  const config = await loadKubeConfig({ kubeconfig: file, env: {} });
  if (!config.ok) throw new Error(describeProblems(config.problems));
  return config.value;
}
