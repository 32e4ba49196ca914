// The suite's command line, and how the files of stories, which are processes of their own, learn of it.
import { ok, type Result } from '../../shared/problem.ts';
import { stringFlag } from '../../shared/process/flag-kinds.ts';
import type { FlagValues } from '../../shared/process/flags.ts';

export const E2E_COMMAND = {
  name: 'npm run e2e --',
  summary:
    'Runs the real webhook and reconciler against an API server and tells stories of what users see. Without flags it starts the sandbox; with a kubeconfig it installs what is missing on that API server, plays the SDN, and leaves nothing behind.',
  flags: {
    kubeconfig: stringFlag({
      group: 'Cluster',
      description:
        "an administrator's kubeconfig of the API server to run on; without it the sandbox is started",
      placeholder: 'file',
    }),
    only: stringFlag({
      group: 'Stories',
      description: 'run only the files whose name contains this',
      placeholder: 'text',
    }),
  },
} as const;

export type E2EConfig = FlagValues<(typeof E2E_COMMAND)['flags']>;

/** Nothing concerns several flags. */
export function configure(values: E2EConfig): Result<E2EConfig> {
  return ok(values);
}

/** Where nothing says which. */
const REGION = 'us-east-1';
const KUBECONFIG = 'EGRESSIP_IPAM_E2E_KUBECONFIG';

/** For a file of stories. */
export function environmentFor(kubeconfig: string): Readonly<Record<string, string>> {
  return kubeconfig === '' ? {} : { [KUBECONFIG]: kubeconfig };
}

/** In a file of stories: the API server to run on, none for the sandbox. */
export function askedKubeconfig(): string | undefined {
  const file = process.env[KUBECONFIG];
  return file === undefined || file === '' ? undefined : file;
}

/** In a file of stories: the region of the EC2 to use, which the AWS SDK finds by itself; none for the sandbox's. */
export function askedEc2(): string | undefined {
  const { AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_EC2, AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  if (!AWS_ENDPOINT_URL && !AWS_ENDPOINT_URL_EC2) return undefined;
  return AWS_REGION || AWS_DEFAULT_REGION || REGION;
}
