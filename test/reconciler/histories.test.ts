// Random histories with faults: whatever happens, no promise is broken, and when nothing more happens all comes to rest.
import fc from 'fast-check';
import t from 'tap';
import { beginning, happening } from './histories.ts';
import { live } from './live.ts';

const RUNS = Number(process.env.RUNS ?? 40);
/** The same histories each time; SEED=7 looks at others. */
const SEED = Number(process.env.SEED ?? 1);

for (const cloud of ['aws', 'none'] as const) {
  const where = cloud === 'aws' ? 'on AWS' : 'on bare metal';
  t.test(
    `${where}, whatever happens to the reconciler and around it, it breaks no promise and comes to rest`,
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(happening, { maxLength: 40, size: 'max' }), async (history) => {
          const { story, faults } = await live(beginning(cloud), history);
          if (faults.length > 0) throw new Error([...story.slice(-80), ...faults].join('\n'));
        }),
        { numRuns: RUNS, seed: SEED },
      );
    },
  );
}
