// The loop: takes an input, changes it, lets a target have it, and keeps what was new. Knows nothing of what inputs mean.
import { performance } from 'node:perf_hooks';
import { SeededRandom } from '../seeded-random.ts';
import { mutate } from './mutate.ts';
import type { Finding, Target } from './target.ts';
import { WORDS } from './words.ts';

/** An input that something is wrong with. */
export interface Found {
  readonly target: string;
  readonly faults: readonly string[];
  readonly input: string;
}

/** How one target did. */
export interface Score {
  readonly target: string;
  inputs: number;
  /** Kinds of results that came up. */
  kinds: number;
  /** Milliseconds of work: the slowest input, of those that were slow the fastest of several tries. */
  slowest: number;
}

export interface Run {
  readonly scores: readonly Score[];
  readonly found: readonly Found[];
  readonly seconds: number;
}

export interface Terms {
  readonly inputs: number;
  readonly seed: string;
  /** Milliseconds of work that one input may take. */
  readonly slow: number;
  /** Told now and then how many inputs are done. */
  readonly say?: (done: number, found: number) => void;
}

/** Longer inputs are not changed further: they cost time and find the same. */
const LONGEST_KEPT = 8_192;
const MOST_KEPT = 400;
const MOST_FOUND = 100;
const TRIES_WHEN_SLOW = 5;
const SAY_EVERY = 50_000;

/** Runs until all inputs are done; what is found does not end it, until it is a lot. */
export async function fuzz(targets: readonly Target[], terms: Terms): Promise<Run> {
  const started = performance.now();
  const random = new SeededRandom(terms.seed);
  const lanes = targets.map((target) => new Lane(target, terms.slow));
  for (const lane of lanes) for (const seed of lane.target.seeds) await lane.take(seed);
  const byWeight = lanes.flatMap((lane) => Array.from({ length: lane.target.weight }, () => lane));
  const found = () => lanes.flatMap((lane) => lane.found);
  for (let done = 1; done <= terms.inputs && found().length < MOST_FOUND; done++) {
    const lane = random.pick(byWeight);
    await lane.take(lane.next(random));
    if (done % SAY_EVERY === 0) terms.say?.(done, found().length);
  }
  return {
    scores: lanes.map((lane) => lane.score),
    found: found(),
    seconds: (performance.now() - started) / 1_000,
  };
}

/** Runs these inputs once more and no others. */
export async function replay(
  targets: readonly Target[],
  inputs: readonly Pick<Found, 'target' | 'input'>[],
  slow: number,
): Promise<Run> {
  const started = performance.now();
  const lanes = targets.map((target) => new Lane(target, slow));
  for (const { target, input } of inputs) {
    await lanes.find((lane) => lane.target.name === target)?.take(input);
  }
  return {
    scores: lanes.map((lane) => lane.score),
    found: lanes.flatMap((lane) => lane.found),
    seconds: (performance.now() - started) / 1_000,
  };
}

/** One target with the inputs that are worth changing. */
class Lane {
  readonly target: Target;
  readonly score: Score;
  readonly found: Found[] = [];
  readonly #slow: number;
  readonly #words: readonly string[];
  readonly #kept: string[];
  readonly #kinds = new Set<string>();

  constructor(target: Target, slow: number) {
    this.target = target;
    this.#slow = slow;
    this.#words = [...WORDS, ...target.words, ...target.words];
    this.#kept = [...target.seeds];
    this.score = { target: target.name, inputs: 0, kinds: 0, slowest: 0 };
  }

  next(random: SeededRandom): string {
    return mutate(random.pick(this.#kept), this.target, this.#words, random);
  }

  async take(input: string): Promise<void> {
    this.score.inputs += 1;
    const { finding, milliseconds } = await this.#timed(input);
    this.score.slowest = Math.max(this.score.slowest, milliseconds);
    const slow = milliseconds > this.#slow ? [`took ${milliseconds.toFixed(0)} ms`] : [];
    const faults = [...finding.faults, ...slow];
    if (faults.length > 0) this.found.push({ target: this.target.name, faults, input });
    if (this.#kinds.has(finding.kind)) return;
    this.#kinds.add(finding.kind);
    this.score.kinds += 1;
    if (input.length <= LONGEST_KEPT && this.#kept.length < MOST_KEPT) this.#kept.push(input);
  }

  /** What is slow is tried again: it may have been the compiler or the collector. */
  async #timed(input: string): Promise<{ finding: Finding; milliseconds: number }> {
    let fastest = Number.POSITIVE_INFINITY;
    for (let tries = 1; ; tries++) {
      const stopwatch = new Stopwatch();
      const finding = await this.#judged(input, stopwatch);
      fastest = Math.min(fastest, stopwatch.milliseconds);
      if (fastest <= this.#slow || tries >= TRIES_WHEN_SLOW) return { finding, milliseconds: fastest };
    }
  }

  async #judged(input: string, stopwatch: Stopwatch): Promise<Finding> {
    try {
      return await this.target.run(input, (call) => stopwatch.time(call));
    } catch (error) {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { faults: [`threw ${what.slice(0, 1_000)}`], kind: 'threw' };
    }
  }
}

/** Counts the time that this thread works, not the time that others keep it from working. */
class Stopwatch {
  milliseconds = 0;

  time<T>(call: () => T): T {
    const before = process.threadCpuUsage();
    const add = () => {
      const { user, system } = process.threadCpuUsage(before);
      this.milliseconds += (user + system) / 1_000;
    };
    const result = call();
    if (result instanceof Promise) return result.finally(add) as T;
    add();
    return result;
  }
}
