// `npm start`: the main job, live, on one machine.
import { setTimeout as delay } from 'node:timers/promises';
import { readCommandLine } from '../../shared/process/command-line.ts';
import { EXIT } from '../../shared/process/help.ts';
import { untilSignal } from '../../shared/process/shutdown.ts';
import { apply } from '../stack/apply.ts';
import { demoNamespaces, sampleEgressIPAM } from '../stack/objects.ts';
import { Stack } from '../stack/stack.ts';
import { configure, DEMO_COMMAND, type DemoConfig } from './config.ts';
import { createAll } from './create.ts';
import { hints } from './hints.ts';
import { live } from './live.ts';
import { type Expectation, type Report, report } from './report.ts';
import { table } from './table.ts';
import { untilUnwatched } from './unwatched.ts';

/** Milliseconds in which all must be settled with --once. */
const SETTLES_WITHIN = 60_000;
const LOOK_EVERY = 100;
/** An API server that waits for requests no longer than this, so that releases can be watched without waiting long. */
const SHORT_TIMES = {
  sandboxArgs: ['--request-timeout=10s'],
  reconcilerArgs: ['--api-server-request-timeout=10s'],
};

const commandLine = readCommandLine(DEMO_COMMAND, process.argv.slice(2), process, configure);
try {
  process.exitCode = commandLine.run ? await run(commandLine.config) : commandLine.status;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = EXIT.notAsAsked;
}
process.exit();

async function run(config: DemoConfig): Promise<number> {
  const stop = AbortSignal.any([
    untilSignal(process, (status) => process.exit(status)),
    untilUnwatched(process),
  ]);
  const say = (text: string) => process.stderr.write(`${text}\n`);
  let stack: Stack | undefined;
  try {
    stack = await Stack.start({ ...config, ...SHORT_TIMES }, (step) => say(`${step} …`), stop);
    return await show(stack, config, say, stop);
  } catch (error) {
    // What was under way when it was told to stop need not have gone well.
    if (!stop.aborted) throw error;
    return config.once ? EXIT.notAsAsked : EXIT.asAsked;
  } finally {
    if (stop.aborted) say('stopping …');
    await stack?.stop();
  }
}

async function show(
  stack: Stack,
  config: DemoConfig,
  say: (text: string) => void,
  stop: AbortSignal,
): Promise<number> {
  const demo = demoNamespaces(config.platform, config.namespaces);
  const egressIPAM = sampleEgressIPAM(config.platform);
  await apply(stack.client, egressIPAM);
  say('creating namespaces …');
  const timeOut = config.once ? AbortSignal.timeout(SETTLES_WITHIN) : new AbortController().signal;
  const namespaces = [...demo.accepted, demo.plain, demo.refused];
  const rejected = await createAll(stack.client, namespaces, AbortSignal.any([stop, timeOut]));
  const expected: Expectation = {
    optedIn: demo.accepted.map(({ metadata }) => metadata.name),
    refused: [demo.refused.metadata.name],
    created: [...demo.accepted, demo.plain].map(({ metadata }) => metadata.name),
  };
  const look = () => report(stack, config.platform, expected, rejected);
  if (config.once) return await once(look, config, stop, timeOut);
  const { kubeconfigs, ec2Url, region } = stack.ready;
  const pointers = { kubeconfig: kubeconfigs.admin, ec2Url, region, egressIPAM: egressIPAM.metadata.name };
  await live(look, hints(pointers, demo.plain.metadata.name), process.stdout, stop);
  return EXIT.asAsked;
}

async function once(
  look: () => Promise<Report>,
  config: DemoConfig,
  stop: AbortSignal,
  timeOut: AbortSignal,
): Promise<number> {
  let latest = await look();
  while (!latest.ok && !isHopeless(latest) && !timeOut.aborted && !stop.aborted) {
    await delay(LOOK_EVERY);
    latest = await look();
  }
  process.stdout.write(config.json ? `${JSON.stringify(latest, null, 2)}\n` : table(latest));
  if (latest.ok) return EXIT.asAsked;
  return timeOut.aborted && !stop.aborted ? EXIT.timeRanOut : EXIT.notAsAsked;
}

/** Somebody was refused who should not have been, or let in who should have been refused: time will not mend it. */
function isHopeless({ rejected }: Report): boolean {
  return rejected.length !== 1;
}
