// The race itself: everybody creates at once while answers get lost, then the reconciler serves what is listed and collects
// what is not, and the API is asked what came of it.
import { setTimeout as delay } from 'node:timers/promises';
import { ALLOCATIONS, HOST_SUBNETS, NAMESPACES, NET_NAMESPACES } from '../../shared/kube/resources.ts';
import { OPERATOR_NAMESPACE } from '../../shared/names.ts';
import { SeededRandom } from '../seeded-random.ts';
import { judge, type Verdict } from './checks.ts';
import { RaceClient, type Tally, type Told } from './client.ts';
import type { RaceConfig } from './config.ts';
import { type Course, prepare } from './course.ts';
import { type Memory, MemoryWatch } from './memory.ts';
import type { RacePool } from './pools.ts';
import { plainAddress, planRequests } from './requests.ts';

export interface Phase {
  readonly name: string;
  readonly seconds: number;
}

export interface Outcome {
  readonly phases: readonly Phase[];
  readonly told: readonly Told[];
  readonly tally: Tally;
  /** Allocations that no namespace listed when the last client was done. */
  readonly unlisted: number;
  /** Over all webhooks: candidates that turned out to be held by others. */
  readonly collisions: number;
  /** How many namespaces each webhook has given IPs to. */
  readonly shares: readonly number[];
  readonly memory: readonly Memory[];
  readonly verdicts: readonly Verdict[];
  /** What was still to be done when time ran out. */
  readonly unfinished: string | undefined;
}

const WEBHOOK_USER = `system:serviceaccount:${OPERATOR_NAMESPACE}:egressip-ipam-webhook`;
/** After so many requests the answers to one client and to two claims are lost. */
const LOSS_EVERY = 40;
const LOOK_EVERY = 100;

/** Runs all of it on a sandbox of its own. */
export async function race(config: RaceConfig, say: (step: string) => void): Promise<Outcome> {
  const clock = new Stopwatch();
  const memory = new MemoryWatch();
  const course = await prepare(config, say);
  clock.lap('start');
  try {
    const { reconcilers } = course.stack.processes;
    if (config.reconciler === 'after') await course.stack.processes.endReconciler('stop', reconcilers[0]);
    say(`${config.clients} clients create ${config.namespaces} namespaces`);
    const { told, tally } = await run(course, config, say);
    clock.lap('create');
    const unlisted = unlistedIn(course).length;
    const collisions = await counted(course, 'claim_collisions_total');
    const shares = await counted(course, 'requests_total', 'result="patched"');
    if (config.reconciler === 'after') await course.stack.processes.startReconciler();
    const unfinished = await settle(course, config.within, clock, say);
    say('asking the API what came of it');
    const verdicts = await examine(course, told);
    clock.lap('examine');
    return {
      phases: clock.phases,
      told,
      tally,
      unlisted,
      collisions: sum(collisions),
      shares,
      memory: await memory.stop(),
      verdicts,
      unfinished,
    };
  } finally {
    await course.close();
    await memory.stop();
  }
}

/** All clients take from one list of requests until it is empty. */
async function run(course: Course, config: RaceConfig, say: (step: string) => void) {
  const random = new SeededRandom(config.seed);
  const asks = planRequests(config.namespaces, course.pools, random);
  const tally: Tally = { requests: 0, hungUp: 0, lostAnswers: 0, postponed: 0 };
  const another = () => plainAddress(course.pools[0] as RacePool, random);
  const clients = Array.from(
    { length: config.clients },
    (_, i) => new RaceClient(course.config, new SeededRandom(`${config.seed}/${i}`), { another, tally }),
  );
  const told: Told[] = [];
  const queue = asks.values();
  const work = async (client: RaceClient) => {
    for (const ask of queue) {
      told.push(await client.carryOut(ask));
      if (told.length % LOSS_EVERY === 0) await loseAnswers(course);
      if (told.length % 500 === 0) say(`${told.length} of ${asks.length} requests answered`);
    }
  };
  try {
    await Promise.all(clients.map(work));
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
  return { told, tally };
}

/** The next answers of the API server to a client and to the webhooks do not arrive. */
async function loseAnswers({ stack }: Course): Promise<void> {
  const effect = { kind: 'drop', when: 'after' };
  const claims = { verb: 'create', resource: 'egressipallocations', user: WEBHOOK_USER };
  await stack.tell('kube/faults', { on: { verb: 'create', resource: 'namespaces' }, effect, times: 1 });
  await stack.tell('kube/faults', { on: claims, effect, times: 2 });
}

/** Waits until everything listed is served and nothing else is held; says what is missing when time runs out. */
async function settle(
  course: Course,
  within: number,
  clock: Stopwatch,
  say: (step: string) => void,
): Promise<string | undefined> {
  await course.stack.tell('kube/faults', {}, 'DELETE');
  await Promise.all([course.namespaces.catchUp(), course.allocations.catchUp()]);
  const deadline = performance.now() + within;
  for (const { name, missing } of [
    { name: 'serve', missing: unserved },
    { name: 'collect', missing: unlistedIn },
  ]) {
    let left = missing(course);
    for (let looks = 0; left.length > 0; looks++) {
      if (performance.now() > deadline) return `${name}: ${left.length} left, such as ${left[0]}`;
      if (looks % 50 === 0) say(`${name}: ${left.length} left`);
      await delay(LOOK_EVERY);
      left = missing(course);
    }
    clock.lap(name);
  }
  return undefined;
}

/** Listed IPs that are not on their NetNamespace. */
function unserved({ namespaces, netNamespaces }: Course): string[] {
  return [...namespaces.holders].flatMap(([ip, names]) =>
    [...names].filter((name) => !netNamespaces.holders.get(ip)?.has(name)).map((name) => `${ip} of ${name}`),
  );
}

/** Allocations that the namespace they are for does not list. */
function unlistedIn({ namespaces, allocations }: Course): string[] {
  return [...allocations.holders.keys()].filter((ip) => {
    const namespace = allocations.holding(ip)?.holder ?? '';
    return !namespaces.holders.get(ip)?.has(namespace);
  });
}

async function examine(course: Course, told: readonly Told[]): Promise<Verdict[]> {
  const { client } = course.stack;
  const ledgers = [course.namespaces, course.netNamespaces, course.allocations];
  await Promise.all(ledgers.map((ledger) => ledger.catchUp()));
  return judge({
    pools: course.pools,
    never: course.never,
    told,
    namespaces: (await client.list(NAMESPACES)).items,
    allocations: (await client.list(ALLOCATIONS)).items,
    netNamespaces: (await client.list(NET_NAMESPACES)).items,
    hostSubnets: (await client.list(HOST_SUBNETS)).items,
    everHeld: (ip, holder) => ledgers.some((ledger) => ledger.everHeld(ip, holder)),
    meanwhile: ledgers.flatMap((ledger) => ledger.violations),
  });
}

/** What each webhook counts under this name, with these labels. */
async function counted({ metricsPorts }: Course, name: string, labels = ''): Promise<number[]> {
  const counts = metricsPorts.map(async (port) => {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    const lines = (await response.text()).split('\n');
    return sum(
      lines
        .filter((line) => line.startsWith(`egressip_ipam_webhook_${name}`) && line.includes(labels))
        .map((line) => Number(line.split(' ').at(-1))),
    );
  });
  return await Promise.all(counts);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

class Stopwatch {
  readonly phases: Phase[] = [];
  #since = performance.now();

  /** Ends a phase and begins the next. */
  lap(name: string): void {
    const now = performance.now();
    this.phases.push({ name, seconds: (now - this.#since) / 1_000 });
    this.#since = now;
  }
}
