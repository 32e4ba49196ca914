// An input changed as the JSON value that it is: values of other types, keys that are missing, doubled or wrong, nests that
// are deeper than anything real. Strings within are changed as texts.
import type { SeededRandom } from '../seeded-random.ts';
import { changeText } from './mutate-text.ts';
import { PROTOTYPE_NAMES } from './words.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Written out in the place of a string, so that what JSON.stringify would never write can be had, too. */
const RAW = '\u0001raw:';
const RAW_VALUES = [
  'NaN',
  '1e999',
  '-0',
  '1E+2',
  '00',
  '"\\ud800"',
  '"\\u0000"',
  'undefined',
  "'a'",
  '1.0',
  '{"a":1,"a":2}',
];
const DEPTHS = [2, 70, 3_000];

/** One change, at random. The text must be JSON. */
export function changeJson(text: string, random: SeededRandom, words: readonly string[]): string {
  const whole = { root: JSON.parse(text) as Json };
  const places: Place[] = [];
  collect(whole, 'root', places, 0);
  // What is deep inside is what is read; the root is one place among many.
  const place = random.pick(places);
  change(place, random, words);
  return written(whole.root);
}

interface Place {
  readonly parent: { [key: string]: Json };
  readonly key: string;
}

const DEEPEST_VISIT = 24;
const MOST_PLACES = 400;

function collect(parent: { [key: string]: Json }, key: string, places: Place[], depth: number): void {
  places.push({ parent, key });
  const value = parent[key];
  if (typeof value !== 'object' || value === null || depth > DEEPEST_VISIT) return;
  for (const inner of Object.keys(value)) {
    if (places.length > MOST_PLACES) return;
    collect(value as { [key: string]: Json }, inner, places, depth + 1);
  }
}

function change({ parent, key }: Place, random: SeededRandom, words: readonly string[]): void {
  const value = parent[key] ?? null;
  const kind = random.below(10);
  if (typeof value === 'string' && kind < 6) put(parent, key, changeText(value, random, words));
  else if (Array.isArray(value) && kind < 4) changeList(value, random, words);
  else if (typeof value === 'object' && value !== null && kind < 4) changeKeys(value as never, random, words);
  else if (kind === 4) delete parent[key];
  else if (kind === 5) put(parent, key, nested(value, random));
  // A list would grow to the index that the word may be.
  else if (kind === 6 && !Array.isArray(parent))
    put(parent, random.pick([...words, ...PROTOTYPE_NAMES]), value);
  else put(parent, key, oddValue(random, words));
}

function changeList(list: Json[], random: SeededRandom, words: readonly string[]): void {
  const at = random.below(list.length + 1);
  switch (random.below(4)) {
    case 0:
      list.splice(at, 1);
      break;
    case 1:
      list.splice(at, 0, list[random.below(list.length)] ?? null);
      break;
    case 2:
      list.splice(at, 0, oddValue(random, words));
      break;
    default: {
      const one = list[0] ?? oddValue(random, words);
      const times = random.chance(0.05) ? 2_000 : random.below(40);
      for (let i = 0; i < times; i++) list.push(one);
    }
  }
}

function changeKeys(object: { [key: string]: Json }, random: SeededRandom, words: readonly string[]): void {
  const keys = Object.keys(object);
  const key = keys.length === 0 ? 'a' : random.pick(keys);
  switch (random.below(4)) {
    case 0: {
      const value = object[key] ?? null;
      delete object[key];
      put(object, changeText(key, random, words), value);
      break;
    }
    case 1:
      put(object, random.pick(PROTOTYPE_NAMES), oddValue(random, words));
      break;
    case 2:
      put(object, key, object[random.pick(keys.length === 0 ? ['a'] : keys)] ?? null);
      break;
    default:
      put(object, random.pick(words), oddValue(random, words));
  }
}

function oddValue(random: SeededRandom, words: readonly string[]): Json {
  switch (random.below(7)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
      return random.pick([0, -1, 1, 0.5, 1e21, 2 ** 53, -(2 ** 31)]);
    case 3:
      return random.chance(0.5) ? [] : {};
    case 4:
      return RAW + random.pick(RAW_VALUES);
    case 5:
      return [random.pick(words), random.pick(words)];
    default:
      return random.pick(words);
  }
}

/** Far down in lists or objects. */
function nested(value: Json, random: SeededRandom): Json {
  const depth = random.chance(0.1) ? random.pick(DEPTHS) : 1 + random.below(3);
  const [open, close] = random.chance(0.5) ? ['[', ']'] : ['{"a":', '}'];
  return RAW + open.repeat(depth) + written(value) + close.repeat(depth);
}

/** As an own property, whatever it is called. */
function put(object: { [key: string]: Json }, key: string, value: Json): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

function written(value: Json): string {
  const text = JSON.stringify(value) ?? 'null';
  return text.replace(/"\\u0001raw:((?:[^"\\]|\\.)*)"/g, (_, raw: string) => JSON.parse(`"${raw}"`));
}
