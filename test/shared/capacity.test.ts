// Room on nodes, by group: what is published, what was claimed since, and what is asked for.
import t from 'tap';
import { type SlotDemand, shortages } from '../../shared/capacity.ts';
import { parseEgressIPAM } from '../../shared/egressipam.ts';

const parsed = parseEgressIPAM({
  metadata: { name: 'p', uid: 'u', resourceVersion: '1' },
  spec: {
    topologyLabel: 'zone',
    cidrAssignments: [
      { CIDR: '10.0.0.0/24', labelValue: 'a' },
      { CIDR: '10.0.1.0/24', labelValue: 'a' },
      { CIDR: '10.0.2.0/24', labelValue: 'b' },
    ],
  },
});
const pools = parsed.ok ? parsed.value.pools : [];

/** One of `free/since/wanted` for each pool in turn; free `-` is no known limit. */
function found(...demands: readonly string[]): string[] {
  const parse = (text: string, index: number): SlotDemand => {
    const [free = '', since = '', wanted = ''] = text.split('/');
    const pool = pools[index];
    if (pool === undefined) throw new Error('too many');
    return {
      pool,
      freeHostSlots: free === '-' ? undefined : Number(free),
      claimedSince: Number(since),
      wanted: Number(wanted),
    };
  };
  return shortages(demands.map(parse)).map(
    ({ labelValue, pools: narrow, wanted, available }) =>
      `${labelValue}: ${wanted} of ${available} for ${narrow.map((pool) => pool.name).join(' ')}`,
  );
}

t.test('a group lacks room when one of its pools does, or all together', async (t) => {
  t.same(found('-/0/1', '-/9/1', '-/0/1'), [], 'no limit is known');
  t.same(found('2/0/1', '2/0/1', '1/0/1'), [], 'just enough');
  t.same(found('1/0/1', '1/0/1', '1/0/1'), ['a: 2 of 1 for 10.0.0.0/24 10.0.1.0/24'], 'shared slots');
  t.same(found('3/1/1', '3/1/1', '0/0/1'), [
    'a: 2 of 1 for 10.0.0.0/24 10.0.1.0/24',
    'b: 1 of 0 for 10.0.2.0/24',
  ]);
  t.same(found('0/0/1', '5/0/1', '1/0/1'), ['a: 1 of 0 for 10.0.0.0/24'], 'a subnet of its own that is full');
  t.same(found('1/0/1', '10/0/1', '1/0/0'), [], 'two subnets');
  t.same(found('-/0/1', '1/0/1', '1/1/0'), [], 'nothing is asked of what is full');
  t.same(found('1/5/1', '5/0/0', '1/0/0'), ['a: 1 of 0 for 10.0.0.0/24'], 'never less than none');
});
