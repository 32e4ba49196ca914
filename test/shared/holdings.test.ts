// Who holds which address, change by change: as if everything were counted anew each time.
import fc from 'fast-check';
import t from 'tap';
import { type Holder, Holdings } from '../../shared/holdings.ts';
import { toIPv4 } from '../../shared/ip.ts';

const [ONE, TWO, THREE] = [toIPv4(1), toIPv4(2), toIPv4(3)];
const ALLOCATION: Holder = { kind: 'allocation', name: 'a' };
const LIST: Holder = { kind: 'namespace', name: 'a' };

t.test('an address has as many holders as objects name it', async (t) => {
  const holdings = new Holdings();
  holdings.set('allocation/10.0.0.1', ALLOCATION, [ONE]);
  holdings.set('namespace/a', LIST, [ONE, TWO]);
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
  holdings.set('allocation/10.0.0.1', ALLOCATION, [ONE]);
  holdings.set('namespace/a', LIST, [ONE, TWO]);
  holdings.set('namespace/a', LIST, [TWO, THREE]);
  t.same(holdings.holdersOf(ONE), [ALLOCATION]);
  holdings.set('allocation/10.0.0.1', ALLOCATION, []);
  t.notOk(holdings.taken.has(ONE));
  t.ok(holdings.taken.has(THREE));
  holdings.set('namespace/nobody-knows', LIST, []);
  t.same(holdings.holdersOf(TWO), [LIST]);
});

t.test('whatever the order of changes, it is as if counted anew', async () => {
  const change = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    kind: fc.constantFrom('namespace' as const, 'hostSubnet' as const),
    ips: fc.uniqueArray(fc.integer({ min: 1, max: 5 })),
  });
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const holdings = new Holdings();
      const last = new Map<string, (typeof changes)[number]>();
      for (const it of changes) {
        holdings.set(`${it.kind}/${it.name}`, { kind: it.kind, name: it.name }, it.ips.map(toIPv4));
        last.set(`${it.kind}/${it.name}`, it);
      }
      return [1, 2, 3, 4, 5].every((ip) => {
        const expected = [...last].filter(([, it]) => it.ips.includes(ip)).map(([key]) => key);
        const found = holdings.holdersOf(toIPv4(ip)).map((it) => `${it.kind}/${it.name}`);
        return (
          found.sort().join() === expected.sort().join() &&
          holdings.taken.has(toIPv4(ip)) === expected.length > 0
        );
      });
    }),
  );
});
