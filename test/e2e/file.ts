// One file of stories as a process of its own. A signal to the suite is passed on, and the file is given the time to end
// what it has started.
import { spawn } from 'node:child_process';
import { basename, join } from 'node:path';
import { environmentFor } from './config.ts';
import { retell, type Told } from './report.ts';

export interface Outcome {
  readonly told: Told;
  /** How it ended, if not as it should. */
  readonly trouble: string | undefined;
}

/** Seconds for all stories of a file together, and for each. */
const TIMEOUT = '150';

/** Resolves when the process has ended. */
export async function tellFile(file: string, kubeconfig: string, stop: AbortSignal): Promise<Outcome> {
  const child = spawn(process.execPath, [join(import.meta.dirname, file)], {
    env: { ...process.env, ...environmentFor(kubeconfig), TAP_TIMEOUT: TIMEOUT },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A Ctrl-C in the terminal is for the suite, which passes it on.
    detached: true,
  });
  const end = () => child.kill('SIGTERM');
  stop.addEventListener('abort', end);
  process.once('exit', end);
  const output: Record<'stdout' | 'stderr', string> = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += String(chunk);
  });
  const status = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
    child.once('error', () => resolve(null));
  });
  stop.removeEventListener('abort', end);
  process.off('exit', end);
  // What an interruption has broken off is no story that failed.
  const [tap = ''] = stop.aborted ? output.stdout.split(/^not ok /m, 1) : [output.stdout];
  const told = retell(basename(file, '.test.ts'), tap);
  return { told, trouble: troubleOf(status, told, output.stderr, stop) };
}

function troubleOf(status: number | null, told: Told, stderr: string, stop: AbortSignal): string | undefined {
  if (stop.aborted) return 'was interrupted';
  if (told.failed > 0 || status === 0) return undefined;
  return `ended with status ${status}: ${stderr.trim()}`;
}
