// Does the command run, and with what? The one way in which our commands answer --help and refuse a wrong command
// line, so that they all say the same and exit alike.
import type { Problem, Result } from '../problem.ts';
import { type FlagSpec, type FlagValues, readFlags } from './flags.ts';
import { type Command, EXIT, helpText, usageText } from './help.ts';

/** Where text goes; process.stdout and process.stderr fit. */
export interface Output {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** Either a configuration to run with, or the status to exit with, everything having been printed. */
export type CommandLine<C> =
  | { readonly run: true; readonly config: C }
  | { readonly run: false; readonly status: number };

/**
 * Reads `argv` (without node and the script). `configure` makes the command's configuration of the values and may
 * find more problems, such as flags that do not go together; `ok` will do where the values are the configuration.
 */
export function readCommandLine<S extends FlagSpec, C>(
  command: Command & { readonly flags: S },
  argv: readonly string[],
  output: Output,
  configure: (values: FlagValues<S>) => Result<C>,
): CommandLine<C> {
  const { values, problems } = readFlags(command.flags, argv);
  if (values.help) {
    output.stdout.write(helpText(command));
    return { run: false, status: EXIT.asAsked };
  }
  // With defaults for flags that are wrong, of which nothing more is said.
  const configured = configure(values);
  if (configured.ok && problems.length === 0) return { run: true, config: configured.value };
  const more = configured.ok ? [] : configured.problems;
  const said = new Set(problems.map(({ path }) => path));
  return refuse(command, [...problems, ...more.filter(({ path }) => !said.has(path))], output);
}

function refuse(
  command: Command,
  problems: readonly Problem[],
  output: Output,
): { run: false; status: number } {
  output.stderr.write(usageText(command, problems));
  return { run: false, status: EXIT.usage };
}
