import t from 'tap';
import { BUILTINS } from './builtins.ts';
import { groupVersionOf, kindFromCRD } from './kind.ts';

const CRD = {
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets', shortNames: ['wd'], categories: ['all'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object' } },
        subresources: { status: {} },
      },
      { name: 'v1beta1', served: true, storage: false },
      { name: 'v1alpha1', served: false, storage: false },
    ],
  },
};

t.test('a definition gives one kind per served version', async (t) => {
  const kinds = kindFromCRD(CRD);
  t.strictSame(kinds.map(groupVersionOf), ['example.com/v1', 'example.com/v1beta1']);
  t.match(kinds[0], {
    plural: 'widgets',
    singular: 'widget',
    listKind: 'WidgetList',
    shortNames: ['wd'],
    categories: ['all'],
    namespaced: true,
    subresources: ['status'],
    strategic: false,
    schema: { type: 'object' },
    hasGeneration: true,
  });
  t.strictSame(kinds[1]?.subresources, []);
  t.equal(kinds[1]?.schema, undefined);
});

t.test('names that the definition gives win over derived ones', async (t) => {
  const names = { kind: 'Ox', plural: 'oxen', singular: 'oxe', listKind: 'Oxes' };
  const [kind] = kindFromCRD({ spec: { names, versions: [{ name: 'v1', served: true }] } });
  t.match(kind, { singular: 'oxe', listKind: 'Oxes', namespaced: false });
});

t.test('built-in kinds are told apart by resource and version', async (t) => {
  const keys = BUILTINS.map((kind) => `${groupVersionOf(kind)}/${kind.plural}`);
  t.equal(new Set(keys).size, keys.length);
  t.equal(groupVersionOf({ group: '', version: 'v1' }), 'v1');
});

t.test('reviews are posted and never stored', async (t) => {
  const reviews = BUILTINS.filter((kind) => kind.kind.endsWith('Review'));
  t.equal(reviews.length, 5);
  for (const kind of reviews) t.strictSame([kind.verbs, kind.namespaced], [['create'], false], kind.kind);
});

t.test('namespaces are not deleted by the collection, and finalized', async (t) => {
  const namespaces = BUILTINS.find((kind) => kind.kind === 'Namespace');
  t.notOk(namespaces?.verbs.includes('deletecollection'));
  t.strictSame(namespaces?.subresources, ['finalize', 'status']);
  t.notOk(namespaces?.hasGeneration);
});
