import fc from 'fast-check';
import t from 'tap';
import { goKindOf, parseJson } from './go-json.ts';

t.test('what is no JSON is refused in the words of Go', async (t) => {
  const rows: readonly (readonly [text: string, sentence: string])[] = [
    ['', 'unexpected end of JSON input'],
    ['{"a":1', 'unexpected end of JSON input'],
    ['"a', 'unexpected end of JSON input'],
    ['hello', "invalid character 'h' looking for beginning of value"],
    ['foo', "invalid character 'o' in literal false (expecting 'a')"],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['[1 2]', "invalid character '2' after array element"],
    ['{} x', "invalid character 'x' after top-level value"],
    ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
    ['["\n"]', "invalid character '\\n' in string literal"],
    ['["\\x"]', "invalid character 'x' in string escape code"],
    ['["\\u12g4"]', "invalid character 'g' in \\u hexadecimal character escape"],
    ['-a', "invalid character 'a' in numeric literal"],
    ['01', "invalid character '1' after top-level value"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['1e+x', "invalid character 'x' in exponent of numeric literal"],
  ];
  for (const [text, sentence] of rows) t.throws(() => parseJson(text), { message: sentence }, text);
});

t.test('what is JSON is read', async () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      t.strictSame(parseJson(text), JSON.parse(text));
    }),
  );
});

t.test('any damage to a text is a sentence', async () => {
  fc.assert(
    fc.property(
      fc.json(),
      fc.nat(),
      fc.constantFrom('', '"', '}', ',', 'x', '\u0001'),
      (text, at, damage) => {
        const damaged = text.slice(0, at % text.length) + damage + text.slice((at % text.length) + 1);
        try {
          parseJson(damaged);
        } catch (error) {
          t.match((error as Error).message, /^(unexpected end of JSON input|invalid character '.+' \S)/);
        }
      },
    ),
  );
});

t.test('values are called what Go calls them', async (t) => {
  t.same([[], {}, 'a', 1, true, null].map(goKindOf), ['array', 'object', 'string', 'number', 'bool', 'null']);
});
