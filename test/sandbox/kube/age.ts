// How long ago, as kubectl's users read it: `45s`, `9m30s`, `21m`, `3d4h`. Apart because columns of built-in
// kinds and of custom resources both show it.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** The age of an RFC 3339 time at `now`; `<unknown>` when there is none. */
export function ageOf(timestamp: unknown, now: Date): string {
  const time = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
  return Number.isNaN(time) ? '<unknown>' : humanDuration((now.getTime() - time) / 1000);
}

/** Seconds in at most two units, the second one only while the first is small. */
export function humanDuration(seconds: number): string {
  const s = Math.trunc(seconds);
  if (s < -1) return '<invalid>';
  if (s < 0) return '0s';
  if (s < 2 * MINUTE) return `${s}s`;
  if (s < 10 * MINUTE) return two(s, MINUTE, 'm', 1, 's');
  if (s < 3 * HOUR) return `${Math.floor(s / MINUTE)}m`;
  if (s < 8 * HOUR) return two(s, HOUR, 'h', MINUTE, 'm');
  if (s < 2 * DAY) return `${Math.floor(s / HOUR)}h`;
  if (s < 8 * DAY) return two(s, DAY, 'd', HOUR, 'h');
  if (s < 2 * YEAR) return `${Math.floor(s / DAY)}d`;
  if (s < 8 * YEAR) return two(s, YEAR, 'y', DAY, 'd');
  return `${Math.floor(s / YEAR)}y`;
}

function two(seconds: number, big: number, bigName: string, small: number, smallName: string): string {
  const rest = Math.floor((seconds % big) / small);
  const head = `${Math.floor(seconds / big)}${bigName}`;
  return rest === 0 ? head : `${head}${rest}${smallName}`;
}
