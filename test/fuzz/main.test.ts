// `npm run fuzz`: what it cannot run with is said in a sentence.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

t.test('a target that there is not, and findings that cannot be read, are usage errors', async (t) => {
  const rows: [string, RegExp][] = [
    ['--target=nonsense', /^--target: no target's name contains "nonsense"; there are .*lists/],
    ['--replay=/nowhere', /^--replay: \/nowhere cannot be read as findings, one a line\n$/],
  ];
  for (const [flag, refusal] of rows) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, flag], { encoding: 'utf8' });
    t.same([status, stdout], [2, '']);
    t.match(stderr, refusal);
  }
});
