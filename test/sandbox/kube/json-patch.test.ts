import t from 'tap';
import { applyAdmissionPatch, applyJsonPatch } from './json-patch.ts';
import { recorded } from './testing/recorded.ts';

const DOCUMENT = { a: { b: '1', l: ['x', 'y'], n: null }, 'k/s': { 't~': 1 } };

t.test('operations apply as on a real server', async (t) => {
  const rows: readonly (readonly [unknown, object])[] = [
    [[], DOCUMENT],
    [[{ op: 'add', path: '/a/c', value: '2' }], { ...DOCUMENT, a: { ...DOCUMENT.a, c: '2' } }],
    [[{ op: 'add', path: '/a/l/-', value: 'z' }], { ...DOCUMENT, a: { ...DOCUMENT.a, l: ['x', 'y', 'z'] } }],
    [[{ op: 'add', path: '/a/l/0', value: 'z' }], { ...DOCUMENT, a: { ...DOCUMENT.a, l: ['z', 'x', 'y'] } }],
    [[{ op: 'add', path: '/k~1s/t~0', value: 2 }], { ...DOCUMENT, 'k/s': { 't~': 2 } }],
    [[{ op: 'add', path: '/a' }], { ...DOCUMENT, a: null }],
    [[{ op: 'replace', path: '/a/b', value: '2' }], { ...DOCUMENT, a: { ...DOCUMENT.a, b: '2' } }],
    // The library that the server uses lets a missing member be replaced.
    [[{ op: 'replace', path: '/a/zz', value: 1 }], { ...DOCUMENT, a: { ...DOCUMENT.a, zz: 1 } }],
    [[{ op: 'replace', path: '', value: { q: 1 } }], { q: 1 }],
    [[{ op: 'remove', path: '/k~1s' }], { a: DOCUMENT.a }],
    [[{ op: 'test', path: '/a/l', value: ['x', 'y'] }], DOCUMENT],
    [[{ op: 'test', path: '/a/missing', value: null }], DOCUMENT],
    [
      [{ op: 'move', from: '/a/b', path: '/c' }],
      { a: { l: ['x', 'y'], n: null }, 'k/s': { 't~': 1 }, c: '1' },
    ],
    [[{ op: 'copy', from: '/a/b', path: '/c' }], { ...DOCUMENT, c: '1' }],
  ];
  for (const [patch, after] of rows) {
    t.strictSame(applyJsonPatch(DOCUMENT, patch), { ok: true, value: after }, JSON.stringify(patch));
  }
});

t.test('a patch that does not apply tells an admission webhook why', async (t) => {
  const rows: readonly (readonly [unknown, string])[] = [
    [
      [{ op: 'add', path: '/nope/x', value: 1 }],
      'add operation does not apply: doc is missing path: "/nope/x": missing value',
    ],
    [
      [{ op: 'add', path: '/a/l/9', value: 1 }],
      "error in add for path: '/a/l/9': Unable to access invalid index: 9: invalid index referenced",
    ],
    [
      [{ op: 'remove', path: '/a/zz' }],
      "error in remove for path: '/a/zz': Unable to remove nonexistent key: zz: missing value",
    ],
    [
      [{ op: 'remove', path: '/q/zz' }],
      'remove operation does not apply: doc is missing path: "/q/zz": missing value',
    ],
    [
      [{ op: 'replace', path: '/q/zz', value: 1 }],
      'replace operation does not apply: doc is missing path: /q/zz: missing value',
    ],
    [
      [{ op: 'replace', path: '/a/l/5', value: 1 }],
      'replace operation does not apply: doc is missing key: /a/l/5: missing value',
    ],
    [[{ op: 'test', path: '/a/b', value: '9' }], 'testing value /a/b failed: test failed'],
    [
      [{ op: 'test', path: '/q/b', value: '9' }],
      'test operation does not apply: is missing path: /q/b: missing value',
    ],
    [
      [{ op: 'move', from: '/a/zz', path: '/c' }],
      "error in move for path: 'zz': Unable to remove nonexistent key: zz: missing value",
    ],
    [
      [{ op: 'copy', from: '/q/b', path: '/c' }],
      'copy operation does not apply: doc is missing from path: /q/b: missing value',
    ],
    [
      [{ op: 'copy', from: '/a/b', path: '/q/c' }],
      'copy operation does not apply: doc is missing destination path: /q/c: missing value',
    ],
    [[{ op: 'bogus', path: '/a' }], 'Unexpected kind: bogus'],
    [[{ path: '/a' }], 'Unexpected kind: unknown'],
    [{ op: 'add' }, 'json: cannot unmarshal object into Go value of type jsonpatch.Patch'],
    [[1], 'json: cannot unmarshal number into Go value of type jsonpatch.Operation'],
  ];
  for (const [patch, message] of rows) {
    t.strictSame(applyAdmissionPatch(DOCUMENT, patch), { ok: false, message }, JSON.stringify(patch));
  }
});

t.test('the sentence for a bad patch is the recorded one', async (t) => {
  const message = String(recorded(10).response.body.message).replace('Internal error occurred: ', '');
  const patch = [{ op: 'add', path: '/nope/x', value: 1 }];
  t.strictSame(applyAdmissionPatch({ metadata: {} }, patch), { ok: false, message });
});

t.test('an operation sees what those before it did', async (t) => {
  const patch = [
    { op: 'add', path: '/x', value: { y: 1 } },
    { op: 'test', path: '/x/y', value: 1 },
    { op: 'remove', path: '/x/y' },
  ];
  t.strictSame(applyJsonPatch({}, patch), { ok: true, value: { x: {} } });
});

t.test('a refused patch leaves the object as it was', async (t) => {
  const current = { a: 1 };
  const patch = [
    { op: 'replace', path: '/a', value: 2 },
    { op: 'test', path: '/a', value: 3 },
  ];
  t.match(applyJsonPatch(current, patch), { ok: false, code: 422 });
  t.strictSame(current, { a: 1 });
});

t.test('a patch that is no list of operations is a bad request', async (t) => {
  t.match(applyJsonPatch({}, {}), { ok: false, code: 400, reason: 'BadRequest' });
});

t.test('ten thousand operations are enough', async (t) => {
  const operation = { op: 'add', path: '/a', value: 1 };
  t.match(applyJsonPatch({}, Array(10_001).fill(operation)), { ok: false, code: 413 });
});
