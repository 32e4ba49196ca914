// What has a process used that is not ours to ask? From the kernel's tables, so that looking costs it nothing.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Child } from '../../stack/child.ts';
import type { Usage } from './worker.ts';

const run = promisify(execFile);
/** Microseconds in one of the kernel's ticks. */
const TICK = 10_000;
/** Of /proc/PID/stat, counted from after the name of the command. */
const STAT = { user: 11, system: 12 };

/** Rejects when the process is gone. CPU time is exact to 10 ms, or better where the kernel counts so. */
export async function usageOf({ pid, script }: Child): Promise<Usage> {
  if (pid === undefined) throw new Error(`${script} does not run`);
  return process.platform === 'linux' ? await fromProc(pid) : await fromPs(pid);
}

async function fromProc(pid: number): Promise<Usage> {
  const [cpu, status] = await Promise.all([
    scheduled(pid).catch(() => ticked(pid)),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ]);
  const kibibytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  return { cpu, memory: kibibytes * 1024 };
}

/** To the nanosecond, over the threads that there are; rejects where the kernel does not count it. */
async function scheduled(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const texts = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8')),
  );
  const nanoseconds = texts.reduce((sum, text) => sum + Number(text.split(' ')[0]), 0);
  if (!(nanoseconds > 0)) throw new Error('the scheduler keeps no statistics');
  return nanoseconds / 1_000;
}

async function ticked(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[STAT.user]) + Number(fields[STAT.system])) * TICK;
}

async function fromPs(pid: number): Promise<Usage> {
  const { stdout } = await run('ps', ['-o', 'rss=,time=', '-p', String(pid)]);
  const [rss, time = ''] = stdout.trim().split(/\s+/);
  const seconds = time.split(':').reduce((sum, part) => 60 * sum + Number(part), 0);
  return { cpu: seconds * 1e6, memory: Number(rss) * 1024 };
}
