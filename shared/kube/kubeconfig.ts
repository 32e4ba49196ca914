// Which API server, and as whom? Reads a kubeconfig as kubectl does, or what the kubelet puts into every pod.
// Imports the client library piece by piece: its whole would pull in the generated API of every kind, some 60 MiB of
// memory and 600 ms at each start, of which we use nothing.
import { readFile } from 'node:fs/promises';
import { delimiter, dirname, resolve } from 'node:path';
import type { Cluster, Context, User } from '@kubernetes/client-node/dist/config_types.js';
import { newClusters, newContexts, newUsers } from '@kubernetes/client-node/dist/config_types.js';
import { load, YAMLException } from 'js-yaml';
import { fail, ok, type Problem, type Result } from '../problem.ts';

/** One API server and one user of it. Paths in it are absolute; nothing was read from them yet. */
export interface KubeConfig {
  readonly cluster: Cluster;
  readonly user: KubeUser;
  /** The context's namespace, or the pod's own. */
  readonly namespace: string | undefined;
}

/** The library's user, with the one standard field that it leaves out. */
export type KubeUser = User & { readonly tokenFile?: string | undefined };

/** Where to look. */
export interface KubeConfigSource {
  /** Value of `--kubeconfig`; empty: `$KUBECONFIG`, then the pod's service account. */
  readonly kubeconfig: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the kubelet mounts token, CA and namespace; given by tests only. */
  readonly serviceAccount?: string;
}

interface Loaded {
  readonly clusters: readonly Cluster[];
  readonly users: readonly KubeUser[];
  readonly contexts: readonly Context[];
  readonly currentContext: string | undefined;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** `--kubeconfig`, else `$KUBECONFIG` (several files are merged, the first wins), else the pod's service account. */
export async function loadKubeConfig(source: KubeConfigSource): Promise<Result<KubeConfig>> {
  if (source.kubeconfig !== '') return fromFiles([source.kubeconfig], '--kubeconfig');
  const listed = (source.env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '');
  if (listed.length > 0) return fromFiles(listed, '$KUBECONFIG');
  return fromPod(source);
}

async function fromFiles(files: readonly string[], path: string): Promise<Result<KubeConfig>> {
  const loaded: Loaded[] = [];
  const problems: Problem[] = [];
  for (const file of files) {
    try {
      loaded.push(parse(await readFile(file, 'utf8'), dirname(resolve(file))));
    } catch (error) {
      problems.push(wrong(path, `${file} ${reason(error)}`));
    }
  }
  return problems.length > 0 ? fail(...problems) : choose(loaded, path);
}

function parse(text: string, folder: string): Loaded {
  const document = load(text);
  if (!isRecord(document)) throw new Error('is not a kubeconfig');
  return {
    clusters: newClusters(document.clusters).map((cluster) => absoluteCluster(cluster, folder)),
    users: newUsers(document.users).map((user) => absoluteUser(user, tokenFileOf(document, user), folder)),
    contexts: newContexts(document.contexts),
    currentContext: typeof document['current-context'] === 'string' ? document['current-context'] : undefined,
  };
}

function choose(loaded: readonly Loaded[], path: string): Result<KubeConfig> {
  const current = loaded.find(({ currentContext }) => currentContext)?.currentContext;
  if (current === undefined) return fail(wrong(path, 'no current-context is set; choose one'));
  const context = named(loaded, 'contexts', current);
  if (context === undefined) return fail(wrong(path, `there is no context ${JSON.stringify(current)}`));
  const cluster = named(loaded, 'clusters', context.cluster);
  if (cluster === undefined)
    return fail(wrong(path, `there is no cluster ${JSON.stringify(context.cluster)}`));
  const user = context.user === undefined ? { name: '' } : named(loaded, 'users', context.user);
  if (user === undefined) return fail(wrong(path, `there is no user ${JSON.stringify(context.user)}`));
  const problem = unsupported(cluster, user, path);
  if (problem !== undefined) return fail(problem);
  return ok({ cluster, user, namespace: context.namespace });
}

function named<K extends 'clusters' | 'users' | 'contexts'>(
  loaded: readonly Loaded[],
  kind: K,
  name: string,
): Loaded[K][number] | undefined {
  return loaded
    .flatMap((file): readonly Loaded[K][number][] => file[kind])
    .find((entry) => entry.name === name);
}

function unsupported(cluster: Cluster, user: KubeUser, path: string): Problem | undefined {
  if (!URL.canParse(cluster.server) || !/^https?:/.test(cluster.server)) {
    return wrong(path, `the server of cluster ${cluster.name} is no http or https address`);
  }
  if (cluster.proxyUrl && !/^(https?|socks5):/.test(cluster.proxyUrl)) {
    return wrong(path, `the proxy-url of cluster ${cluster.name} is not one of http, https, socks5`);
  }
  const provider: unknown = user.authProvider?.name;
  if (provider !== undefined && provider !== 'oidc') {
    return wrong(
      path,
      `the auth-provider ${String(provider)} is gone since Kubernetes 1.26; use an exec plugin`,
    );
  }
  return undefined;
}

async function fromPod(source: KubeConfigSource): Promise<Result<KubeConfig>> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = source.env;
  if (!host || !port) {
    return fail(
      wrong(
        '--kubeconfig',
        'is not set, neither is $KUBECONFIG, and this is no pod of a cluster; give a kubeconfig',
      ),
    );
  }
  const folder = source.serviceAccount ?? SERVICE_ACCOUNT;
  const namespace = await readFile(`${folder}/namespace`, 'utf8').catch(() => undefined);
  return ok({
    cluster: {
      name: 'pod',
      server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
      caFile: `${folder}/ca.crt`,
      skipTLSVerify: false,
    },
    user: { name: 'pod', tokenFile: `${folder}/token` },
    namespace: namespace?.trim() || undefined,
  });
}

function absoluteCluster(cluster: Cluster, folder: string): Cluster {
  return cluster.caFile ? { ...cluster, caFile: resolve(folder, cluster.caFile) } : cluster;
}

function absoluteUser(user: User, tokenFile: string | undefined, folder: string): KubeUser {
  return {
    ...user,
    ...(user.certFile ? { certFile: resolve(folder, user.certFile) } : {}),
    ...(user.keyFile ? { keyFile: resolve(folder, user.keyFile) } : {}),
    ...(tokenFile ? { tokenFile: resolve(folder, tokenFile) } : {}),
  };
}

/** `tokenFile` as kubectl knows it; the library looks for `token-file`, which nobody writes. */
function tokenFileOf(document: Record<string, unknown>, user: User): string | undefined {
  const entries: readonly unknown[] = Array.isArray(document.users) ? document.users : [];
  const entry = entries.find((candidate) => isRecord(candidate) && candidate.name === user.name);
  const fields = isRecord(entry) && isRecord(entry.user) ? entry.user : {};
  return typeof fields.tokenFile === 'string' ? fields.tokenFile : undefined;
}

/** Never the library's text for YAML: it quotes lines of the file, and this file holds secrets. */
function reason(error: unknown): string {
  if (error instanceof YAMLException) return `is not YAML (line ${(error.mark?.line ?? 0) + 1})`;
  if (!(error instanceof Error)) return 'cannot be read';
  return 'code' in error ? `cannot be read (${String(error.code)})` : `does not fit: ${error.message}`;
}

function wrong(path: string, message: string): Problem {
  return { code: 'InvalidKubeConfig', path, message };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
