// With which TLS material and which headers does the next request go out? Follows what rotates underneath: CA files,
// client certificates, token files and credential plugins are looked at again after a few seconds, and at once when
// the API server has refused what we sent. Nothing of it may ever reach a log or a message.
import { readFile } from 'node:fs/promises';
import { ExecAuth } from '@kubernetes/client-node/dist/exec_auth.js';
import type { KubeConfig, KubeUser } from './kubeconfig.ts';

/** What one request needs besides its own path and body. */
export interface Credentials {
  readonly tls: {
    readonly ca?: Buffer;
    readonly cert?: Buffer | string;
    readonly key?: Buffer | string;
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
  readonly headers: Readonly<Record<string, string>>;
}

/** Gives the current credentials; rejects with an Error whose message holds no secret. */
export interface Authentication {
  current(): Promise<Credentials>;
  /** The server refused them: the next call reads everything again and runs the plugin again. */
  refused(): void;
}

/** The library's authenticators fill such an object. */
interface Filled {
  headers: Record<string, string>;
  cert?: string;
  key?: string;
}

/** Milliseconds for which files are not read again. */
const FRESH = 10_000;

/** `now` is a monotonic clock in milliseconds. */
export function authenticate(config: KubeConfig, now: () => number): Authentication {
  let plugin = new ExecAuth();
  let pending: { readonly credentials: Promise<Credentials>; readonly since: number } | undefined;
  return {
    current() {
      if (pending === undefined || now() - pending.since >= FRESH) {
        const credentials = gather(config, plugin);
        const started = { credentials, since: now() };
        pending = started;
        credentials.catch(() => {
          if (pending === started) pending = undefined;
        });
      }
      return pending.credentials;
    },
    refused() {
      pending = undefined;
      plugin = new ExecAuth();
    },
  };
}

async function gather({ cluster, user }: KubeConfig, plugin: ExecAuth): Promise<Credentials> {
  const filled = await fromProvider(user, plugin);
  const [ca, cert, key, token] = await Promise.all([
    material(cluster.caFile, cluster.caData),
    filled.cert ?? material(user.certFile, user.certData),
    filled.key ?? material(user.keyFile, user.keyData),
    tokenOf(user),
  ]);
  const headers: Record<string, string> = { ...filled.headers };
  if (user.username) {
    headers.Authorization = `Basic ${Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')}`;
  }
  if (token !== undefined) headers.Authorization = `Bearer ${token}`;
  if (user.impersonateUser) headers['Impersonate-User'] = user.impersonateUser;
  return {
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(cluster.tlsServerName ? { servername: cluster.tlsServerName } : {}),
      ...(cluster.skipTLSVerify ? { rejectUnauthorized: false } : {}),
    },
    headers,
  };
}

async function fromProvider(user: KubeUser, plugin: ExecAuth): Promise<Filled> {
  const filled: Filled = { headers: {} };
  try {
    if (user.exec) await plugin.applyAuthentication(withExecInfo(user), filled);
    if (user.authProvider?.name === 'oidc') {
      // Pulls in the whole library, so only those pay who need it.
      const { OpenIDConnectAuth } = await import('@kubernetes/client-node/dist/oidc_auth.js');
      await new OpenIDConnectAuth().applyAuthentication(user, filled);
    }
  } catch {
    // What a plugin prints may hold secrets: neither its words nor the error go on.
    throw new Error(`the credential provider of user ${JSON.stringify(user.name)} failed`);
  }
  return filled;
}

/** Plugins are told which version to answer in; the library leaves that out. */
function withExecInfo(user: KubeUser): KubeUser {
  const { exec } = user;
  const info = { apiVersion: exec.apiVersion, kind: 'ExecCredential', spec: { interactive: false } };
  const env = [...(exec.env ?? []), { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }];
  return { ...user, exec: { ...exec, env } };
}

async function tokenOf(user: KubeUser): Promise<string | undefined> {
  if (user.tokenFile === undefined) return user.token || undefined;
  const token = (await read(user.tokenFile)).toString('utf8').trim();
  if (token === '') throw new Error(`${user.tokenFile} is empty`);
  return token;
}

async function material(file?: string | null, data?: string | null): Promise<Buffer | undefined> {
  if (file) return read(file);
  return data ? Buffer.from(data, 'base64') : undefined;
}

async function read(file: string): Promise<Buffer> {
  return readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read ${file} (${error.code})`);
  });
}
