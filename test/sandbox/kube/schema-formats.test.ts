import t from 'tap';
import { checkFormat } from './schema-formats.ts';

t.test('formats accept what they name and nothing else', async (t) => {
  const rows: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    [
      'date-time',
      ['2026-11-22T07:09:05Z', '2026-11-22T07:09:05.123456+01:00'],
      ['2026-11-22', '2026-13-22T07:09:05Z', ''],
    ],
    ['date', ['2026-11-22'], ['2026-13-01', '22.11.2026']],
    ['ipv4', ['10.0.0.1', '255.255.255.255'], ['10.0.0', '10.0.0.256', '::1', '']],
    ['ipv6', ['::1', 'fe80::1'], ['10.0.0.1', ':::']],
    ['cidr', ['10.0.0.0/8', '::/0'], ['10.0.0.0', '10.0.0.0/33', '10.0.0.0/8/8', '::/129']],
    ['uri', ['https://x.io/a'], ['::', 'x']],
    ['uuid', ['63052533-2e1f-43d1-99d1-e07c56cb7059'], ['63052533']],
    ['byte', ['', 'AAA=', 'AAAA'], ['A', '!!!!', 'AA=A']],
    ['duration', ['5m', '1h30m', '0', '1.5s'], ['', '5 parsecs', '5']],
    ['something-else', ['', 'anything'], []],
  ];
  for (const [format, good, wrong] of rows) {
    for (const value of good) t.ok(checkFormat(format, value), `${format} ${value}`);
    for (const value of wrong) t.notOk(checkFormat(format, value), `${format} ${value}`);
  }
});
