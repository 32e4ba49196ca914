// In which order free addresses are tried: each one once, all around the pool, from a place of the
// namespace's own.
import fc from 'fast-check';
import t from 'tap';
import { AddressSet } from '../../shared/address-set.ts';
import { countFree, freeAddresses, startAt, startFor } from '../../shared/allocate.ts';
import type { Pool } from '../../shared/egressipam.ts';
import { cidrAround, formatCidr, formatIPv4, sizeOf, toIPv4 } from '../../shared/ip.ts';
import { UsableAddresses } from '../../shared/usable.ts';

const poolArbitrary = fc
  .tuple(fc.nat({ max: 0xffffffff }), fc.integer({ min: 24, max: 32 }))
  .map(([ip, prefix]): Pool => {
    const cidr = cidrAround(toIPv4(ip), prefix);
    return { index: 0, cidr, name: formatCidr(cidr), labelValue: 'a', reserved: [] };
  });

const situation = poolArbitrary.chain((pool) => {
  const within = fc.nat({ max: sizeOf(pool.cidr) - 1 }).map((at) => toIPv4(pool.cidr.first + at));
  return fc.record({
    usable: fc.array(within, { maxLength: 300 }).map(
      (ips) =>
        new UsableAddresses(pool, {
          hostIPs: new Map(),
          inUse: ips.map((ip) => ({ first: ip, last: ip })),
        }),
    ),
    taken: fc.array(within, { maxLength: 300 }),
    start: fc.nat({ max: sizeOf(pool.cidr) - 1 }),
  });
});

function setOf(ips: readonly number[]): AddressSet {
  return AddressSet.of(ips.map((ip) => ({ first: toIPv4(ip), last: toIPv4(ip) })));
}

t.test(
  'every free address is offered once, none that is excluded or taken, all around from the start',
  async () => {
    fc.assert(
      fc.property(situation, ({ usable, taken, start }) => {
        const { first, last } = usable.pool.cidr;
        const held = setOf(taken);
        const around = Array.from({ length: last - first + 1 }, (_, at) =>
          toIPv4(first + ((start + at) % (last - first + 1))),
        );
        const expected = around.filter((ip) => usable.whyNot(ip) === undefined && !held.has(ip));
        const offered = [...freeAddresses(usable, held, start)];
        return offered.join() === expected.join() && countFree(usable, held) === expected.length;
      }),
    );
  },
);

t.test('what is taken while the search goes on is not offered any more', async (t) => {
  const cidr = cidrAround(toIPv4(0x0a000000), 29);
  const pool = { index: 0, cidr, name: '10.0.0.0/29', labelValue: 'a', reserved: [] };
  const usable = new UsableAddresses(pool, { hostIPs: new Map(), inUse: [] });
  const taken = new AddressSet();
  const offered: string[] = [];
  for (const ip of freeAddresses(usable, taken, 3)) {
    offered.push(formatIPv4(ip));
    taken.add(toIPv4(ip + 1));
  }
  t.same(offered, ['10.0.0.3', '10.0.0.5', '10.0.0.1']);
});

t.test('each namespace starts at the same place every time, and few share it', async (t) => {
  const cidr = cidrAround(toIPv4(0x0a000000), 20);
  const pool = { index: 0, cidr, name: '10.0.0.0/20', labelValue: 'a', reserved: [] };
  const usable = new UsableAddresses(pool, { hostIPs: new Map(), inUse: [] });
  const starts = Array.from({ length: 100 }, (_, at) => startFor(`team-${at}`, usable));
  t.equal(startFor('team-7', usable), starts[7]);
  t.ok(new Set(starts).size > 90, `${new Set(starts).size} places for 100 namespaces`);
  t.ok(starts.every((start) => start >= 0 && start < 4096));
});

t.test('a nameless namespace starts anywhere in the pool', async (t) => {
  const cidr = cidrAround(toIPv4(0x0a000000), 28);
  const pool = { index: 0, cidr, name: '10.0.0.0/28', labelValue: 'a', reserved: [] };
  const usable = new UsableAddresses(pool, { hostIPs: new Map(), inUse: [] });
  t.equal(startAt(0, usable), 0);
  t.equal(startAt(0.5, usable), 8);
  t.equal(startAt(0.999_999, usable), 15);
});
