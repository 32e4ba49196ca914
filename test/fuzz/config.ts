// The fuzzer's command line. Nothing else reads its flags.
import { ok, type Result } from '../../shared/problem.ts';
import { durationFlag, integerFlag, stringFlag } from '../../shared/process/flag-kinds.ts';
import type { FlagValues } from '../../shared/process/flags.ts';

const WHAT = 'What';

export const FUZZ_COMMAND = {
  name: 'npm run fuzz --',
  summary:
    'Gives the webhook and the parsers inputs that nobody would write, made by changing valid ones, and has a second, slow implementation judge what they make of them: that nothing throws, nothing takes long, every answer is an AdmissionReview, and nothing is let through or refused wrongly.',
  flags: {
    inputs: integerFlag({
      group: WHAT,
      description: 'how many inputs',
      default: 1_000_000,
      min: 1,
      max: 1_000_000_000,
    }),
    seed: stringFlag({ group: WHAT, description: 'decides all inputs', default: 'fuzz' }),
    target: stringFlag({
      group: WHAT,
      description: 'only targets whose name contains this',
      placeholder: 'text',
    }),
    slow: durationFlag({
      group: WHAT,
      description: 'how long one input may take',
      default: '50ms',
      min: '1ms',
      max: '10s',
    }),
    replay: stringFlag({
      group: WHAT,
      description: 'a file of findings as they are printed, one a line; runs these inputs and no others',
      placeholder: 'file',
    }),
  },
} as const;

export type FuzzConfig = FlagValues<(typeof FUZZ_COMMAND)['flags']>;

/** Nothing concerns several flags. */
export function configure(values: FuzzConfig): Result<FuzzConfig> {
  return ok(values);
}
