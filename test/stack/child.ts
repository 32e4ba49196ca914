// A process of ours as a child: started with npm's Node, known by its log lines, ended by SIGTERM and waited for.
import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Environment } from './aws-environment.ts';
import { nodeFlagsOf } from './node-flags.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** How many of the last lines are kept, for when somebody asks why. */
const KEPT_LINES = 2_000;
/** Milliseconds after which nobody waits any more for a process to say that it has started. */
const SAID_WITHIN = 120_000;

export type LogLine = Readonly<Record<string, unknown>>;

export interface ChildOptions {
  /** Path of the script in the checkout. */
  readonly script: string;
  readonly args: readonly string[];
  readonly env?: Environment;
}

export class Child {
  readonly script: string;
  /** The latest lines of standard error. */
  readonly lines: string[] = [];
  /** How many there were in all. */
  count = 0;
  readonly #process: ChildProcess;
  readonly #exited: Promise<number | null>;
  readonly #waiting = new Set<(line: string, source: 'stdout' | 'stderr') => void>();

  constructor({ script, args, env }: ChildOptions) {
    this.script = script;
    this.#process = spawn(process.execPath, [...nodeFlagsOf(script), resolve(ROOT, script), ...args], {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A Ctrl-C in the terminal is for the parent, which ends its children in order.
      detached: true,
    });
    // Whoever dies without having stopped it takes it along.
    const orphan = () => this.#process.kill('SIGKILL');
    process.once('exit', orphan);
    this.#exited = new Promise((done) => {
      const end = (code: number | null) => {
        process.off('exit', orphan);
        done(code);
      };
      this.#process.once('exit', end);
      this.#process.once('error', () => end(null));
    });
    for (const source of ['stdout', 'stderr'] as const) {
      const stream = this.#process[source];
      if (stream !== null)
        createInterface({ input: stream }).on('line', (line) => this.#onLine(line, source));
    }
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /**
   * Resolves with the first JSON line, from now on, that `wanted` accepts; rejects, with the latest lines, when the process
   * ends before, or the time (ms) is up.
   */
  async line(wanted: (line: LogLine) => boolean, within = SAID_WITHIN): Promise<LogLine> {
    const { promise, resolve: found, reject } = Promise.withResolvers<LogLine>();
    const look = (text: string) => {
      const line = parse(text);
      if (line !== undefined && wanted(line)) found(line);
    };
    this.#waiting.add(look);
    const giveUp = (why: string) =>
      reject(new Error(`${this.script} ${why}:\n${this.lines.slice(-20).join('\n')}`));
    this.#exited.then((code) => giveUp(`ended with status ${code}`));
    const late = setTimeout(() => giveUp(`has not started within ${within / 1000} s`), within);
    try {
      return await promise;
    } finally {
      clearTimeout(late);
      this.#waiting.delete(look);
    }
  }

  /** Asks it to end and waits; returns its exit status, null when a signal ended it. */
  async stop(): Promise<number | null> {
    this.#process.kill('SIGTERM');
    return await this.#exited;
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exited;
  }

  #onLine(line: string, source: 'stdout' | 'stderr'): void {
    if (source === 'stderr') {
      this.count += 1;
      this.lines.push(line);
      if (this.lines.length > KEPT_LINES) this.lines.shift();
    }
    for (const look of this.#waiting) look(line, source);
  }
}

function parse(text: string): LogLine | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return undefined;
  }
}
