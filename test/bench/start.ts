// How long from a cold start until a process does its work, and what does it keep in memory? Real processes over a seeded
// sandbox, against processes that have made the same imports and know nothing.
import { setTimeout as delay } from 'node:timers/promises';
import { sandboxAws } from '../stack/aws-environment.ts';
import { Child } from '../stack/child.ts';
import type { Stack } from '../stack/stack.ts';
import { type Part, type Row, sized, type Terms } from './part.ts';
import { usageOf } from './processes/usage.ts';
import { Workers } from './processes/worker.ts';
import { alternate, median, ratios } from './rounds.ts';
import { inWords, seededSize, startSeeded } from './seeded.ts';

export const START: Part = { about: 'cold start and memory, real processes on the sandbox', run };

const READY_TARGET = 10;
const MOST_ROUNDS = 5;
const MIB = 2 ** 20;

/** A process of the product. */
interface Subject {
  readonly script: string;
  readonly args: readonly string[];
  readonly user: 'webhook' | 'reconciler';
  /** The line with its ports, and where in it they are. */
  readonly line: string;
  readonly healthPort: string;
  readonly metricsPort: string;
  /** What it imports besides, some time after its start. */
  readonly late: readonly string[];
  /** MiB above its imports. */
  readonly memoryTarget: number;
}

const PROBES = ['--metrics-bind-address=127.0.0.1:0', '--health-probe-bind-address=127.0.0.1:0'];
const SUBJECTS: readonly Subject[] = [
  {
    script: 'webhook/main.ts',
    args: [...PROBES, '--bind-address=127.0.0.1', '--port=0', '--shutdown-delay=0s'],
    user: 'webhook',
    line: 'listens',
    healthPort: 'health',
    metricsPort: 'metrics',
    late: [],
    memoryTarget: 70,
  },
  {
    script: 'reconciler/main.ts',
    args: PROBES,
    user: 'reconciler',
    line: 'started',
    healthPort: 'healthPort',
    metricsPort: 'metricsPort',
    late: ['@aws-sdk/client-ec2'],
    memoryTarget: 100,
  },
];

async function* run(terms: Terms): AsyncGenerator<Row> {
  const stack = await startSeeded(terms);
  try {
    await stack.processes.stop();
    for (const subject of SUBJECTS) yield* measure(subject, stack, terms);
  } finally {
    await stack.stop();
  }
}

async function* measure(subject: Subject, stack: Stack, terms: Terms): AsyncGenerator<Row> {
  const rounds = Math.min(terms.rounds, MOST_ROUNDS);
  const found = await alternate(
    rounds,
    (round) => {
      terms.say(`${subject.script}, start ${round + 1} of ${rounds}`);
      return startOnce(subject, stack, sized(terms, 10_000, 200));
    },
    () => importOnly(subject, sized(terms, 2_000, 50)),
  );
  const size = inWords(seededSize(terms));
  const ready = median(found.ours.map((one) => one.seconds));
  yield {
    what: `${subject.script}, start to ready`,
    figure: { value: ready, unit: 's' },
    against: { name: 'its imports alone', value: median(found.floor.map((one) => one.seconds)), unit: 's' },
    ratio: ratios(
      found,
      (one) => one.seconds,
      (one) => one.seconds,
    ),
    target: `under ${READY_TARGET} s`,
    met: ready < READY_TARGET,
    notes: [size, `${rounds} starts`],
  };
  const kept = median(found.ours.map((one) => one.memory / MIB));
  const imports = median(found.floor.map((one) => one.memory / MIB));
  yield {
    what: `${subject.script}, memory at rest`,
    figure: { value: kept, unit: 'MiB' },
    against: { name: 'its imports alone', value: imports, unit: 'MiB' },
    target: `at most ${subject.memoryTarget} MiB above`,
    met: kept - imports <= subject.memoryTarget,
    notes: [`${(kept - imports).toFixed(0)} MiB above; the most within the start ${peak(found.ours)} MiB`],
  };
}

interface Started {
  readonly seconds: number;
  /** Bytes, at rest. */
  readonly memory: number;
  readonly peak: number;
}

function peak(started: readonly Started[]): string {
  return Math.max(...started.map((one) => one.peak / MIB)).toFixed(0);
}

async function startOnce(subject: Subject, stack: Stack, rest: number): Promise<Started> {
  const { script, args, user, line } = subject;
  const env = sandboxAws(stack.ready.ec2Url ?? '');
  const started = performance.now();
  const child = new Child({ script, args: [`--kubeconfig=${stack.ready.kubeconfigs[user]}`, ...args], env });
  try {
    const ports = await child.line(({ msg }) => msg === line);
    while (!(await isAtWork(user, Number(ports[subject.healthPort]), Number(ports[subject.metricsPort])))) {
      await delay(20);
    }
    const seconds = (performance.now() - started) / 1000;
    let most = 0;
    for (const until = performance.now() + rest; performance.now() < until; await delay(rest / 20)) {
      most = Math.max(most, (await usageOf(child)).memory);
    }
    return { seconds, memory: (await usageOf(child)).memory, peak: most };
  } finally {
    await child.stop();
  }
}

/** Ready; and the reconciler leads and has made a pass. */
async function isAtWork(user: Subject['user'], healthPort: number, metricsPort: number): Promise<boolean> {
  const health = await fetch(`http://127.0.0.1:${healthPort}/readyz`);
  if (user === 'webhook' || !health.ok) return health.ok;
  const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return /^egressip_ipam_reconciler_pass_duration_seconds_count [1-9]/m.test(metrics);
}

async function importOnly({ script, late }: Subject, rest: number): Promise<Started> {
  const workers = new Workers();
  const started = performance.now();
  try {
    const worker = await workers.start('imports.ts', [script, ...late], script);
    const seconds = (performance.now() - started) / 1000;
    await delay(rest);
    const { memory } = await worker.usage();
    return { seconds, memory, peak: memory };
  } finally {
    await workers.stop();
  }
}
