// May each process do what SECURITY.md says, and nothing else? The roles are unfolded to one line per
// permission and compared whole, so a verb more fails as well as a verb less.
import t from 'tap';
import { WEBHOOK_SECRET } from '../../shared/names.ts';
import { find, type Manifest, objectsOf } from './read.ts';

/** `resource: verbs` each, with ` name` where it is limited to names and `@` where to our namespace. */
function permissions(name: string): string[] {
  const lines = (rules: Manifest[], scope: string) =>
    rules.flatMap((rule) =>
      rule.resources.map((resource: string) => {
        const limit = (rule.resourceNames ?? []).map((n: string) => ` ${n}`).join('');
        return `${scope}${resource}${limit}: ${rule.verbs.join(' ')}`;
      }),
    );
  return [...lines(find('ClusterRole', name).rules, ''), ...lines(find('Role', name).rules, '@')].sort();
}

const roles = [...objectsOf('.'), ...objectsOf('monitoring')].filter((o) => /^(Cluster)?Role$/.test(o.kind));
const rules: Manifest[] = roles.flatMap((role) => role.rules);

t.test('the webhook may do this and nothing else', async (t) => {
  t.same(permissions('egressip-ipam-webhook'), [
    '@leases egressip-ipam-reconciler: get',
    '@secrets egressip-ipam-webhook-certs: get patch',
    'egressipallocations: get list watch create update',
    'egressipams: get list watch',
    'hostsubnets: list watch',
    'mutatingwebhookconfigurations egressip-ipam-webhook: get patch',
    'namespaces: list watch',
    'netnamespaces: list watch',
    'validatingwebhookconfigurations egressip-ipam-webhook: get patch',
  ]);
});

t.test('the reconciler may do this and nothing else', async (t) => {
  t.same(permissions('egressip-ipam-reconciler'), [
    '@configmaps 9ae943bf.redhat.io: get',
    '@leases egressip-ipam-reconciler: get update',
    '@leases: create',
    'cloudprivateipconfigs: get list watch',
    'egressipallocations/status: patch',
    'egressipallocations: get list watch create patch delete',
    'egressipams/status: patch',
    'egressipams: list watch patch',
    'events: create',
    'hostsubnets: list watch patch',
    'infrastructures cluster: get',
    'namespaces: get list watch patch',
    'netnamespaces: list watch patch',
    'nodes: list watch',
  ]);
});

t.test('no role has a wildcard', async (t) => {
  t.not(rules.length, 0);
  for (const rule of rules) t.notMatch(JSON.stringify(rule), '*');
});

t.test('nobody reads a Secret but the webhook its own', async (t) => {
  const clusterWide = roles.filter((role) => role.kind === 'ClusterRole').flatMap((role) => role.rules);
  t.same(
    clusterWide.filter((rule) => rule.resources.includes('secrets')),
    [],
  );
  const secrets = rules.filter((rule) => rule.resources.includes('secrets'));
  t.same(
    secrets.map((rule) => rule.resourceNames),
    [[WEBHOOK_SECRET]],
  );
});

t.test('nobody may hand out rights, act as somebody else, or run code', async (t) => {
  const verbs = new Set(rules.flatMap((rule) => rule.verbs));
  t.same(verbs, new Set(['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']));
  const resources = rules.flatMap((rule) => rule.resources).join();
  t.notMatch(resources, /role|serviceaccount|pods\/|deployment|token/);
});

t.test('each ServiceAccount is bound to its own roles and to no others', async (t) => {
  const bindings = objectsOf('.').filter((object) => object.kind.endsWith('RoleBinding'));
  const expected = ['egressip-ipam-reconciler', 'egressip-ipam-webhook'].flatMap((name) =>
    ['ClusterRole', 'Role'].map((kind) => `${kind} ${name} to egressip-ipam-operator/${name}`),
  );
  const actual = bindings.flatMap(({ roleRef, subjects }) =>
    subjects.map((s: Manifest) => `${roleRef.kind} ${roleRef.name} to ${s.namespace}/${s.name}`),
  );
  t.same(actual.sort(), expected.sort());
  for (const name of ['egressip-ipam-reconciler', 'egressip-ipam-webhook']) {
    t.equal(find('ServiceAccount', name).metadata.namespace, 'egressip-ipam-operator');
    t.equal(find('Deployment', name).spec.template.spec.serviceAccountName, name);
  }
});
