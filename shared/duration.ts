// How long is `1h30m`? Durations as Go writes them, which is how Kubernetes commands and objects spell them.
// Apart because flags and EgressIPAM fields read them alike.

const MILLISECONDS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3, // U+00B5, micro sign
  μs: 1e-3, // U+03BC, Greek mu
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** The longest that Go can hold: 2^63 nanoseconds, some 292 years. */
const LONGEST = 2 ** 63 / 1e6;
/** Characters; nobody writes more, and reading millions takes seconds. */
const LONGEST_TEXT = 1_000;

// Digits can be read in one way only: a text that is none is not tried in all the others, of which there may be thousands.
const WHOLE = /^(?<sign>[+-]?)(?<parts>(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const PART = /(?<amount>\d+(?:\.\d*)?|\.\d+)(?<unit>ns|us|µs|μs|ms|s|m|h)/g;

/** Milliseconds (with a fraction, if need be) of `300ms`, `-1.5h`, `2h45m` or `0`; undefined for everything else. */
export function parseDuration(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) return 0;
  const whole = text.length > LONGEST_TEXT ? undefined : WHOLE.exec(text)?.groups;
  if (whole === undefined) return undefined;
  let total = 0;
  for (const { groups } of (whole.parts ?? '').matchAll(PART)) {
    total += Number(groups?.amount) * (MILLISECONDS[groups?.unit ?? ''] ?? Number.NaN);
  }
  if (!(total < LONGEST)) return undefined;
  return whole.sign === '-' && total > 0 ? -total : total;
}

/** The shortest spelling of whole milliseconds: `5m`, `1h30m`, `1.5s`, `250ms`, `0s`. Fractions are rounded. */
export function formatDuration(milliseconds: number): string {
  const total = Math.round(Math.abs(milliseconds));
  if (total === 0) return '0s';
  const sign = milliseconds < 0 ? '-' : '';
  if (total < 1_000) return `${sign}${total}ms`;
  const hours = Math.floor(total / 3_600_000);
  const minutes = Math.floor((total % 3_600_000) / 60_000);
  const seconds = (total % 60_000) / 1_000;
  const parts = [
    [hours, 'h'],
    [minutes, 'm'],
    [seconds, 's'],
  ] as const;
  return sign + parts.map(([amount, unit]) => (amount === 0 ? '' : `${amount}${unit}`)).join('');
}
