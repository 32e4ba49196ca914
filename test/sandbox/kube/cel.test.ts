import t from 'tap';
import { celCompiler, toCel } from './cel.ts';

const compile = celCompiler('self');

function evaluated(expression: string, self: unknown = {}): unknown {
  const program = compile(expression);
  if (!program.ok) return `compilation: ${program.message}`;
  const result = program.value.evaluate({ self: toCel(self) });
  return result.ok ? result.value : `error: ${result.message}`;
}

t.test('expressions are evaluated as Kubernetes does', async (t) => {
  const self = { n: 3, list: [1, 2], text: 'a-b', map: { 'x.io/y': '' } };
  const rows: readonly (readonly [string, unknown])[] = [
    ['self.n + 1 == 4', true],
    ['self.list[self.n - 2] == 2', true],
    ["'x.io/y' in self.map", true],
    ['has(self.gone)', false],
    ['has(self.gone.deeper)', 'error: no such key: gone'],
    ['self.gone == 1', 'error: no such key: gone'],
    ['self.gone == 1 || true', true],
    ["self.text.replace('-', '+') == 'a+b'", true],
    ["self.text.split('-').size() == 2", true],
    ["self.text.matches('^[a-z]-')", true],
    ["self.text.find('[a-z]$') == 'b'", true],
    ['self.list.isSorted() && ![2, 1].isSorted()', true],
    ["isIP('10.0.0.1') && !isIP('10.0.0.256') && isIP('::1')", true],
    ["isCIDR('10.0.0.0/8') && !isCIDR('10.0.0.0')", true],
    ["self.?gone.orValue('none') == 'none'", true],
    ['other == 1', 'compilation: unknown variable: other'],
    ['self.', 'compilation: expected IDENTIFIER, got EOF'],
  ];
  for (const [expression, value] of rows) t.equal(evaluated(expression, self), value, expression);
});

t.test('whole numbers become integers; parts without numbers are shared', async (t) => {
  const shared = { a: ['x', null, true] };
  const value = { shared, n: 1, f: 1.5, list: [2] };
  const cel = toCel(value) as typeof value;
  t.strictSame(cel, { shared, n: 1n, f: 1.5, list: [2n] });
  t.equal(cel.shared, shared);
  t.strictSame(value, { shared, n: 1, f: 1.5, list: [2] });
});
