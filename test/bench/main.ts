// Runs the parts one after the other and shows what came out. Composes and nothing else.
import { readCommandLine } from '../../shared/process/command-line.ts';
import { EXIT } from '../../shared/process/help.ts';
import { BENCH_COMMAND, type BenchConfig, configure } from './config.ts';
import type { Row, Terms } from './part.ts';
import { PARTS, type PartName } from './parts.ts';
import { heading, machine, partHeading, rowText } from './report.ts';

interface Result {
  readonly part: PartName;
  readonly rows: readonly Row[];
  /** Why it could not run to its end. */
  readonly failure?: string;
}

async function run({ parts, json, terms }: BenchConfig): Promise<number> {
  const on = machine();
  const show = (text: string) => json || process.stdout.write(text);
  const isWatched = process.stderr.isTTY === true;
  const say = (step: string) => isWatched && process.stderr.write(`\r\u001b[K  … ${step}\r`);
  show(heading(on, { ...terms, say }));
  const results: Result[] = [];
  for (const name of parts) results.push(await runPart(name, { ...terms, say }, show));
  if (json) process.stdout.write(`${JSON.stringify({ machine: on, ...terms, results }, null, 2)}\n`);
  return results.every(({ failure }) => failure === undefined) ? EXIT.asAsked : EXIT.notAsAsked;
}

async function runPart(name: PartName, terms: Terms, show: (text: string) => void): Promise<Result> {
  const { about, run: measure } = PARTS[name];
  const rows: Row[] = [];
  show(partHeading(name, about));
  try {
    for await (const row of measure(terms)) {
      rows.push(row);
      show(rowText(row));
    }
    return { part: name, rows };
  } catch (error) {
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    show(`  did not run: ${failure}\n`);
    return { part: name, rows, failure };
  }
}

const commandLine = readCommandLine(BENCH_COMMAND, process.argv.slice(2), process, configure);
process.exitCode = commandLine.run ? await run(commandLine.config) : commandLine.status;
