// The webhook's command line. Nothing else reads flags or the environment.
import { networkInterfaces } from 'node:os';
import { OPERATOR_NAMESPACE } from '../shared/names.ts';
import { fail, ok, type Problem, type Result } from '../shared/problem.ts';
import {
  addressFlag,
  choiceFlag,
  durationFlag,
  integerFlag,
  stringFlag,
} from '../shared/process/flag-kinds.ts';
import type { FlagValues } from '../shared/process/flags.ts';
import { LOG_LEVELS } from '../shared/process/log.ts';

const CLUSTER = 'Cluster';
const SERVING = 'Serving';
const BEHAVIOUR = 'Behaviour';
const OBSERVABILITY = 'Observability';

export const WEBHOOK_COMMAND = {
  name: 'npm run webhook --',
  summary:
    'Answers the API server: gives namespaces that opt in their egress IPs before they are stored, refuses what is impossible with a reason, and checks EgressIPAMs. All replicas are active.',
  flags: {
    kubeconfig: stringFlag({
      group: CLUSTER,
      description: 'kubeconfig file; without it $KUBECONFIG, then the in-cluster configuration',
      placeholder: 'file',
    }),
    namespace: stringFlag({
      group: CLUSTER,
      description: `namespace of the webhook's Secret and of the reconciler's Lease; without it $POD_NAMESPACE, then ${OPERATOR_NAMESPACE}`,
    }),
    'bind-address': stringFlag({
      group: SERVING,
      description: 'address to listen on; every address of the machine without it',
      placeholder: 'address',
    }),
    port: integerFlag({
      group: SERVING,
      description: 'port to listen on; 0 lets the kernel choose',
      default: 9443,
      min: 0,
      max: 65_535,
    }),
    'tls-cert-file': stringFlag({
      group: SERVING,
      description:
        'serving certificate, PEM; without it one is made, kept in a Secret and made known to the API server',
      placeholder: 'file',
    }),
    'tls-private-key-file': stringFlag({
      group: SERVING,
      description: 'private key of --tls-cert-file, PEM',
      placeholder: 'file',
    }),
    'shutdown-delay': durationFlag({
      group: SERVING,
      description: 'how long requests are still taken after SIGTERM, while readiness fails already',
      default: '5s',
      min: '0s',
      max: '5m',
    }),
    'max-in-flight': integerFlag({
      group: SERVING,
      description: 'requests that may be claiming IPs at once; those beyond are told to come back',
      default: 1_000,
      min: 1,
      max: 100_000,
    }),
    'inventory-max-age': durationFlag({
      group: BEHAVIOUR,
      description: 'how old the view of the cloud may be when IPs are given out',
      default: '5m',
      min: '10s',
      max: '24h',
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
      choices: LOG_LEVELS,
      default: 'info',
    }),
  },
} as const;

type Values = FlagValues<(typeof WEBHOOK_COMMAND)['flags']>;

export type WebhookConfig = Values & {
  /** undefined: the certificate is made and kept in a Secret. */
  readonly tlsFiles: { readonly certFile: string; readonly keyFile: string } | undefined;
};

/** Completes the flags from the environment and checks what concerns several of them. */
export function configure(
  values: Values,
  env: Readonly<Record<string, string | undefined>>,
): Result<WebhookConfig> {
  const certFile = values['tls-cert-file'];
  const keyFile = values['tls-private-key-file'];
  const problems: Problem[] = [];
  if ((certFile === '') !== (keyFile === '')) {
    const path = certFile === '' ? '--tls-cert-file' : '--tls-private-key-file';
    const message = 'is missing; a certificate and its key go together';
    problems.push({ code: 'MissingFlag', path, message });
  }
  if (problems.length > 0) return fail(...problems);
  return ok({
    ...values,
    namespace: values.namespace || env.POD_NAMESPACE || OPERATOR_NAMESPACE,
    'bind-address': values['bind-address'] || everyAddress(),
    tlsFiles: certFile === '' ? undefined : { certFile, keyFile },
  });
}

/** IPv6 takes IPv4 along, where there is IPv6. */
function everyAddress(): string {
  const interfaces = Object.values(networkInterfaces()).flat();
  return interfaces.some((one) => one?.family === 'IPv6') ? '::' : '0.0.0.0';
}
