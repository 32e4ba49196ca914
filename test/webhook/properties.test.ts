// What must hold in every history: no IP is two namespaces', none is unusable, none leaks, and whoever names an IP gets that
// one or is refused. Histories are random, and so is the order of all steps in them.
import fc from 'fast-check';
import t from 'tap';
import { ApiError } from '../../shared/kube/client.ts';
import type { Mishap } from '../fakes/kube-client.ts';
import { Simulation, type Step } from './simulation.ts';

/** Two and five usable addresses (.3 is reserved, or the broadcast address), for more namespaces than that. */
const cidr = fc.constantFrom('10.0.128.0/30', '10.0.128.0/30', '10.0.128.0/29');
const name = fc.constantFrom('a', 'b', 'c');
const list = fc.constantFrom('', '', '', '10.0.128.1', '10.0.128.2');
const fate = fc.constantFrom('stored' as const, 'stored' as const, 'stored' as const, 'rejected' as const);
const next = fc.constantFrom('wait' as const, 'goOn' as const);
const replica = fc.nat({ max: 2 });
const milliseconds = fc.constantFrom(4_000, 50_000, 121_000);

function deed<const D extends Step['do']>(...names: readonly D[]): fc.Arbitrary<D> {
  return fc.constantFrom(...names);
}

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: deed('create'), name, list, fate, next }) },
  { weight: 2, arbitrary: fc.record({ do: deed('generate'), list, fate, next }) },
  { weight: 3, arbitrary: fc.record({ do: deed('relist', 'optOut', 'optIn'), name, list, fate, next }) },
  { weight: 3, arbitrary: fc.record({ do: deed('delete'), name, next }) },
  { weight: 3, arbitrary: fc.record({ do: deed('sync'), replica, kind: fc.nat({ max: 2 }), next }) },
  { weight: 1, arbitrary: fc.record({ do: deed('restart'), replica, next }) },
  { weight: 3, arbitrary: fc.record({ do: deed('collect', 'late'), next }) },
  { weight: 5, arbitrary: fc.record({ do: deed('wait', 'sweep'), milliseconds, next }) },
);

const stay = { list: '', fate: 'stored' } as const;

/** A name that comes back just when its old claim is collected, while others look for an IP: hardly ever met by chance. */
const comeback: readonly Step[] = [
  { do: 'create', name: 'a', ...stay, next: 'wait' },
  { do: 'create', name: 'c', ...stay, next: 'wait' },
  { do: 'delete', name: 'a', next: 'wait' },
  { do: 'sync', replica: 0, kind: 0, next: 'wait' },
  { do: 'sync', replica: 1, kind: 0, next: 'wait' },
  { do: 'collect', next: 'wait' },
  { do: 'wait', milliseconds: 121_000, next: 'wait' },
  { do: 'create', name: 'a', ...stay, next: 'goOn' },
  { do: 'collect', next: 'goOn' },
  { do: 'create', name: 'b', ...stay, next: 'goOn' },
  { do: 'generate', ...stay, next: 'wait' },
];

const history: fc.Arbitrary<readonly Step[]> = fc.oneof(
  { weight: 3, arbitrary: fc.array(step, { minLength: 5, maxLength: 30 }) },
  {
    weight: 1,
    arbitrary: fc.array(step, { maxLength: 5 }).map((others) => [...others, ...comeback]),
  },
);

const mishap: fc.Arbitrary<Mishap> = fc.oneof(
  { weight: 12, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom('lost' as const, 'late' as const) },
  { weight: 1, arbitrary: fc.constant(new ApiError('unavailable', 'no answer')) },
);

/** The same histories each time; SEED=7 looks at others. */
const SEED = Number(process.env.SEED ?? 1);

t.test(
  "no IP is two namespaces', none is unusable, none leaks, explicit ones are honoured or refused",
  async (t) => {
    let stored = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        cidr,
        history,
        fc.scheduler(),
        fc.infiniteStream(mishap),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        async (replicas, range, steps, scheduler, mishaps, randoms) => {
          let calm = false;
          const simulation = new Simulation({
            replicas,
            cidr: range,
            turn: (label) => (calm ? Promise.resolve() : scheduler.schedule(Promise.resolve(), label)),
            mishap: () => (calm ? undefined : mishaps.next().value),
            random: () => randoms.next().value ?? 0,
          });
          await scheduler.waitFor(simulation.run(steps));
          calm = true;
          const leaks = await simulation.leaks();
          if (leaks.length > 0) throw new Error(`leaked: ${leaks.join(', ')}`);
          const unclaimed = simulation.unclaimed();
          if (unclaimed.length > 0) throw new Error(`listed and not claimed: ${unclaimed.join(', ')}`);
          stored += simulation.listedCount;
          refused += simulation.refusals.length;
        },
      ),
      { numRuns: 700, seed: SEED },
    );
    t.ok(stored > 200, `${stored} namespaces kept their IPs`);
    t.ok(refused > 50, `${refused} requests were refused`);
  },
);
