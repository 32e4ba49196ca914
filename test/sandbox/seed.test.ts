// A seeded cluster is at rest: every namespace is served, nothing is left for the SDN to do.
import t from 'tap';
import { ALLOCATIONS, EGRESSIPAMS, NAMESPACES } from '../../shared/kube/resources.ts';
import { EGRESSIPS_ANNOTATION } from '../../shared/names.ts';
import { startSandbox } from './cluster.ts';
import { CLOUD_PRIVATE_IP_CONFIGS, isAssigned } from './sdn/platform.ts';

const PLATFORMS = [
  { platform: 'aws', nodes: 6, pools: 3, assigns: 'nobody' },
  { platform: 'aws', nodes: 6, pools: 3, assigns: 'platform' },
  { platform: 'baremetal', nodes: 4, pools: 1, assigns: 'nobody' },
] as const;

for (const { platform, nodes, pools, assigns } of PLATFORMS) {
  t.test(`on ${platform}, ${assigns} assigns: each namespace has its IPs, bound and active`, async (t) => {
    const sandbox = await startSandbox({ platform, nodes, assigns, seed: { namespaces: 18 } });
    t.teardown(() => sandbox.close());
    const { client } = sandbox.kube;
    const egressIPAM = await client.get(EGRESSIPAMS, 'seed');
    t.equal(egressIPAM?.spec.cidrAssignments.length, pools);
    const allocations = (await client.list(ALLOCATIONS)).items;
    t.equal(allocations.length, 18 * pools);
    t.ok(allocations.every((it) => it.status?.phase === 'Bound' && it.status.node !== undefined));
    const verdicts = sandbox.sdn.verdicts().namespaces;
    for (const { metadata } of (await client.list(NAMESPACES)).items) {
      const ips = metadata.annotations?.[EGRESSIPS_ANNOTATION]?.split(',') ?? [];
      if (ips.length === 0) continue;
      const verdict = verdicts.get(metadata.name);
      t.strictSame([verdict?.egress, verdict?.from, verdict?.lost], ['active', ips, []]);
      const own = allocations.filter((it) => it.spec.namespace === metadata.name);
      t.strictSame(own.map((it) => it.metadata.name).sort(), ips.toSorted());
    }
    t.equal([...verdicts.values()].filter((it) => it.egress === 'active').length, 18);
    const configs = assigns === 'platform' ? (await client.list(CLOUD_PRIVATE_IP_CONFIGS)).items : [];
    t.equal(configs.filter(isAssigned).length, assigns === 'platform' ? 18 * pools : 0);
  });
}

t.test('more namespaces than the nodes have room for are refused', async (t) => {
  await t.rejects(
    startSandbox({ platform: 'aws', nodes: 3, seed: { namespaces: 10 } }),
    /room for 9 namespaces/,
  );
});
