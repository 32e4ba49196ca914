// The soak's command line.
import { ok, type Result } from '../../shared/problem.ts';
import { integerFlag } from '../../shared/process/flag-kinds.ts';
import type { FlagValues } from '../../shared/process/flags.ts';

const GROUP = 'Soak';

export const SOAK_COMMAND = {
  name: 'npm run soak --',
  summary:
    'Runs two webhooks and two reconcilers on the sandbox (AWS, EC2 throttled and slow) while namespaces, nodes and faults come and go at random, then lets it come to rest. Exits with 1 when an IP was on two NetNamespaces or two HostSubnets, when it does not settle, or when anything is written once it is quiet.',
  flags: {
    minutes: integerFlag({
      group: GROUP,
      description: 'how long things happen',
      default: 5,
      min: 1,
      max: 600,
    }),
    'namespace-events': integerFlag({
      group: GROUP,
      description: 'namespace events a minute',
      default: 360,
      min: 1,
      max: 6_000,
    }),
    'node-events': integerFlag({
      group: GROUP,
      description: 'node events a minute',
      default: 36,
      min: 0,
      max: 600,
    }),
    seed: integerFlag({
      group: GROUP,
      description: 'decides what happens',
      default: 1,
      min: 0,
      max: 2 ** 31,
    }),
  },
} as const;

export type SoakConfig = FlagValues<(typeof SOAK_COMMAND)['flags']>;

export function configure(values: SoakConfig): Result<SoakConfig> {
  return ok(values);
}
