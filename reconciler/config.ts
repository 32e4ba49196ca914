// The reconciler's command line. Nothing else reads flags or the environment.
import { hostname } from 'node:os';
import { OPERATOR_NAMESPACE } from '../shared/names.ts';
import { fail, ok, type Problem, type Result } from '../shared/problem.ts';
import {
  addressFlag,
  booleanFlag,
  choiceFlag,
  durationFlag,
  integerFlag,
  stringFlag,
} from '../shared/process/flag-kinds.ts';
import type { FlagValues } from '../shared/process/flags.ts';

const CLUSTER = 'Cluster';
const LEADERSHIP = 'Leadership';
const BEHAVIOUR = 'Behaviour';
const OBSERVABILITY = 'Observability';

export const RECONCILER_COMMAND = {
  name: 'npm run reconciler --',
  summary:
    'Carries out what namespaces ask for: binds their egress IPs, assigns them on AWS, patches HostSubnets and NetNamespaces in an order that interrupts nobody, moves IPs off lost nodes, and releases what is not used any more.',
  flags: {
    kubeconfig: stringFlag({
      group: CLUSTER,
      description: 'kubeconfig file; without it $KUBECONFIG, then the in-cluster configuration',
      placeholder: 'file',
    }),
    namespace: stringFlag({
      group: CLUSTER,
      description: `namespace of the Lease; without it $POD_NAMESPACE, then ${OPERATOR_NAMESPACE}`,
    }),
    assign: choiceFlag({
      group: BEHAVIOUR,
      description:
        'who assigns IPs to interfaces: found out from the cluster (auto), this process over EC2, the platform itself, or nobody',
      choices: ['auto', 'ec2', 'platform', 'none'],
      default: 'auto',
    }),
    'report-only': booleanFlag({
      group: BEHAVIOUR,
      description:
        'print what would be done next, do nothing, and exit: with 1 if EC2 could not be read completely',
      default: false,
    }),
    region: stringFlag({
      group: BEHAVIOUR,
      description: "AWS region; without it the cluster's own",
    }),
    'aws-credentials-directory': stringFlag({
      group: BEHAVIOUR,
      description: "directory of a mounted Secret with static keys; without it the AWS SDK's default chain",
      placeholder: 'directory',
    }),
    'aws-resync-period': durationFlag({
      group: BEHAVIOUR,
      description:
        "how often EC2 is read; from the webhook's --inventory-max-age on, IPs are refused in between",
      default: '1m',
      min: '5s',
      max: '1h',
    }),
    'api-server-request-timeout': durationFlag({
      group: BEHAVIOUR,
      description:
        "the API server's --request-timeout; a claim that no namespace lists is collected after twice this time",
      default: '1m',
      min: '500ms',
      max: '1h',
    }),
    'not-ready-hold': durationFlag({
      group: BEHAVIOUR,
      description: 'how long one of several IPs of a namespace stays on a NotReady node',
      default: '5m',
      min: '0s',
      max: '24h',
    }),
    concurrency: integerFlag({
      group: BEHAVIOUR,
      description: 'actions under way at a time',
      default: 32,
      min: 1,
      max: 256,
    }),
    'leader-elect': booleanFlag({
      group: LEADERSHIP,
      description: 'wait for the Lease; switch it off only where there is no second replica',
      default: true,
    }),
    'leader-elect-lease-duration': durationFlag({
      group: LEADERSHIP,
      description: 'how long a lease that is not renewed holds',
      default: '12s',
      min: '11s',
      max: '5m',
    }),
    'leader-elect-retry-period': durationFlag({
      group: LEADERSHIP,
      description: 'how often it is renewed or tried for',
      default: '1s',
      min: '200ms',
      max: '1m',
    }),
    'metrics-bind-address': addressFlag({
      group: OBSERVABILITY,
      description: 'where /metrics is served; 0 for none',
      default: ':8080',
    }),
    'health-probe-bind-address': addressFlag({
      group: OBSERVABILITY,
      description: 'where /healthz and /readyz are served; 0 for none',
      default: ':8081',
    }),
    'log-level': choiceFlag({
      group: OBSERVABILITY,
      description: 'least important level that is logged',
      choices: ['error', 'warn', 'info', 'debug'],
      default: 'info',
    }),
  },
} as const;

type Values = FlagValues<(typeof RECONCILER_COMMAND)['flags']>;

export type ReconcilerConfig = Values & {
  readonly identity: string;
  /** Milliseconds that a claim must stand before it may be collected or released. */
  readonly claimGrace: number;
};

/** Completes the flags from the environment and checks what concerns several of them. */
export function configure(
  values: Values,
  env: Readonly<Record<string, string | undefined>>,
): Result<ReconcilerConfig> {
  const problems: Problem[] = [];
  if (values['leader-elect-retry-period'] * 4 > values['leader-elect-lease-duration']) {
    const message = 'must be at most a quarter of --leader-elect-lease-duration; shorten it';
    problems.push({ code: 'InvalidFlag', path: '--leader-elect-retry-period', message });
  }
  if (problems.length > 0) return fail(...problems);
  return ok({
    ...values,
    namespace: values.namespace || env.POD_NAMESPACE || OPERATOR_NAMESPACE,
    identity: `${env.POD_NAME ?? hostname()}_${process.pid}`,
    claimGrace: 2 * values['api-server-request-timeout'],
  });
}
