// Random histories: whatever happens, every single action keeps what the design promises, and when nothing
// more happens everything comes to rest.
import fc from 'fast-check';
import t from 'tap';
import type { Cluster } from './cluster.ts';
import { beginning, happening } from './histories.ts';
import { live } from './live.ts';

// The same histories each time, so that a change is to blame when one fails; SEED=7 RUNS=10000 looks further.
const RUNS = Number(process.env.RUNS ?? 200);
const SEED = Number(process.env.SEED ?? 1);

const history = fc.array(happening, { maxLength: 60, size: 'max' });

function check(begin: () => Cluster): void {
  const property = fc.property(history, (happenings) => {
    const { story, faults } = live(begin(), happenings);
    if (faults.length > 0) throw new Error([...story, ...faults].join('\n'));
  });
  fc.assert(property, { numRuns: RUNS, seed: SEED });
}

const PLACES = { aws: 'AWS', platform: 'a cloud whose platform assigns', none: 'bare metal' } as const;

for (const cloud of ['aws', 'platform', 'none'] as const) {
  const where = PLACES[cloud];
  t.test(`on ${where}, whatever happens, no promise is broken and all comes to rest`, async () => {
    check(() => beginning(cloud));
  });

  t.test(`on ${where} with a breaker that opens at every edit, too`, async () => {
    check(() => ({ ...beginning(cloud), breaker: { share: 0, least: 1 } }));
  });
}
