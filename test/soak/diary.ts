// What happened, minute by minute, and what the figures say in the end.
import type { Stack } from '../stack/stack.ts';
import { openWatches, type Sample, sampleProcesses } from './gauges.ts';
import type { Ending } from './turmoil.ts';

/** From the middle third to the last one, memory may grow by so much, for noise. */
const GROWTH = { share: 0.1, least: 15 };
/** Shorter than this, memory says nothing. */
const TELLING_MINUTES = 20;
/** Of all processes together, per minute, on average: a line per thing that happened, and some. */
const LINES_PER_EVENT = 12;

interface Moment {
  readonly processes: readonly Sample[];
  readonly watches: { readonly webhook: number; readonly reconciler: number };
  readonly lines: number;
}

export class Diary {
  readonly #stack: Stack;
  readonly #say: (text: string) => void;
  readonly #events = new Map<string, number>();
  readonly #tricks = new Map<string, number>();
  readonly #duplicates = new Set<string>();
  readonly #moments: Moment[] = [];
  /** Log lines by process. */
  readonly #lines = new Map<number, number>();

  constructor(stack: Stack, say: (text: string) => void) {
    this.#stack = stack;
    this.#say = say;
  }

  happened(kind: 'namespace' | 'node', ending: Ending): void {
    count(this.#events, `${kind} ${ending}`);
  }

  tricked(what: string): void {
    count(this.#tricks, what.replace(/^[\d.]+ is taken$/, 'an address is taken'));
  }

  duplicates(found: readonly string[]): void {
    for (const one of found) {
      if (this.#duplicates.has(one)) continue;
      this.#duplicates.add(one);
      this.#say(`DUPLICATE at ${new Date().toISOString()}: ${one}`);
    }
  }

  /** One line on how it stands. */
  async write(): Promise<void> {
    const [processes, watches] = await Promise.all([sampleProcesses(this.#stack), openWatches(this.#stack)]);
    let lines = 0;
    for (const { pid, lines: now } of processes) {
      lines += now - (this.#lines.get(pid) ?? 0);
      this.#lines.set(pid, now);
    }
    this.#moments.push({ processes, watches, lines });
    const memory = processes.map(({ name, memory: mib }) => `${name} ${mib}`).join(', ');
    const events = [...this.#events].map(([what, times]) => `${times} ${what}`).join(', ');
    this.#say(
      `${String(this.#moments.length).padStart(3)} | ${events} | MiB: ${memory} | watches: ${watches.webhook} + ${watches.reconciler} | ${lines} lines | ${this.#duplicates.size} duplicates`,
    );
  }

  /** What the figures say against the product. */
  async complaints(minutes: number): Promise<string[]> {
    const found = [...this.#duplicates].map((one) => `for a time ${one}`);
    const last = this.#moments.at(-1);
    const before = this.#moments.at(-2);
    for (const name of ['webhook', 'reconciler'] as const) {
      const counts = this.#moments.map(({ watches }) => watches[name]).sort((a, b) => a - b);
      const usual = counts[Math.floor(counts.length / 2)] ?? 0;
      if ((last?.watches[name] ?? 0) > usual)
        found.push(`${name}: ${last?.watches[name]} watches, usually ${usual}`);
    }
    if (last !== undefined && before !== undefined && last.lines > before.lines)
      found.push(`${last.lines} log lines though nothing happened`);
    const events = [...this.#events.values()].reduce((sum, times) => sum + times, 0);
    const lines = this.#moments.reduce((sum, moment) => sum + moment.lines, 0);
    if (lines > LINES_PER_EVENT * events) found.push(`${lines} log lines for ${events} events`);
    return minutes < TELLING_MINUTES ? found : [...found, ...this.#growth()];
  }

  summary(): string {
    const list = (counts: ReadonlyMap<string, number>) =>
      [...counts].map(([what, times]) => `  ${times} × ${what}`).join('\n');
    const lines = this.#moments.map((moment) => moment.lines);
    return [
      'events:',
      list(this.#events),
      'tricks:',
      list(this.#tricks),
      `log lines per minute: ${Math.min(...lines)} to ${Math.max(...lines)}, the last of them in silence`,
      ...this.#processes().map(({ name, pid, samples }) => {
        const [first, final] = [samples[0], samples.at(-1)];
        return `${name} ${pid}: ${first} MiB at first, ${Math.max(...samples)} at most, ${final} in the end`;
      }),
    ].join('\n');
  }

  #growth(): string[] {
    return this.#processes().flatMap(({ name, samples }) => {
      const third = Math.floor(samples.length / 3);
      if (third < 5) return [];
      const [middle, end] = [median(samples.slice(third, 2 * third)), median(samples.slice(2 * third))];
      const most = middle + Math.max(GROWTH.least, middle * GROWTH.share);
      return end > most ? [`${name} has grown from ${middle} to ${end} MiB`] : [];
    });
  }

  /** Memory over time of the processes that were there in the end. */
  #processes(): { name: string; pid: number; samples: number[] }[] {
    return (this.#moments.at(-1)?.processes ?? []).map(({ name, pid }) => ({
      name,
      pid,
      samples: this.#moments.flatMap(({ processes }) =>
        processes.filter((it) => it.pid === pid).map(({ memory }) => memory),
      ),
    }));
  }
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
