// An input changed as characters: cut, doubled, torn, with words in it that do not belong there.
import type { SeededRandom } from '../seeded-random.ts';

/** Longest that a repetition makes it; larger inputs cost time and find the same. */
const LONGEST = 200_000;
const CHARACTERS = '0123456789./-,:;"\'\\{}[]() \t\n\u0000\u00e9\u2028\ud800aAzZ_~+%';

type Change = (text: string, random: SeededRandom, words: readonly string[]) => string;

const CHANGES: readonly Change[] = [
  (text, random) => splice(text, random.below(text.length + 1), 1, random.pick([...CHARACTERS])),
  (text, random) => splice(text, random.below(text.length + 1), 0, random.pick([...CHARACTERS])),
  (text, random) => splice(text, random.below(text.length + 1), 1 + random.below(4), ''),
  (text, random, words) => splice(text, random.below(text.length + 1), 0, random.pick(words)),
  (text, random, words) => {
    const at = random.below(text.length + 1);
    return splice(text, at, random.below(text.length - at + 1), random.pick(words));
  },
  (_text, random, words) => random.pick(words),
  (text, random) => text.slice(0, random.below(text.length + 1)),
  (text, random) => splice(text, random.below(text.length + 1), 0, slice(text, random)),
  (text, random) => text.replaceAll(slice(text, random) || '\u0000', slice(text, random)),
  (text, random) => text.replace(/\d+/, () => String(random.pick([0, 1, 255, 256, 2 ** 31, 2 ** 32, 1e21]))),
  (text, random) => (random.chance(0.5) ? text.toUpperCase() : text.normalize('NFKD')),
  repeat,
  changePart,
  changePart,
  changePart,
];

/** One change, at random. */
export const changeText: Change = (text, random, words) =>
  random.pick(CHANGES)(text, random, words).slice(0, LONGEST);

/** One part of a list, a range, a CIDR, an address: another, gone, twice, or in another place. */
function changePart(text: string, random: SeededRandom, words: readonly string[]): string {
  const separator = [',', '-', '/', '.'].find((one) => text.includes(one)) ?? ',';
  const parts = text.split(separator);
  const at = random.below(parts.length);
  const [part = ''] = parts.splice(at, 1);
  const kind = random.below(5);
  if (kind === 0) parts.splice(at, 0, part, part);
  else if (kind === 1) parts.splice(random.below(parts.length + 1), 0, part);
  else if (kind < 4) parts.splice(at, 0, random.pick(words));
  return parts.join(separator);
}

/** A part of it many times over: seldom very many. */
function repeat(text: string, random: SeededRandom): string {
  const part = slice(text, random) || random.pick([...CHARACTERS]);
  const most = random.chance(0.02) ? LONGEST : random.chance(0.2) ? 4_000 : 40;
  const times = 1 + random.below(Math.max(1, Math.floor(most / part.length)));
  return splice(text, random.below(text.length + 1), 0, part.repeat(times));
}

function slice(text: string, random: SeededRandom): string {
  const from = random.below(text.length + 1);
  return text.slice(from, from + 1 + random.below(16));
}

function splice(text: string, at: number, remove: number, insert: string): string {
  return text.slice(0, at) + insert + text.slice(at + remove);
}
