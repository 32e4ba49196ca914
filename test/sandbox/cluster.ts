// A whole OpenShift cluster in this process, as far as egress IPs go: API server, SDN, nodes, and EC2 beneath them on AWS.
// Composes the stand-ins and nothing else.
import { randomUUID } from 'node:crypto';
import type { KubeClient } from '../../shared/kube/client.ts';
import { INFRASTRUCTURES } from '../../shared/kube/resources.ts';
import { OPERATOR_NAMESPACE } from '../../shared/names.ts';
import { CRDS, openShiftCrds } from './crds.ts';
import type { Ec2, Ec2Options } from './ec2/server.ts';
import { startEc2 } from './ec2/server.ts';
import type { KubeApi, KubeApiOptions } from './kube/server.ts';
import { startKubeApi } from './kube/server.ts';
import type { NodeSpec, Zone } from './nodes.ts';
import { awsNodes, bareMetalNodes, createNode, REGION, rackNodes, ZONES } from './nodes.ts';
import { ec2Cloud } from './sdn/cloud.ts';
import type { Sdn } from './sdn/sdn.ts';
import { startSdn } from './sdn/sdn.ts';
import { type Seed, seed } from './seed.ts';

export type Platform = 'aws' | 'baremetal';

export interface SandboxOptions {
  readonly platform: Platform;
  readonly nodes: number;
  /** Bare metal: nodes in two racks besides, for an EgressIPAM with several CIDRs. */
  readonly rackNodes?: number;
  /** AWS. */
  readonly instanceType?: string;
  /** AWS: one per zone; three of a /20 if absent. */
  readonly zones?: readonly Zone[];
  /** `platform`: AWS under OpenShift 4.10 and newer. */
  readonly assigns?: 'platform' | 'nobody';
  readonly netNamespaceDelayMs?: number;
  readonly seed?: Seed;
  readonly kube?: KubeApiOptions;
  readonly ec2?: Ec2Options;
}

/** Who has a kubeconfig: an administrator, and the ServiceAccounts of the two processes. */
export const USERS = ['admin', 'webhook', 'reconciler'] as const;
export type SandboxUser = (typeof USERS)[number];

export interface Sandbox {
  readonly platform: Platform;
  readonly kube: KubeApi;
  /** On AWS. */
  readonly ec2?: Ec2;
  readonly sdn: Sdn;
  /** YAML. */
  kubeconfig(user: SandboxUser): string;
  close(): Promise<void>;
}

const DEFAULT_INSTANCE_TYPE = 'm5.large';

/** Resolves when every node has its HostSubnet and every namespace its NetNamespace. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const kube = await startKubeApi(options.kube);
  const tokens = addUsers(kube);
  const ec2 = options.platform === 'aws' ? await startEc2(options.ec2) : undefined;
  try {
    await installCrds(kube.client);
    await createInfrastructure(kube.client, options.platform);
    for (const spec of nodeSpecs(options, ec2)) await createNode(kube.client, spec);
    await seed({ kube, account: ec2?.model }, options.seed ?? { namespaces: 0 });
    const sdn = await startSdn(kube.client, {
      ...(ec2 === undefined ? {} : { cloud: ec2Cloud(ec2.model) }),
      assigns: options.assigns ?? 'nobody',
      netNamespaceDelayMs: options.netNamespaceDelayMs ?? 0,
    });
    await sdn.settled();
    return {
      platform: options.platform,
      kube,
      ...(ec2 === undefined ? {} : { ec2 }),
      sdn,
      kubeconfig: (user) => kube.kubeconfig(tokens[user]),
      async close() {
        await sdn.close();
        await closeAll(kube, ec2);
      },
    };
  } catch (error) {
    await closeAll(kube, ec2);
    throw error;
  }
}

async function closeAll(kube: KubeApi, ec2: Ec2 | undefined): Promise<void> {
  await ec2?.close();
  await kube.close();
}

function addUsers(kube: KubeApi): Record<SandboxUser, string> {
  const tokens = { admin: randomUUID(), webhook: randomUUID(), reconciler: randomUUID() };
  kube.addUser({ token: tokens.admin, name: 'admin', groups: ['system:masters'] });
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${OPERATOR_NAMESPACE}`];
  for (const user of ['webhook', 'reconciler'] as const) {
    const name = `system:serviceaccount:${OPERATOR_NAMESPACE}:egressip-ipam-${user}`;
    kube.addUser({ token: tokens[user], name, groups });
  }
  return tokens;
}

function nodeSpecs(options: SandboxOptions, ec2: Ec2 | undefined): NodeSpec[] {
  if (ec2 === undefined) return [...bareMetalNodes(options.nodes), ...rackNodes(options.rackNodes ?? 0)];
  const { nodes, instanceType = DEFAULT_INSTANCE_TYPE, zones = ZONES } = options;
  return awsNodes(ec2.model, zones, nodes, instanceType);
}

async function installCrds(client: KubeClient): Promise<void> {
  for (const crd of await openShiftCrds()) await client.create(CRDS, crd);
}

async function createInfrastructure(client: KubeClient, platform: Platform): Promise<void> {
  const name = 'cluster';
  const type = platform === 'aws' ? 'AWS' : 'BareMetal';
  const aws = platform === 'aws' ? { aws: { region: REGION } } : {};
  await client.create(INFRASTRUCTURES, { metadata: { name }, spec: { platformSpec: { type } } });
  const status = { infrastructureName: 'sandbox', platform: type, platformStatus: { type, ...aws } };
  const patch = { status };
  await client.patch(INFRASTRUCTURES, name, 'application/merge-patch+json', patch, { subresource: 'status' });
}
