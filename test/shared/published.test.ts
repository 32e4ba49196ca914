// What the webhook is told of the cloud: the foreign addresses of a CIDR, as few ranges as will do, and
// nothing lost.
import fc from 'fast-check';
import t from 'tap';
import type { Inventory } from '../../shared/inventory.ts';
import { cidrAround, formatRange, type IPv4, parseIPv4, type Range, toIPv4 } from '../../shared/ip.ts';
import { foreignIn, formatRanges, isRead, merge, parseRanges } from '../../shared/published.ts';

function ip(text: string): IPv4 {
  return parseIPv4(text) ?? toIPv4(0);
}

function inventory(change: Partial<Inventory>): Inventory {
  return {
    hosts: new Map(),
    unknownNodes: new Map(),
    holders: new Map(),
    kept: [],
    subnets: [],
    reservations: [],
    observedAt: 0,
    ...change,
  };
}

const at = fc.nat({ max: 60 }).map((it) => toIPv4(0x0a000000 + it));
const range = fc
  .tuple(at, at)
  .map(([a, b]): Range => ({ first: toIPv4(Math.min(a, b)), last: toIPv4(Math.max(a, b)) }));

function addressesOf(ranges: readonly Range[]): string {
  const found = new Set(
    ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, it) => first + it)),
  );
  return [...found].sort((a, b) => a - b).join();
}

t.test(
  'merged ranges hold the same addresses, ascending, with gaps between them, and as often as one likes',
  async () => {
    fc.assert(
      fc.property(fc.array(range), (ranges) => {
        const merged = merge(ranges);
        const apart = merged.every(({ first }, it) => it === 0 || first > (merged[it - 1]?.last ?? 0) + 1);
        return apart && addressesOf(merged) === addressesOf(ranges) && merge(merged).length === merged.length;
      }),
    );
  },
);

t.test('merging leaves what it was given as it is', async (t) => {
  const given = [
    { first: ip('10.0.0.5'), last: ip('10.0.0.6') },
    { first: ip('10.0.0.1'), last: ip('10.0.0.4') },
  ];
  t.same(merge(given).map(formatRange), ['10.0.0.1-10.0.0.6']);
  t.same(given.map(formatRange), ['10.0.0.5-10.0.0.6', '10.0.0.1-10.0.0.4']);
});

t.test('what is published is read back', async (t) => {
  fc.assert(
    fc.property(
      fc.array(range),
      (ranges) => addressesOf(parseRanges(formatRanges(merge(ranges)))) === addressesOf(ranges),
    ),
  );
  t.same(parseRanges(['10.0.0.1', 'garbage', '10.0.0.9-10.0.0.7', '10.0.0.3-10.0.0.4']).map(formatRange), [
    '10.0.0.1',
    '10.0.0.3-10.0.0.4',
  ]);
});

t.test('foreign is what the cloud keeps or uses in the CIDR, but for what is ours', async (t) => {
  const holders = new Map(['10.0.0.1', '10.0.0.2', '10.0.0.4', '10.0.1.1'].map((text) => [ip(text), 'eni']));
  const kept = [
    { first: ip('9.255.255.250'), last: ip('10.0.0.0') },
    { first: ip('10.0.0.252'), last: ip('10.0.3.255') },
    { first: ip('10.0.9.0'), last: ip('10.0.9.9') },
  ];
  const found = foreignIn(
    cidrAround(ip('10.0.0.0'), 24),
    inventory({ holders, kept }),
    (it) => it === ip('10.0.0.4'),
  );
  t.same(formatRanges(found), ['10.0.0.0-10.0.0.2', '10.0.0.252-10.0.0.255']);
});

t.test('a CIDR that was not read completely is unknown, not empty', async (t) => {
  const subnets = [cidrAround(ip('10.0.0.0'), 24), cidrAround(ip('10.0.1.0'), 24)];
  t.equal(isRead(cidrAround(ip('10.0.0.0'), 24), inventory({ subnets })), true);
  t.equal(isRead(cidrAround(ip('10.0.1.128'), 25), inventory({ subnets })), true);
  t.equal(isRead(cidrAround(ip('10.0.0.0'), 23), inventory({ subnets })), false, 'two subnets are not one');
  t.equal(isRead(cidrAround(ip('10.0.2.0'), 24), inventory({ subnets })), false);
  t.equal(isRead(cidrAround(ip('10.0.0.0'), 24), undefined), false);
});
