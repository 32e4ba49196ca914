// How long is a duration in Go's spelling? Read character by character, counted in whole attoseconds.

const ATTOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 10n ** 9n,
  us: 10n ** 12n,
  µs: 10n ** 12n,
  μs: 10n ** 12n,
  ms: 10n ** 15n,
  s: 10n ** 18n,
  m: 60n * 10n ** 18n,
  h: 3600n * 10n ** 18n,
};
/** More digits than that after the point change nothing. */
const DIGITS = 40;

/** Milliseconds; undefined for what is none. Does not say whether it is too long. */
export function slowDuration(text: string): number | undefined {
  const sign = text[0] === '-' ? -1 : 1;
  let at = text[0] === '-' || text[0] === '+' ? 1 : 0;
  if (text.slice(at) === '0') return 0;
  if (at === text.length) return undefined;
  let total = 0n;
  const digits = () => {
    const from = at;
    while (at < text.length && (text[at] ?? '') >= '0' && (text[at] ?? '') <= '9') at += 1;
    return text.slice(from, at);
  };
  while (at < text.length) {
    const whole = digits();
    let fraction = '';
    if (text[at] === '.') {
      at += 1;
      fraction = digits();
    }
    if (whole === '' && fraction === '') return undefined;
    const unit = ['ns', 'us', 'µs', 'μs', 'ms', 's', 'm', 'h'].find((name) => text.startsWith(name, at));
    if (unit === undefined) return undefined;
    at += unit.length;
    const scale = ATTOSECONDS[unit] ?? 0n;
    // Numbers of so many digits are too long in any unit, and BigInt takes its time to read them.
    if (whole.length > 1_000) return Number.POSITIVE_INFINITY * sign;
    const parts = BigInt(fraction.slice(0, DIGITS).padEnd(DIGITS, '0'));
    total += BigInt(whole || '0') * scale + (parts * scale) / 10n ** BigInt(DIGITS);
  }
  return (sign * Number(total)) / 1e15;
}
