import t from 'tap';
import { compileMatchConditions, type MatchInput } from './match-conditions.ts';

const ANNOTATION = 'egressip-ipam-operator.redhat-cop.io/egressipam';
/** What our own webhook asks: opted in before or after. */
const OPTED_IN =
  `(has(object.metadata.annotations) && '${ANNOTATION}' in object.metadata.annotations) || ` +
  `(oldObject != null && has(oldObject.metadata.annotations) && '${ANNOTATION}' in oldObject.metadata.annotations)`;

const PLAIN = { metadata: { name: 'a' } };
const OTHER = { metadata: { name: 'a', annotations: { other: '1' } } };
const IN = { metadata: { name: 'a', annotations: { [ANNOTATION]: 'pool' } } };

function conditions(...expressions: readonly string[]): { name: string; expression: string }[] {
  return expressions.map((expression, i) => ({ name: `c${i}`, expression }));
}

function matches(expressions: readonly string[], input: Partial<MatchInput>): unknown {
  const compiled = compileMatchConditions(conditions(...expressions));
  if (!compiled.ok) return compiled.message;
  const result = compiled.value.matches({ object: PLAIN, oldObject: null, request: {}, ...input });
  return result.ok ? result.matches : result.message;
}

t.test('namespaces that opt in, stay in or opt out are seen, others are not', async (t) => {
  const rows: readonly (readonly [string, Partial<MatchInput>, boolean])[] = [
    ['created plain', { object: PLAIN }, false],
    ['created with another annotation', { object: OTHER }, false],
    ['created opted in', { object: IN }, true],
    ['opts in', { object: IN, oldObject: PLAIN }, true],
    ['opts out', { object: OTHER, oldObject: IN }, true],
    ['stays out', { object: OTHER, oldObject: PLAIN }, false],
  ];
  for (const [story, input, seen] of rows) t.equal(matches([OPTED_IN], input), seen, story);
});

t.test('all conditions have to hold', async (t) => {
  const request = { operation: 'CREATE', userInfo: { username: 'eve', groups: ['g'] } };
  t.equal(matches(['true', "request.operation == 'CREATE'"], { request }), true);
  t.equal(matches(['true', "request.operation == 'DELETE'"], { request }), false);
  t.equal(matches(["!('g' in request.userInfo.groups)"], { request }), false);
});

t.test('no condition at all matches', async (t) => {
  t.equal(matches([], {}), true);
  t.match(compileMatchConditions(undefined), { ok: true });
});

t.test('a condition that cannot be evaluated is an error, unless another is false', async (t) => {
  const broken = 'oldObject.metadata.name == "a"';
  t.equal(matches([broken], {}), `expression '${broken}' resulted in error: no such key: metadata`);
  t.equal(matches([broken, 'false'], {}), false);
  t.equal(matches([broken, 'true'], { oldObject: PLAIN }), true);
  t.equal(matches(['object.metadata.name'], {}), "expression 'object.metadata.name' is not a bool");
  t.match(matches([broken, 'object.gone'], {}), /^\[.*no such key: metadata, .*no such key: gone\]$/);
});

t.test('an object that is deleted is null', async (t) => {
  t.equal(
    matches(['object == null && oldObject.metadata.name == "a"'], { object: null, oldObject: IN }),
    true,
  );
});

t.test('an expression that does not compile is a fault of the configuration', async (t) => {
  const compiled = compileMatchConditions(conditions('true', 'object.', 'authorizer == null', '1 + 1'));
  t.match(compiled, {
    ok: false,
    faults: [
      { path: 'matchConditions[1].expression', message: /^compilation failed: / },
      { path: 'matchConditions[2].expression', message: 'compilation failed: unknown variable: authorizer' },
      { path: 'matchConditions[3].expression', message: 'must evaluate to bool' },
    ],
  });
});
