// Ways to spoil a review, shared by the fuzz targets.
import type { SeededRandom } from '../seeded-random.ts';

export type Json = { [key: string]: unknown };

/** Cuts it short, or turns some of its bytes. */
export function mangled(text: string, random: SeededRandom): string {
  if (random.chance(0.3)) return text.slice(0, random.below(text.length));
  const bytes = Buffer.from(text);
  for (let n = 1 + random.below(4); n > 0; n--) {
    bytes[random.below(bytes.length)] = random.below(256);
  }
  return bytes.toString('utf8');
}

/** Puts another value into some place of the JSON, mostly near the top. */
export function misplace(root: Json, random: SeededRandom): void {
  let at: Json = root;
  for (;;) {
    const keys = Object.keys(at);
    const key = keys.length === 0 ? 'new' : random.pick(keys);
    const value = at[key];
    if (typeof value === 'object' && value !== null && random.chance(0.8)) {
      at = value as Json;
      continue;
    }
    if (random.chance(0.2)) delete at[key];
    else at[key] = anything(random, 2);
    return;
  }
}

/** What is put where it does not belong. */
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

function anything(random: SeededRandom, depth: number): unknown {
  if (depth === 0 || random.chance(0.8)) return structuredClone(random.pick(VALUES));
  const count = random.below(3);
  if (random.chance(0.5)) return Array.from({ length: count }, () => anything(random, depth - 1));
  return Object.fromEntries(
    Array.from({ length: count }, () => [String(random.pick(VALUES)), anything(random, depth - 1)]),
  );
}
