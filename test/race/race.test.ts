// The race in small: three webhooks, 64 clients, 300 namespaces. `npm run race` runs it in large.
import t from 'tap';
import { parseFlags } from '../../shared/process/flags.ts';
import { RACE_COMMAND } from './config.ts';
import { race } from './race.ts';

t.test('64 clients race for IPs through three webhooks, and nobody gets what another has', async (t) => {
  const flags = parseFlags(RACE_COMMAND.flags, ['--namespaces=300', '--request-timeout=5s', '--within=60s']);
  if (!flags.ok) return t.fail('the flags are wrong');
  const { told, collisions, unlisted, verdicts, unfinished, shares } = await race(flags.value, () => {});
  for (const { check, violations } of verdicts) t.same(violations, [], check);
  t.equal(unfinished, undefined, 'all is served and collected in time');
  const created = told.filter(({ became }) => became === 'created');
  t.ok(created.length >= 270, `${created.length} namespaces`);
  // It was a race: they met, were refused, and left claims behind that somebody had to collect.
  t.ok(collisions > 0, `${collisions} claims collided`);
  t.ok(told.some(({ refusals }) => refusals.some(({ list }) => list !== undefined)));
  t.ok(unlisted > 0, `${unlisted} allocations were nobody's in the end`);
  t.ok(
    shares.every((share) => share > 0),
    `each webhook answered some: ${shares}`,
  );
});
