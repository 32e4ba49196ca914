// The bitmap behaves as a plain set does, at the seams of its words and blocks, too.
import fc from 'fast-check';
import t from 'tap';
import { AddressSet } from '../../shared/address-set.ts';
import { type IPv4, type Range, toIPv4 } from '../../shared/ip.ts';

/** Around the seam of two blocks, the start and the end of all addresses. */
const BASES = [0, 65_536 - 128, 0x0a000000 - 128, 0xffffffff - 255];
const ip = fc.tuple(fc.constantFrom(...BASES), fc.nat({ max: 255 })).map(([base, at]) => toIPv4(base + at));
const range = fc
  .tuple(fc.constantFrom(...BASES), fc.nat({ max: 255 }), fc.nat({ max: 255 }))
  .map(([base, a, b]) => ({
    first: toIPv4(base + Math.min(a, b)),
    last: toIPv4(base + Math.max(a, b)),
  }));

type Step = { readonly add: IPv4 } | { readonly delete: IPv4 } | { readonly range: Range };
const step: fc.Arbitrary<Step> = fc.oneof(
  ip.map((add) => ({ add })),
  ip.map((it) => ({ delete: it })),
  range.map((it) => ({ range: it })),
);

function build(steps: readonly Step[]): { set: AddressSet; model: Set<number> } {
  const set = new AddressSet();
  const model = new Set<number>();
  for (const it of steps) {
    if ('add' in it) {
      set.add(it.add);
      model.add(it.add);
    } else if ('delete' in it) {
      set.delete(it.delete);
      model.delete(it.delete);
    } else {
      set.addRange(it.range);
      for (let at: number = it.range.first; at <= it.range.last; at++) model.add(at);
    }
  }
  return { set, model };
}

function* addresses({ first, last }: Range): Generator<IPv4> {
  for (let at: number = first; at <= last; at++) yield toIPv4(at);
}

t.test('it has what was added and not deleted', async () => {
  fc.assert(
    fc.property(fc.array(step), ip, (steps, asked) => {
      const { set, model } = build(steps);
      return set.has(asked) === model.has(asked);
    }),
  );
});

t.test('it counts what lies in a range', async () => {
  fc.assert(
    fc.property(fc.array(step), range, (steps, asked) => {
      const { set, model } = build(steps);
      return set.count(asked) === [...addresses(asked)].filter((it) => model.has(it)).length;
    }),
  );
});

t.test('it finds the first address that neither of two sets has, and the first that one has', async () => {
  fc.assert(
    fc.property(fc.array(step), fc.array(step), range, (steps, others, { first, last }) => {
      const [a, b] = [build(steps), build(others)];
      const isIn = (it: IPv4) => a.model.has(it) || b.model.has(it);
      const all = [...addresses({ first, last })];
      return (
        AddressSet.firstAbsent(a.set, b.set, first, last) === all.find((it) => !isIn(it)) &&
        AddressSet.firstPresent(a.set, b.set, first, last) === all.find(isIn)
      );
    }),
  );
});

t.test('a set made of ranges has them all', async (t) => {
  const set = AddressSet.of([
    { first: toIPv4(5), last: toIPv4(7) },
    { first: toIPv4(7), last: toIPv4(40) },
  ]);
  t.equal(set.count({ first: toIPv4(0), last: toIPv4(100) }), 36);
});

t.test('a /8 that is full but for its last address is searched in no time', async (t) => {
  const [first, last] = [toIPv4(0x0a000000), toIPv4(0x0affffff)];
  const full = AddressSet.of([{ first, last: toIPv4(last - 1) }]);
  t.equal(AddressSet.firstAbsent(full, new AddressSet(), first, last), last);
  t.equal(full.count({ first, last }), 2 ** 24 - 1);
  t.equal(AddressSet.firstAbsent(full, full, first, last - 1), undefined);
});
