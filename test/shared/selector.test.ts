// Which nodes a label selector selects, as the API server's own selectors do, and which selectors are none.
import t from 'tap';
import type { LabelSelectorObject } from '../../shared/kinds.ts';
import { isLabelKey, isLabelValue, parseSelector, selects } from '../../shared/selector.ts';

const WORKER = { 'node-role.kubernetes.io/worker': '', zone: 'a', size: 'm5.large' };

t.test('a selector selects the nodes that meet all of its requirements', async (t) => {
  const rows: readonly [string, LabelSelectorObject | undefined, boolean][] = [
    ['no selector selects every node', undefined, true],
    ['nor does an empty one refuse any', {}, true],
    ['a label that matches', { matchLabels: { zone: 'a' } }, true],
    ['a label with an empty value', { matchLabels: { 'node-role.kubernetes.io/worker': '' } }, true],
    ['a label with another value', { matchLabels: { zone: 'b' } }, false],
    ['a label that is not there', { matchLabels: { rack: '1' } }, false],
    ['one label of two', { matchLabels: { zone: 'a', rack: '1' } }, false],
    [
      'a name that every object inherits',
      { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] },
      false,
    ],
    ['In', { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'b'] }] }, true],
    ['In others', { matchExpressions: [{ key: 'zone', operator: 'In', values: ['b'] }] }, false],
    ['In, without the label', { matchExpressions: [{ key: 'rack', operator: 'In', values: ['1'] }] }, false],
    ['NotIn', { matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['b'] }] }, true],
    ['NotIn its own', { matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }, false],
    [
      'NotIn, without the label',
      { matchExpressions: [{ key: 'rack', operator: 'NotIn', values: ['1'] }] },
      true,
    ],
    ['Exists', { matchExpressions: [{ key: 'node-role.kubernetes.io/worker', operator: 'Exists' }] }, true],
    ['Exists, without the label', { matchExpressions: [{ key: 'rack', operator: 'Exists' }] }, false],
    ['DoesNotExist', { matchExpressions: [{ key: 'rack', operator: 'DoesNotExist' }] }, true],
    [
      'DoesNotExist, with the label',
      { matchExpressions: [{ key: 'zone', operator: 'DoesNotExist' }] },
      false,
    ],
  ];
  for (const [title, selector, expected] of rows) {
    const parsed = parseSelector(selector, 'spec.nodeSelector');
    t.equal(parsed.ok && selects(parsed.value, WORKER), expected, title);
  }
});

t.test('every fault of a selector is told with its path', async (t) => {
  const parsed = parseSelector(
    {
      matchLabels: { 'not a key': 'ok', key: 'not a value' },
      matchExpressions: [
        { key: 'zone', operator: 'In' },
        { key: 'zone', operator: 'NotIn', values: [] },
        { key: 'zone', operator: 'Exists', values: ['a'] },
        { key: 'zone', operator: 'DoesNotExist', values: ['a'] },
        { key: '', operator: 'in', values: ['ä'] },
      ],
    },
    'spec.nodeSelector',
  );
  t.same(parsed.ok ? [] : parsed.problems.map(({ code, path, message }) => `${code} ${path}: ${message}`), [
    'InvalidSelector spec.nodeSelector.matchLabels: "not a key" is not a label key such as topology.kubernetes.io/zone',
    'InvalidSelector spec.nodeSelector.matchLabels[key]: "not a value" is not a label value (63 letters, digits, -_. at most)',
    'InvalidSelector spec.nodeSelector.matchExpressions[0].values: must not be empty with operator In',
    'InvalidSelector spec.nodeSelector.matchExpressions[1].values: must not be empty with operator NotIn',
    'InvalidSelector spec.nodeSelector.matchExpressions[2].values: must be empty with operator Exists',
    'InvalidSelector spec.nodeSelector.matchExpressions[3].values: must be empty with operator DoesNotExist',
    'InvalidSelector spec.nodeSelector.matchExpressions[4].key: "" is not a label key such as topology.kubernetes.io/zone',
    'InvalidSelector spec.nodeSelector.matchExpressions[4].values[0]: "ä" is not a label value (63 letters, digits, -_. at most)',
    'InvalidSelector spec.nodeSelector.matchExpressions[4].operator: "in" is not one of In, NotIn, Exists, DoesNotExist',
  ]);
});

t.test('label keys and values have the API server’s limits', async (t) => {
  const keys: readonly [string, boolean][] = [
    ['zone', true],
    ['topology.kubernetes.io/zone', true],
    ['A_b.c-9', true],
    ['x'.repeat(63), true],
    [`${'x'.repeat(253)}/zone`, true],
    ['x'.repeat(64), false],
    [`${'x'.repeat(254)}/zone`, false],
    ['', false],
    ['/zone', false],
    ['Topology/zone', false],
    ['a/b/c', false],
    ['-zone', false],
    ['zone-', false],
    ['zone\n', false],
  ];
  for (const [key, expected] of keys) t.equal(isLabelKey(key), expected, JSON.stringify(key));
  const values: readonly [string, boolean][] = [
    ['', true],
    ['eu-central-1a', true],
    ['x'.repeat(63), true],
    ['x'.repeat(64), false],
    ['.a', false],
    ['a b', false],
  ];
  for (const [value, expected] of values) t.equal(isLabelValue(value), expected, JSON.stringify(value));
});
