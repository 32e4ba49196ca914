// How does one compare two things on a machine that others use, too? In alternating rounds, so that a slow minute hits
// both; by the median of the rounds' ratios, with quartiles that tell how far to trust it. Knows numbers only.

/** Median, and the quartiles around it. */
export interface Spread {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

/** What came out of each round, by side, in order. */
export interface Rounds<A, B> {
  readonly ours: readonly A[];
  readonly floor: readonly B[];
}

/** Measures both sides in every round, the one that goes first in turn. */
export async function alternate<A, B>(
  rounds: number,
  ours: (round: number) => A | Promise<A>,
  floor: (round: number) => B | Promise<B>,
): Promise<Rounds<A, B>> {
  const found = { ours: [] as A[], floor: [] as B[] };
  for (let round = 0; round < rounds; round++) {
    const isOursFirst = round % 2 === 0;
    if (isOursFirst) found.ours.push(await ours(round));
    found.floor.push(await floor(round));
    if (!isOursFirst) found.ours.push(await ours(round));
  }
  return found;
}

/** Ours to the floor's, round by round. */
export function ratios<A, B>(
  { ours, floor }: Rounds<A, B>,
  ofOurs: (one: A) => number,
  ofFloor: (one: B) => number,
): Spread {
  return spread(ours.map((one, round) => ofOurs(one) / ofFloor(floor[round] as B)));
}

export function spread(values: readonly number[]): Spread {
  return { low: quantile(values, 0.25), median: quantile(values, 0.5), high: quantile(values, 0.75) };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Between the two nearest values in proportion; NaN for none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? below;
  return below + (above - below) * (at - Math.floor(at));
}
