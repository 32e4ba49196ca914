import fc from 'fast-check';
import t from 'tap';
import { foreignInUse, MAX_RANGES } from '../../../reconciler/aws/published.ts';
import type { Inventory } from '../../../shared/inventory.ts';
import { type Cidr, contains, type IPv4, parseCidr, parseRange, toIPv4 } from '../../../shared/ip.ts';
import { ip } from './zone.ts';

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
}

function inventory(parts: Partial<Inventory>): Inventory {
  return {
    hosts: new Map(),
    unknownNodes: new Map(),
    holders: new Map(),
    kept: [],
    subnets: [],
    reservations: [],
    observedAt: 0,
    ...parts,
  };
}

function held(...addresses: readonly string[]): ReadonlyMap<IPv4, string> {
  return new Map(addresses.map((text) => [ip(text), 'eni-1']));
}

t.test('foreign and kept addresses are merged where they touch, ours are left out', async (t) => {
  const seen = inventory({
    subnets: [cidr('10.0.0.0/24')],
    holders: held('10.0.0.9', '10.0.0.4', '10.0.0.5', '10.0.0.7', '10.0.0.200'),
    kept: [
      { first: ip('10.0.0.0'), last: ip('10.0.0.3') },
      { first: ip('10.0.0.255'), last: ip('10.0.0.255') },
      { first: ip('10.0.0.192'), last: ip('10.0.0.207') },
    ],
  });
  t.strictSame(foreignInUse(seen, cidr('10.0.0.0/24'), new Set([ip('10.0.0.9')])), {
    ok: true,
    value: ['10.0.0.0-10.0.0.5', '10.0.0.7', '10.0.0.192-10.0.0.207', '10.0.0.255'],
  });
});

t.test('a CIDR that is a part of the subnet gets its part', async (t) => {
  const seen = inventory({
    subnets: [cidr('10.0.0.0/24')],
    holders: held('10.0.0.9'),
    kept: [{ first: ip('10.0.0.56'), last: ip('10.0.0.71') }],
  });
  t.strictSame(foreignInUse(seen, cidr('10.0.0.64/26'), new Set()), {
    ok: true,
    value: ['10.0.0.64-10.0.0.71'],
  });
});

t.test('two subnets that were read can make up one CIDR', async (t) => {
  const seen = inventory({ subnets: [cidr('10.0.0.128/25'), cidr('10.0.0.0/25')] });
  t.strictSame(foreignInUse(seen, cidr('10.0.0.0/24'), new Set()), { ok: true, value: [] });
});

t.test('what was not read is not published as free', async (t) => {
  const rows: [string[], string][] = [
    [[], '10.0.0.0-10.0.0.255'],
    [['10.0.1.0/24'], '10.0.0.0-10.0.0.255'],
    [['10.0.0.0/25'], '10.0.0.128-10.0.0.255'],
    [['10.0.0.128/25'], '10.0.0.0-10.0.0.127'],
    [['10.0.0.0/26', '10.0.0.128/25'], '10.0.0.64-10.0.0.127'],
  ];
  for (const [subnets, unread] of rows) {
    const result = foreignInUse(inventory({ subnets: subnets.map(cidr) }), cidr('10.0.0.0/24'), new Set());
    t.match(result, { ok: false, problems: [{ code: 'SubnetUnknown' }] });
    t.match(!result.ok && result.problems[0]?.message, unread);
  }
});

t.test(`more than ${MAX_RANGES} ranges are refused, ${MAX_RANGES} are not`, async (t) => {
  const everyOther = (count: number) =>
    new Map(Array.from({ length: count }, (_, i) => [toIPv4(ip('10.0.0.0') + 2 * i), 'eni-1']));
  const subnets = [cidr('10.0.0.0/20')];
  const most = foreignInUse(
    inventory({ subnets, holders: everyOther(MAX_RANGES) }),
    cidr('10.0.0.0/20'),
    new Set(),
  );
  t.equal(most.ok && most.value.length, MAX_RANGES);
  t.match(
    foreignInUse(inventory({ subnets, holders: everyOther(MAX_RANGES + 1) }), cidr('10.0.0.0/20'), new Set()),
    { ok: false, problems: [{ code: 'TooFragmented' }] },
  );
});

t.test('the ranges hold exactly what is held or kept and not ours', async () => {
  const subnet = cidr('10.0.0.0/24');
  const near = fc.integer({ min: subnet.first - 8, max: subnet.last + 8 }).map(toIPv4);
  const range = fc
    .tuple(near, fc.integer({ min: 0, max: 20 }))
    .map(([first, length]) => ({ first, last: toIPv4(first + length) }));
  fc.assert(
    fc.property(fc.array(near), fc.array(range), fc.array(near), (held, kept, ours) => {
      const seen = inventory({ subnets: [subnet], holders: new Map(held.map((a) => [a, 'eni-1'])), kept });
      const result = foreignInUse(seen, subnet, new Set(ours));
      if (!result.ok) return false;
      const ranges = result.value.map(parseRange).filter((parsed) => typeof parsed !== 'string');
      const ascending = ranges.every((one, i) => i === 0 || one.first > (ranges[i - 1]?.last ?? 0) + 1);
      for (let at: number = subnet.first; at <= subnet.last; at += 1) {
        const address = toIPv4(at);
        const expected =
          kept.some((one) => contains(one, address)) || (held.includes(address) && !ours.includes(address));
        if (ranges.some((one) => contains(one, address)) !== expected) return false;
      }
      return ascending;
    }),
  );
});
