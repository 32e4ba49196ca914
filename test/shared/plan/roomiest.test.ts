// The order in which nodes are offered: against the obvious way, which looks at all of them every time.
import fc from 'fast-check';
import t from 'tap';
import { Roomiest } from '../../../shared/plan/roomiest.ts';

t.test('the roomiest comes first, names break ties, and who is full is not offered', (t) => {
  const room = new Map([
    ['b', 2],
    ['a', 2],
    ['c', 3],
    ['d', 0],
  ]);
  const nodes = new Roomiest(room.keys(), (name) => room.get(name) ?? 0);
  const offered: string[] = [];
  nodes.find((name) => offered.push(name) === 0);
  t.strictSame(offered, ['c', 'a', 'b']);
  t.end();
});

t.test('whatever room shrinks in between, it finds what looking at all of them finds', (t) => {
  const rooms = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 12 });
  const asks = fc.array(fc.record({ barred: fc.uniqueArray(fc.nat(11)), alsoShrinks: fc.nat(11) }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(rooms, asks, (start, all) => {
      const room = new Map(start.map((many, index) => [`node-${String(index).padStart(2, '0')}`, many]));
      const names = [...room.keys()];
      const take = (name: string | undefined) =>
        name !== undefined && room.set(name, (room.get(name) ?? 0) - 1);
      const nodes = new Roomiest(names, (name) => room.get(name) ?? 0);
      for (const { barred, alsoShrinks } of all) {
        const fits = (name: string) => !barred.some((index) => names[index] === name);
        let expected: string | undefined;
        for (const name of names.filter(fits)) {
          if ((room.get(name) ?? 0) > Math.max(0, room.get(expected ?? '') ?? 0)) expected = name;
        }
        const found = nodes.find(fits);
        if (found !== expected) return false;
        take(found);
        take(names[alsoShrinks]);
      }
      return true;
    }),
  );
  t.end();
});
