// The order of nodes by room is the order that looking at every node each time would give.
import fc from 'fast-check';
import t from 'tap';
import { Roomiest } from '../../../shared/plan/roomiest.ts';

t.test(
  'it finds the roomiest that fits, the first by name among equals, whatever has shrunk meanwhile',
  async () => {
    const names = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'] as const;
    const rooms = fc.array(fc.integer({ min: -1, max: 4 }), { minLength: 6, maxLength: 6 });
    const ask = fc.record({
      unfit: fc.subarray([...names]),
      shrinks: fc.constantFrom(...names),
      by: fc.integer({ min: 0, max: 2 }),
    });
    fc.assert(
      fc.property(rooms, fc.array(ask, { maxLength: 30 }), (begin, asks) => {
        const room = new Map(names.map((name, at) => [name, begin[at] ?? 0]));
        const roomOf = (name: string) => room.get(name as (typeof names)[number]) ?? 0;
        const roomiest = new Roomiest([...names].reverse(), roomOf);
        return asks.every(({ unfit, shrinks, by }) => {
          const fits = (name: string) => !unfit.includes(name as (typeof names)[number]);
          const [expected] = names
            .filter((name) => fits(name) && roomOf(name) > 0)
            .sort((a, b) => roomOf(b) - roomOf(a) || (a < b ? -1 : 1));
          const found = roomiest.find(fits);
          for (const name of new Set([shrinks, found])) {
            if (name !== undefined)
              room.set(name as (typeof names)[number], roomOf(name) - (name === found ? 1 : by));
          }
          return found === expected;
        });
      }),
    );
  },
);
