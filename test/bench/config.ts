// The suite's command line. Nothing else reads its flags.
import { fail, ok, type Result } from '../../shared/problem.ts';
import { booleanFlag, durationFlag, integerFlag, stringFlag } from '../../shared/process/flag-kinds.ts';
import type { FlagValues } from '../../shared/process/flags.ts';
import { nearest } from '../../shared/process/nearest.ts';
import type { Terms } from './part.ts';
import { PARTS, type PartName } from './parts.ts';

const WHAT = 'What';
const HOW = 'How';

const NAMES = Object.keys(PARTS) as PartName[];
/** What a short run takes of each. */
const SHORT = { rounds: 1, idle: 1_000, quiet: 500 };

export const BENCH_COMMAND = {
  name: 'npm run bench --',
  summary: `Measures the product against floors from the same run. Parts: ${NAMES.join(', ')}. All of them at full size take about half an hour. The exit status says whether everything ran, not whether targets were met.`,
  flags: {
    parts: stringFlag({
      group: WHAT,
      description: 'which parts, separated by commas; all of them if absent',
      placeholder: 'names',
    }),
    short: booleanFlag({
      group: WHAT,
      description: 'small sizes and one round: only shows that every part still runs',
      default: false,
    }),
    rounds: integerFlag({
      group: HOW,
      description: 'alternating rounds of what is measured and its floor; fewer than 15 tell little',
      default: 15,
      min: 1,
      max: 1_000,
    }),
    idle: durationFlag({
      group: HOW,
      description: 'how long a cluster at rest is watched',
      default: '10m',
      min: '1s',
      max: '24h',
    }),
    quiet: durationFlag({
      group: HOW,
      description: 'how long a watch is silent before its event',
      default: '70s',
      min: '100ms',
      max: '1h',
    }),
    json: booleanFlag({
      group: HOW,
      description: 'print one JSON document when all is done, and nothing else on standard output',
      default: false,
    }),
  },
} as const;

type Values = FlagValues<(typeof BENCH_COMMAND)['flags']>;

export interface BenchConfig {
  readonly parts: readonly PartName[];
  readonly json: boolean;
  readonly terms: Omit<Terms, 'say'>;
}

/** Refuses parts that do not exist, all at once. */
export function configure(values: Values): Result<BenchConfig> {
  const asked = values.parts.split(',').filter((name) => name !== '');
  const parts = NAMES.filter((name) => asked.length === 0 || asked.includes(name));
  const problems = asked.filter((name) => !parts.includes(name as PartName)).map(noSuchPart);
  if (problems.length > 0) return fail(...problems);
  const { rounds, idle, quiet } = values.short ? SHORT : values;
  return ok({
    parts,
    json: values.json,
    terms: { rounds, idle, quiet, size: values.short ? 'short' : 'full' },
  });
}

function noSuchPart(name: string) {
  const near = nearest(name, NAMES);
  const hint = near === undefined ? `give some of ${NAMES.join(', ')}` : `did you mean ${near}?`;
  return { code: 'InvalidValue', path: '--parts', message: `there is no part "${name}"; ${hint}` };
}
