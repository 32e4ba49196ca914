// A process of the suite's own, asked over a pipe: servers and the load on them must not share an event loop, nor be
// measured together. Both ends are here, because they have to agree.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { nodeFlagsOf } from '../../stack/node-flags.ts';

/** What a process has used so far. */
export interface Usage {
  /** Microseconds of CPU time. */
  readonly cpu: number;
  /** Bytes in memory. */
  readonly memory: number;
}

interface Question {
  readonly id: number;
  readonly asked: unknown;
}

interface Reply {
  readonly id: number;
  readonly answer?: unknown;
  readonly failure?: string;
}

/** Starts workers and ends all of them, also those that came up while another one did not. */
export class Workers {
  readonly #starting: Promise<Worker<unknown>>[] = [];

  /** `inPlaceOf`: the script of the product that it is held against, or stands for, and whose flags of Node it gets. */
  start<Ready = unknown>(
    script: string,
    args: readonly string[] = [],
    inPlaceOf = 'webhook/main.ts',
  ): Promise<Worker<Ready>> {
    const starting = Worker.start<Ready>(script, args, nodeFlagsOf(inPlaceOf));
    this.#starting.push(starting);
    return starting;
  }

  async stop(): Promise<void> {
    const started = await Promise.allSettled(this.#starting);
    await Promise.all(started.map((one) => (one.status === 'fulfilled' ? one.value.stop() : undefined)));
  }
}

/** The parent's end. */
export class Worker<Ready> {
  readonly ready: Ready;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #asked = 0;

  /** `script` lies beside this file. What it writes to standard error is thrown away: product logs are part of the work. */
  static async start<Ready>(
    script: string,
    args: readonly string[],
    execArgv: readonly string[],
  ): Promise<Worker<Ready>> {
    const child = fork(resolve(import.meta.dirname, script), [...args], {
      execArgv: [...execArgv],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const orphan = () => child.kill('SIGKILL');
    process.once('exit', orphan);
    child.once('exit', () => process.off('exit', orphan));
    const failed = once(child, 'exit').then(([code]) => {
      throw new Error(`${script} ended with status ${code} before it was ready`);
    });
    const [ready] = await Promise.race([once(child, 'message'), failed]);
    failed.catch(() => {});
    return new Worker(child, (ready as { ready: Ready }).ready);
  }

  private constructor(child: ChildProcess, ready: Ready) {
    this.#child = child;
    this.ready = ready;
    child.on('message', ({ id, answer, failure }: Reply) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (failure === undefined) waiting?.resolve(answer);
      else waiting?.reject(new Error(failure));
    });
    child.once('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`ended with status ${code}`));
    });
  }

  ask<T>(asked: unknown): Promise<T> {
    this.#asked += 1;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(this.#asked, waiting);
    this.#child.send({ id: this.#asked, asked } satisfies Question);
    return waiting.promise as Promise<T>;
  }

  usage(): Promise<Usage> {
    return this.ask('usage');
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

/** The child's end: says that it is ready, then answers. `usage` is answered here. */
export function serveParent<Q>(ready: unknown, answer: (asked: Q) => unknown): void {
  process.on('message', async ({ id, asked }: Question) => {
    try {
      const reply = asked === 'usage' ? usageOfThis() : await answer(asked as Q);
      process.send?.({ id, answer: reply } satisfies Reply);
    } catch (error) {
      process.send?.({ id, failure: String(error) } satisfies Reply);
    }
  });
  process.send?.({ ready });
}

function usageOfThis(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpu: user + system, memory: process.memoryUsage.rss() };
}
