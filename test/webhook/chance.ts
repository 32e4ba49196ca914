// Chance that repeats itself: a seeded generator, and ways to spoil JSON. Shared by the fuzz targets.

/** From 0 up to 1. */
export type Random = () => number;
export type Json = { [key: string]: unknown };

/** Cuts it short, or turns some of its bytes. */
export function mangled(text: string, random: Random): string {
  if (random() < 0.3) return text.slice(0, Math.floor(random() * text.length));
  const bytes = Buffer.from(text);
  for (let n = 1 + Math.floor(random() * 4); n > 0; n--) {
    bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
  }
  return bytes.toString('utf8');
}

/** Puts another value into some place of the JSON, mostly near the top. */
export function misplace(root: Json, random: Random): void {
  let at: Json = root;
  for (;;) {
    const keys = Object.keys(at);
    const key = keys.length === 0 ? 'new' : pick(keys, random);
    const value = at[key];
    if (typeof value === 'object' && value !== null && random() < 0.8) {
      at = value as Json;
      continue;
    }
    if (random() < 0.2) delete at[key];
    else at[key] = anything(random, 2);
    return;
  }
}

export const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1e308,
  '',
  ' ',
  'x',
  '__proto__',
  'CREATE',
  'UPDATE',
  'DELETE',
  'Namespace',
  'status',
  'egressipam-aws',
  ' egressipam-aws ',
  'other',
  'openshift-x',
  'default',
  'admission.k8s.io/v1beta1',
  '\u0000',
  '\ud800',
  '10.0.128.7',
  'x'.repeat(300),
  [],
  {},
  [[]],
  '2026-11-22T07:00:00Z',
];

function anything(random: Random, depth: number): unknown {
  if (depth === 0 || random() < 0.8) return structuredClone(pick(VALUES, random));
  const count = Math.floor(random() * 3);
  if (random() < 0.5) return Array.from({ length: count }, () => anything(random, depth - 1));
  return Object.fromEntries(
    Array.from({ length: count }, () => [String(pick(VALUES, random)), anything(random, depth - 1)]),
  );
}

export function pick<T>(from: readonly T[], random: Random): T {
  return from[Math.floor(random() * from.length)] as T;
}

/** A small generator that repeats itself for the same seed (mulberry32). */
export function generator(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
