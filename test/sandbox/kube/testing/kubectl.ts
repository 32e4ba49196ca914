// Runs the real kubectl as an administrator of a sandbox's API server.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeApi } from '../server.ts';

/** What it printed, and its exit code when that is not 0. */
export interface Outcome {
  readonly out: string;
  readonly err: string;
  readonly code: number | null;
}

export interface Kubectl {
  /** Arguments separated by single blanks; `input` is its standard input. */
  run(command: string, input?: object | string): Promise<Outcome>;
  /** A script that `kubectl edit` calls with the file to edit. */
  editWith(script: string): void;
}

/** Whether this machine has one. */
export function hasKubectl(): boolean {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** With a home of its own, which is removed at the end of the test. */
export function kubectlFor(t: { teardown(fn: () => void): void }, api: KubeApi, token = 'admin'): Kubectl {
  const home = mkdtempSync(join(tmpdir(), 'kubectl-'));
  t.teardown(() => rmSync(home, { recursive: true, force: true }));
  const config = join(home, 'config');
  const editor = join(home, 'editor');
  writeFileSync(config, api.kubeconfig(token), { mode: 0o600 });
  const env = { ...process.env, HOME: home, KUBECONFIG: config, EDITOR: editor };
  return {
    editWith: (script) => writeFileSync(editor, `#!/bin/sh\n${script}\n`, { mode: 0o700 }),
    run: (command, input) => run(command.split(' '), env, input),
  };
}

async function run(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input: object | string = '',
): Promise<Outcome> {
  const child = spawn('kubectl', args, { env });
  child.stdin.end(typeof input === 'string' ? input : JSON.stringify(input));
  const code = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [out, err] = await Promise.all(
    [child.stdout, child.stderr].map(async (stream) =>
      (await stream.setEncoding('utf8').toArray()).join('').trimEnd(),
    ),
  );
  return { out: out ?? '', err: err ?? '', code: await code };
}
