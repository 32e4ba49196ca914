// `kubectl create` for people without kubectl, which also bears with what is there already.
import { isApiError, type KubeClient } from '../../shared/kube/client.ts';
import type { Resource } from '../../shared/kube/resources.ts';
import type { Manifest } from './objects.ts';

/** Plurals that are not the kind in lower case with an `s`. */
const PLURALS: Readonly<Record<string, string>> = { NetworkPolicy: 'networkpolicies' };
const CLUSTER_SCOPED = new Set([
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'EgressIPAM',
  'FlowSchema',
  'MutatingWebhookConfiguration',
  'Namespace',
  'PriorityLevelConfiguration',
  'ValidatingWebhookConfiguration',
]);

/** Creates the object; one that exists is left as it is. */
export async function apply(client: KubeClient, object: Manifest): Promise<void> {
  const { namespace } = object.metadata;
  try {
    await client.create(resourceOf(object), object, namespace === undefined ? {} : { namespace });
  } catch (error) {
    if (!isApiError(error, 'alreadyExists')) throw error;
  }
}

/** Where the kind of a manifest lives in the API. */
export function resourceOf({ apiVersion, kind }: Manifest): Resource {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const plural = PLURALS[kind] ?? `${kind.toLowerCase()}s`;
  return { group, version, plural, kind, namespaced: !CLUSTER_SCOPED.has(kind) };
}
