import fc from 'fast-check';
import t from 'tap';
import { formatDuration, parseDuration } from '../../shared/duration.ts';

t.test('durations are read as Go reads them', async (t) => {
  const rows: readonly [string, number][] = [
    ['0', 0],
    ['-0', 0],
    ['0s', 0],
    ['5m', 300_000],
    ['+5m', 300_000],
    ['-5m', -300_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['1.s', 1_000],
    ['2h45m30.5s', 9_930_500],
    ['250ms', 250],
    ['1s1s', 2_000],
    ['1us', 0.001],
    ['1µs', 0.001],
    ['1μs', 0.001],
    ['1ns', 1e-6],
  ];
  for (const [text, milliseconds] of rows) t.equal(parseDuration(text), milliseconds, text);
});

t.test('what Go refuses is refused', async (t) => {
  const rows = [
    '',
    '5',
    '5 m',
    ' 5m',
    '5m ',
    '.s',
    '.',
    '-',
    's',
    '5d',
    '1h-5m',
    '--5m',
    '5M',
    '1e3s',
    '300000h000',
    '9999999h',
  ];
  for (const text of rows) t.equal(parseDuration(text), undefined, JSON.stringify(text));
});

t.test('durations are written as people write them', async (t) => {
  const rows: readonly [number, string][] = [
    [0, '0s'],
    [250, '250ms'],
    [1_500, '1.5s'],
    [300_000, '5m'],
    [5_400_000, '1h30m'],
    [3_601_000, '1h1s'],
    [-300_000, '-5m'],
    [0.4, '0s'],
    [999.6, '1s'],
  ];
  for (const [milliseconds, text] of rows) t.equal(formatDuration(milliseconds), text, String(milliseconds));
});

t.test('what is written is read back', async () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e12, max: 1e12 }), (ms) => {
      const back = parseDuration(formatDuration(ms));
      return back !== undefined && Math.round(back) === (ms === 0 ? 0 : ms);
    }),
  );
});
