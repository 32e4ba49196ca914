// Lists that somebody wrote, and who stands in their way.
import t from 'tap';
import { parseEgressIPAM } from '../../shared/egressipam.ts';
import { describeHolder, otherHolder, problemsOf } from '../../shared/explicit.ts';
import type { Holder } from '../../shared/holdings.ts';
import { formatIPv4, parseIPv4 } from '../../shared/ip.ts';
import { UsableAddresses } from '../../shared/usable.ts';

const parsed = parseEgressIPAM({
  metadata: { name: 'pool', uid: 'u', resourceVersion: '1' },
  spec: {
    topologyLabel: 'zone',
    cidrAssignments: [
      { CIDR: '10.0.0.0/24', labelValue: 'a' },
      { CIDR: '10.0.1.0/24', labelValue: 'b', reservedIPs: ['10.0.1.9'] },
    ],
  },
});
if (!parsed.ok) throw new Error('the EgressIPAM is invalid');
const egressIPAM = parsed.value;

function problems(
  text: string,
  options: { before?: string; filledIn?: 'all'; held?: Record<string, Holder[]> } = {},
) {
  const before = (options.before ?? '').split(',').flatMap((entry) => parseIPv4(entry) ?? []);
  return problemsOf(
    {
      text,
      egressIPAM,
      namespace: 'a',
      before: new Set(before),
      filledIn: new Set(options.filledIn === 'all' ? egressIPAM.pools : []),
    },
    {
      usable: (_, pool) => new UsableAddresses(pool, { hostIPs: new Map(), inUse: [] }),
      holdersOf: (ip) => options.held?.[formatIPv4(ip)] ?? [],
    },
  ).map(({ code }) => code);
}

t.test('a list is judged entry by entry, and all problems are told', async (t) => {
  const held = { '10.0.0.7': [{ kind: 'allocation', name: 'b' }] } satisfies Record<string, Holder[]>;
  t.same(problems('10.0.0.7,10.0.1.7'), []);
  t.same(problems('10.0.0.7,10.0.1.7', { held }), ['Taken']);
  t.same(problems('10.0.0.7,10.0.1.9', { held }), ['Taken', 'NotUsable']);
  t.same(problems('10.0.0.7', { held }), ['Taken', 'MissingIP']);
  t.same(problems('x'), ['InvalidIP', 'MissingIP', 'MissingIP']);
  t.same(problems('x', { filledIn: 'all' }), ['InvalidIP']);
  t.same(
    problems('10.0.0.7,10.0.1.9', { held, before: '10.0.0.7,10.0.1.9' }),
    [],
    'what it has is not judged again',
  );
  t.same(problems('10.0.0.7,10.0.0.8,10.9.0.1', { held }), [
    'TwoOfOneCIDR',
    'OutsideCIDR',
    'Taken',
    'MissingIP',
  ]);
});

t.test('nobody stands in his own way', async (t) => {
  const own: Holder[] = [
    { kind: 'allocation', name: 'a' },
    { kind: 'namespace', name: 'a' },
    { kind: 'netNamespace', name: 'a' },
  ];
  const node: Holder = { kind: 'hostSubnet', name: 'n1' };
  t.equal(otherHolder(own, 'a'), undefined);
  for (const one of own)
    t.equal(otherHolder([one, node], 'a'), undefined, `a node hosts what is his by ${one.kind}`);
  t.equal(otherHolder([node], 'a'), node, 'a node that hosts it for nobody known');
  t.equal(
    otherHolder([{ kind: 'hostSubnet', name: 'a' }], 'a')?.kind,
    'hostSubnet',
    'a node of that name is a node',
  );
  t.equal(otherHolder([...own, { kind: 'netNamespace', name: 'b' }], 'a')?.name, 'b');
  const nameless: Holder = { kind: 'allocation', name: '' };
  t.equal(otherHolder([nameless], ''), nameless, 'two without a name are two');
  t.equal(otherHolder([], 'a'), undefined);
});

t.test('holders are named', async (t) => {
  const table: readonly (readonly [Holder, string])[] = [
    [{ kind: 'allocation', name: 'b' }, 'is allocated to namespace "b"'],
    [{ kind: 'allocation', name: '' }, 'is allocated to a namespace being created'],
    [{ kind: 'namespace', name: 'b' }, 'is listed by namespace "b"'],
    [{ kind: 'netNamespace', name: 'b' }, 'is on the NetNamespace of "b"'],
    [
      { kind: 'hostSubnet', name: 'n' },
      'is on the HostSubnet of node "n", though no allocation exists for it',
    ],
  ];
  for (const [holder, sentence] of table) t.equal(describeHolder(holder), sentence);
});
