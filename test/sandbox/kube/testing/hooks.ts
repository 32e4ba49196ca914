// Registers a test's webhook with a sandbox's API server.
import { type Exchange, statusOf } from './exchange.ts';
import type { TestWebhook } from './webhook.ts';

export type Phase = 'mutating' | 'validating';

/** Namespaces on CREATE and UPDATE unless `fields` says otherwise. */
export function hookEntry(webhook: TestWebhook, fields: object = {}): object {
  return {
    name: 'hook.example.com',
    clientConfig: { url: `${webhook.url}/hook`, caBundle: webhook.caBundle },
    rules: [
      { apiGroups: [''], apiVersions: ['v1'], resources: ['namespaces'], operations: ['CREATE', 'UPDATE'] },
    ],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    ...fields,
  };
}

export async function register(
  exchange: Exchange,
  phase: Phase,
  name: string,
  ...webhooks: readonly object[]
): Promise<void> {
  const [kind, plural] =
    phase === 'mutating'
      ? ['MutatingWebhookConfiguration', 'mutatingwebhookconfigurations']
      : ['ValidatingWebhookConfiguration', 'validatingwebhookconfigurations'];
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const path = `/apis/${apiVersion}/${plural}`;
  const body = { apiVersion, kind, metadata: { name }, webhooks };
  const received = await exchange({ method: 'POST', path, body });
  if (received.status !== 201) throw new Error(statusOf(received).message);
}
