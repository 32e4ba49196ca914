// `npm run e2e`: runs the files of stories and reports; on somebody's API server also sees to it that nothing is left there.
import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { loadKubeConfig } from '../../shared/kube/kubeconfig.ts';
import { describeProblems } from '../../shared/problem.ts';
import { readCommandLine } from '../../shared/process/command-line.ts';
import { EXIT } from '../../shared/process/help.ts';
import { untilSignal } from '../../shared/process/shutdown.ts';
import { configure, E2E_COMMAND, type E2EConfig } from './config.ts';
import { type Outcome, tellFile } from './file.ts';
import { Guest } from './guest.ts';

/** Each file starts a cluster of four processes of its own, of which one is usually busy. */
const AT_ONCE = Math.max(1, Math.min(3, availableParallelism()));

const commandLine = readCommandLine(E2E_COMMAND, process.argv.slice(2), process, configure);
try {
  process.exitCode = commandLine.run ? await run(commandLine.config) : commandLine.status;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = EXIT.notAsAsked;
}
process.exit();

async function run(config: E2EConfig): Promise<number> {
  const stop = untilSignal(process, (status) => process.exit(status));
  const names = (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.test.ts')).sort();
  const files = names.filter((name) => name.includes(config.only));
  if (files.length === 0) {
    process.stderr.write(`--only: no file's name contains "${config.only}"; there are ${names.join(', ')}\n`);
    return EXIT.usage;
  }
  if (config.kubeconfig !== '') {
    const read = await loadKubeConfig({ kubeconfig: config.kubeconfig, env: {} });
    if (!read.ok) {
      process.stderr.write(`${describeProblems(read.problems)}\n`);
      return EXIT.usage;
    }
  }
  const started = performance.now();
  const outcomes =
    config.kubeconfig === '' ? await onSandboxes(files, stop) : await asGuest(config, files, stop);
  return conclude(outcomes, files.length, performance.now() - started);
}

/** A few files at a time, each on a sandbox of its own. */
async function onSandboxes(files: readonly string[], stop: AbortSignal): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting = [...files];
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined && !stop.aborted; file = waiting.shift()) {
      outcomes.push(await tell(file, '', stop));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return outcomes;
}

/** One file after the other; each finds the API server as it was before the first. */
async function asGuest(
  { kubeconfig }: E2EConfig,
  files: readonly string[],
  stop: AbortSignal,
): Promise<Outcome[]> {
  const guest = await Guest.enter(kubeconfig);
  const outcomes: Outcome[] = [];
  try {
    process.stdout.write(`on Kubernetes ${guest.version}\n`);
    for (const file of files) {
      if (stop.aborted) break;
      outcomes.push(await tell(file, kubeconfig, stop));
      await guest.restore();
    }
  } finally {
    await guest.leave();
  }
  return outcomes;
}

async function tell(file: string, kubeconfig: string, stop: AbortSignal): Promise<Outcome> {
  const outcome = await tellFile(file, kubeconfig, stop);
  process.stdout.write(outcome.told.text);
  if (outcome.trouble !== undefined) process.stdout.write(`  ✗ ${outcome.trouble}\n`);
  return outcome;
}

function conclude(outcomes: readonly Outcome[], files: number, milliseconds: number): number {
  const sum = (count: 'passed' | 'failed' | 'skipped') =>
    outcomes.reduce((total, { told }) => total + told[count], 0);
  const troubled = outcomes.filter(({ trouble }) => trouble !== undefined).length;
  const notTold = files - outcomes.length;
  const parts = [
    `${sum('passed')} stories as told`,
    `${sum('failed')} not`,
    ...(sum('skipped') > 0 ? [`${sum('skipped')} left out`] : []),
    ...(troubled > 0 ? [`${troubled} files ended badly`] : []),
    ...(notTold > 0 ? [`${notTold} files not begun`] : []),
  ];
  process.stdout.write(`${parts.join(', ')}, in ${(milliseconds / 1000).toFixed(0)} s\n`);
  return sum('failed') === 0 && troubled === 0 && notTold === 0 ? EXIT.asAsked : EXIT.notAsAsked;
}
