// The fuzzer in small, with inputs that are the same each time; `npm run fuzz` runs it in large. And that it finds what it
// is there to find.
import t from 'tap';
import { parseIPv4 } from '../../shared/ip.ts';
import { slowIPv4 } from './oracle/addresses.ts';
import { fuzz, replay } from './run.ts';
import type { Target } from './target.ts';
import { targetsNamed } from './targets.ts';

const SLOW = 50;

t.test('20,000 inputs are all answered, in time and rightly', async (t) => {
  const targets = targetsNamed('');
  t.teardown(() => targets.close());
  const { scores, found } = await fuzz(targets.all, { inputs: 20_000, seed: 'test', slow: SLOW });
  t.same(found, []);
  for (const { target, inputs, kinds } of scores) t.ok(inputs > 500 && kinds > 1, `${target}: ${inputs}`);
  const [namespaces, egressIPAMs] = scores;
  t.ok((namespaces?.kinds ?? 0) > 80, `${namespaces?.kinds} kinds of answers about namespaces`);
  t.ok((egressIPAMs?.kinds ?? 0) > 100, `${egressIPAMs?.kinds} kinds of answers about EgressIPAMs`);
});

t.test('the same seed makes the same inputs', async (t) => {
  const inputsOf = async (seed: string) => {
    const inputs: string[] = [];
    const target = addresses((input) => {
      inputs.push(input);
      return parseIPv4(input);
    });
    await fuzz([target], { inputs: 200, seed, slow: SLOW });
    return inputs;
  };
  t.same(await inputsOf('a'), await inputsOf('a'));
  t.notSame(await inputsOf('a'), await inputsOf('b'));
});

/** Parsers with a fault each, and what is said of them. */
const FAULTY: readonly (readonly [what: string, parse: (text: string) => unknown, fault: RegExp])[] = [
  [
    'throws at a long text',
    (text) => (text.length > 20 ? fail() : parseIPv4(text)),
    /^threw Error: too long/,
  ],
  ['takes leading zeros for nothing', (text) => parseIPv4(text.replace(/^0+(?=\d)/, '')), /^reads \d+, not/],
  ['takes its time over NaN', (text) => (text.includes('NaN') ? tarry(text) : parseIPv4(text)), /^took /],
];

for (const [what, parse, fault] of FAULTY) {
  t.test(`a parser that ${what} is found out, and the finding can be replayed`, async (t) => {
    const targets = [addresses(parse)];
    const { found } = await fuzz(targets, { inputs: 1_200, seed: 'test', slow: 5 });
    const [first] = found;
    if (first === undefined) return t.fail('nothing was found');
    t.match(first.faults[0], fault);
    t.match((await replay(targets, [first], 5)).found, [{ input: first.input }]);
    t.same((await replay([addresses(parseIPv4)], [first], SLOW)).found, [], 'the right one is not blamed');
  });
}

function addresses(parse: (text: string) => unknown): Target {
  return {
    name: 'addresses',
    syntax: 'text',
    seeds: ['10.0.128.7'],
    words: [],
    weight: 1,
    run(input, timed) {
      const [is, right] = [timed(() => parse(input)), slowIPv4(input)];
      const wanted = right === undefined ? undefined : Number(right);
      return { faults: is === wanted ? [] : [`reads ${is}, not ${wanted}`], kind: String(typeof is) };
    },
  };
}

function fail(): never {
  throw new Error('too long');
}

/** Works for longer than the tests allow. */
function tarry(text: string): unknown {
  const start = process.threadCpuUsage();
  while (process.threadCpuUsage(start).user < 10_000) parseIPv4(text);
  return parseIPv4(text);
}
