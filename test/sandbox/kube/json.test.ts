import fc from 'fast-check';
import t from 'tap';
import { clone, equal, fieldOf, isObject, listOf, objectOf, set, textOf } from './json.ts';

t.test('an object is neither null nor a list', async (t) => {
  const rows: readonly (readonly [unknown, boolean])[] = [
    [{}, true],
    [{ a: 1 }, true],
    [null, false],
    [[], false],
    ['x', false],
    [undefined, false],
  ];
  for (const [value, is] of rows) t.equal(isObject(value), is, JSON.stringify(value));
});

t.test('what has another type reads as empty', async (t) => {
  t.strictSame([objectOf(1), listOf({}), textOf(1)], [{}, [], '']);
  t.strictSame([objectOf({ a: 1 }), listOf([1]), textOf('x')], [{ a: 1 }, [1], 'x']);
});

t.test('a path that ends early leads to nothing, also past inherited members', async (t) => {
  t.equal(fieldOf({ a: { b: 1 } }, 'a', 'b'), 1);
  t.equal(fieldOf({ a: 1 }, 'a', 'b'), undefined);
  t.equal(fieldOf({}, 'constructor'), undefined);
  t.equal(fieldOf(undefined, 'a'), undefined);
});

t.test('a copy is equal and shares nothing', async (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const copy = clone(value);
      return equal(copy, value) && JSON.stringify(copy) === JSON.stringify(value);
    }),
  );
  const original = { a: [{ b: 1 }] };
  const copy = clone(original);
  copy.a.push({ b: 2 });
  t.strictSame(original, { a: [{ b: 1 }] });
});

t.test('a member called __proto__ is data', async (t) => {
  const object = {};
  set(object, '__proto__', { polluted: true });
  t.equal(Object.getPrototypeOf(object), Object.prototype);
  t.ok(Object.hasOwn(object, '__proto__'));
  t.ok(Object.hasOwn(clone(JSON.parse('{"__proto__":1}')), '__proto__'));
});

t.test('equality ignores the order of members and nothing else', async (t) => {
  t.ok(equal({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 }));
  t.notOk(equal({ a: 1 }, { a: 1, b: undefined }));
  t.notOk(equal([1, 2], [2, 1]));
  t.notOk(equal({ a: undefined }, { b: undefined }));
  t.notOk(equal([], {}));
  t.notOk(equal(null, {}));
});
