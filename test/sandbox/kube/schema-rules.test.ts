import t from 'tap';
import type { JSONSchema, ValidationRule } from './json-schema.ts';
import { compileRules } from './schema-rules.ts';

function withRules(...rules: readonly ValidationRule[]): JSONSchema {
  return {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        'x-kubernetes-validations': rules,
        properties: {
          n: { type: 'integer' },
          ratio: { type: 'number' },
          namespace: { type: 'string' },
          'with-dash': { type: 'string' },
          labels: { type: 'object', additionalProperties: { type: 'string' } },
        },
      },
    },
  };
}

function told(schema: JSONSchema, spec: object, old?: object): string[] {
  const rules = compileRules(schema);
  t.strictSame(rules.problems, []);
  const before = old === undefined ? undefined : { spec: old };
  return rules.check({ spec }, before).map(({ reason, field, message }) => `${reason} ${field}: ${message}`);
}

t.test('a rule that does not hold is told with its message, or itself', async (t) => {
  const rows: readonly (readonly [ValidationRule, string])[] = [
    [
      { rule: 'self.n > 5', message: 'n is too small' },
      'FieldValueInvalid spec: Invalid value: "object": n is too small',
    ],
    [{ rule: 'self.n > 5' }, 'FieldValueInvalid spec: Invalid value: "object": failed rule: self.n > 5'],
    [
      { rule: 'self.n > 5', messageExpression: "'n is ' + string(self.n)", message: 'unused' },
      'FieldValueInvalid spec: Invalid value: "object": n is 1',
    ],
    [
      { rule: 'self.n > 5', message: 'no', reason: 'FieldValueForbidden', fieldPath: '.n' },
      'FieldValueForbidden spec.n: Forbidden: no',
    ],
    [
      { rule: 'self.n > 5', message: 'no', reason: 'FieldValueRequired' },
      'FieldValueRequired spec: Required value: no',
    ],
    [
      { rule: 'self.n > 5', reason: 'FieldValueDuplicate' },
      'FieldValueDuplicate spec: Duplicate value: "object"',
    ],
    [
      { rule: 'self.missing == 1' },
      'FieldValueInvalid spec: Invalid value: "object": no such key: missing evaluating rule: self.missing == 1',
    ],
  ];
  for (const [rule, cause] of rows) t.strictSame(told(withRules(rule), { n: 1 }), [cause], rule.rule);
});

t.test('a rule that holds is silent', async (t) => {
  const rules = [
    'self.n + 1 == 2',
    'self.ratio > 1.0',
    "!has(self.labels) || 'a/b' in self.labels",
    'self.__namespace__ == "x"',
    'self.with__dash__dash == "y"',
  ];
  const spec = { n: 1, ratio: 2, namespace: 'x', 'with-dash': 'y', labels: { 'a/b': 'c' } };
  t.strictSame(told(withRules(...rules.map((rule) => ({ rule }))), spec), []);
});

t.test('a rule on a transition needs a stored object', async (t) => {
  const schema = withRules({ rule: 'self.n == oldSelf.n', message: 'n is immutable' });
  t.strictSame(told(schema, { n: 1 }), []);
  t.strictSame(told(schema, { n: 1 }, { n: 1 }), []);
  t.strictSame(told(schema, { n: 1 }, { n: 2 }), [
    'FieldValueInvalid spec: Invalid value: "object": n is immutable',
  ]);
});

t.test('a rule may ask whether there is a stored object', async (t) => {
  const schema = withRules({
    rule: 'oldSelf.hasValue() || self.n == 0',
    message: 'starts at 0',
    optionalOldSelf: true,
  });
  t.strictSame(told(schema, { n: 1 }, { n: 0 }), []);
  t.strictSame(told(schema, { n: 1 }), ['FieldValueInvalid spec: Invalid value: "object": starts at 0']);
});

t.test('rules hold for items and members, and meet the stored item of the same key', async (t) => {
  const item: JSONSchema = {
    type: 'object',
    properties: {
      k: { type: 'string' },
      v: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self >= oldSelf', message: 'shrinks' }] },
    },
  };
  const schema: JSONSchema = {
    type: 'object',
    properties: {
      list: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
        items: item,
      },
      map: {
        type: 'object',
        additionalProperties: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self != ""' }] },
      },
    },
  };
  const old = {
    list: [
      { k: 'b', v: 5 },
      { k: 'a', v: 1 },
    ],
  };
  const causes = compileRules(schema).check(
    {
      list: [
        { k: 'a', v: 1 },
        { k: 'b', v: 4 },
        { k: 'c', v: 0 },
      ],
      map: { x: '' },
    },
    old,
  );
  t.strictSame(
    causes.map(({ field, message }) => `${field}: ${message}`),
    [
      'list[1].v: Invalid value: "integer": shrinks',
      'map.x: Invalid value: "string": failed rule: self != ""',
    ],
  );
});

t.test('a rule that does not compile is a fault of the definition', async (t) => {
  const problems = (rule: ValidationRule) => compileRules(withRules(rule)).problems;
  t.match(problems({ rule: 'self.n >' }), [
    /^openAPIV3Schema\.properties\[spec\]\.x-kubernetes-validations\[0\]\.rule: .*compilation failed/,
  ]);
  t.match(problems({ rule: '1 + 1' }), [/must evaluate to a bool/]);
  t.match(problems({ rule: 'true', messageExpression: 'nope' }), [/messageExpression: .*compilation failed/]);
});

t.test('a schema without rules has none', async (t) => {
  t.ok(compileRules({ type: 'object' }).empty);
  t.notOk(compileRules(withRules({ rule: 'true' })).empty);
});
