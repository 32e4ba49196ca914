// What has a process used that is not ours to ask? From the kernel's tables, so that looking costs it nothing.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Child } from '../../stack/child.ts';
import type { Usage } from './worker.ts';

const run = promisify(execFile);
/** Microseconds in one of the kernel's ticks. */
const TICK = 10_000;
/** Of /proc/PID/stat, counted from after the name of the command. */
const STAT = { user: 11, system: 12 };

/** Rejects when the process is gone. CPU time is exact to 10 ms. */
export async function usageOf({ pid, script }: Child): Promise<Usage> {
  if (pid === undefined) throw new Error(`${script} does not run`);
  return process.platform === 'linux' ? await fromProc(pid) : await fromPs(pid);
}

async function fromProc(pid: number): Promise<Usage> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ]);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[STAT.user]) + Number(fields[STAT.system]);
  const kibibytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  return { cpu: ticks * TICK, memory: kibibytes * 1024 };
}

async function fromPs(pid: number): Promise<Usage> {
  const { stdout } = await run('ps', ['-o', 'rss=,time=', '-p', String(pid)]);
  const [rss, time = ''] = stdout.trim().split(/\s+/);
  const seconds = time.split(':').reduce((sum, part) => 60 * sum + Number(part), 0);
  return { cpu: seconds * 1e6, memory: Number(rss) * 1024 };
}
