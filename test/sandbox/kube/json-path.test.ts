import t from 'tap';
import { compileJsonPath } from './json-path.ts';

const NODE = {
  metadata: { name: 'n', labels: { 'topology.kubernetes.io/zone': 'a' } },
  status: {
    conditions: [
      { type: 'Ready', status: 'True', n: 1 },
      { type: 'DiskPressure', status: 'False' },
    ],
  },
};

t.test('a path leads to values', async (t) => {
  const rows: readonly (readonly [string, unknown[]])[] = [
    ['.metadata.name', ['n']],
    ['{.metadata.name}', ['n']],
    ['$.metadata.name', ['n']],
    ['.metadata.labels.topology\\.kubernetes\\.io/zone', ['a']],
    [".metadata.labels['topology.kubernetes.io/zone']", ['a']],
    ['.status.conditions[0].type', ['Ready']],
    ['.status.conditions[-1].type', ['DiskPressure']],
    ['.status.conditions[7].type', []],
    ['.status.conditions[*].status', ['True', 'False']],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type == 'Ready')].status", ['True']],
    ['.status.conditions[?(@.type!="Ready")].status', ['False']],
    ['.status.conditions[?(@.n==1)].type', ['Ready']],
    ['.status.conditions[?(@.n)].type', ['Ready']],
    ['.status.conditions[?(@.type=="Gone")].status', []],
    ['.spec.nothing', []],
    ['.metadata.name.deeper', []],
  ];
  for (const [path, values] of rows) t.strictSame(compileJsonPath(path)?.(NODE), values, path);
});

t.test('a malformed path is refused', async (t) => {
  for (const path of ['metadata.name', '.a[', '.a[?(@.b=="c"]', '..a']) {
    t.equal(compileJsonPath(path), undefined, path);
  }
});
