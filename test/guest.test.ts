// Whether the suite of test/e2e leaves an API server as it was: what it replaces, changes and adds, and what others did there
// in the meantime.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { KubeObject } from '../shared/kinds.ts';
import type { KubeClient } from '../shared/kube/client.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  HOST_SUBNETS,
  MUTATING_WEBHOOK_CONFIGURATIONS,
  NAMESPACES,
  NET_NAMESPACES,
  NODES,
  type Resource,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
} from '../shared/kube/resources.ts';
import { WEBHOOK_CONFIGURATION } from '../shared/names.ts';
import { Guest } from './e2e/guest.ts';
import { install, setInfrastructure } from './e2e/install.ts';
import { readKubeconfig } from './e2e/kubeconfig.ts';
import { marked } from './e2e/marks.ts';
import { RawApi } from './e2e/raw-api.ts';
import { type KubeApi, startKubeApi } from './sandbox/kube/server.ts';
import { CRDS, HOST_SUBNET_CRD } from './sandbox/kube/testing/scene.ts';

const RBAC = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: false };
const CLUSTER_ROLES: Resource = { ...RBAC, plural: 'clusterroles', kind: 'ClusterRole' };
const BINDINGS: Resource = { ...RBAC, plural: 'clusterrolebindings', kind: 'ClusterRoleBinding' };
const WEBHOOKS = [MUTATING_WEBHOOK_CONFIGURATIONS, VALIDATING_WEBHOOK_CONFIGURATIONS];
const ALL = [CRDS, CLUSTER_ROLES, BINDINGS, NAMESPACES, NODES, HOST_SUBNETS, ...WEBHOOKS];
const SUBNET = { host: 'n1', hostIP: '10.0.0.1', subnet: '10.128.0.0/23' };

/** Finishes no namespaces and has nothing of OpenShift but HostSubnets. */
async function bareApi(t: {
  teardown(fn: () => Promise<void>): void;
}): Promise<{ api: KubeApi; file: string; raw: RawApi }> {
  const api = await startKubeApi({ namespaceController: false });
  api.addUser({ token: 'admin', name: 'admin', groups: ['system:masters'] });
  const directory = mkdtempSync(join(tmpdir(), 'guest-'));
  const file = join(directory, 'kubeconfig');
  writeFileSync(file, api.kubeconfig('admin'), { mode: 0o600 });
  const raw = new RawApi(await readKubeconfig(file));
  t.teardown(async () => {
    await raw.close();
    await api.close();
    rmSync(directory, { recursive: true });
  });
  await api.client.create(CRDS, HOST_SUBNET_CRD);
  await api.client.create(HOST_SUBNETS, { metadata: { name: 'n1' }, ...SUBNET, egressIPs: ['10.0.0.7'] });
  return { api, file, raw };
}

/** Everything but what the API server itself counts. */
async function contents(client: KubeClient): Promise<object> {
  const lists = ALL.map(async (resource): Promise<[string, object[]]> => {
    const { items } = await client.list(resource);
    return [resource.plural, items.map(essence)];
  });
  return Object.fromEntries(await Promise.all(lists));
}

function essence({ metadata, ...rest }: KubeObject): object {
  const { name, labels, annotations, finalizers } = metadata;
  return { name, labels, annotations, finalizers, ...rest };
}

t.test('whatever the suite did to an API server, it is as it was when the suite has left', async (t) => {
  const { api, file, raw } = await bareApi(t);
  const { client } = api;
  const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
  await client.create(CLUSTER_ROLES, { metadata: { name: 'egressip-ipam-webhook' }, rules });
  const before = await contents(client);

  const guest = await Guest.enter(file);
  await install(client, raw, 1);
  await setInfrastructure(client, 'aws', 'eu-central-1');
  // No webhook is running.
  for (const resource of WEBHOOKS) await client.delete(resource, WEBHOOK_CONFIGURATION, {});
  await client.create(NODES, marked({ metadata: { name: 'n2' } }));
  const held = { finalizers: ['example.com/held'] };
  const spec = { topologyLabel: 'zone', cidrAssignments: [{ labelValue: 'a', CIDR: '10.0.1.0/24' }] };
  await client.create(EGRESSIPAMS, { metadata: { name: 'e2e-pool', ...held }, spec });
  const claim = { egressIPAM: 'e2e-pool', cidr: '10.0.1.0/24', namespace: 'e2e-a', claim: 'x' };
  await client.create(ALLOCATIONS, { metadata: { name: '10.0.1.9', ...held }, spec: claim });
  await client.create(NAMESPACES, { metadata: { name: 'e2e-a' } });
  await client.patch(HOST_SUBNETS, 'n1', 'application/merge-patch+json', { egressIPs: ['10.0.1.9'] });
  await client.create(HOST_SUBNETS, { metadata: { name: 'n2' }, ...SUBNET, host: 'n2' });
  t.notSame(await contents(client), before);
  await guest.leave();
  t.strictSame(await contents(client), before);
});

t.test('what others do in the meantime stays', async (t) => {
  const { api, file, raw } = await bareApi(t);
  const { client } = api;
  const role = (verb: string) => ({ rules: [{ apiGroups: [''], resources: ['pods'], verbs: [verb] }] });
  await client.create(CLUSTER_ROLES, { metadata: { name: 'theirs' }, ...role('get') });
  await install(client, raw, 1);
  const guest = await Guest.enter(file);
  await client.patch(CLUSTER_ROLES, 'theirs', 'application/merge-patch+json', role('list'));
  await client.create(NODES, { metadata: { name: 'n3' } });
  await client.create(HOST_SUBNETS, { metadata: { name: 'n3' }, ...SUBNET, host: 'n3' });
  await guest.leave();
  t.match(await client.get(CLUSTER_ROLES, 'theirs'), role('list'));
  t.ok(await client.get(HOST_SUBNETS, 'n3'), "the HostSubnet of somebody's new node");
  t.equal(
    await client.get(CRDS, 'egressipams.redhatcop.redhat.io'),
    undefined,
    'an earlier run had to leave it',
  );
  await t.rejects(client.list(NET_NAMESPACES), 'so its kind is gone, too');
});

t.test('the suite does not come where the product is in use', async (t) => {
  const { api, file } = await bareApi(t);
  await api.client.create(NAMESPACES, { metadata: { name: 'egressip-ipam-operator' } });
  await t.rejects(Guest.enter(file), /namespace egressip-ipam-operator exists; the product runs there/);
});
