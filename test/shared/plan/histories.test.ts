// Random histories: whatever happens, every single action keeps what the design promises, and when nothing more happens
// everything comes to rest.
import fc from 'fast-check';
import t from 'tap';
import { beginning, happening } from './histories.ts';
import { live } from './live.ts';

const RUNS = Number(process.env.RUNS ?? 300);

for (const cloud of ['aws', 'none'] as const) {
  const where = cloud === 'aws' ? 'AWS' : 'bare metal';
  t.test(`on ${where}, whatever happens, no promise is broken and all comes to rest`, async () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60, size: 'max' }), (history) => {
        const { story, faults } = live(beginning(cloud), history);
        if (faults.length > 0) throw new Error([...story, ...faults].join('\n'));
      }),
      { numRuns: RUNS },
    );
  });
}
