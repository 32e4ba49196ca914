import t from 'tap';
import type { JsonObject } from './json.ts';
import {
  type Attributes,
  authorize,
  BOOTSTRAP_RBAC,
  compileRbac,
  type RbacObjects,
  type RbacUser,
} from './rbac.ts';

const NOBODY: RbacUser = { name: 'nobody', groups: ['system:authenticated'] };
const WEBHOOK: RbacUser = {
  name: 'system:serviceaccount:egress:webhook',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:egress', 'system:authenticated'],
};

function role(kind: 'Role' | 'ClusterRole', name: string, ...rules: readonly JsonObject[]): JsonObject {
  return { kind, metadata: { name, ...(kind === 'Role' ? { namespace: 'egress' } : {}) }, rules };
}

function binding(kind: 'Role' | 'ClusterRole', name: string, ...subjects: readonly JsonObject[]): JsonObject {
  return { metadata: { name, namespace: 'egress' }, roleRef: { kind, name }, subjects };
}

function objects(some: Partial<RbacObjects>): RbacObjects {
  return { clusterRoles: [], roles: [], clusterRoleBindings: [], roleBindings: [], ...some };
}

const EVE = { kind: 'User', name: 'nobody' };
const SERVICE_ACCOUNT = { kind: 'ServiceAccount', name: 'webhook', namespace: 'egress' };

t.test('a rule permits what it names', async (t) => {
  const rows: readonly (readonly [string, JsonObject, Attributes, boolean])[] = [
    [
      'its verb',
      { verbs: ['get'], apiGroups: [''], resources: ['nodes'] },
      { verb: 'get', resource: 'nodes' },
      true,
    ],
    [
      'no other verb',
      { verbs: ['get'], apiGroups: [''], resources: ['nodes'] },
      { verb: 'list', resource: 'nodes' },
      false,
    ],
    [
      'no other resource',
      { verbs: ['get'], apiGroups: [''], resources: ['nodes'] },
      { verb: 'get', resource: 'secrets' },
      false,
    ],
    [
      'no other group',
      { verbs: ['get'], apiGroups: [''], resources: ['nodes'] },
      { verb: 'get', group: 'x.io', resource: 'nodes' },
      false,
    ],
    [
      'everything',
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { verb: 'patch', group: 'x.io', resource: 'xs', subresource: 'status' },
      true,
    ],
    [
      'no subresource by the resource',
      { verbs: ['*'], apiGroups: [''], resources: ['nodes'] },
      { verb: 'get', resource: 'nodes', subresource: 'status' },
      false,
    ],
    [
      'the subresource by its name',
      { verbs: ['*'], apiGroups: [''], resources: ['nodes/status'] },
      { verb: 'get', resource: 'nodes', subresource: 'status' },
      true,
    ],
    [
      'the subresource of any',
      { verbs: ['*'], apiGroups: [''], resources: ['*/status'] },
      { verb: 'get', resource: 'nodes', subresource: 'status' },
      true,
    ],
    [
      'no resource by its subresource',
      { verbs: ['*'], apiGroups: [''], resources: ['nodes/status'] },
      { verb: 'get', resource: 'nodes' },
      false,
    ],
    [
      'the named object',
      { verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: ['a'] },
      { verb: 'get', resource: 'secrets', name: 'a' },
      true,
    ],
    [
      'no other object',
      { verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: ['a'] },
      { verb: 'get', resource: 'secrets', name: 'b' },
      false,
    ],
    [
      'no creation by name',
      { verbs: ['create'], apiGroups: [''], resources: ['secrets'], resourceNames: ['a'] },
      { verb: 'create', resource: 'secrets' },
      false,
    ],
    ['a path', { verbs: ['get'], nonResourceURLs: ['/metrics'] }, { verb: 'get', path: '/metrics' }, true],
    ['a path below', { verbs: ['get'], nonResourceURLs: ['/api/*'] }, { verb: 'get', path: '/api/v1' }, true],
    [
      'no path beside',
      { verbs: ['get'], nonResourceURLs: ['/api/*'] },
      { verb: 'get', path: '/apis' },
      false,
    ],
    [
      'no path by resources',
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { verb: 'get', path: '/metrics' },
      false,
    ],
  ];
  for (const [story, rule, attributes, allowed] of rows) {
    const some = objects({
      clusterRoles: [role('ClusterRole', 'r', rule)],
      clusterRoleBindings: [binding('ClusterRole', 'r', EVE)],
    });
    t.equal(authorize(some, NOBODY, attributes), allowed, story);
  }
});

t.test('a role reaches as far as its binding', async (t) => {
  const leases = { verbs: ['update'], apiGroups: ['coordination.k8s.io'], resources: ['leases'] };
  const ask = (namespace?: string): Attributes => ({
    verb: 'update',
    group: 'coordination.k8s.io',
    resource: 'leases',
    ...(namespace === undefined ? {} : { namespace }),
  });
  const inNamespace = compileRbac(
    objects({ roles: [role('Role', 'r', leases)], roleBindings: [binding('Role', 'r', SERVICE_ACCOUNT)] }),
  );
  const byClusterRole = compileRbac(
    objects({
      clusterRoles: [role('ClusterRole', 'r', leases)],
      roleBindings: [binding('ClusterRole', 'r', SERVICE_ACCOUNT)],
    }),
  );
  for (const rbac of [inNamespace, byClusterRole]) {
    t.ok(rbac.allows(WEBHOOK, ask('egress')));
    t.notOk(rbac.allows(WEBHOOK, ask('other')));
    t.notOk(rbac.allows(WEBHOOK, ask()));
    t.notOk(rbac.allows(NOBODY, ask('egress')));
  }
  const everywhere = compileRbac(
    objects({
      clusterRoles: [role('ClusterRole', 'r', leases)],
      clusterRoleBindings: [binding('ClusterRole', 'r', SERVICE_ACCOUNT)],
    }),
  );
  t.ok(everywhere.allows(WEBHOOK, ask('other')));
  t.ok(everywhere.allows(WEBHOOK, ask()));
});

t.test('subjects are users, groups and service accounts', async (t) => {
  const rows: readonly (readonly [JsonObject, boolean])[] = [
    [{ kind: 'User', name: WEBHOOK.name }, true],
    [{ kind: 'Group', name: 'system:serviceaccounts' }, true],
    [{ kind: 'Group', name: 'system:serviceaccounts:egress' }, true],
    [{ kind: 'Group', name: 'system:authenticated' }, true],
    [SERVICE_ACCOUNT, true],
    [{ kind: 'ServiceAccount', name: 'webhook', namespace: 'other' }, false],
    [{ kind: 'ServiceAccount', name: 'reconciler', namespace: 'egress' }, false],
    [{ kind: 'User', name: 'webhook' }, false],
    [{ kind: 'Group', name: WEBHOOK.name }, false],
  ];
  for (const [subject, allowed] of rows) {
    const some = objects({
      clusterRoles: [role('ClusterRole', 'r', { verbs: ['get'], apiGroups: [''], resources: ['nodes'] })],
      clusterRoleBindings: [binding('ClusterRole', 'r', subject)],
    });
    t.equal(authorize(some, WEBHOOK, { verb: 'get', resource: 'nodes' }), allowed, JSON.stringify(subject));
  }
});

t.test('a binding to a role that does not exist grants nothing', async (t) => {
  const some = objects({ clusterRoleBindings: [binding('ClusterRole', 'gone', EVE)] });
  t.notOk(authorize(some, NOBODY, { verb: 'get', resource: 'nodes' }));
});

t.test('an aggregated role has the rules of those it selects', async (t) => {
  const view = {
    ...role('ClusterRole', 'view'),
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { aggregate: 'true' } }] },
  };
  const pools = role('ClusterRole', 'pools', { verbs: ['get'], apiGroups: ['x.io'], resources: ['pools'] });
  const some = (labels: JsonObject) =>
    objects({
      clusterRoles: [view, { ...pools, metadata: { name: 'pools', labels } }],
      clusterRoleBindings: [binding('ClusterRole', 'view', EVE)],
    });
  const ask = { verb: 'get', group: 'x.io', resource: 'pools' };
  t.ok(authorize(some({ aggregate: 'true' }), NOBODY, ask));
  t.notOk(authorize(some({}), NOBODY, ask));
});

const BOOTSTRAP = compileRbac(
  objects({
    clusterRoles: BOOTSTRAP_RBAC.filter((object) => object.kind === 'ClusterRole'),
    clusterRoleBindings: BOOTSTRAP_RBAC.filter((object) => object.kind === 'ClusterRoleBinding'),
  }),
);

t.test('every cluster lets the authenticated discover, and no more', async (t) => {
  t.ok(BOOTSTRAP.allows(NOBODY, { verb: 'get', path: '/openapi/v3' }));
  t.ok(BOOTSTRAP.allows(NOBODY, { verb: 'get', path: '/apis/apps/v1' }));
  t.ok(
    BOOTSTRAP.allows(NOBODY, {
      verb: 'create',
      group: 'authorization.k8s.io',
      resource: 'selfsubjectaccessreviews',
    }),
  );
  t.notOk(BOOTSTRAP.allows(NOBODY, { verb: 'list', resource: 'namespaces' }));
  t.notOk(
    BOOTSTRAP.allows(NOBODY, {
      verb: 'create',
      group: 'authorization.k8s.io',
      resource: 'subjectaccessreviews',
    }),
  );
});

t.test('strangers may ask for health and version', async (t) => {
  const stranger: RbacUser = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
  t.ok(BOOTSTRAP.allows(stranger, { verb: 'get', path: '/version' }));
  t.notOk(BOOTSTRAP.allows(stranger, { verb: 'get', path: '/api' }));
});

t.test('masters may do everything, whatever is stored', async (t) => {
  const master: RbacUser = { name: 'admin', groups: ['system:masters'] };
  const rbac = compileRbac(objects({}));
  t.ok(rbac.allows(master, { verb: 'delete', resource: 'secrets', namespace: 'x' }));
  t.match(rbac.rulesFor(master, 'x'), [{ verbs: ['*'], resources: ['*'], nonResourceURLs: ['*'] }]);
});

t.test('the rules of a user are those of all its grants in the namespace', async (t) => {
  const rule = (resource: string) => ({ verbs: ['get'], apiGroups: [''], resources: [resource] });
  const rbac = compileRbac(
    objects({
      clusterRoles: [role('ClusterRole', 'c', rule('nodes'))],
      clusterRoleBindings: [binding('ClusterRole', 'c', EVE)],
      roles: [role('Role', 'r', rule('secrets'))],
      roleBindings: [binding('Role', 'r', EVE)],
    }),
  );
  const resources = (namespace: string) => rbac.rulesFor(NOBODY, namespace).flatMap((r) => r.resources);
  t.strictSame(resources('egress'), ['nodes', 'secrets']);
  t.strictSame(resources('other'), ['nodes']);
});
