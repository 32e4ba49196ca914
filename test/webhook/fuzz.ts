// Throws reviews at the webhook that nobody meant well: recorded ones with anything in any place, cut short, bytes turned,
// lists of every spelling. None may crash it, and what is let through must be what a simple-minded judge lets through.
//
//   npx node test/webhook/fuzz.ts 1000000 [seed]
import { readdirSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { ALLOCATIONS, EGRESSIPAMS, HOST_SUBNETS, NET_NAMESPACES } from '../../shared/kube/resources.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION } from '../../shared/names.ts';
import { type Answer, decodeReview, encodeAnswer } from '../../webhook/review.ts';
import { SeededRandom } from '../seeded-random.ts';
import { hostSubnet, netNamespace, pool } from './build.ts';
import { patchedList, type Replica, replicaOf } from './replica.ts';
import { type Json, mangled, misplace, VALUES } from './spoil.ts';

export interface FuzzReport {
  readonly inputs: number;
  readonly seed: number;
  /** Inputs by what became of them. */
  readonly outcomes: Readonly<Record<string, number>>;
}

const FIXTURES = new URL('../fixtures/admission-reviews/', import.meta.url);
/** Inputs before the cluster is made anew, so that its pools do not fill up. */
const LIFE = 300;
const CIDRS = ['10.0.128.0/24', '10.0.144.0/24', '10.0.160.0/24'];
/** Never to be given out: network, broadcast, a node, somebody's NetNamespace, reserved. */
const FORBIDDEN = new Set([
  ...CIDRS.flatMap((cidr) => [cidr.replace('0/24', '0'), cidr.replace('0/24', '255')]),
  '10.0.128.4',
  '10.0.144.5',
  '10.0.160.6',
]);

/** Throws at the first input that is answered wrongly, with the input. */
export async function fuzz(inputs: number, seed: number): Promise<FuzzReport> {
  const random = new SeededRandom(String(seed));
  const recorded = readdirSync(FIXTURES).map((file) => {
    const { review } = JSON.parse(readFileSync(new URL(file, FIXTURES), 'utf8')) as { review: Json };
    return JSON.stringify(review);
  });
  const outcomes: Record<string, number> = {};
  let replica = cluster(random);
  for (let i = 0; i < inputs; i++) {
    if (i % LIFE === 0) replica = cluster(random);
    const text = input(random.pick(recorded), random);
    try {
      const outcome = await check(text, replica);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    } catch (error) {
      throw new Error(`input ${i} of seed ${seed}: ${text.slice(0, 5_000)}`, { cause: error });
    }
  }
  return { inputs, seed, outcomes };
}

function cluster(random: SeededRandom): Replica {
  const cidrs = CIDRS.map((CIDR, i) => ({
    CIDR,
    labelValue: `z${i}`,
    reservedIPs: i === 2 ? ['10.0.160.6'] : [],
  }));
  return replicaOf(
    [
      [EGRESSIPAMS, pool({ name: 'egressipam-aws', cidrs })],
      [HOST_SUBNETS, hostSubnet('n1', '10.0.128.4')],
      [NET_NAMESPACES, netNamespace('foreign', '10.0.144.5')],
    ],
    { random: () => random.next() },
  );
}

/** The whole way of a request but HTTP; the name of what became of it. */
async function check(text: string, replica: Replica): Promise<string> {
  const { replyTo, ...decoded } = decodeReview(text, 'Namespace');
  if (!decoded.ok) {
    const refusal = { allowed: false, code: 400, message: decoded.message } as const;
    JSON.parse(encodeAnswer(replyTo, refusal));
    return 'malformed';
  }
  const { request } = decoded;
  const held = new Map(
    replica.api.all(ALLOCATIONS).map(({ metadata, spec }) => [metadata.name, spec.namespace]),
  );
  const answer: Answer = await replica.admission.namespace(request, replica.time + 10_000);
  const sent = JSON.parse(encodeAnswer(replyTo, answer)) as { response: { uid: unknown; allowed: unknown } };
  if (sent.response.uid !== request.uid || sent.response.allowed !== answer.allowed)
    throw new Error('not its answer');
  if (!answer.allowed) {
    if (answer.code === 500) throw new Error(`500: ${answer.message}`);
    return answer.code === 422 ? 'denied' : 'postponed';
  }
  const { object, oldObject } = request;
  const annotations = object?.metadata.annotations ?? {};
  const before = oldObject?.metadata.annotations ?? {};
  const list = patchedList(answer);
  const after = list === undefined ? annotations[EGRESSIPS_ANNOTATION] : (list ?? undefined);
  const [is, was] = [annotations[EGRESSIPAM_ANNOTATION]?.trim(), before[EGRESSIPAM_ANNOTATION]?.trim()];
  const name = object?.metadata.name ?? '';
  const untouchable =
    object === undefined ||
    request.subResource !== '' ||
    !['CREATE', 'UPDATE'].includes(request.operation) ||
    !is ||
    object.metadata.deletionTimestamp != null ||
    /^(openshift-|kube-|default$|openshift$|egressip-ipam-operator$)/.test(
      name || (object.metadata.generateName ?? ''),
    );
  if (untouchable) return 'passed';
  // The same IPs in other words, with the nonsense left out, are no change; nor is what is put back, of any EgressIPAM.
  if (is === was && sameIPs(before[EGRESSIPS_ANNOTATION], after)) return 'unchanged';
  if (is !== 'egressipam-aws') throw new Error(`let through with EgressIPAM ${is}`);
  judge(after ?? '', before[EGRESSIPS_ANNOTATION] ?? '', is === was, held, name);
  return list === undefined ? 'explicit' : 'given';
}

/** One canonical IP of each CIDR, and none of them forbidden or another's unless it was listed already. */
function judge(
  list: string,
  before: string,
  sameEgressIPAM: boolean,
  held: ReadonlyMap<string, string>,
  name: string,
): void {
  const entries = list.split(',').map((entry) => entry.trim());
  const listed = new Set(sameEgressIPAM ? before.split(',').map((entry) => entry.trim()) : []);
  const found = new Set<string>();
  for (const entry of entries) {
    const match = /^(10\.0\.(?:128|144|160)\.)(0|[1-9]\d{0,2})$/.exec(entry);
    if (match === null || Number(match[2]) > 255) throw new Error(`"${entry}" was let through in "${list}"`);
    found.add(match[1] ?? '');
    if (listed.has(entry)) continue;
    if (FORBIDDEN.has(entry)) throw new Error(`${entry} was given out`);
    const holder = held.get(entry);
    if (holder !== undefined && (holder !== name || name === '')) throw new Error(`${entry} is ${holder}'s`);
  }
  if (found.size !== CIDRS.length || entries.length !== CIDRS.length)
    throw new Error(`"${list}" was let through`);
}

function sameIPs(before = '', after = ''): boolean {
  if (before === after) return true;
  const [was, is] = [before, after].map((text) => text.split(',').map((entry) => entry.trim()));
  const readable = new Set(was?.filter((entry) => /^\d+\.\d+\.\d+\.\d+$/.test(entry) && canonical(entry)));
  return (
    new Set(is).size === readable.size &&
    is?.length === readable.size &&
    is.every((entry) => readable.has(entry))
  );
}

function canonical(entry: string): boolean {
  return entry.split('.').every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
}

function input(recorded: string, random: SeededRandom): string {
  const kind = random.next();
  if (kind < 0.1) return mangled(recorded, random);
  const review = JSON.parse(recorded) as Json;
  const request = review.request as { object: Json | null; oldObject: Json | null };
  for (const object of [request.object, request.oldObject]) {
    if (object !== null && random.chance(0.6)) relist(object.metadata as Json, random);
  }
  if (random.chance(0.3)) misplace(review, random);
  if (random.chance(0.1)) misplace(review, random);
  return JSON.stringify(review);
}

function relist(metadata: Json, random: SeededRandom): void {
  const annotations: Json = { ...(metadata.annotations as Json | undefined) };
  const choice = random.next();
  if (choice < 0.15) delete annotations[EGRESSIPAM_ANNOTATION];
  else annotations[EGRESSIPAM_ANNOTATION] = choice < 0.9 ? 'egressipam-aws' : random.pick(VALUES);
  if (random.chance(0.3)) delete annotations[EGRESSIPS_ANNOTATION];
  else annotations[EGRESSIPS_ANNOTATION] = listText(random);
  metadata.annotations = annotations;
  if (random.chance(0.3) && metadata.name !== undefined) metadata.name = `n${random.below(20)}`;
}

/** Mostly one address of each CIDR; sometimes spelled, repeated, left out or misplaced in a way that must not pass. */
function listText(random: SeededRandom): string {
  const entries = ['128', '144', '160'].map((third) => `10.0.${third}.${random.below(9)}`);
  for (let n = random.below(2.2); n > 0; n--) {
    const at = random.below(entries.length);
    const entry = entries[at] ?? '10.0.128.1';
    const change = random.pick(CHANGES);
    entries.splice(at, 1, ...change(entry, random));
  }
  return entries.join(random.pick([',', ', ', ' ,', ',,']));
}

const CHANGES: readonly ((entry: string, random: SeededRandom) => string[])[] = [
  () => [],
  (entry) => [entry, entry],
  (entry) => [entry.replace('10.', '010.')],
  (entry) => [entry.replace('10.', '0x0a.')],
  (entry) => [`${entry}/32`],
  (entry) => [`::ffff:${entry}`],
  (entry) => [`${entry}\n`],
  (entry) => [`${entry}.`],
  (entry) => [entry.replace('.0.', '.')],
  () => ['167804935'],
  () => ['10.1.1.1'],
  (entry, random) => [entry.replace(/\d+$/, String(random.below(400)))],
  (entry) => [entry.replace('1', '１')],
];

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [inputs = '100000', seed = '1'] = process.argv.slice(2);
  const started = performance.now();
  const report = await fuzz(Number(inputs), Number(seed));
  process.stdout.write(
    `${JSON.stringify({ ...report, seconds: Math.round((performance.now() - started) / 1_000) })}\n`,
  );
}
