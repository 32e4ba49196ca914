import fc from 'fast-check';
import t from 'tap';
import { duplicateFields } from './duplicates.ts';

const ROWS: readonly (readonly [text: string, duplicates: readonly string[]])[] = [
  ['{"a":1,"b":2}', []],
  ['{"a":1,"a":2}', ['a']],
  ['{"a":1,"a":2,"a":3}', ['a']],
  ['{"spec":{"name":"x","name":"y"}}', ['spec.name']],
  ['{"list":[{"k":1},{"k":1,"k":2}]}', ['list[1].k']],
  ['{"a":{"x":1},"b":{"x":1}}', []],
  ['{"a":"{\\"b\\":1,\\"b\\":2}"}', []],
  ['{"a b":1,"a\\u0020b":2}', ['a b']],
  ['{"a":["x","x"],"b":"a"}', []],
  ['["a","a"]', []],
  ['{"text":"ends with a backslash \\\\","text":1}', ['text']],
  ['7', []],
];

t.test('a field that is named twice is told with its path', async (t) => {
  for (const [text, duplicates] of ROWS) {
    t.doesNotThrow(() => JSON.parse(text));
    t.same(duplicateFields(text), duplicates, text);
  }
});

t.test('what JSON.stringify makes has no duplicates, however it is nested', async () => {
  fc.assert(fc.property(fc.json(), (text) => duplicateFields(JSON.stringify(JSON.parse(text))).length === 0));
});
