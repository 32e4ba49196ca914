// Patches of one annotation, applied by a JSON-patch library as the API server would.
import { applyPatch } from 'rfc6902';
import t from 'tap';
import { annotationPatch } from '../../webhook/patch.ts';

const KEY = 'egressip-ipam-operator.redhat-cop.io/egressips';

t.test('the annotation is set or removed, and nothing else is touched', async (t) => {
  const table: readonly (readonly [
    before: object | null | undefined,
    value: string | undefined,
    after: object,
  ])[] = [
    [undefined, '10.0.0.1', { metadata: { annotations: { [KEY]: '10.0.0.1' } } }],
    [{}, '10.0.0.1', { metadata: { annotations: { [KEY]: '10.0.0.1' } } }],
    [{ other: 'x' }, '10.0.0.1', { metadata: { annotations: { other: 'x', [KEY]: '10.0.0.1' } } }],
    [{ [KEY]: 'old', other: 'x' }, 'new', { metadata: { annotations: { [KEY]: 'new', other: 'x' } } }],
    [{ [KEY]: 'old', other: 'x' }, undefined, { metadata: { annotations: { other: 'x' } } }],
    [{ other: 'x' }, undefined, { metadata: { annotations: { other: 'x' } } }],
    [undefined, undefined, { metadata: {} }],
    [null, '10.0.0.1', { metadata: { annotations: { [KEY]: '10.0.0.1' } } }],
  ];
  for (const [annotations, value, after] of table) {
    const object = { metadata: annotations === undefined ? {} : { annotations } };
    const patch = annotationPatch(object as never, KEY, value);
    t.same(
      applyPatch(object, patch as never).filter((fault) => fault !== null),
      [],
    );
    t.same(object, after);
  }
});

t.test('what is there already takes no patch', async (t) => {
  t.same(annotationPatch({ metadata: { annotations: { [KEY]: 'x' } } } as never, KEY, 'x'), []);
});

t.test('slashes and tildes in keys are escaped', async (t) => {
  const patch = annotationPatch({ metadata: { annotations: {} } } as never, 'a/b~c', 'x');
  t.same(patch, [{ op: 'add', path: '/metadata/annotations/a~1b~0c', value: 'x' }]);
});
