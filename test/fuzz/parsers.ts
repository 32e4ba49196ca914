// The targets that take one field: addresses, CIDRs, ranges, durations, selectors, EgressIPAMs, lists, command lines. What
// they accept, and as what, is compared with the slow implementation.
import { RECONCILER_COMMAND } from '../../reconciler/config.ts';
import { requestedIPs } from '../../shared/annotation.ts';
import { parseDuration } from '../../shared/duration.ts';
import { parseEgressIPAM } from '../../shared/egressipam.ts';
import { formatIPv4, parseCidr, parseIPv4, parseRange } from '../../shared/ip.ts';
import type { EgressIPAMObject } from '../../shared/kinds.ts';
import { describeProblems, type Problem, type Result } from '../../shared/problem.ts';
import { parseFlags } from '../../shared/process/flags.ts';
import { parseSelector, selects } from '../../shared/selector.ts';
import { WEBHOOK_COMMAND } from '../../webhook/config.ts';
import { shapeProblems } from '../../webhook/shape.ts';
import { slowCidr, slowIPv4, slowRange } from './oracle/addresses.ts';
import { slowDuration } from './oracle/durations.ts';
import { slowEgressIPAM, slowList } from './oracle/egressipams.ts';
import { slowFlags } from './oracle/flags.ts';
import { isSlowSelector, type SlowSelector, slowlySelects } from './oracle/labels.ts';
import { type Finding, shapeOf, type Target, type Timed } from './target.ts';
import { EGRESSIPAM_OBJECTS } from './world.ts';

/** Characters: all problems of one input together; a condition of an object holds no more than 32,768. */
const LONGEST_SENTENCE = 16_384;
/** Go's, in milliseconds; so near to it floating point cannot tell. */
const LONGEST_DURATION = 2 ** 63 / 1e6;
const NEAR = 1e-9;

function addresses(input: string, timed: Timed): Finding {
  const right = slowIPv4(input);
  return compared(
    timed(() => parseIPv4(input)),
    right === undefined ? undefined : Number(right),
  );
}

function cidrs(input: string, timed: Timed): Finding {
  const right = slowCidr(input);
  const wanted = right && { first: Number(right.first), last: Number(right.last), prefix: right.prefix };
  return compared(
    timed(() => parseCidr(input)),
    wanted,
  );
}

function ranges(input: string, timed: Timed): Finding {
  const is = timed(() => parseRange(input));
  const right = slowRange(input);
  const wanted = right && { first: Number(right.first), last: Number(right.last) };
  return compared(typeof is === 'string' ? is : { first: is.first, last: is.last }, wanted);
}

function durations(input: string, timed: Timed): Finding {
  const is = timed(() => parseDuration(input));
  const right = slowDuration(input);
  const size = Math.abs(right ?? 0);
  if (Math.abs(size - LONGEST_DURATION) < NEAR * LONGEST_DURATION) return { faults: [], kind: 'longest' };
  const wanted = size < LONGEST_DURATION && input.length <= 1_000 ? right : undefined;
  const isNear =
    is !== undefined && wanted !== undefined && Math.abs(is - wanted) <= NEAR * Math.abs(wanted) + 1e-12;
  return isNear ? { faults: [], kind: 'read' } : compared(is, wanted);
}

const LABELS: readonly Readonly<Record<string, string>>[] = [
  {},
  { a: '' },
  { zone: 'a', 'node-role.kubernetes.io/worker': '' },
  { constructor: 'x' },
];

function selectors(input: string, timed: Timed): Finding {
  const nodeSelector = parsed(input) as SlowSelector;
  if (shapeProblems(withSpec({ nodeSelector })).length > 0) return UNSHAPED;
  const result = timed(() => parseSelector(nodeSelector, 'spec.nodeSelector'));
  const faults = sentenceFaults(result);
  const isRight = isSlowSelector(nodeSelector);
  if (result.ok !== isRight) faults.push(`is ${result.ok ? '' : 'not '}accepted`);
  for (const labels of LABELS) {
    if (!result.ok || !isRight) break;
    const is = selects(result.value, labels);
    if (is !== slowlySelects(nodeSelector, labels)) faults.push(`selects ${JSON.stringify(labels)}: ${is}`);
  }
  return { faults, kind: kindOf(result) };
}

function egressIPAMs(input: string, timed: Timed): Finding {
  const object = parsed(input) as EgressIPAMObject;
  const metadata = { name: 'new', uid: '', resourceVersion: '' };
  const whole: EgressIPAMObject = { ...withSpec(object), metadata };
  if (shapeProblems(whole).length > 0) return UNSHAPED;
  const result = timed(() => parseEgressIPAM(whole));
  const faults = sentenceFaults(result);
  const right = slowEgressIPAM(whole.spec);
  if (result.ok !== (typeof right !== 'string')) {
    faults.push(
      `is ${result.ok ? '' : 'not '}accepted, though ${typeof right === 'string' ? right : 'right'}`,
    );
  }
  if (result.ok && typeof right !== 'string') {
    const is = result.value.pools.map(({ cidr, reserved }) => [cidr.first, cidr.last, reserved.length]);
    const wanted = right.map(({ first, last, reserved }) => [Number(first), Number(last), reserved.length]);
    if (JSON.stringify(is) !== JSON.stringify(wanted)) faults.push(`has pools ${JSON.stringify(is)}`);
  }
  return { faults, kind: kindOf(result) };
}

const [POOL] = EGRESSIPAM_OBJECTS as readonly [EgressIPAMObject];
const PARSED_POOL = parseEgressIPAM(POOL);
const SLOW_POOLS = slowEgressIPAM(POOL.spec);

function lists(input: string, timed: Timed): Finding {
  if (!PARSED_POOL.ok || typeof SLOW_POOLS === 'string') throw new TypeError('the pool is invalid');
  const { value } = PARSED_POOL;
  const result = timed(() => requestedIPs(input, value));
  const right = slowList(input, SLOW_POOLS);
  const faults = sentenceFaults(result);
  const is = result.ok
    ? [...result.value].map(([pool, ip]) => `${pool.index}:${formatIPv4(ip)}`).toSorted()
    : [];
  const wanted =
    typeof right === 'string' ? [] : [...right].map(([pool, ip]) => `${SLOW_POOLS.indexOf(pool)}:${ip}`);
  if (result.ok === (typeof right === 'string'))
    faults.push(`is ${result.ok ? '' : 'not '}accepted: ${right}`);
  else if (is.join() !== wanted.toSorted().join()) faults.push(`reads ${is}`);
  return { faults, kind: kindOf(result) };
}

/** A command line is its user's own: how long he is told of it is his concern. */
const MOST_WORDS = 30;
const COMMANDS = [WEBHOOK_COMMAND, RECONCILER_COMMAND];

function commandLines(input: string, timed: Timed): Finding {
  const words = parsed(input);
  if (!Array.isArray(words) || !words.every(isShortWord) || words.length > MOST_WORDS) return UNSHAPED;
  // One dash and several letters are several flags to Node, `-h` and `--` perhaps among them; we have none of that kind.
  if (words.some((word) => /^-[^-]./s.test(word))) return UNSHAPED;
  const argv: readonly string[] = words;
  const faults: string[] = [];
  let kind = '';
  for (const { flags } of COMMANDS) {
    const result = timed(() => parseFlags(flags, argv));
    faults.push(...sentenceFaults(result));
    kind += kindOf(result);
    const right = slowFlags(flags, argv);
    if (right === 'help') {
      if (!result.ok || !result.value.help) faults.push('does not help');
    } else if (!(right instanceof Map)) {
      if (result.ok) faults.push(`is accepted, though ${(right as { why: string }).why}`);
    } else faults.push(...valueFaults(flags, right, result));
  }
  return { faults, kind };
}

/** Each text that was given became a value, or a problem of this flag. */
function valueFaults(
  flags: Readonly<Record<string, { parse: (text: string) => unknown; default: unknown }>>,
  given: ReadonlyMap<string, string>,
  result: Result<Readonly<Record<string, unknown>>>,
): string[] {
  return Object.entries(flags).flatMap(([name, flag]) => {
    const text = given.get(name);
    const value = text === undefined ? flag.default : flag.parse(text);
    if (result.ok) {
      return JSON.stringify(result.value[name]) === JSON.stringify(value) && value !== undefined
        ? []
        : [`--${name} is ${result.value[name]}`];
    }
    const isBlamed = result.problems.some(({ path }) => path === `--${name}`);
    return isBlamed === (value === undefined) ? [] : [`--${name} is blamed: ${isBlamed}`];
  });
}

function isShortWord(word: unknown): word is string {
  return typeof word === 'string' && word.length < 100;
}

const UNSHAPED: Finding = { faults: [], kind: 'of another shape' };

function withSpec(spec: unknown): EgressIPAMObject {
  return { metadata: { name: 'new', uid: '', resourceVersion: '' }, spec } as unknown as EgressIPAMObject;
}

/** `is` may also be a sentence that says why not. */
function compared(is: unknown, wanted: unknown): Finding {
  if (typeof is === 'string') {
    const faults = is === '' || is.length > LONGEST_SENTENCE ? [`says ${is.length} characters`] : [];
    if (wanted !== undefined) faults.push(`refuses ${JSON.stringify(wanted)}: ${is}`);
    return { faults, kind: shapeOf(unquoted(is)) };
  }
  const isSame = JSON.stringify(is) === JSON.stringify(wanted);
  const fault = `reads ${JSON.stringify(is)}, not ${JSON.stringify(wanted)}`;
  return { faults: isSame ? [] : [fault], kind: is === undefined ? 'refused' : 'read' };
}

function sentenceFaults(result: Result<unknown>): string[] {
  if (result.ok) return [];
  const sentence = describeProblems(result.problems);
  return sentence === '' || sentence.length > LONGEST_SENTENCE ? [`says ${sentence.length} characters`] : [];
}

function kindOf(result: Result<unknown>): string {
  return result.ok ? 'read' : result.problems.slice(0, 3).map(shapeOfProblem).join();
}

function shapeOfProblem({ code, message }: Problem): string {
  return `${code} ${shapeOf(unquoted(message))}`;
}

/** The input is quoted in it as it is, with whatever quotes it has. */
function unquoted(sentence: string): string {
  return sentence.replace(/".*"/s, '""');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function target(
  name: string,
  syntax: Target['syntax'],
  seeds: readonly string[],
  run: (input: string, timed: Timed) => Finding,
): Target {
  return {
    name,
    syntax,
    seeds,
    words: ['10.0.128.7', '10.0.144.7', '--port', '--help', '--leader-elect'],
    weight: 5,
    run,
  };
}

/** All of them. */
export const PARSERS: readonly Target[] = [
  target('addresses', 'text', ['10.0.128.7', '0.0.0.0', '255.255.255.255'], addresses),
  target('CIDRs', 'text', ['10.0.128.0/20', '0.0.0.0/0', '10.0.0.1/32'], cidrs),
  target('ranges', 'text', ['10.0.0.5-10.0.0.9', '10.0.0.5', '10.0.128.0/20'], ranges),
  target(
    'durations',
    'text',
    ['5m', '1h30m', '-1.5h', '300ms', '1h2m3s4ms5us6ns', '0', '11s'.repeat(22)],
    durations,
  ),
  target(
    'selectors',
    'json',
    [
      '{"matchLabels":{"node-role.kubernetes.io/worker":"","zone":"a"}}',
      '{"matchExpressions":[{"key":"zone","operator":"In","values":["a","b"]},{"key":"a","operator":"Exists"}]}',
      '{"matchExpressions":[{"key":"zone","operator":"NotIn","values":["a"]},{"key":"a","operator":"DoesNotExist"}]}',
    ],
    selectors,
  ),
  target(
    'EgressIPAMs',
    'json',
    [
      ...EGRESSIPAM_OBJECTS.map(({ spec }) => JSON.stringify(spec)),
      '{"topologyLabel":"a","cidrAssignments":[{"CIDR":"128.0.0.0/7","labelValue":"a"}],"reuseGracePeriod":"-1s"}',
      '{"topologyLabel":"a","cidrAssignments":[{"CIDR":"128.0.0.0/8","labelValue":"a"}],"reuseGracePeriod":"-1s"}',
    ],
    egressIPAMs,
  ),
  target('lists', 'text', ['10.0.128.7,10.0.144.7', ' 10.0.144.7, 10.0.128.7', '10.0.128.7'], lists),
  target(
    'command lines',
    'json',
    [
      '["--port","9443","--bind-address=127.0.0.1","--shutdown-delay","5s"]',
      '["--leader-elect=false","--region","eu-central-1","--assign=ec2"]',
      '["--port","1","--port=2"]',
      '["--no-leader-elect","--metrics-bind-address=:8080","--help"]',
    ],
    commandLines,
  ),
];
