// How does one input become another? A few changes after each other: as JSON while it is JSON, else as text.
import type { SeededRandom } from '../seeded-random.ts';
import { changeJson } from './mutate-json.ts';
import { changeText } from './mutate-text.ts';
import type { Target } from './target.ts';

const MOST_CHANGES = 4;
/** Larger ones cost time and find the same. */
const LONGEST = 250_000;
/** In how many cases the text of something structured is torn, too. */
const TORN = 0.1;

/** A new input from an old one. */
export function mutate(
  input: string,
  target: Target,
  words: readonly string[],
  random: SeededRandom,
): string {
  let text = input;
  for (let left = 1 + random.below(MOST_CHANGES); left > 0; left--) {
    const asText = target.syntax === 'text' || random.chance(TORN);
    const changed =
      (asText ? undefined : changedJson(text, random, words)) ?? changeText(text, random, words);
    if (changed.length <= LONGEST) text = changed;
  }
  return text;
}

/** undefined when it is no JSON, or too deep to be written again. */
function changedJson(text: string, random: SeededRandom, words: readonly string[]): string | undefined {
  try {
    return changeJson(text, random, words);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}
