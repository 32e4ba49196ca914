// The race's command line. Nothing else reads its flags.
import { ok, type Result } from '../../shared/problem.ts';
import { choiceFlag, durationFlag, integerFlag, stringFlag } from '../../shared/process/flag-kinds.ts';
import type { FlagValues } from '../../shared/process/flags.ts';

const SIZE = 'Size';
const TERMS = 'Terms';

export const RACE_COMMAND = {
  name: 'npm run race --',
  summary:
    'Lets many clients create namespaces at the same time through several webhooks, as processes on the sandbox, and checks afterwards over the API that no IP was given twice, that none is lost, and that everybody was told the truth. On bare metal with three CIDRs: on AWS the few addresses of an interface would decide, not the webhooks.',
  flags: {
    webhooks: integerFlag({
      group: SIZE,
      description: 'replicas of the webhook',
      default: 3,
      min: 1,
      max: 16,
    }),
    clients: integerFlag({
      group: SIZE,
      description: 'clients, each with connections of its own',
      default: 64,
      min: 1,
      max: 1_000,
    }),
    namespaces: integerFlag({
      group: SIZE,
      description: 'namespaces that are created',
      default: 10_000,
      min: 10,
      max: 40_000,
    }),
    nodes: integerFlag({
      group: SIZE,
      description: 'nodes that host the IPs, in three groups',
      default: 12,
      min: 3,
      max: 90,
    }),
    reconciler: choiceFlag({
      group: TERMS,
      description:
        'whether the reconciler works beside the webhooks, or only after all namespaces are created',
      choices: ['beside', 'after'],
      default: 'beside',
    }),
    seed: stringFlag({ group: TERMS, description: 'decides what clients ask for', default: 'race' }),
    'request-timeout': durationFlag({
      group: TERMS,
      description:
        'how long a request to the API server may take; claims are collected after a little longer',
      default: '15s',
      min: '1s',
      max: '1m',
    }),
    within: durationFlag({
      group: TERMS,
      description: 'how long the reconciler may take to serve what is listed and to collect what is not',
      default: '30m',
      min: '5s',
      max: '6h',
    }),
  },
} as const;

export type RaceConfig = FlagValues<(typeof RACE_COMMAND)['flags']>;

/** Nothing concerns several flags. */
export function configure(values: RaceConfig): Result<RaceConfig> {
  return ok(values);
}
