// Random histories with faults: whatever happens, no promise is broken, and when nothing more happens all comes to rest.
import fc from 'fast-check';
import t from 'tap';
import { beginning, happening } from './histories.ts';
import { live } from './live.ts';

const RUNS = Number(process.env.RUNS ?? 60);
/** The same histories each time; SEED=7 looks at others. */
const SEED = Number(process.env.SEED ?? 1);

t.test(
  'whatever happens to it and around it, the reconciler breaks no promise and comes to rest',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { maxLength: 40, size: 'max' }), async (history) => {
        const { story, faults } = await live(beginning(), history);
        if (faults.length > 0) throw new Error([...story.slice(-80), ...faults].join('\n'));
      }),
      { numRuns: RUNS, seed: SEED },
    );
  },
);
