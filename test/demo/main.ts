// `npm start`: the main job, live, on one machine.
import { setTimeout as delay } from 'node:timers/promises';
import { isApiError } from '../../shared/kube/client.ts';
import { readCommandLine } from '../../shared/process/command-line.ts';
import { EXIT } from '../../shared/process/help.ts';
import { untilSignal } from '../../shared/process/shutdown.ts';
import { apply } from '../stack/apply.ts';
import { demoNamespaces, type Manifest, sampleEgressIPAM } from '../stack/objects.ts';
import { Stack } from '../stack/stack.ts';
import { configure, DEMO_COMMAND, type DemoConfig } from './config.ts';
import { type Expectation, type Rejection, type Report, report } from './report.ts';
import { table } from './table.ts';

/** Milliseconds in which all must be settled with --once. */
const SETTLES_WITHIN = 60_000;
const LOOK_EVERY = { once: 100, live: 500 };
/** An API server that waits for requests no longer than this, so that releases can be watched without waiting long. */
const SHORT_TIMES = {
  sandboxArgs: ['--request-timeout=10s'],
  reconcilerArgs: ['--api-server-request-timeout=10s'],
};
/** Namespaces that are created at the same time. */
const AT_ONCE = 16;

const commandLine = readCommandLine(DEMO_COMMAND, process.argv.slice(2), process, configure);
try {
  process.exitCode = commandLine.run ? await run(commandLine.config) : commandLine.status;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = EXIT.notAsAsked;
}
process.exit();

async function run(config: DemoConfig): Promise<number> {
  const stop = untilSignal(process, (status) => process.exit(status));
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const stack = await Stack.start({ ...config, ...SHORT_TIMES }, (step) => say(`${step} …`));
  try {
    const demo = demoNamespaces(config.platform, config.namespaces);
    await apply(stack.client, sampleEgressIPAM(config.platform));
    say('creating namespaces …');
    const rejected = await createAll(stack, [...demo.accepted, demo.plain, demo.refused], stop);
    const expected: Expectation = {
      optedIn: demo.accepted.map(({ metadata }) => metadata.name),
      refused: [demo.refused.metadata.name],
      created: [...demo.accepted, demo.plain].map(({ metadata }) => metadata.name),
    };
    const look = () => report(stack, config.platform, expected, rejected);
    return config.once ? await once(look, config, stop) : await live(look, stack, stop);
  } finally {
    await stack.stop();
  }
}

/** Creates them a few at a time; who is refused comes back with the reason. */
async function createAll(
  stack: Stack,
  namespaces: readonly Manifest[],
  stop: AbortSignal,
): Promise<Rejection[]> {
  const rejected: Rejection[] = [];
  const waiting = [...namespaces];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined && !stop.aborted; next = waiting.shift()) {
      const message = await create(stack, next);
      if (message !== undefined) rejected.push({ name: next.metadata.name, message });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return rejected;
}

/** Comes back, as kubectl does, when told when to; returns why it was refused for good. */
async function create(stack: Stack, namespace: Manifest): Promise<string | undefined> {
  for (let tries = 1; ; tries++) {
    try {
      await apply(stack.client, namespace);
      return undefined;
    } catch (error) {
      if (!isApiError(error)) throw error;
      if (error.retryAfterSeconds === undefined || tries >= 10) return error.message;
      await delay(error.retryAfterSeconds * 1000);
    }
  }
}

async function once(look: () => Promise<Report>, config: DemoConfig, stop: AbortSignal): Promise<number> {
  const deadline = performance.now() + SETTLES_WITHIN;
  let latest = await look();
  while (!latest.ok && !isHopeless(latest) && performance.now() < deadline && !stop.aborted) {
    await delay(LOOK_EVERY.once);
    latest = await look();
  }
  process.stdout.write(config.json ? `${JSON.stringify(latest, null, 2)}\n` : table(latest));
  if (latest.ok) return EXIT.asAsked;
  return isHopeless(latest) || stop.aborted ? EXIT.notAsAsked : EXIT.timeRanOut;
}

/** Somebody was refused who should not have been, or let in who should have been refused: time will not mend it. */
function isHopeless({ rejected }: Report): boolean {
  return rejected.length !== 1;
}

async function live(look: () => Promise<Report>, stack: Stack, stop: AbortSignal): Promise<number> {
  const hint = [
    'Point kubectl at it from another terminal:',
    '',
    `  export KUBECONFIG=${stack.ready.kubeconfigs.admin}`,
    '  kubectl get egressipams,egressipallocations',
    '  kubectl create -f manifests/samples/aws/namespaces.yaml --dry-run=server -o yaml',
    '',
    'It ends with Ctrl-C.',
  ].join('\n');
  let shown = '';
  while (!stop.aborted) {
    const text = `${table(await look())}\n${hint}\n`;
    if (text !== shown) show(text);
    shown = text;
    await delay(LOOK_EVERY.live, undefined, { signal: stop }).catch(() => {});
  }
  process.stderr.write('stopping …\n');
  return EXIT.asAsked;
}

/** Redraws a terminal; a file or pipe gets each change as it comes. */
function show(text: string): void {
  process.stdout.write(process.stdout.isTTY ? `\u001b[H\u001b[2J${text}` : `${text}\n`);
}
