// Puts the product on somebody's API server: its CRDs and those of OpenShift that are missing, its roles, and its webhook
// configurations, with URLs on loopback in place of a Service. Everything new is marked.
import type { InfrastructureObject, KubeObject } from '../../shared/kinds.ts';
import { isApiError, type KubeClient } from '../../shared/kube/client.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  HOST_SUBNETS,
  INFRASTRUCTURES,
  NET_NAMESPACES,
  type Resource,
} from '../../shared/kube/resources.ts';
import { CRDS, openShiftCrds } from '../sandbox/crds.ts';
import { resourceOf } from '../stack/apply.ts';
import { asOlder, installation, type Manifest } from '../stack/objects.ts';
import { eventually } from './eventually.ts';
import { marked } from './marks.ts';
import type { RawApi } from './raw-api.ts';

/** What runs here needs no pods; whatever is only about them is left out. */
const KINDS = [
  'Namespace',
  'CustomResourceDefinition',
  'ServiceAccount',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'Secret',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
];
/** From this Kubernetes 1.x on webhooks have conditions. */
const CONDITIONS_SINCE = 28;
const SERVED: readonly Resource[] = [ALLOCATIONS, EGRESSIPAMS, HOST_SUBNETS, NET_NAMESPACES, INFRASTRUCTURES];

interface Definition extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

interface WebhookConfiguration extends Manifest {
  readonly webhooks: readonly { readonly clientConfig: { readonly service?: { readonly path: string } } }[];
}

/** The webhooks are to be on `port` of loopback. */
export async function install(client: KubeClient, raw: RawApi, port: number): Promise<void> {
  const minor = await minorVersion(raw);
  const objects = KINDS.flatMap((kind) => installation().filter((object) => object.kind === kind));
  const [webhooks, others] = [
    objects.filter(({ kind }) => kind.endsWith('WebhookConfiguration')),
    objects.filter(({ kind }) => !kind.endsWith('WebhookConfiguration')),
  ];
  for (const crd of (await openShiftCrds()) as readonly Manifest[]) await create(client, crd, 'keep');
  for (const object of others) await create(client, object, 'replace');
  for (const resource of SERVED) await untilServed(client, resource);
  for (const object of webhooks) {
    const fitting = minor < CONDITIONS_SINCE ? asOlder(object) : object;
    await create(client, onLoopback(fitting as WebhookConfiguration, port), 'replace');
  }
}

/** `1.N` is N. */
export async function minorVersion(raw: RawApi): Promise<number> {
  const { body } = await raw.request('GET', '/version');
  return Number.parseInt((body as { minor: string }).minor, 10);
}

/** Says that the cluster runs on this platform. */
export async function setInfrastructure(
  client: KubeClient,
  platform: 'aws' | 'baremetal',
  region: string | undefined,
): Promise<void> {
  const name = 'cluster';
  const type = platform === 'aws' ? 'AWS' : 'BareMetal';
  if ((await client.get(INFRASTRUCTURES, name)) === undefined) {
    await client.create<InfrastructureObject>(INFRASTRUCTURES, {
      apiVersion: 'config.openshift.io/v1',
      kind: 'Infrastructure',
      ...marked({ metadata: { name } }),
      spec: { platformSpec: { type } },
    });
  }
  const platformStatus = { type, ...(region === undefined ? {} : { aws: { region } }) };
  const status = { infrastructureName: 'e2e', platform: type, platformStatus };
  await client.patch(
    INFRASTRUCTURES,
    name,
    'application/merge-patch+json',
    { status },
    { subresource: 'status' },
  );
}

/** What is there already is kept as it is, or replaced and put back in the end. */
async function create(client: KubeClient, object: Manifest, existing: 'keep' | 'replace'): Promise<void> {
  const resource = resourceOf(object);
  const { namespace, name } = object.metadata;
  const options = namespace === undefined ? {} : { namespace };
  try {
    await client.create(resource, marked(object), options);
  } catch (error) {
    if (!isApiError(error, 'alreadyExists')) throw error;
    if (existing === 'keep') return;
    const stored = await client.get(resource, name, options);
    const metadata = { ...object.metadata, resourceVersion: stored?.metadata.resourceVersion };
    await client.replace(resource, { ...object, metadata } as unknown as KubeObject, options);
  }
}

function onLoopback(object: WebhookConfiguration, port: number): Manifest {
  const webhooks = object.webhooks.map((webhook) => ({
    ...webhook,
    clientConfig: { url: `https://127.0.0.1:${port}${webhook.clientConfig.service?.path ?? ''}` },
  }));
  return { ...object, webhooks } as Manifest;
}

/** Its CRD is in force, and the API server has taken it up. */
async function untilServed(client: KubeClient, resource: Resource): Promise<void> {
  const name = `${resource.plural}.${resource.group}`;
  const look = async () => {
    const crd = await client.get<Definition>(CRDS, name);
    const established = crd?.status?.conditions?.find(({ type }) => type === 'Established');
    if (established?.status !== 'True') return 'not established';
    try {
      await client.list(resource);
      return 'served';
    } catch (error) {
      if (isApiError(error, 'notFound')) return error.message;
      throw error;
    }
  };
  await eventually(`${name} is served`, look, (answer) => answer === 'served');
}
