// What must hold in every history: no IP is two namespaces', none is unusable, none leaks, and whoever names an IP gets that
// one or is refused. Histories are random, and so is the order of all steps in them.
import fc from 'fast-check';
import t from 'tap';
import { ApiError } from '../../shared/kube/client.ts';
import type { Mishap } from '../fakes/kube-client.ts';
import { Simulation, type Step } from './simulation.ts';

/** .0 and .7 are network and broadcast, .3 is reserved: five addresses for more namespaces than that. */
const CIDR = '10.0.128.0/29';
const name = fc.constantFrom('a', 'b', 'c');
const list = fc.constantFrom('', '', '', '10.0.128.1', '10.0.128.2');
const fate = fc.constantFrom('stored' as const, 'stored' as const, 'rejected' as const);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('create' as const), name, list, fate }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('generate' as const), list, fate }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('relist' as const, 'optOut' as const, 'optIn' as const),
      name,
      list,
      fate,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), name }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('sync' as const),
      replica: fc.nat({ max: 2 }),
      kind: fc.nat({ max: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), replica: fc.nat({ max: 2 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('collect' as const, 'late' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      milliseconds: fc.constantFrom(4_000, 50_000, 121_000),
    }),
  },
);

const mishap: fc.Arbitrary<Mishap> = fc.oneof(
  { weight: 12, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom('lost' as const, 'late' as const) },
  { weight: 1, arbitrary: fc.constant(new ApiError('unavailable', 'no answer')) },
);

t.test(
  "no IP is two namespaces', none is unusable, none leaks, explicit ones are honoured or refused",
  async (t) => {
    let stored = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(step, { minLength: 5, maxLength: 40 }),
        fc.scheduler(),
        fc.infiniteStream(mishap),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        async (replicas, steps, scheduler, mishaps, randoms) => {
          let calm = false;
          const simulation = new Simulation({
            replicas,
            cidr: CIDR,
            turn: (label) => (calm ? Promise.resolve() : scheduler.schedule(Promise.resolve(), label)),
            mishap: () => (calm ? undefined : mishaps.next().value),
            random: () => randoms.next().value ?? 0,
          });
          await scheduler.waitFor(Promise.all(steps.map((one) => simulation.take(one))));
          calm = true;
          const leaks = await simulation.leaks();
          if (leaks.length > 0) throw new Error(`leaked: ${leaks.join(', ')}`);
          const unclaimed = simulation.unclaimed();
          if (unclaimed.length > 0) throw new Error(`listed and not claimed: ${unclaimed.join(', ')}`);
          stored += simulation.listedCount;
          refused += simulation.refusals.length;
        },
      ),
      { numRuns: 400 },
    );
    t.ok(stored > 200, `${stored} namespaces kept their IPs`);
    t.ok(refused > 50, `${refused} requests were refused`);
  },
);
