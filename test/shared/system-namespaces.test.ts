// Whose traffic is never touched.
import t from 'tap';
import { isSystemNamespace } from '../../shared/system-namespaces.ts';

t.test("the cluster's own namespaces are system namespaces, and nobody else's", async (t) => {
  const system = [
    'default',
    'openshift',
    'openshift-sdn',
    'openshift-',
    'kube-system',
    'kube-public',
    'ours',
  ];
  const others = [
    'a',
    'defaults',
    'openshifty',
    'kubernetes',
    'my-openshift-app',
    'my-kube-app',
    'ours-2',
    '',
  ];
  for (const name of system) t.equal(isSystemNamespace(name, 'ours'), true, name);
  for (const name of others) t.equal(isSystemNamespace(name, 'ours'), false, name);
});
