// `npm run soak`: the product on the sandbox for as long as one likes, under load and faults, and whether it was well after.
import { setTimeout as delay } from 'node:timers/promises';
import { isApiError } from '../../shared/kube/client.ts';
import { readCommandLine } from '../../shared/process/command-line.ts';
import { EXIT } from '../../shared/process/help.ts';
import { untilSignal } from '../../shared/process/shutdown.ts';
import { SeededRandom } from '../seeded-random.ts';
import { Stack } from '../stack/stack.ts';
import { idleWrites, untilSilent, whatIsWrong } from './aftermath.ts';
import { configure, SOAK_COMMAND, type SoakConfig } from './config.ts';
import { Diary } from './diary.ts';
import { findDuplicates } from './gauges.ts';
import { Mischief } from './mischief.ts';
import { Turmoil } from './turmoil.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** How often something goes wrong, and how often a reconciler ends; the latter in the first fifth, so that memory can be told. */
const TRICK_EVERY = 7 * SECOND;
const KILL_EVERY = 45 * SECOND;
const KILLING_SHARE = 0.2;
const IDLE = MINUTE;

const commandLine = readCommandLine(SOAK_COMMAND, process.argv.slice(2), process, configure);
process.exitCode = commandLine.run ? await run(commandLine.config) : commandLine.status;
process.exit();

async function run(config: SoakConfig): Promise<number> {
  const stop = untilSignal(process, (status) => process.exit(status));
  const say = (text: string) => process.stdout.write(`${text}\n`);
  const stack = await Stack.start({
    platform: 'aws',
    nodes: config.nodes,
    webhooks: 2,
    userAgent: 'egressip-ipam-soak',
    // A claim's grace is twice what the reconciler is told, and has to be longer than what the API server allows.
    sandboxArgs: ['--request-timeout=8s', '--ec2-latency=30ms', '--ec2-lag=500ms', '--ec2-throttling=real'],
    reconcilerArgs: ['--api-server-request-timeout=5s', '--aws-resync-period=20s', '--not-ready-hold=30s'],
  });
  try {
    await stack.processes.startReconciler();
    const diary = new Diary(stack, say);
    await soak(config, stack, diary, stop);
    return await conclude(config, stack, diary, say);
  } finally {
    await stack.stop();
  }
}

/** Things happen, each kind at its own pace. */
async function soak(config: SoakConfig, stack: Stack, diary: Diary, stop: AbortSignal): Promise<void> {
  const random = (what: string) => new SeededRandom(`${config.seed} ${what}`);
  const setReady = (node: string, ready: boolean) => stack.tell(`nodes/${node}`, { ready });
  const turmoil = new Turmoil(stack.client, random('turmoil'), config.namespaces, setReady);
  const mischief = new Mischief(stack, random('mischief'));
  await turmoil.prepare();
  await delay(5 * SECOND);
  const begun = performance.now();
  const end = begun + config.minutes * MINUTE;
  const isOver = () => performance.now() >= end || stop.aborted;
  const every = (pause: number, act: () => Promise<unknown>) => paced(pause, isOver, act);
  const paces = [
    every(MINUTE / config['namespace-events'], async () =>
      diary.happened('namespace', await turmoil.namespaceEvent()),
    ),
    every(SECOND, async () => diary.duplicates(await unlessCut(() => findDuplicates(stack)))),
    every(MINUTE, () => diary.write()),
  ];
  if (config['node-events'] > 0) {
    const pause = MINUTE / config['node-events'];
    paces.push(every(pause, async () => diary.happened('node', await turmoil.nodeEvent())));
  }
  if (config.faults) {
    paces.push(every(TRICK_EVERY, async () => diary.tricked(await mischief.play())));
    const isSparing = () => isOver() || performance.now() - begun > KILLING_SHARE * config.minutes * MINUTE;
    paces.push(paced(KILL_EVERY, isSparing, () => mischief.killReconciler()));
  }
  await Promise.all(paces);
  await mischief.stop();
  await turmoil.calm();
}

/** Nothing when mischief has cut this very look; the next one follows in a moment. */
async function unlessCut<T>(look: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await look();
  } catch (error) {
    if (isApiError(error, 'unavailable', 'throttled')) return [];
    throw error;
  }
}

/** Acts every so often, one act at a time; one that is late is not made up for. */
async function paced(pause: number, isOver: () => boolean, act: () => Promise<unknown>): Promise<void> {
  for (let next = performance.now() + pause; !isOver(); next = Math.max(next + pause, performance.now())) {
    await delay(Math.max(0, next - performance.now()));
    if (!isOver()) await act();
  }
}

async function conclude(
  config: SoakConfig,
  stack: Stack,
  diary: Diary,
  say: (text: string) => void,
): Promise<number> {
  const restless = await untilSilent(stack);
  // What is written down last is then about silence alone.
  await diary.write();
  const idle = await idleWrites(stack, IDLE);
  await diary.write();
  const wrong = [
    ...restless,
    ...idle,
    ...(await whatIsWrong(stack)),
    ...(await findDuplicates(stack)),
    ...(await diary.complaints(config.minutes)),
  ];
  say(diary.summary());
  for (const line of wrong.slice(0, 100)) say(`WRONG: ${line}`);
  say(wrong.length === 0 ? 'all was well' : `${wrong.length} things were wrong`);
  return wrong.length === 0 ? EXIT.asAsked : EXIT.notAsAsked;
}
