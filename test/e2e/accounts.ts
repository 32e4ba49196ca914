// As whom do the two processes talk to somebody's API server? As their own ServiceAccounts where it gives out tokens, so that
// the roles of manifests/ are put to the test; else as its administrator.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { isApiError } from '../../shared/kube/client.ts';
import type { KubeConfig } from '../../shared/kube/kubeconfig.ts';
import { OPERATOR_NAMESPACE } from '../../shared/names.ts';
import { RawApi } from './raw-api.ts';

export interface Accounts {
  /** Files. */
  readonly webhook: string;
  readonly reconciler: string;
  /** Why their rights are not put to the test; undefined when they are. */
  readonly notTested: string | undefined;
  remove(): Promise<void>;
}

const TOKEN_LIFE = 3_600;
/** Something that neither role allows. */
const FORBIDDEN = '/api/v1/namespaces/kube-system/secrets';

/** `kubeconfig` is the administrator's file, `config` what it says. */
export async function accountsOn(raw: RawApi, kubeconfig: string, config: KubeConfig): Promise<Accounts> {
  const asAdministrator = (notTested: string): Accounts => ({
    webhook: kubeconfig,
    reconciler: kubeconfig,
    notTested,
    remove: async () => {},
  });
  const tokens = await Promise.all([tokenFor(raw, 'webhook'), tokenFor(raw, 'reconciler')]);
  const [webhook, reconciler] = tokens;
  if (webhook === undefined || reconciler === undefined) {
    return asAdministrator('this API server gives out no tokens, so both processes ran as its administrator');
  }
  const directory = await mkdtemp(join(tmpdir(), 'egressip-e2e-'));
  const remove = () => rm(directory, { recursive: true, force: true });
  const write = async (name: string, token: string) => {
    const file = join(directory, name);
    await writeFile(file, await kubeconfigWith(config, token), { mode: 0o600 });
    return file;
  };
  const files = {
    webhook: await write('webhook', webhook),
    reconciler: await write('reconciler', reconciler),
  };
  const rights = await rightsOf({ ...config, user: { name: 'webhook', token: webhook } });
  if (rights !== 'unknown') {
    const notTested = rights === 'limited' ? undefined : 'this API server lets everybody do everything';
    return { ...files, notTested, remove };
  }
  await remove();
  return asAdministrator(
    'this API server does not accept its own tokens, so both processes ran as its administrator',
  );
}

async function tokenFor(raw: RawApi, process: 'webhook' | 'reconciler'): Promise<string | undefined> {
  const path = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/serviceaccounts/egressip-ipam-${process}/token`;
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: TOKEN_LIFE },
  };
  try {
    const { body } = await raw.request('POST', path, request);
    return (body as { status?: { token?: string } }).status?.token;
  } catch (error) {
    if (isApiError(error)) return undefined;
    throw error;
  }
}

async function rightsOf(config: KubeConfig): Promise<'limited' | 'unlimited' | 'unknown'> {
  const raw = new RawApi(config);
  try {
    await raw.request('GET', FORBIDDEN);
    return 'unlimited';
  } catch (error) {
    return isApiError(error, 'forbidden') ? 'limited' : 'unknown';
  } finally {
    await raw.close();
  }
}

async function kubeconfigWith({ cluster }: KubeConfig, token: string): Promise<string> {
  const caData = cluster.caFile ? (await readFile(cluster.caFile)).toString('base64') : cluster.caData;
  const fields = {
    server: cluster.server,
    ...(caData ? { 'certificate-authority-data': caData } : {}),
    ...(cluster.skipTLSVerify ? { 'insecure-skip-tls-verify': true } : {}),
    ...(cluster.tlsServerName ? { 'tls-server-name': cluster.tlsServerName } : {}),
    ...(cluster.proxyUrl ? { 'proxy-url': cluster.proxyUrl } : {}),
  };
  return dump({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'e2e', cluster: fields }],
    users: [{ name: 'e2e', user: { token } }],
    contexts: [{ name: 'e2e', context: { cluster: 'e2e', user: 'e2e' } }],
    'current-context': 'e2e',
  });
}
