// How much memory does each process of the race take? Asks `ps`, which Linux and macOS have, about this process's children.
import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const EVERY = 2_000;

/** Mebibytes that are resident, the most seen; by pid, with what the process is. */
export interface Memory {
  readonly what: string;
  readonly mebibytes: number;
}

export class MemoryWatch {
  readonly #most = new Map<number, Memory>();
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => void this.#look(), EVERY);
  }

  /** The most that each process took, this one included. */
  async stop(): Promise<Memory[]> {
    clearInterval(this.#timer);
    await this.#look();
    return [...this.#most.values()].toSorted((a, b) => (a.what < b.what ? -1 : 1));
  }

  async #look(): Promise<void> {
    const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,rss=,args=']).catch(() => ({ stdout: '' }));
    for (const line of stdout.split('\n')) {
      const [pid = 0, parent = 0, kibibytes = 0] = line.trim().split(/\s+/, 3).map(Number);
      if (pid !== process.pid && parent !== process.pid) continue;
      const script = line.split(/\s+/).find((word) => word.endsWith('.ts'));
      if (script === undefined) continue;
      const mebibytes = Math.round(kibibytes / 1024);
      const most = Math.max(mebibytes, this.#most.get(pid)?.mebibytes ?? 0);
      this.#most.set(pid, { what: nameOf(script), mebibytes: most });
    }
  }
}

/** `webhook` of `/a/webhook/main.ts`. */
function nameOf(script: string): string {
  return basename(script.slice(0, script.lastIndexOf('/')));
}
