// A short run of both fuzz targets; long ones are started by hand, as the targets say.
import t from 'tap';
import { fuzz } from './fuzz.ts';
import { fuzzEgressIPAMs } from './fuzz-egressipam.ts';

t.test('no review crashes the webhook, and none is let through wrongly', async (t) => {
  const { outcomes } = await fuzz(10_000, Date.now() % 1_000_000);
  for (const outcome of ['malformed', 'denied', 'given', 'explicit', 'unchanged', 'passed']) {
    t.ok((outcomes[outcome] ?? 0) > 50, `${outcome}: ${outcomes[outcome]}`);
  }
});

t.test('no EgressIPAM crashes the webhook, and none is let through wrongly', async (t) => {
  const { outcomes } = fuzzEgressIPAMs(10_000, Date.now() % 1_000_000);
  for (const outcome of ['malformed', 'denied', 'stored']) {
    t.ok((outcomes[outcome] ?? 0) > 50, `${outcome}: ${outcomes[outcome]}`);
  }
});
