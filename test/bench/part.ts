// What is a part of the suite, and what does it say? Values only: each part measures in its own file, main.ts runs them,
// report.ts shows what came out.
import type { Spread } from './rounds.ts';

/** How much is measured. */
export interface Terms {
  /** Alternating rounds of what is measured and its floor. */
  readonly rounds: number;
  /** `full`: the sizes that the targets are about; `short`: just enough for every part to run. */
  readonly size: 'full' | 'short';
  /** Milliseconds for which a cluster at rest is watched. */
  readonly idle: number;
  /** Milliseconds for which a stream is silent before its event. */
  readonly quiet: number;
  /** Told what is being done, for people who wait. */
  readonly say: (step: string) => void;
}

/** Sizes in one place: the first in a full run, the second in a short one. */
export function sized<T>({ size }: Pick<Terms, 'size'>, full: T, short: T): T {
  return size === 'full' ? full : short;
}

export interface Quantity {
  readonly value: number;
  readonly unit: 'ms' | 'µs' | 's' | '/s' | '%' | 'MiB' | 'calls' | 'writes' | '×';
}

/** One thing measured. */
export interface Row {
  readonly what: string;
  readonly figure: Quantity;
  /** What it is held against, measured in the same run; none when the target says it all. */
  readonly against?: Quantity & { readonly name: string };
  /** Figure to comparison, round by round. */
  readonly ratio?: Spread;
  readonly target: string;
  readonly met: boolean;
  /** Sentences that help to read the figure: where CPU time went, how large it was. */
  readonly notes: readonly string[];
}

export interface Part {
  /** What it measures, a sentence without a full stop. */
  readonly about: string;
  /** Yields rows as they are measured; throws when it could not run. */
  readonly run: (terms: Terms) => AsyncIterable<Row>;
}
