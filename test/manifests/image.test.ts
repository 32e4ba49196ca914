// Would the image start? The tests build none; they compare what it copies, leaves out and runs with the
// sources.
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { find, ROOT } from './read.ts';

const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
const copied = [...last.matchAll(/^COPY (?!--)(.*) \S+$/gm)].flatMap(([, names = '']) => names.split(' '));
const folders = copied.filter((name) => !name.includes('.') && name !== 'LICENSE');

t.test('what is copied exists, and is sent to the builder', async (t) => {
  const ignore = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
  t.ok(ignore.includes('*'));
  for (const name of [...copied, '.npmrc', 'package-lock.json']) {
    t.ok(existsSync(join(ROOT, name)), name);
    t.ok(ignore.includes(`!${name}`), name);
  }
});

t.test('no test goes into the image', async (t) => {
  t.same(folders, ['shared', 'certs', 'webhook', 'reconciler']);
});

t.test('what the image holds imports nothing that is not in it', async (t) => {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const foreign: string[] = [];
  for (const file of folders.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: ROOT }))) {
    const source = readFileSync(join(ROOT, file), 'utf8').replaceAll(/^import type [^;]*;/gm, '');
    for (const [, name = ''] of source.matchAll(/(?:from|import\(|import) ?['"]([^'"]+)['"]/g)) {
      const [scope = '', rest = ''] = name.split('/');
      const known =
        name.startsWith('node:') || (scope.startsWith('@') ? `${scope}/${rest}` : scope) in dependencies;
      const inside = name.startsWith('.') && folders.some((f) => join(file, '..', name).startsWith(`${f}/`));
      if (!known && !inside) foreign.push(`${file} imports ${name}`);
    }
  }
  t.same(foreign, []);
});

t.test(
  'the entry point runs the process that its first argument names, with the other arguments',
  async (t) => {
    const [, entry = '[]'] = /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile) ?? [];
    const [shell, ...rest]: string[] = JSON.parse(entry);
    const run = (args: string[]) =>
      execFileSync(
        shell ?? '',
        [...rest.map((a) => a.replace('exec node', 'exec printf "%s\\n"')), ...args],
        {
          encoding: 'utf8',
        },
      ).split('\n');
    for (const name of ['webhook', 'reconciler']) {
      t.same(run([name, '--port=9443', 'a b']), [`/app/${name}/main.ts`, '--port=9443', 'a b', '']);
      const [first] = find('Deployment', `egressip-ipam-${name}`).spec.template.spec.containers[0].args;
      t.ok(folders.includes(first), first);
    }
  },
);

t.test('the image runs as a numbered user that is not root', async (t) => {
  const [, user = ''] = /^USER (\S+)$/m.exec(last) ?? [];
  t.match(user, /^[1-9]\d*:0$/);
});
