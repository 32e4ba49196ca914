// A kubeconfig for one user of the sandbox, for kubectl and for the product's processes.
import { dump } from 'js-yaml';

export interface KubeconfigRequest {
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  readonly token: string;
  readonly user: string;
}

/** YAML with one cluster, one user and one context, which is current. */
export function kubeconfigFor({ url, ca, token, user }: KubeconfigRequest): string {
  const cluster = { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  return dump({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'sandbox', cluster }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: 'sandbox', context: { cluster: 'sandbox', user } }],
    'current-context': 'sandbox',
  });
}
