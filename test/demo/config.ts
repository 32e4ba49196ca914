// The demo's command line.
import { fail, ok, type Problem, type Result } from '../../shared/problem.ts';
import { booleanFlag, choiceFlag, integerFlag } from '../../shared/process/flag-kinds.ts';
import type { FlagValues } from '../../shared/process/flags.ts';

const GROUP = 'Demo';

export const DEMO_COMMAND = {
  name: 'npm start --',
  summary:
    'Starts a cluster in miniature (API server, OpenShift SDN and EC2 in one process), the webhook and the reconciler as processes of their own, applies manifests/ and the samples, creates namespaces and shows where their traffic leaves from.',
  flags: {
    platform: choiceFlag({
      group: GROUP,
      description: 'what kind of cluster',
      choices: ['aws', 'baremetal'],
      default: 'aws',
    }),
    nodes: integerFlag({
      group: GROUP,
      description: 'nodes; on aws at least 3, one per zone, each hosting up to 9 egress IPs',
      default: 6,
      min: 1,
      max: 1_000,
    }),
    namespaces: integerFlag({
      group: GROUP,
      description: 'namespaces that opt in, one of them with a list of IPs of its own',
      default: 6,
      min: 1,
      max: 5_000,
    }),
    once: booleanFlag({
      group: GROUP,
      description: 'exit when all is settled: 0 as asked, 1 not, 3 not settled within a minute',
      default: false,
    }),
    json: booleanFlag({
      group: GROUP,
      description: 'with --once: print one JSON document and nothing else on standard output',
      default: false,
    }),
  },
} as const;

export type DemoConfig = FlagValues<(typeof DEMO_COMMAND)['flags']>;

/** Checks what concerns several flags. */
export function configure(values: DemoConfig): Result<DemoConfig> {
  const problems: Problem[] = [];
  if (values.platform === 'aws' && values.nodes < 3) {
    const message = `${values.nodes} will not do on aws; give at least 3, one for each zone`;
    problems.push({ code: 'InvalidFlag', path: '--nodes', message });
  }
  if (values.json && !values.once) {
    problems.push({ code: 'InvalidFlag', path: '--json', message: 'goes with --once only; add --once' });
  }
  return problems.length > 0 ? fail(...problems) : ok(values);
}
