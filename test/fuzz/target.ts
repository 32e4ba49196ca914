// What is a target? Something that takes a text from outside, and a judge of what it made of it. Targets know nothing of how
// inputs come about; run.ts knows nothing of what they mean.

/** Counts what the call takes, apart from what judging it takes. */
export type Timed = <T>(call: () => T) => T;

/** What came of one input. */
export interface Finding {
  /** Sentences; none when all is right. */
  readonly faults: readonly string[];
  /** Tells kinds of results apart, so that an input which came by a new one is kept to be changed further. */
  readonly kind: string;
}

export interface Target {
  readonly name: string;
  /** Inputs to begin with. */
  readonly seeds: readonly string[];
  /** Words that are likely to matter, besides those that matter everywhere. */
  readonly words: readonly string[];
  /** `json`: inputs are changed as JSON values, most of the time; `text`: as characters. */
  readonly syntax: 'json' | 'text';
  /** How many of a hundred inputs it gets. */
  readonly weight: number;
  readonly run: (input: string, timed: Timed) => Finding | Promise<Finding>;
}

/** The result's sentence without the values in it. */
export function shapeOf(text: string): string {
  return text
    .replace(/"(?:[^"\\]|\\.)*"/g, '"…"')
    .replace(/\d+(?:\.\d+)*/g, '0')
    .slice(0, 300);
}
