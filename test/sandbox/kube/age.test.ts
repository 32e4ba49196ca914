import t from 'tap';
import { ageOf, humanDuration } from './age.ts';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

t.test('durations show at most two units, the second while the first is small', async (t) => {
  const rows: readonly (readonly [number, string])[] = [
    [-5, '<invalid>'],
    [-1, '0s'],
    [0, '0s'],
    [119.9, '119s'],
    [120, '2m'],
    [2 * MINUTE + 5, '2m5s'],
    [10 * MINUTE - 1, '9m59s'],
    [10 * MINUTE + 30, '10m'],
    [3 * HOUR - 1, '179m'],
    [3 * HOUR, '3h'],
    [7 * HOUR + 5 * MINUTE, '7h5m'],
    [8 * HOUR + 5 * MINUTE, '8h'],
    [47 * HOUR, '47h'],
    [2 * DAY, '2d'],
    [2 * DAY + HOUR, '2d1h'],
    [8 * DAY + HOUR, '8d'],
    [729 * DAY, '729d'],
    [730 * DAY, '2y'],
    [731 * DAY, '2y1d'],
    [8 * 365 * DAY + DAY, '8y'],
  ];
  for (const [seconds, shown] of rows) t.equal(humanDuration(seconds), shown);
});

t.test('an age is told from an RFC 3339 time', async (t) => {
  const now = new Date('2026-11-22T07:09:06Z');
  t.equal(ageOf('2026-11-22T06:47:16Z', now), '21m');
  t.equal(ageOf('2026-11-22T07:09:06.5Z', now), '0s');
  t.equal(ageOf(undefined, now), '<unknown>');
  t.equal(ageOf('not a time', now), '<unknown>');
});
