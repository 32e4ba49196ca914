// What the fuzzer has found, each as a test of its own. Inputs are judged as the fuzzer judges them: answered, in time, in
// few words, and rightly.
import t from 'tap';
import { EGRESSIPAM_ANNOTATION } from '../../shared/names.ts';
import { optedIn, pool } from '../webhook/build.ts';
import { review } from './reviews.ts';
import { replay } from './run.ts';
import { targetsNamed } from './targets.ts';

const SLOW = 50;
const A_LOT = 100_000;

const keyed = (key: string) => ({ matchLabels: { [key]: '' } });
const created = (object: ReturnType<typeof pool>) => review('EgressIPAM', 'CREATE', object);
const named = (egressIPAM: string) => review('Namespace', 'CREATE', optedIn('new', undefined, egressIPAM));

const FINDINGS: readonly (readonly [what: string, target: string, input: string])[] = [
  ['digits that may be split in thousands of ways', 'durations', `${'11s'.repeat(22)}1`],
  ['a hundred thousand digits', 'durations', '1'.repeat(A_LOT)],
  [
    'the same as the reuseGracePeriod of an EgressIPAM',
    'EgressIPAM reviews',
    created(
      pool({ name: 'new', cidrs: ['10.10.0.0/24'], spec: { reuseGracePeriod: `${'11s'.repeat(22)}1` } }),
    ),
  ],
  ['a label key of a hundred thousand characters', 'selectors', JSON.stringify(keyed('a'.repeat(A_LOT)))],
  [
    'the same in an EgressIPAM',
    'EgressIPAM reviews',
    created(pool({ name: 'new', cidrs: ['10.10.0.0/24'], spec: { nodeSelector: keyed('['.repeat(A_LOT)) } })),
  ],
  [
    'a capacityPolicy of a hundred thousand characters',
    'EgressIPAM reviews',
    created(pool({ name: 'new', cidrs: ['10.10.0.0/24'], spec: { capacityPolicy: 'x'.repeat(A_LOT) } })),
  ],
  [
    'a thousand values that are no labels',
    'selectors',
    JSON.stringify({
      matchExpressions: [{ key: 'a', operator: 'In', values: Array.from({ length: 1_000 }, () => '!') }],
    }),
  ],
  [
    'one IP of 256 that are needed',
    'namespace reviews',
    review('Namespace', 'CREATE', optedIn('new', '10.16.7.7', 'many')),
  ],
  ['an EgressIPAM called ..', 'namespace reviews', named('..')],
  ['an EgressIPAM called ../namespaces/default', 'namespace reviews', named('../namespaces/default')],
  [
    'an EgressIPAM with a name of a hundred thousand characters',
    'namespace reviews',
    named('a'.repeat(A_LOT)),
  ],
];

const targets = targetsNamed('');
t.teardown(() => targets.close());

for (const [what, target, input] of FINDINGS) {
  t.test(`${what} is answered as it should be`, async (t) => {
    const { scores, found } = await replay(targets.all, [{ target, input }], SLOW);
    t.equal(scores.find((score) => score.target === target)?.inputs, 1);
    t.same(found, []);
  });
}

t.test('what JavaScript finds on every object is no annotation', async (t) => {
  const object = {
    metadata: { name: 'new', annotations: { ['__proto__']: { [EGRESSIPAM_ANNOTATION]: 'pool' } } },
  };
  const input = review('Namespace', 'CREATE', object as never);
  t.match(input, '__proto__');
  t.same((await replay(targets.all, [{ target: 'namespace reviews', input }], SLOW)).found, []);
});
