// Registers a test's webhook with a sandbox's API server.
import { type Exchange, type Received, statusOf } from './exchange.ts';
import { ALLOW, type Answer, type Review, startWebhook, type TestWebhook } from './webhook.ts';

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

/** A webhook for one test, stopped with it. */
export async function webhookFor(
  t: { teardown(fn: () => Promise<void>): void },
  answer: (review: Review, path: string) => Answer | Promise<Answer> = () => ALLOW,
): Promise<TestWebhook> {
  const webhook = await startWebhook(answer);
  t.teardown(() => webhook.close());
  return webhook;
}

export function createNamespace(
  exchange: Exchange,
  name: string,
  metadata: object = {},
  query = '',
): Promise<Received> {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...metadata } };
  return exchange({ method: 'POST', path: `/api/v1/namespaces${query}`, body });
}
