// What is in a cluster before anybody has done anything: the system's namespaces and RBAC's own roles.
import type { KubeClient } from '../../../shared/kube/client.ts';
import { NAMESPACES, type Resource } from '../../../shared/kube/resources.ts';
import { textOf } from './json.ts';
import { BOOTSTRAP_RBAC } from './rbac.ts';

const SYSTEM_NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

const PLURALS: Readonly<Record<string, string>> = {
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
};

export async function bootstrap(client: KubeClient): Promise<void> {
  for (const name of SYSTEM_NAMESPACES) await client.create(NAMESPACES, { metadata: { name } });
  for (const object of BOOTSTRAP_RBAC) {
    const kind = textOf(object.kind);
    const resource: Resource = {
      group: 'rbac.authorization.k8s.io',
      version: 'v1',
      plural: PLURALS[kind] ?? '',
      kind,
      namespaced: false,
    };
    await client.create(resource, object);
  }
}
