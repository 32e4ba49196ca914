import t from 'tap';
import type { JSONSchema } from './json-schema.ts';
import { causesOf, compileNode } from './schema-validate.ts';
import { recorded } from './testing/recorded.ts';

/** The causes for a value at `spec.x`, as `reason field: message`. */
function causes(schema: JSONSchema, x: unknown): string[] {
  const root = compileNode({
    type: 'object',
    properties: { spec: { type: 'object', properties: { x: schema } } },
  });
  return causesOf(root, { spec: { x } }).map(
    ({ reason, field, message }) => `${reason} ${field}: ${message}`,
  );
}

function type(shown: string, wanted: string): string {
  return `FieldValueTypeInvalid spec.x: Invalid value: "${shown}": spec.x in body must be of type ${wanted}: "${shown}"`;
}

function bad(value: string, why: string): string {
  return `FieldValueInvalid spec.x: Invalid value: ${value}: spec.x in body ${why}`;
}

t.test('a pattern is refused with the recorded cause', async (t) => {
  const { body } = recorded(21).response;
  const details = body.details as { causes: unknown[] };
  const pattern = /should match '(.*)'$/.exec(String(body.message))?.[1] ?? '';
  const root = compileNode({
    type: 'object',
    properties: { egressIPs: { type: 'array', items: { type: 'string', pattern } } },
  });
  t.strictSame(causesOf(root, { egressIPs: ['bad'] }), details.causes);
  t.strictSame(causesOf(root, { egressIPs: ['10.0.0.1'] }), []);
});

t.test('a value of another type is refused', async (t) => {
  const rows: readonly (readonly [string, unknown, string | undefined])[] = [
    ['string', 'x', undefined],
    ['string', 1, type('integer', 'string')],
    ['string', 1.5, type('number', 'string')],
    ['string', null, type('null', 'string')],
    ['integer', 1, undefined],
    ['integer', 1.5, type('number', 'integer')],
    ['integer', '1', type('string', 'integer')],
    ['number', 1, undefined],
    ['number', true, type('boolean', 'number')],
    ['boolean', false, undefined],
    ['boolean', 'true', type('string', 'boolean')],
    ['array', [], undefined],
    ['array', {}, type('object', 'array')],
    ['object', {}, undefined],
    ['object', [], type('array', 'object')],
  ];
  for (const [wanted, value, cause] of rows) {
    t.strictSame(
      causes({ type: wanted }, value),
      cause === undefined ? [] : [cause],
      `${wanted} ${JSON.stringify(value)}`,
    );
  }
  t.strictSame(causes({ type: 'string', nullable: true }, null), []);
});

t.test('bounds are told one at a time', async (t) => {
  const text: JSONSchema = { type: 'string', minLength: 2, maxLength: 3, pattern: '^[a-z]*$' };
  const number: JSONSchema = { type: 'integer', minimum: 2, maximum: 10, multipleOf: 2 };
  const exclusive: JSONSchema = {
    type: 'integer',
    minimum: 2,
    exclusiveMinimum: true,
    maximum: 10,
    exclusiveMaximum: true,
  };
  const rows: readonly (readonly [JSONSchema, unknown, string | undefined])[] = [
    [text, 'abc', undefined],
    [text, 'ABCD', 'FieldValueTooLong spec.x: Too long: may not be more than 3 bytes'],
    [text, 'A', bad('"A"', 'should be at least 2 chars long')],
    [text, 'AB', bad('"AB"', "should match '^[a-z]*$'")],
    [number, 4, undefined],
    [number, 12, bad('12', 'should be less than or equal to 10')],
    [number, 0, bad('0', 'should be greater than or equal to 2')],
    [number, 13, bad('13', 'should be a multiple of 2')],
    [exclusive, 3, undefined],
    [exclusive, 2, bad('2', 'should be greater than 2')],
    [exclusive, 10, bad('10', 'should be less than 10')],
    [{ type: 'array', minItems: 2 }, ['a'], bad('1', 'should have at least 2 items')],
    [
      { type: 'array', maxItems: 1 },
      ['a', 'b'],
      'FieldValueTooMany spec.x: Too many: 2: must have at most 1 items',
    ],
    [{ type: 'object', minProperties: 1 }, {}, bad('0', 'should have at least 1 properties')],
    [
      { type: 'object', maxProperties: 1 },
      { a: 1, b: 2 },
      'FieldValueTooMany spec.x: Too many: 2: must have at most 1 items',
    ],
    [
      { enum: ['a', 1] },
      'b',
      'FieldValueNotSupported spec.x: Unsupported value: "b": supported values: "a", "1"',
    ],
    [{ enum: ['a', 1] }, 1, undefined],
    [
      { type: 'string', format: 'ipv4' },
      'x',
      'FieldValueTypeInvalid spec.x: Invalid value: "x": spec.x in body must be of type ipv4: "x"',
    ],
  ];
  for (const [schema, value, cause] of rows) {
    t.strictSame(causes(schema, value), cause === undefined ? [] : [cause], JSON.stringify([schema, value]));
  }
});

t.test('required members are told first, with their paths', async (t) => {
  const schema: JSONSchema = {
    type: 'array',
    items: {
      type: 'object',
      required: ['a', 'b'],
      properties: { a: { type: 'string' }, b: { type: 'string' } },
    },
  };
  t.strictSame(causes(schema, [{ b: 1 }, { a: 'x', b: 'y' }]), [
    'FieldValueRequired spec.x[0].a: Required value',
    'FieldValueTypeInvalid spec.x[0].b: Invalid value: "integer": spec.x[0].b in body must be of type string: "integer"',
  ]);
});

t.test('members of a map are looked into', async (t) => {
  const schema: JSONSchema = { type: 'object', additionalProperties: { type: 'string' } };
  t.strictSame(causes(schema, { k: 1 }), [
    'FieldValueTypeInvalid spec.x.k: Invalid value: "integer": spec.x.k in body must be of type string: "integer"',
  ]);
});

t.test('items of sets and keyed lists are distinct', async (t) => {
  const set: JSONSchema = { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } };
  t.strictSame(causes(set, ['a', 'b', 'a', 'a']), ['FieldValueDuplicate spec.x[2]: Duplicate value: "a"']);
  const map: JSONSchema = {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type', 'n'],
    items: { type: 'object' },
  };
  t.strictSame(
    causes(map, [
      { type: 'A', n: 1 },
      { type: 'A', n: 2 },
    ]),
    [],
  );
  t.strictSame(
    causes(map, [
      { type: 'A', n: 1, x: 1 },
      { n: 1, type: 'A', x: 2 },
    ]),
    ['FieldValueDuplicate spec.x[1]: Duplicate value: map[string]interface {}{"n":1, "type":"A"}'],
  );
  t.strictSame(causes({ type: 'array', items: { type: 'string' } }, ['a', 'a']), []);
});

t.test('int-or-string takes integers and strings', async (t) => {
  const schema: JSONSchema = { 'x-kubernetes-int-or-string': true };
  t.strictSame([causes(schema, 1), causes(schema, '50%')], [[], []]);
  t.strictSame(causes(schema, 1.5), [type('number', 'integer,string')]);
});

t.test('alternatives are counted', async (t) => {
  const a: JSONSchema = { type: 'string', pattern: '^a' };
  const b: JSONSchema = { type: 'string', pattern: 'b$' };
  const nil = 'FieldValueInvalid <nil>: Invalid value: "": "spec.x"';
  const rows: readonly (readonly [JSONSchema, string, readonly string[]])[] = [
    [{ oneOf: [a, b] }, 'a', []],
    [
      { oneOf: [a, b] },
      'ab',
      [`${nil} must validate one and only one schema (oneOf). Found 2 valid alternatives`],
    ],
    [
      { oneOf: [a, b] },
      'x',
      [
        `${nil} must validate one and only one schema (oneOf). Found none valid`,
        bad('"x"', "should match '^a'"),
      ],
    ],
    [{ anyOf: [a, b] }, 'ab', []],
    [
      { anyOf: [a, b] },
      'x',
      [`${nil} must validate at least one schema (anyOf)`, bad('"x"', "should match '^a'")],
    ],
    [{ allOf: [a, b] }, 'ab', []],
    [
      { allOf: [a, b] },
      'a',
      [`${nil} must validate all the schemas (allOf)`, bad('"a"', "should match 'b$'")],
    ],
    [
      { allOf: [a, b] },
      'x',
      [
        `${nil} must validate all the schemas (allOf). None validated`,
        bad('"x"', "should match '^a'"),
        bad('"x"', "should match 'b$'"),
      ],
    ],
    [{ not: a }, 'x', []],
    [{ not: a }, 'a', [`${nil} must not validate the schema (not)`]],
  ];
  for (const [schema, value, told] of rows)
    t.strictSame(causes(schema, value), told, JSON.stringify([schema, value]));
});
