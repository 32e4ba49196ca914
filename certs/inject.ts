// Does the API server trust our CA? Writes the bundle into both webhook configurations, and only where it differs.
//
// The bundle is read after the configuration whose version the patch carries. So when two replicas do this at once, the
// one with the older bundle meets a conflict; in the other order it could put the older one back.
import type { KubeObject } from '../shared/kinds.ts';
import { isApiError, type KubeClient } from '../shared/kube/client.ts';
import {
  MUTATING_WEBHOOK_CONFIGURATIONS,
  type Resource,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
} from '../shared/kube/resources.ts';

interface WebhookConfiguration extends KubeObject {
  readonly webhooks?: readonly { readonly clientConfig?: { readonly caBundle?: string } }[];
}

const CONFIGURATIONS: readonly Resource<WebhookConfiguration>[] = [
  MUTATING_WEBHOOK_CONFIGURATIONS,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
];

/** Conflicts in a row after which it is given up; something else writes there all the time. */
const MOST_TRIES = 5;

/** Returns the kinds of which there is no configuration of this name, so that nobody calls us. */
export async function injectBundle(
  client: Pick<KubeClient, 'get' | 'patch'>,
  name: string,
  readBundle: () => Promise<string>,
): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const resource of CONFIGURATIONS) {
    if (!(await injectInto(client, resource, name, readBundle))) missing.push(resource.kind);
  }
  return missing;
}

async function injectInto(
  client: Pick<KubeClient, 'get' | 'patch'>,
  resource: Resource<WebhookConfiguration>,
  name: string,
  readBundle: () => Promise<string>,
): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    const configuration = await client.get(resource, name);
    if (configuration === undefined) return false;
    const patch = patchFor(configuration, Buffer.from(await readBundle()).toString('base64'));
    if (patch.length === 0) return true;
    try {
      await client.patch(resource, name, 'application/json-patch+json', patch);
      return true;
    } catch (error) {
      if (!isApiError(error, 'conflict', 'notFound') || tries === MOST_TRIES) throw error;
    }
  }
}

/** The version comes first: it makes the API server refuse the patch when the list of webhooks has changed. */
function patchFor({ metadata, webhooks = [] }: WebhookConfiguration, caBundle: string): readonly object[] {
  const additions = webhooks.flatMap(({ clientConfig }, index) =>
    clientConfig === undefined || clientConfig.caBundle === caBundle
      ? []
      : [{ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value: caBundle }],
  );
  if (additions.length === 0) return [];
  return [
    { op: 'replace', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
    ...additions,
  ];
}
