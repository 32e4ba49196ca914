// Throws EgressIPAMs at the webhook that nobody meant well. None may crash it, and what it lets through must satisfy a
// simple-minded judge: canonical CIDRs that do not overlap, with their reserved IPs inside.
//
//   npx node test/webhook/fuzz-egressipam.ts 1000000 [seed]
import { pathToFileURL } from 'node:url';
import type { EgressIPAMObject } from '../../shared/kinds.ts';
import { ALLOCATIONS, EGRESSIPAMS } from '../../shared/kube/resources.ts';
import { type Answer, decodeReview, encodeAnswer } from '../../webhook/review.ts';
import { SeededRandom } from '../seeded-random.ts';
import { allocation, pool } from './build.ts';
import type { FuzzReport } from './fuzz.ts';
import { replicaOf } from './replica.ts';
import { type Json, misplace } from './spoil.ts';

/** Throws at the first input that is answered wrongly, with the input. */
export function fuzzEgressIPAMs(inputs: number, seed: number): FuzzReport {
  const random = new SeededRandom(String(seed));
  const { admission } = replicaOf([
    [EGRESSIPAMS, pool({ cidrs: ['10.0.0.0/24', '10.0.1.0/24'] })],
    [EGRESSIPAMS, pool({ name: 'other', cidrs: ['10.1.0.0/24'] })],
    [ALLOCATIONS, { ...allocation('10.0.0.7', 'a', { phase: 'Bound' }) }],
  ]);
  const outcomes: Record<string, number> = {};
  for (let i = 0; i < inputs; i++) {
    const text = JSON.stringify(review(random));
    try {
      const outcome = check(text, (request) => admission.egressIPAM(request));
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    } catch (error) {
      throw new Error(`input ${i} of seed ${seed}: ${text.slice(0, 5_000)}`, { cause: error });
    }
  }
  return { inputs, seed, outcomes };
}

function review(random: SeededRandom): Json {
  const operation = random.pick(['CREATE', 'UPDATE', 'UPDATE', 'DELETE']);
  const request: Json = {
    uid: 'u-1',
    kind: { group: 'redhatcop.redhat.io', version: 'v1alpha1', kind: 'EgressIPAM' },
    operation,
    object: operation === 'DELETE' ? null : egressIPAM(random),
    oldObject: operation === 'CREATE' ? null : pool({ cidrs: ['10.0.0.0/24', '10.0.1.0/24'] }),
  };
  const whole: Json = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request };
  if (random.chance(0.2) && typeof request.object === 'object' && request.object !== null) {
    misplace(((request.object as Json).spec ?? request.object) as Json, random);
  }
  if (random.chance(0.05)) misplace(whole, random);
  return whole;
}

function egressIPAM(random: SeededRandom): EgressIPAMObject {
  const count = random.below(4);
  const cidrs = Array.from({ length: count }, () => {
    const reservedIPs = random.chance(0.4) ? [random.pick(RESERVED), random.pick(RESERVED)] : undefined;
    const assignment = { CIDR: random.pick(CIDRS), labelValue: random.pick(['a', 'b', 'a b', '']) };
    return reservedIPs === undefined ? assignment : { ...assignment, reservedIPs };
  });
  const spec = random.chance(0.2)
    ? { nodeSelector: { matchLabels: { [random.pick(['a', '/', 'x/y'])]: 'b' } } }
    : {};
  return pool({ cidrs: random.chance(0.3) ? ['10.0.0.0/24', ...cidrs] : cidrs, spec });
}

const CIDRS = [
  '10.0.0.0/24',
  '10.0.0.0/25',
  '10.0.1.0/24',
  '10.0.1.128/25',
  '10.0.2.0/23',
  '10.1.0.0/25',
  '10.2.0.0/24',
  '10.3.0.0/16',
  '10.0.0.1/24',
  '010.0.0.0/24',
  '10.0.0.0/024',
  '10.0.0.0',
  '10.0/16',
  '0.0.0.0/0',
  '10.0.0.0/33',
  '::/64',
  '',
  'x',
  '10.9.9.9/32',
  '10.9.9.8/31',
  ' 10.4.0.0/24',
  '10.4.0.0/24 ',
];
const RESERVED = [
  '10.0.0.5',
  '10.0.0.7',
  '10.0.0.1-10.0.0.9',
  '10.0.0.9-10.0.0.1',
  '10.0.0.0/28',
  '10.0.0.1/28',
  '10.0.1.5',
  '10.2.0.9',
  'x',
  '',
  '-',
  '10.0.0.1-',
  '10.0.0.1-10.0.0.9-10.0.0.11',
  '10.1.0.0/30',
];

function check(text: string, judgeIt: (request: never) => Answer): string {
  const { replyTo, ...decoded } = decodeReview(text, 'EgressIPAM');
  if (!decoded.ok) return 'malformed';
  const answer = judgeIt(decoded.request as never);
  JSON.parse(encodeAnswer(replyTo, answer));
  if (!answer.allowed) return answer.code === 422 ? 'denied' : 'postponed';
  const { operation, object, oldObject } = decoded.request as unknown as {
    operation: string;
    object?: { spec?: unknown };
    oldObject?: { spec?: unknown };
  };
  if (operation === 'DELETE' || operation === 'CONNECT' || decoded.request.subResource !== '')
    return 'passed';
  if (JSON.stringify(object?.spec) === JSON.stringify(oldObject?.spec)) return 'unchanged';
  judge(object?.spec as EgressIPAMObject['spec'], operation, decoded.request.object?.metadata.name ?? '');
  return 'stored';
}

/** Works on ranges of numbers, with a parser of its own. */
function judge(spec: EgressIPAMObject['spec'], operation: string, name: string): void {
  const ranges: [number, number][] = name === 'other' ? [] : [range('10.1.0.0/24')];
  if (name !== 'pool') ranges.push(range('10.0.0.0/24'), range('10.0.1.0/24'));
  let holdsSeven = false;
  for (const { CIDR, reservedIPs = [] } of spec.cidrAssignments) {
    const [first, last] = range(CIDR);
    for (const [from, to] of ranges) if (first <= to && from <= last) throw new Error(`${CIDR} overlaps`);
    ranges.push([first, last]);
    for (const text of reservedIPs) {
      const [from, to] = text.includes('/')
        ? range(text)
        : (text.split('-').map(address) as [number, number?]);
      if (from < first || (to ?? from) > last || (to ?? from) < from)
        throw new Error(`${text} is not in ${CIDR}`);
      if (from <= SEVEN && SEVEN <= (to ?? from) && operation === 'UPDATE')
        throw new Error('10.0.0.7 is reserved');
    }
    if (first <= SEVEN && SEVEN <= last) holdsSeven = true;
  }
  if (spec.cidrAssignments.length === 0) throw new Error('no CIDR');
  if (operation === 'UPDATE' && name === 'pool' && !holdsSeven) throw new Error('10.0.0.7 was taken away');
}

function range(cidr: string): [number, number] {
  const [, base = '', length = ''] = /^([\d.]+)\/(\d|[12]\d|3[0-2])$/.exec(cidr) ?? [];
  const first = address(base);
  const size = 2 ** (32 - Number(length));
  if (length === '' || first % size !== 0) throw new Error(`${cidr} is no CIDR`);
  return [first, first + size - 1];
}

function address(text: string): number {
  if (!/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text)) throw new Error(`${text} is no address`);
  return text.split('.').reduce((value, part) => value * 256 + Number(part), 0);
}

const SEVEN = address('10.0.0.7');

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [inputs = '100000', seed = '1'] = process.argv.slice(2);
  process.stdout.write(`${JSON.stringify(fuzzEgressIPAMs(Number(inputs), Number(seed)))}\n`);
}
