// Where the sandbox leaves its kubeconfigs: the administrator's where asked, the processes' beside it.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, join, resolve } from 'node:path';
import type { Sandbox, SandboxUser } from './cluster.ts';
import { USERS } from './cluster.ts';

export interface Kubeconfigs {
  /** Absolute paths. */
  readonly paths: Readonly<Record<SandboxUser, string>>;
  /** Takes away what nobody asked for by name. */
  remove(): Promise<void>;
}

/** `asked`: the administrator's file, or empty for a temporary directory. */
export async function writeKubeconfigs(sandbox: Sandbox, asked: string): Promise<Kubeconfigs> {
  const directory = asked === '' ? await mkdtemp(join(tmpdir(), 'egressip-sandbox-')) : undefined;
  const admin = resolve(directory === undefined ? asked : join(directory, 'admin.kubeconfig'));
  const beside = (user: SandboxUser) =>
    directory === undefined ? inserted(admin, user) : join(directory, `${user}.kubeconfig`);
  const paths = { admin, webhook: beside('webhook'), reconciler: beside('reconciler') };
  await mkdir(dirname(admin), { recursive: true });
  for (const user of USERS) await writeFile(paths[user], sandbox.kubeconfig(user), { mode: 0o600 });
  return {
    paths,
    async remove() {
      if (directory !== undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

/** `sandbox.yaml` and `webhook` make `sandbox-webhook.yaml`. */
function inserted(path: string, user: string): string {
  const extension = extname(path);
  return `${path.slice(0, path.length - extension.length)}-${user}${extension}`;
}
