// What does a command say of itself? The text of `--help`, and the words and exit statuses with which a command line is
// refused. Pure: the caller prints and exits.
import type { Problem } from '../problem.ts';
import type { FlagSpec } from './flags.ts';

/** Exit statuses of all our commands. */
export const EXIT = { asAsked: 0, notAsAsked: 1, usage: 2, timeRanOut: 3 } as const;

/** What `--help` needs to know of a command besides its flags. */
export interface Command {
  /** As it is called: `npm run webhook --`. */
  readonly name: string;
  /** What it does, a paragraph. */
  readonly summary: string;
  readonly flags: FlagSpec;
}

const WIDTH = 100;
const GAP = 3;

/** The whole text of `--help`: flags by group, in the order of the spec, descriptions aligned. Ends with a newline. */
export function helpText(command: Command): string {
  const rows = Object.entries(command.flags).map(([name, flag]) => ({
    group: flag.group,
    left: `  --${name}${flag.placeholder === '' ? '' : ` ${flag.placeholder}`}`,
    right: flag.defaultText === '' ? flag.description : `${flag.description} (default ${flag.defaultText})`,
  }));
  const column = Math.min(44, Math.max(...rows.map(({ left }) => left.length)) + GAP);
  const groups = Map.groupBy(rows, ({ group }) => group);
  const sections = [...groups].map(([group, members]) =>
    [`${group}:`, ...members.map(({ left, right }) => entry(left, right, column))].join('\n'),
  );
  return [
    ...wrap(command.summary, WIDTH),
    '',
    `Usage: ${command.name} [flags]`,
    '',
    sections.join('\n\n'),
    '',
    'A flag without a value in this list is a switch: --name, --name=false or --no-name.',
    '',
  ].join('\n');
}

/** What to print on standard error when the command line is refused, all problems in it; exit with EXIT.usage then. */
export function usageText(command: Pick<Command, 'name'>, problems: readonly Problem[]): string {
  const lines = problems.map(({ path, message }) => `  ${path === '' ? '' : `${path}: `}${message}`);
  return [...lines, `Run \`${command.name} --help\` for all flags.`, ''].join('\n');
}

function entry(left: string, right: string, column: number): string {
  const lines = wrap(right, WIDTH - column);
  const indent = ' '.repeat(column);
  if (left.length + GAP > column) return [left, ...lines.map((line) => indent + line)].join('\n');
  return [left.padEnd(column) + (lines[0] ?? ''), ...lines.slice(1).map((line) => indent + line)].join('\n');
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}
