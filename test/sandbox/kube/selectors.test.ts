import fc from 'fast-check';
import t from 'tap';
import {
  compileLabelSelector,
  parseFieldSelector,
  parseLabelSelector,
  type SelectorResult,
} from './selectors.ts';

const OBJECTS = [
  { metadata: { name: 'none' } },
  { metadata: { name: 'web', labels: { app: 'web', tier: 'front', n: '5' } } },
  { metadata: { name: 'db', labels: { app: 'db', 'example.com/kind': '' } } },
];

function selected(result: SelectorResult): unknown {
  return result.ok ? OBJECTS.filter(result.value).map((object) => object.metadata.name) : result.message;
}

t.test('a label selector selects', async (t) => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['', ['none', 'web', 'db']],
    ['app=web', ['web']],
    ['app==web', ['web']],
    ['app = web', ['web']],
    ['app!=web', ['none', 'db']],
    ['app', ['web', 'db']],
    ['!app', ['none']],
    ['app in (web, db)', ['web', 'db']],
    ['app notin (web)', ['none', 'db']],
    ['app in (web,db),tier', ['web']],
    ['example.com/kind=', ['db']],
    ['example.com/kind in ()', ['db']],
    ['n>4', ['web']],
    ['n<4', []],
    ['in=x', []],
  ];
  for (const [text, names] of rows) t.strictSame(selected(parseLabelSelector(text)), names, text);
});

t.test('a label selector that makes no sense is refused with what was expected', async (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ['=b', "found '=', expected: !, identifier, or 'end of string'"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['a,', "found '', expected: identifier after ','"],
    ['a=b,,c', "found ',', expected: identifier after ','"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    ['!a=b', "found '=', expected: ',' or 'end of string'"],
    ['!=b', "found '!=', expected: !, identifier, or 'end of string'"],
    ['a=(', "unable to parse requirement: found '(', expected: identifier"],
  ];
  for (const [text, message] of rows) t.equal(selected(parseLabelSelector(text)), message, text);
  t.match(selected(parseLabelSelector('a>x')), /the value must be an integer/);
  t.match(selected(parseLabelSelector('-a=b')), /Invalid value: "-a"/);
  t.match(selected(parseLabelSelector('a=-b')), /Invalid value: "-b"/);
  t.match(selected(parseLabelSelector('x.io/a/b=c')), /Invalid value: "x.io\/a\/b"/);
});

t.test('a selector never throws, whatever is written', async (t) => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const result of [parseLabelSelector(text), parseFieldSelector(text)]) selected(result);
      return true;
    }),
  );
  t.pass();
});

t.test('a selector object selects', async (t) => {
  const rows: readonly (readonly [unknown, readonly string[]])[] = [
    [undefined, []],
    [null, []],
    [{}, ['none', 'web', 'db']],
    [{ matchLabels: { app: 'web' } }, ['web']],
    [{ matchExpressions: [{ key: 'app', operator: 'Exists' }] }, ['web', 'db']],
    [{ matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, ['none']],
    [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['db'] }] }, ['db']],
    [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['db'] }] }, ['none', 'web']],
    [{ matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, []],
  ];
  for (const [selector, names] of rows) {
    t.strictSame(selected(compileLabelSelector(selector)), names, JSON.stringify(selector));
  }
});

t.test('a selector object with a bad expression is refused', async (t) => {
  const expression = (more: object) =>
    selected(compileLabelSelector({ matchExpressions: [{ key: 'a', ...more }] }));
  t.equal(expression({ operator: 'Like' }), '"Like" is not a valid label selector operator');
  t.match(expression({ operator: 'In' }), /values set can't be empty/);
  t.match(expression({ operator: 'Exists', values: ['x'] }), /values set must be empty/);
});

t.test('a field selector selects', async (t) => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['', ['none', 'web', 'db']],
    ['metadata.name=web', ['web']],
    ['metadata.name==web', ['web']],
    ['metadata.name!=web', ['none', 'db']],
    ['metadata.name!=web,metadata.name!=db', ['none']],
    ['status.phase=', ['none', 'web', 'db']],
    ['metadata.name=a\\,b', []],
  ];
  for (const [text, names] of rows) t.strictSame(selected(parseFieldSelector(text)), names, text);
  t.equal(selected(parseFieldSelector('name')), "invalid selector: 'name'; can't understand 'name'");
  t.equal(selected(parseFieldSelector('a=b=c')), 'invalid field selector: unescaped character in value: 61');
});
