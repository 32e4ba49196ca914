// The soak's command line.
import { ok, type Result } from '../../shared/problem.ts';
import { booleanFlag, integerFlag } from '../../shared/process/flag-kinds.ts';
import type { FlagValues } from '../../shared/process/flags.ts';

const GROUP = 'Soak';

export const SOAK_COMMAND = {
  name: 'npm run soak --',
  summary:
    'Runs the webhook and the reconciler on the sandbox for a long time, while namespaces and nodes come, go and change at random and API server and EC2 misbehave. Prints what it sees each minute, and whether all was well in the end: no IP held twice, nothing left over, memory and connections flat, silence when there is nothing to do.',
  flags: {
    minutes: integerFlag({
      group: GROUP,
      description: 'how long things happen; it takes a few minutes more until all is quiet',
      default: 60,
      min: 1,
      max: 10_000,
    }),
    'namespace-events': integerFlag({
      group: GROUP,
      description: 'events on namespaces per minute',
      default: 360,
      min: 1,
      max: 100_000,
    }),
    'node-events': integerFlag({
      group: GROUP,
      description: 'events on nodes per minute',
      default: 36,
      min: 0,
      max: 10_000,
    }),
    namespaces: integerFlag({
      group: GROUP,
      description: 'namespaces that there are at a time',
      default: 60,
      min: 1,
      max: 1_000,
    }),
    nodes: integerFlag({
      group: GROUP,
      description: 'nodes, in turn in three zones',
      default: 30,
      min: 6,
      max: 300,
    }),
    faults: booleanFlag({
      group: GROUP,
      description: 'whether API server and EC2 misbehave and reconcilers are killed',
      default: true,
    }),
    seed: integerFlag({
      group: GROUP,
      description: 'decides what happens',
      default: 1,
      min: 0,
      max: 2 ** 31 - 1,
    }),
  },
} as const;

export type SoakConfig = FlagValues<typeof SOAK_COMMAND.flags>;

/** Nothing concerns several flags. */
export function configure(values: SoakConfig): Result<SoakConfig> {
  return ok(values);
}
