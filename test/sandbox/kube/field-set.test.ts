import fc from 'fast-check';
import t from 'tap';
import { difference, type FieldSet, intersection, isEmptySet, pathsOf, sameSet, union } from './field-set.ts';

const A: FieldSet = { 'f:a': {}, 'f:b': { '.': {}, 'f:c': {}, 'f:d': {} } };

t.test('sets are added, subtracted and intersected', async (t) => {
  const rows: readonly (readonly [string, FieldSet, FieldSet])[] = [
    ['nothing added', union(A, {}), A],
    [
      'a member added, in order',
      union(A, { 'f:aa': {} }),
      { 'f:a': {}, 'f:aa': {}, 'f:b': { '.': {}, 'f:c': {}, 'f:d': {} } },
    ],
    [
      'a child of a leaf makes it a parent that is still a member',
      union({ 'f:a': {} }, { 'f:a': { 'f:x': {} } }),
      { 'f:a': { '.': {}, 'f:x': {} } },
    ],
    [
      'a parent alone goes, its children stay',
      difference(A, { 'f:b': {} }),
      { 'f:a': {}, 'f:b': { 'f:c': {}, 'f:d': {} } },
    ],
    [
      'children go, the parent stays',
      difference(A, { 'f:b': { 'f:c': {}, 'f:d': {} } }),
      { 'f:a': {}, 'f:b': {} },
    ],
    ['all goes', difference(A, A), {}],
    ['what was not there is not missed', difference(A, { 'f:z': {}, 'f:a': { 'f:y': {} } }), A],
    [
      'only what both have',
      intersection(A, { 'f:b': { 'f:c': {}, 'f:z': {} }, 'f:z': {} }),
      { 'f:b': { 'f:c': {} } },
    ],
    ['a parent in both', intersection(A, { 'f:b': {} }), { 'f:b': {} }],
    ['nothing in common', intersection(A, { 'f:z': {} }), {}],
  ];
  for (const [story, result, expected] of rows) t.strictSame(result, expected, story);
});

t.test('a set from which nothing is taken is the same set', async (t) => {
  t.equal(difference(A, { 'f:z': {} }), A);
});

t.test('fields are named as conflicts name them', async (t) => {
  const set: FieldSet = {
    'f:metadata': { 'f:annotations': { 'f:example.com/a': {} }, 'f:finalizers': { 'v:"x"': {} } },
    'f:spec': {
      'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {} } },
      'f:list': { 'i:0': {} },
    },
  };
  t.strictSame(pathsOf(set), [
    '.metadata.annotations.example.com/a',
    '.metadata.finalizers[="x"]',
    '.spec.ports[port=80,protocol="TCP"]',
    '.spec.ports[port=80,protocol="TCP"].name',
    '.spec.list[0]',
  ]);
});

const sets = fc
  .letrec<{ node: FieldSet }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 },
      fc.constant({}),
      fc.dictionary(fc.constantFrom('f:a', 'f:b', 'f:c', '.'), tie('node'), { maxKeys: 3 }).map((node) => {
        const children = Object.fromEntries(Object.entries(node).filter(([key]) => key !== '.'));
        return Object.keys(children).length > 0 && '.' in node ? { '.': {}, ...children } : children;
      }),
    ),
  }))
  .node.map((node): FieldSet => {
    const { '.': _, ...root } = node;
    return root;
  });

function paths(set: FieldSet): string[] {
  return pathsOf(set).sort();
}

t.test('sets obey the laws of sets', async () => {
  fc.assert(
    fc.property(sets, sets, (a, b) => {
      const [x, y] = [paths(a), paths(b)];
      const same = (set: FieldSet, expected: readonly string[]): boolean =>
        paths(set).join() === [...new Set(expected)].sort().join();
      return (
        same(union(a, b), [...x, ...y]) &&
        same(
          difference(a, b),
          x.filter((path) => !y.includes(path)),
        ) &&
        same(
          intersection(a, b),
          x.filter((path) => y.includes(path)),
        ) &&
        isEmptySet(difference(a, a)) &&
        sameSet(union(a, a), a)
      );
    }),
  );
});
