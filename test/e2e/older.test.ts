// API servers that cannot see annotations in a webhook's conditions: the webhook is asked about every namespace, and when it
// is away they are let in. Then the reconciler serves them.
import t from 'tap';
import type { KubeObject } from '../../shared/kinds.ts';
import { EVENTS, MUTATING_WEBHOOK_CONFIGURATIONS, NAMESPACES } from '../../shared/kube/resources.ts';
import { WEBHOOK_CONFIGURATION } from '../../shared/names.ts';
import { asOlder } from '../stack/objects.ts';
import { startCluster } from './cluster.ts';
import { createEgressIPAM, zonedSpec } from './egressipams.ts';
import { eventually } from './eventually.ts';
import { createNamespace, egressIPsOf, untilLeavesFrom } from './namespaces.ts';
import { rightsSuffice } from './rights.ts';

const cluster = await startCluster({ platform: 'aws', nodes: 3 });
t.teardown(() => cluster.stop());

const EGRESSIPAM = 'e2e-older';
await createEgressIPAM(cluster, EGRESSIPAM, zonedSpec(cluster, 13));
await useOlderConfiguration();

async function useOlderConfiguration(): Promise<void> {
  const { client } = cluster;
  const stored = await client.get<KubeObject & { webhooks?: readonly { matchConditions?: unknown }[] }>(
    MUTATING_WEBHOOK_CONFIGURATIONS,
    WEBHOOK_CONFIGURATION,
  );
  if (stored?.webhooks?.[0]?.matchConditions === undefined) return;
  const older = asOlder({ ...stored, kind: 'MutatingWebhookConfiguration' });
  await client.replace(MUTATING_WEBHOOK_CONFIGURATIONS, older);
}

t.test('namespaces are given IPs as everywhere, and left alone when they do not opt in', async (t) => {
  const ips = egressIPsOf(await createNamespace(cluster, 'e2e-older-in', { egressIPAM: EGRESSIPAM }));
  t.equal(ips.length, cluster.zones.length);
  await untilLeavesFrom(cluster, 'e2e-older-in', ips);
  const plain = await createNamespace(cluster, 'e2e-older-plain', {});
  t.strictSame(egressIPsOf(plain), []);
});

t.test('while the webhook is away nobody is blocked, and the reconciler serves who was let in', async (t) => {
  await cluster.processes.stopWebhooks();
  const created = await createNamespace(cluster, 'e2e-slipped', { egressIPAM: EGRESSIPAM });
  t.strictSame(egressIPsOf(created), []);
  const invalid = { egressIPAM: EGRESSIPAM, egressIPs: '10.9.9.9' };
  t.strictSame(egressIPsOf(await createNamespace(cluster, 'e2e-unasked', invalid)), ['10.9.9.9']);
  const stored = await eventually(
    'it lists IPs',
    () => cluster.client.get(NAMESPACES, 'e2e-slipped'),
    (namespace) => egressIPsOf(namespace).length === cluster.zones.length,
  );
  await untilLeavesFrom(cluster, 'e2e-slipped', egressIPsOf(stored));
  const events = await eventually(
    'the list that cannot be is reported',
    async () => (await cluster.client.list(EVENTS, { namespace: 'e2e-unasked' })).items as readonly object[],
    (items) => items.some((event) => 'reason' in event && event.reason === 'InvalidEgressIPs'),
  );
  t.match(JSON.stringify(events), '10.9.9.9 is in no CIDR');
  await untilLeavesFrom(cluster, 'e2e-unasked', []);
  await cluster.processes.startWebhooks();
  const ips = egressIPsOf(await createNamespace(cluster, 'e2e-back', { egressIPAM: EGRESSIPAM }));
  t.equal(ips.length, cluster.zones.length);
});

rightsSuffice(t, cluster);
