// `npm run soak`: the real processes for a long time, with everything that can happen to them happening.
import { setTimeout as delay } from 'node:timers/promises';
import { isApiError } from '../../shared/kube/client.ts';
import { ALLOCATIONS, NAMESPACES, NODES } from '../../shared/kube/resources.ts';
import { readCommandLine } from '../../shared/process/command-line.ts';
import { EXIT } from '../../shared/process/help.ts';
import { untilSignal } from '../../shared/process/shutdown.ts';
import { apply } from '../stack/apply.ts';
import { sampleEgressIPAM } from '../stack/objects.ts';
import { Stack } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import { configure, SOAK_COMMAND, type SoakConfig } from './config.ts';
import { Events } from './events.ts';
import { duplicates, readings, shown } from './watch.ts';

const NODE_COUNT = 18;
/** An IP that is really on two lists stays there; one that a list caught in passing does not. */
const LOOK_AGAIN = 250;
const QUIET = 30_000;
const SETTLES_WITHIN = 180_000;
const PROCESS_USERS = ['webhook', 'reconciler'].map(
  (name) => `system:serviceaccount:egressip-ipam-operator:egressip-ipam-${name}`,
);
const WRITES = new Set(['create', 'update', 'patch', 'delete']);

const commandLine = readCommandLine(SOAK_COMMAND, process.argv.slice(2), process, configure);
process.exitCode = commandLine.run ? await run(commandLine.config) : commandLine.status;
process.exit();

async function run(config: SoakConfig): Promise<number> {
  const stop = untilSignal(process, (status) => process.exit(status));
  const stack = await Stack.start({
    platform: 'aws',
    nodes: NODE_COUNT,
    webhooks: 2,
    sandboxArgs: ['--request-timeout=5s', '--ec2-latency=100ms', '--ec2-throttling=real'],
    reconcilerArgs: ['--api-server-request-timeout=5s', '--not-ready-hold=10s', '--aws-resync-period=20s'],
  });
  try {
    await stack.processes.startReconciler();
    const egressIPAM = sampleEgressIPAM('aws') as unknown as { spec: object };
    await apply(stack.client, {
      ...egressIPAM,
      spec: { ...egressIPAM.spec, reuseGracePeriod: '5s' },
    } as never);
    const nodes = (await stack.client.list(NODES)).items.map(({ metadata }) => metadata.name);
    const events = new Events(stack, nodes, randomFrom(config.seed));
    const faults = await happen(config, stack, events, stop);
    const writes = await comeToRest(stack, events);
    say(
      `done: ${JSON.stringify(events.counts)}; duplicates ${faults.length}; writes once quiet ${writes.length}`,
    );
    for (const line of [...faults, ...writes]) say(`  ${line}`);
    return faults.length + writes.length === 0 ? EXIT.asAsked : EXIT.notAsAsked;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return EXIT.notAsAsked;
  } finally {
    await stack.stop();
  }
}

/** Lets things happen for the time asked; returns the duplicates found. */
async function happen(
  config: SoakConfig,
  stack: Stack,
  events: Events,
  stop: AbortSignal,
): Promise<string[]> {
  const end = performance.now() + config.minutes * 60_000;
  const found: string[] = [];
  const every = async (perMinute: number, event: () => Promise<void>) => {
    if (perMinute === 0) return;
    for (let at = performance.now(); at < end && !stop.aborted; at += 60_000 / perMinute) {
      await delay(Math.max(0, at - performance.now()));
      await event();
    }
  };
  const children = () => [...stack.processes.webhooks, ...stack.processes.reconcilers];
  const report = async () => {
    const lines = children().reduce((sum, child) => sum + child.count, 0);
    say(`${JSON.stringify(events.counts)}; ${shown(await readings(children()))}; ${lines} lines of log`);
  };
  const look = async () => {
    const first = await tolerant(() => duplicates(stack));
    if (first.length === 0) return;
    await delay(LOOK_AGAIN);
    const second = new Set(await tolerant(() => duplicates(stack)));
    found.push(...first.filter((line) => second.has(line)));
  };
  await Promise.all([
    every(config['namespace-events'], () => events.namespaceEvent()),
    every(config['node-events'], () => events.nodeEvent()),
    every(2, () => events.fault()),
    every(60, look),
    every(1, report),
  ]);
  return found;
}

/** Everything is well and nobody asks for anything: returns what is written all the same, but for the Lease. */
async function comeToRest(stack: Stack, events: Events): Promise<string[]> {
  await events.calm();
  say('all is well again; settling');
  await until(async () => await isSettled(stack), SETTLES_WITHIN);
  await delay(5_000);
  const marker = `marker-${Date.now()}`;
  await stack.client.get(NAMESPACES, marker);
  await delay(QUIET);
  const audit = await stack.ask<{ verb: string; user: string; resource: string; name: string }[]>('audit');
  const from = audit.findLastIndex((entry) => entry.name === marker);
  return audit
    .slice(from)
    .filter(
      ({ user, verb, resource }) => PROCESS_USERS.includes(user) && WRITES.has(verb) && resource !== 'leases',
    )
    .map(({ user, verb, resource, name }) => `${user} ${verb} ${resource}/${name}`);
}

/** Every namespace that lists IPs is active with all of them; nothing else is held. */
async function isSettled(stack: Stack): Promise<boolean> {
  const [{ namespaces }, allocations] = await Promise.all([
    stack.ask<{ namespaces: { namespace: string; egress: string }[] }>('verdicts?settled'),
    stack.client.list(ALLOCATIONS),
  ]);
  const isBound = allocations.items.every(({ status }) => status?.phase === 'Bound');
  return isBound && namespaces.every(({ egress }) => egress !== 'dropped');
}

async function tolerant(look: () => Promise<string[]>): Promise<string[]> {
  try {
    return await look();
  } catch (error) {
    if (isApiError(error)) return [];
    throw error;
  }
}

/** Mulberry32: small, and the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

function say(text: string): void {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
}
