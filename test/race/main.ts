// `npm run race`: runs one race and says what came of it. Composes and nothing else.
import { readCommandLine } from '../../shared/process/command-line.ts';
import { EXIT } from '../../shared/process/help.ts';
import { configure, RACE_COMMAND, type RaceConfig } from './config.ts';
import { race } from './race.ts';
import { report } from './report.ts';

async function run(config: RaceConfig): Promise<number> {
  // Whoever exits takes along the processes that it has started.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => process.exit(EXIT.notAsAsked));
  }
  const outcome = await race(config, (step) => process.stderr.write(`${step} …\n`));
  process.stdout.write(report(config, outcome));
  if (outcome.unfinished !== undefined) return EXIT.timeRanOut;
  const isRight = outcome.verdicts.every(({ violations }) => violations.length === 0);
  return isRight ? EXIT.asAsked : EXIT.notAsAsked;
}

const commandLine = readCommandLine(RACE_COMMAND, process.argv.slice(2), process, configure);
process.exitCode = commandLine.run ? await run(commandLine.config) : commandLine.status;
process.exit();
