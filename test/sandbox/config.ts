// The sandbox's command line. Nothing else reads its flags.
import { fail, ok, type Problem, type Result } from '../../shared/problem.ts';
import {
  booleanFlag,
  choiceFlag,
  durationFlag,
  integerFlag,
  stringFlag,
} from '../../shared/process/flag-kinds.ts';
import type { FlagValues } from '../../shared/process/flags.ts';
import type { SandboxOptions } from './cluster.ts';
import { INSTANCE_TYPES } from './ec2/instance-types.ts';
import { LARGE_ZONES, ZONES } from './nodes.ts';

const CLUSTER = 'Cluster';
const EC2 = 'EC2 (with --platform aws)';
const SEED = 'Seed';
const OUTPUT = 'Output';
/** AWS's own. */
const RESERVED_PER_SUBNET = 5;
const MAX_PORT = 65_535;

export const SANDBOX_COMMAND = {
  name: 'npm run sandbox --',
  summary:
    'Plays an OpenShift cluster on loopback, as far as egress IPs go: a Kubernetes API server, OpenShift SDN, and EC2. Prints one line of JSON when it is ready and ends on SIGINT or SIGTERM.',
  flags: {
    platform: choiceFlag({
      group: CLUSTER,
      description: 'what the cluster runs on',
      choices: ['aws', 'baremetal'],
      default: 'aws',
    }),
    nodes: integerFlag({
      group: CLUSTER,
      description: 'worker nodes; on aws in turn in three zones',
      default: 6,
      min: 1,
      max: 1000,
    }),
    'rack-nodes': integerFlag({
      group: CLUSTER,
      description:
        'with --platform baremetal, nodes besides, in turn in two racks, without the label egressGW',
      default: 0,
      min: 0,
      max: 400,
    }),
    'platform-assigns': booleanFlag({
      group: CLUSTER,
      description:
        'with --platform aws, the platform assigns egress IPs by itself, as OpenShift 4.10 and newer does',
      default: false,
    }),
    port: integerFlag({
      group: CLUSTER,
      description: 'port of the API server; 0: any free one',
      default: 0,
      min: 0,
      max: MAX_PORT,
    }),
    'kubernetes-minor-version': integerFlag({
      group: CLUSTER,
      description: 'which Kubernetes 1.x the API server says it is',
      default: 32,
      min: 25,
      max: 40,
    }),
    'request-timeout': durationFlag({
      group: CLUSTER,
      description: 'how long a request to the API server may take',
      default: '1m',
      min: '100ms',
      max: '10m',
    }),
    'netnamespace-delay': durationFlag({
      group: CLUSTER,
      description: 'how long a namespace waits for its NetNamespace',
      default: '0s',
      min: '0s',
      max: '10m',
    }),
    'instance-type': stringFlag({
      group: EC2,
      description: "the nodes' instance type",
      default: 'm5.large',
    }),
    'large-subnets': booleanFlag({
      group: EC2,
      description: 'subnets of a /18 each instead of a /20, for more than 3,500 namespaces or so',
      default: false,
    }),
    'ec2-port': integerFlag({
      group: EC2,
      description: 'port of EC2; 0: any free one',
      default: 0,
      min: 0,
      max: MAX_PORT,
    }),
    'ec2-latency': durationFlag({
      group: EC2,
      description: 'how long every call takes',
      default: '0s',
      min: '0s',
      max: '1m',
    }),
    'ec2-lag': durationFlag({
      group: EC2,
      description: 'by how much describes lag behind writes',
      default: '0s',
      min: '0s',
      max: '5m',
    }),
    'ec2-remap': durationFlag({
      group: EC2,
      description: 'how long an address that is moved stays where it was',
      default: '0s',
      min: '0s',
      max: '5m',
    }),
    'ec2-throttling': choiceFlag({
      group: EC2,
      description: 'whether calls are throttled by token buckets as AWS documents them',
      choices: ['off', 'real'],
      default: 'off',
    }),
    'ec2-seed': stringFlag({
      group: EC2,
      description: 'decides the order of results',
      default: 'seed',
    }),
    'seed-namespaces': integerFlag({
      group: SEED,
      description:
        'opted-in namespaces that are there from the start, with their allocations and hosts in place',
      default: 0,
      min: 0,
      max: 10_000,
    }),
    kubeconfig: stringFlag({
      group: OUTPUT,
      description:
        "file for the administrator's kubeconfig; those of the webhook and the reconciler go beside it. Without it a temporary directory",
      placeholder: 'file',
    }),
    'control-port': integerFlag({
      group: OUTPUT,
      description: 'port on which tests ask for verdicts, counts and faults; 0: any free one',
      default: 0,
      min: 0,
      max: MAX_PORT,
    }),
  },
};

export type SandboxFlags = FlagValues<typeof SANDBOX_COMMAND.flags>;

export interface SandboxConfig {
  readonly sandbox: SandboxOptions;
  readonly controlPort: number;
  /** Empty: in a temporary directory. */
  readonly kubeconfig: string;
}

/** Refuses flags that do not go together, all at once. */
export function configureSandbox(flags: SandboxFlags): Result<SandboxConfig> {
  const problems = contradictions(flags);
  if (problems.length > 0) return fail(...problems);
  return ok({
    sandbox: {
      platform: flags.platform,
      nodes: flags.nodes,
      rackNodes: flags['rack-nodes'],
      instanceType: flags['instance-type'],
      ...(flags['large-subnets'] ? { zones: LARGE_ZONES } : {}),
      assigns: flags['platform-assigns'] ? 'platform' : 'nobody',
      netNamespaceDelayMs: flags['netnamespace-delay'],
      seed: { namespaces: flags['seed-namespaces'] },
      kube: {
        port: flags.port,
        requestTimeoutMs: flags['request-timeout'],
        minorVersion: flags['kubernetes-minor-version'],
      },
      ec2: {
        port: flags['ec2-port'],
        latencyMs: flags['ec2-latency'],
        lagMs: flags['ec2-lag'],
        remapMs: flags['ec2-remap'],
        seed: flags['ec2-seed'],
        ...(flags['ec2-throttling'] === 'real' ? { buckets: 'real' as const } : {}),
      },
    },
    controlPort: flags['control-port'],
    kubeconfig: flags.kubeconfig,
  });
}

function contradictions(flags: SandboxFlags): Problem[] {
  const problems: Problem[] = [];
  const problem = (path: string, message: string) => problems.push({ code: 'InvalidValue', path, message });
  if (flags.platform === 'aws' && flags.nodes < 3) {
    problem('--nodes', `${flags.nodes} leaves a zone without a node; give at least 3 with --platform aws`);
  }
  if (flags.platform === 'aws' && flags['rack-nodes'] > 0) {
    problem('--rack-nodes', 'goes with --platform baremetal only');
  }
  if (flags.platform === 'baremetal' && flags['platform-assigns']) {
    problem('--platform-assigns', 'goes with --platform aws only');
  }
  const room = roomFor(flags);
  if (flags['seed-namespaces'] > room) {
    problem(
      '--seed-namespaces',
      `there is room for ${room}; give more --nodes, a larger --instance-type, --large-subnets`,
    );
  }
  if (!INSTANCE_TYPES.has(flags['instance-type'])) {
    const known = [...INSTANCE_TYPES.keys()].join(', ');
    problem('--instance-type', `"${flags['instance-type']}" is not known here; give one of ${known}`);
  }
  return problems;
}

/** How many namespaces the nodes of each zone and its subnet can serve. */
function roomFor(flags: SandboxFlags): number {
  if (flags.platform === 'baremetal') return Number.POSITIVE_INFINITY;
  const nodes = Math.floor(flags.nodes / ZONES.length);
  const slots = nodes * ((INSTANCE_TYPES.get(flags['instance-type'])?.ipv4AddressesPerInterface ?? 1) - 1);
  const addresses = 2 ** (32 - (flags['large-subnets'] ? 18 : 20)) - RESERVED_PER_SUBNET - nodes - 1;
  return Math.min(slots, addresses);
}
