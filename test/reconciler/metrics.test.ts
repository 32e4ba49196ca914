import t from 'tap';
import { reconcilerMetrics } from '../../reconciler/metrics.ts';
import { plan } from '../../shared/plan/plan.ts';
import type { World } from '../../shared/plan/world.ts';
import { createMetrics } from '../../shared/process/metrics.ts';
import { cluster, type Tale } from '../shared/plan/build.ts';
import { worldOf } from '../shared/plan/cluster.ts';

/** What is scraped, of our own metrics, without help texts. */
async function scrape(prefix: string, world?: World): Promise<string[]> {
  const metrics = createMetrics();
  const counted = reconcilerMetrics(metrics);
  counted.view(() => world);
  return lines(await metrics.text(), prefix);
}

function lines(text: string, prefix: string): string[] {
  return text.split('\n').filter((line) => line.startsWith(prefix));
}

const TWO_NODES: Tale = {
  nodes: { n1: { zone: 'a', slots: 9 }, n2: { zone: 'a', slots: 9 } },
  namespaces: { a: ['10.0.1.10'], b: ['10.0.1.11'] },
  serves: [
    ['a', '10.0.1.10', 'n1'],
    ['b', '10.0.1.11', 'n1'],
  ],
};

t.test(
  'allocated and capacity are what is observed, the primary address counted on both sides',
  async (t) => {
    const world = worldOf(cluster(TWO_NODES));
    t.same(await scrape('egressip_ip_allocated{', world), [
      'egressip_ip_allocated{node="n1",egressipam="pool"} 3',
      'egressip_ip_allocated{node="n2",egressipam="pool"} 1',
    ]);
    t.same(await scrape('egressip_ip_capacity{', world), [
      'egressip_ip_capacity{node="n1",egressipam="pool"} 10',
      'egressip_ip_capacity{node="n2",egressipam="pool"} 10',
    ]);
  },
);

t.test('D27: a node that is gone takes its series along', async (t) => {
  const metrics = createMetrics();
  const counted = reconcilerMetrics(metrics);
  let world: World | undefined = worldOf(cluster(TWO_NODES));
  counted.view(() => world);
  t.equal(lines(await metrics.text(), 'egressip_ip_allocated{').length, 2);
  world = worldOf(cluster({ ...TWO_NODES, nodes: { n1: { zone: 'a', slots: 9 } } }));
  t.same(lines(await metrics.text(), 'egressip_ip_allocated{'), [
    'egressip_ip_allocated{node="n1",egressipam="pool"} 3',
  ]);
  world = undefined;
  t.same(lines(await metrics.text(), 'egressip_ip_allocated{'), [], 'nothing is known before the first pass');
});

t.test('D10: capacity that is not known is absent, not 0', async (t) => {
  const unread = { zone: 'a', instance: 'unread' } as const;
  const world = worldOf(cluster({ ...TWO_NODES, nodes: { n1: { zone: 'a', slots: 9 }, n2: unread } }));
  t.same(await scrape('egressip_ip_capacity{', world), [
    'egressip_ip_capacity{node="n1",egressipam="pool"} 10',
  ]);
  const bareMetal = worldOf(cluster({ ...TWO_NODES, cloud: 'none' }));
  t.same(await scrape('egressip_ip_capacity{', bareMetal), []);
  t.same(await scrape('egressip_ip_allocated{', bareMetal), [
    'egressip_ip_allocated{node="n1",egressipam="pool"} 3',
    'egressip_ip_allocated{node="n2",egressipam="pool"} 1',
  ]);
});

t.test('foreign addresses on a node are not counted as ours', async (t) => {
  const world = worldOf(cluster({ ...TWO_NODES, hosted: { n2: ['10.0.1.99'] } }));
  t.same(await scrape('egressip_ip_allocated{node="n2"', world), [
    'egressip_ip_allocated{node="n2",egressipam="pool"} 1',
  ]);
});

t.test('passes, actions and leadership are counted', async (t) => {
  const metrics = createMetrics();
  const counted = reconcilerMetrics(metrics);
  t.same(lines(await metrics.text(), 'egressip_ipam_reconciler_leader '), [
    'egressip_ipam_reconciler_leader 0',
  ]);
  counted.leads(true);
  const made = plan(worldOf(cluster({ ...TWO_NODES, allocations: { '10.0.1.12': { for: 'c' } } })));
  counted.pass(0.002, made);
  const [action] = made.actions;
  t.ok(action);
  if (action !== undefined) counted.action(action, 'done');
  const text = await metrics.text();
  t.same(lines(text, 'egressip_ipam_reconciler_leader '), ['egressip_ipam_reconciler_leader 1']);
  t.same(lines(text, 'egressip_ipam_reconciler_planned_actions '), [
    'egressip_ipam_reconciler_planned_actions 1',
  ]);
  t.same(lines(text, 'egressip_ipam_reconciler_actions_total{'), [
    'egressip_ipam_reconciler_actions_total{kind="delete",result="done"} 1',
  ]);
  t.same(lines(text, 'egressip_ipam_reconciler_pass_duration_seconds_count'), [
    'egressip_ipam_reconciler_pass_duration_seconds_count 1',
  ]);
});
