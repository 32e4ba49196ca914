// That every part of the suite still runs; how fast anything is, no test says.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import t from 'tap';
import type { Row } from './part.ts';
import { PARTS } from './parts.ts';

const MAIN = resolve(import.meta.dirname, 'main.ts');

interface Report {
  readonly machine: { readonly cores: number; readonly node: string };
  readonly results: readonly {
    readonly part: string;
    readonly rows: readonly Row[];
    readonly failure?: string;
  }[];
}

function bench(...args: readonly string[]) {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', maxBuffer: 2 ** 24 });
}

t.test('every part runs and says what it has measured against what', async (t) => {
  const { status, stdout, stderr } = bench('--short', '--json');
  t.equal(status, 0, stderr);
  const { machine, results } = JSON.parse(stdout) as Report;
  t.ok(machine.cores > 0);
  t.equal(machine.node, process.version);
  t.same(
    results.map(({ part }) => part),
    Object.keys(PARTS),
  );
  for (const { part, rows, failure } of results) {
    t.equal(failure, undefined, part);
    t.ok(rows.length > 0, `${part} has rows`);
    for (const { what, figure, target } of rows) {
      t.ok(Number.isFinite(figure.value), `${part}: ${what}`);
      t.not(target, '');
    }
  }
});

t.test('a part that does not exist is refused before any runs', async (t) => {
  const { status, stderr } = bench('--parts=choose,wehbook');
  t.equal(status, 2);
  t.match(stderr, /there is no part "wehbook"; did you mean webhook\?/);
});
