// `npm run fuzz`: runs the fuzzer, or replays what it found. Composes and nothing else.
import { readFile } from 'node:fs/promises';
import { readCommandLine } from '../../shared/process/command-line.ts';
import { EXIT } from '../../shared/process/help.ts';
import { configure, FUZZ_COMMAND, type FuzzConfig } from './config.ts';
import { type Found, fuzz, type Run, replay } from './run.ts';
import { targetsNamed } from './targets.ts';

async function run({ replay: file, target, ...terms }: FuzzConfig): Promise<number> {
  const targets = targetsNamed(target);
  if (targets.all.length === 0) {
    const names = targetsNamed('').all.map(({ name }) => name);
    return refuse(`--target: no target's name contains "${target}"; there are ${names.join(', ')}`);
  }
  const findings = file === '' ? undefined : await read(file);
  if (findings === 'unreadable') return refuse(`--replay: ${file} cannot be read as findings, one a line`);
  const say = (done: number, found: number) => process.stderr.write(`${done} inputs, ${found} found …\n`);
  try {
    const outcome =
      findings === undefined
        ? await fuzz(targets.all, { ...terms, say })
        : await replay(targets.all, findings, terms.slow);
    process.stdout.write(report(outcome));
    return outcome.found.length === 0 ? EXIT.asAsked : EXIT.notAsAsked;
  } finally {
    await targets.close();
  }
}

function refuse(sentence: string): number {
  process.stderr.write(`${sentence}\n`);
  return EXIT.usage;
}

async function read(file: string): Promise<Found[] | 'unreadable'> {
  try {
    const lines = (await readFile(file, 'utf8')).split('\n');
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Found);
  } catch {
    return 'unreadable';
  }
}

/** Findings one a line, as `--replay` takes them; then a line for each target. */
function report({ scores, found, seconds }: Run): string {
  const inputs = scores.reduce((sum, score) => sum + score.inputs, 0);
  return [
    ...found.map((one) => JSON.stringify(one)),
    ...scores.map(
      ({ target, inputs: count, kinds, slowest }) =>
        `${String(count).padStart(9)} ${target}: ${kinds} kinds of results, the slowest took ${slowest.toFixed(1)} ms`,
    ),
    `${inputs} inputs in ${seconds.toFixed(0)} s, ${Math.round(inputs / seconds)}/s: ${found.length} found wrong`,
    '',
  ].join('\n');
}

const commandLine = readCommandLine(FUZZ_COMMAND, process.argv.slice(2), process, configure);
process.exitCode = commandLine.run ? await run(commandLine.config) : commandLine.status;
