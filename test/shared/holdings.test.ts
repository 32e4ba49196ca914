// Who holds which address, change by change: as if everything were counted anew each time.
import fc from 'fast-check';
import t from 'tap';
import { type Holder, Holdings } from '../../shared/holdings.ts';
import { toIPv4 } from '../../shared/ip.ts';

const [ONE, TWO, THREE] = [toIPv4(1), toIPv4(2), toIPv4(3)];
const ALLOCATION: Holder = { kind: 'allocation', name: 'a' };
const LIST = { kind: 'namespace', name: 'a' } as const;

t.test('an address has as many holders as objects name it', async (t) => {
  const holdings = new Holdings();
  holdings.setAllocation(ONE, 'a');
  holdings.set(LIST, [ONE, TWO]);
  t.same(holdings.holdersOf(ONE), [ALLOCATION, LIST]);
  t.same(holdings.holdersOf(TWO), [LIST]);
  t.same(holdings.holdersOf(THREE), []);
  t.same(
    [ONE, TWO, THREE].filter((ip) => holdings.taken.has(ip)),
    [ONE, TWO],
  );
});

t.test('an object that changes holds what it names now; the last one to go frees the address', async (t) => {
  const holdings = new Holdings();
  holdings.setAllocation(ONE, 'a');
  holdings.set(LIST, [ONE, TWO]);
  holdings.set(LIST, [TWO, THREE]);
  t.same(holdings.holdersOf(ONE), [ALLOCATION]);
  holdings.setAllocation(ONE, undefined);
  t.notOk(holdings.taken.has(ONE));
  t.ok(holdings.taken.has(THREE));
  holdings.set({ kind: 'namespace', name: 'nobody-knows' }, []);
  t.same(holdings.holdersOf(TWO), [LIST]);
});

t.test('an allocation that changes hands is held by the new namespace alone', async (t) => {
  const holdings = new Holdings();
  holdings.setAllocation(ONE, '');
  holdings.set(LIST, [ONE]);
  holdings.setAllocation(ONE, 'b');
  t.same(holdings.holdersOf(ONE), [LIST, { kind: 'allocation', name: 'b' }]);
  holdings.set(LIST, []);
  t.ok(holdings.taken.has(ONE));
});

t.test('whatever the order of changes, it is as if counted anew', async () => {
  const change = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    kind: fc.constantFrom('namespace' as const, 'hostSubnet' as const, 'allocation' as const),
    ips: fc.uniqueArray(fc.integer({ min: 1, max: 5 })),
  });
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const holdings = new Holdings();
      /** By holder, and by IP for allocations. */
      const last = new Map<string, readonly number[]>();
      const owners = new Map<number, string>();
      for (const { kind, name, ips } of changes) {
        if (kind !== 'allocation') {
          holdings.set({ kind, name }, ips.map(toIPv4));
          last.set(`${kind}/${name}`, ips);
          continue;
        }
        for (const ip of [1, 2, 3, 4, 5]) {
          const isGone = !ips.includes(ip);
          holdings.setAllocation(toIPv4(ip), isGone ? undefined : name);
          if (isGone) owners.delete(ip);
          else owners.set(ip, name);
        }
      }
      return [1, 2, 3, 4, 5].every((ip) => {
        const owner = owners.get(ip);
        const expected = [...last].filter(([, ips]) => ips.includes(ip)).map(([key]) => key);
        if (owner !== undefined) expected.push(`allocation/${owner}`);
        const found = holdings.holdersOf(toIPv4(ip)).map((it) => `${it.kind}/${it.name}`);
        return (
          found.sort().join() === expected.sort().join() &&
          holdings.taken.has(toIPv4(ip)) === expected.length > 0
        );
      });
    }),
  );
});
