// One edit of an EgressIPAM, or of node labels, does not displace a large part of a pool without being asked
// about.
import t from 'tap';
import { ALLOW_DISRUPTION_ANNOTATION } from '../../../shared/names.ts';
import { describe } from '../../../shared/plan/actions.ts';
import { plan } from '../../../shared/plan/plan.ts';
import type { BreakerLimits } from '../../../shared/plan/world.ts';
import { cluster, type NodeTale, type Tale } from './build.ts';
import { worldOf, ZONE_LABEL } from './cluster.ts';
import { notices, run, sentences } from './run.ts';

const ROOMY = { zone: 'a', slots: 100 } as const;
const DESELECTED = { ...ROOMY, labels: { [ZONE_LABEL]: 'elsewhere' } };

/** `counts[i]` namespaces with one IP each on node `n<i>`. */
function crowd(
  counts: readonly number[],
  nodes: Readonly<Record<string, NodeTale>>,
  change: Tale = {},
): Tale {
  const hosts = counts.flatMap((count, at) => Array.from({ length: count }, () => `n${at}`));
  const serves = hosts.map((node, at) => [`ns-${at}`, `10.0.1.${at + 10}`, node] as const);
  const namespaces = Object.fromEntries(serves.map(([name, ip]) => [name, [ip]]));
  return { nodes, namespaces, serves, ...change };
}

function movedBy(tale: Tale): number {
  const unhosted = sentences(cluster(tale)).filter((sentence) => /HostSubnet \S+: remove/.test(sentence));
  return unhosted.join().match(/10\.0\.1\.\d+/g)?.length ?? 0;
}

t.test(
  'what an edit displaces stays when it is more than 25 % of the pool and at least 10 IPs',
  async (t) => {
    const rows: readonly [string, readonly number[], number][] = [
      ['10 of 39: held', [10, 29], 0],
      ['10 of 40, just 25 %: moved', [10, 30], 10],
      ['11 of 40: held', [11, 29], 0],
      ['9 of 9: moved, it is too few to ask about', [9, 0], 9],
      ['10 of 10: held', [10, 0], 0],
      ['nothing is displaced', [0, 40], 0],
    ];
    for (const [title, counts, moved] of rows) {
      const tale = crowd(counts, { n0: DESELECTED, n1: ROOMY });
      t.equal(movedBy(tale), moved, title);
      const told = notices(cluster(tale)).filter((notice) => notice.startsWith('BreakerOpen'));
      t.equal(told.length, moved === 0 && counts[0] !== 0 ? 1 : 0, `${title}: told`);
    }
  },
);

t.test('the EgressIPAM says what is held, and what would let it go on', async (t) => {
  t.same(notices(cluster(crowd([10, 5], { n0: DESELECTED, n1: ROOMY }))), [
    'BreakerOpen about pool: 10 of 15 IPs of 10.0.1.0/24 are on nodes that are not selected any more (n0); they stay there until these are selected again, or the annotation egressip-ipam-operator.redhat-cop.io/allow-disruption is "true"',
  ]);
});

t.test('a selector with a typo displaces nobody, even with no node left', async (t) => {
  const egressIPAMs = {
    pool: { cidrs: { '10.0.1.0/24': 'a' }, nodeSelector: { matchLabels: { typo: '' } } },
  };
  const tale = crowd([15, 15], { n0: ROOMY, n1: ROOMY }, { egressIPAMs });
  t.same(sentences(cluster(tale)), []);
});

t.test('with the annotation it goes on', async (t) => {
  const egressIPAMs = {
    pool: { cidrs: { '10.0.1.0/24': 'a' }, annotations: { [ALLOW_DISRUPTION_ANNOTATION]: 'true' } },
  };
  const tale = crowd([12, 0], { n0: DESELECTED, n1: ROOMY }, { egressIPAMs });
  t.equal(movedBy(tale), 12);
  t.same(notices(cluster(tale)), []);
  const it = cluster(tale);
  run(it);
  t.equal(it.hostSubnets.get('n1')?.ips.size, 12);
});

t.test('lost, cordoned and deleted nodes do not count, and are emptied while others are held', async (t) => {
  const rows: readonly [string, NodeTale, number][] = [
    ['NotReady', { ...ROOMY, notReadyFor: 1000 }, 20],
    ['cordoned', { ...ROOMY, cordoned: true }, 20],
    ['NotReady and deselected', { ...DESELECTED, notReadyFor: 1000 }, 20],
    ['cordoned and deselected', { ...DESELECTED, cordoned: true }, 20],
    ['the control: deselected', DESELECTED, 0],
  ];
  for (const [title, n0, moved] of rows) t.equal(movedBy(crowd([20, 1], { n0, n1: ROOMY })), moved, title);

  const gone = cluster(crowd([20, 1], { n0: ROOMY, n1: ROOMY }));
  gone.nodes.delete('n0');
  t.match(sentences(gone)[0], /^HostSubnet n0: remove 10\.0\.1\.10, /, 'deleted');

  const both = crowd([20, 20, 1], { n0: DESELECTED, n1: { ...ROOMY, notReadyFor: 1000 }, n2: ROOMY });
  t.equal(movedBy(both), 20, 'half is held, the other half fails over');
  t.match(sentences(cluster(both))[0], /^HostSubnet n1: remove/);
});

t.test('a held IP whose node fails then moves', async (t) => {
  const it = cluster(crowd([10, 0], { n0: DESELECTED, n1: ROOMY }));
  t.same(run(it), []);
  const n0 = it.nodes.get('n0');
  if (n0 !== undefined) it.nodes.set('n0', { ...n0, notReadySince: it.now });
  run(it);
  t.equal(it.hostSubnets.get('n1')?.ips.size, 10);
});

t.test('each pool is counted by itself', async (t) => {
  const egressIPAMs = { pool: { cidrs: { '10.0.1.0/27': 'a', '10.0.1.128/25': 'x' } } };
  const half = Array.from(
    { length: 12 },
    (_, at) => [`ns-${at}`, [`10.0.1.${at + 5}`, `10.0.1.${at + 140}`]] as const,
  );
  const tale: Tale = {
    egressIPAMs,
    nodes: { n0: DESELECTED, n1: ROOMY, n2: { ...ROOMY, labels: { [ZONE_LABEL]: 'x' } } },
    namespaces: Object.fromEntries(half),
    serves: half.flatMap(([name, [first, second]], at) => [
      [name, first ?? '', at < 4 ? 'n0' : 'n1'] as const,
      [name, second ?? '', 'n2'] as const,
    ]),
  };
  t.equal(movedBy(tale), 4, '4 of 12 are too few to hold');
});

t.test('on bare metal a deselected node goes on to offer the CIDR, and keeps its IPs', async (t) => {
  const offering = (zone: string) => ({ zone, egressCIDRs: ['10.0.1.0/24'] });
  const tale = (count: number) =>
    crowd([count, 2], { n0: offering('elsewhere'), n1: offering('a') }, { cloud: 'none' });
  t.same(sentences(cluster(tale(10))), []);
  t.match(notices(cluster(tale(10))), [/^BreakerOpen about pool: 10 of 12 IPs/]);
  t.match(
    sentences(cluster(tale(9))),
    [/^HostSubnet n0: remove .* and set egressCIDRs to \[\]$/],
    'the control: 9 of 11',
  );
});

t.test('on bare metal no node begins to offer a CIDR because what is on it is held', async (t) => {
  const manual = '10.0.9.5';
  const tale = crowd(
    [10, 2],
    { n0: 'a', n1: { zone: 'a', egressCIDRs: ['10.0.1.0/24'] } },
    {
      cloud: 'none',
      allocations: { [manual]: { for: 'b', phase: 'Bound', node: 'n0', egressIPAM: 'gone' } },
      hosted: { n0: [manual] },
      used: { b: [manual] },
    },
  );
  const namespaces = { ...tale.namespaces, b: { egressIPAM: 'gone', ips: [manual] } };
  const it = cluster({ ...tale, namespaces });
  t.match(notices(it), [/^EgressIPAMNotFound about b/, /^BreakerOpen about pool: 10 of 12 IPs/]);
  t.same(sentences(it), [], 'the SDN would take the IP of b off a node that offers');
});

t.test('an IP that somebody has put on a second node is not held: it serves nobody', async (t) => {
  const nodes = { n0: DESELECTED, n1: ROOMY };
  const next = (tale: Tale) =>
    plan({ ...worldOf(cluster(tale)), breaker: { share: 0, least: 1 } }).actions.map(describe);
  t.same(next(crowd([1], nodes)), [], 'the control');
  t.same(next(crowd([1], nodes, { hosted: { n1: ['10.0.1.10'] } })), ['HostSubnet n0: remove 10.0.1.10']);
});

t.test('the limits can be set', async (t) => {
  const it = cluster(crowd([3, 3], { n0: DESELECTED, n1: ROOMY }));
  const moves = (breaker: BreakerLimits) => plan({ ...worldOf(it), breaker }).actions.length;
  t.equal(moves({ share: 0.25, least: 3 }), 0);
  t.equal(moves({ share: 0.5, least: 3 }), 1);
  t.equal(moves({ share: 0.25, least: 4 }), 1);
});
