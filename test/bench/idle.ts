// What does a cluster cost in which nothing happens? Real processes over a seeded sandbox: their writes, their calls to
// EC2 and their CPU time, over minutes.
import { setTimeout as delay } from 'node:timers/promises';
import type { Child } from '../stack/child.ts';
import { type Part, type Row, sized, type Terms } from './part.ts';
import { usageOf } from './processes/usage.ts';
import {
  type AuditEntry,
  callsTo,
  inWords,
  seededSize,
  startSeeded,
  untilAtRest,
  writesOf,
} from './seeded.ts';

export const IDLE: Part = { about: 'standing still, real processes on the sandbox', run };

const CPU_TARGET = 1;
/** How many instances one call asks for, and milliseconds for which they are remembered. */
const FILTER = 200;
const REMEMBERED = 600_000;
const ZONES = 3;
const CHANGES = new Set(['AssignPrivateIpAddresses', 'UnassignPrivateIpAddresses']);

async function* run(terms: Terms): AsyncGenerator<Row> {
  const stack = await startSeeded(terms);
  try {
    terms.say('waiting until all is done');
    await untilAtRest(stack, sized(terms, 10_000, 500));
    const processes = [...stack.processes.webhooks, ...stack.processes.reconcilers];
    const before = await Promise.all([writesOf(stack), callsTo(stack), ...processes.map(usageOf)] as const);
    const started = performance.now();
    terms.say(`standing still for ${terms.idle / 1000} s`);
    await delay(terms.idle);
    const seconds = (performance.now() - started) / 1000;
    const [writes, calls, ...usage] = await Promise.all([
      writesOf(stack),
      callsTo(stack),
      ...processes.map(usageOf),
    ] as const);
    const note = `${inWords(seededSize(terms))}, ${seconds.toFixed(0)} s`;
    yield writesRow(writes.slice(before[0].length), note);
    yield describesRow(terms, calls, before[1]);
    const [, , ...usageBefore] = before;
    for (const [at, child] of processes.entries()) {
      const used = ((usage[at]?.cpu ?? 0) - (usageBefore[at]?.cpu ?? 0)) / 1e6;
      yield cpuRow(child, (100 * used) / seconds);
    }
  } finally {
    await stack.stop();
  }
}

function writesRow(writes: readonly AuditEntry[], note: string): Row {
  return {
    what: "writes to Kubernetes but the leader's Lease",
    figure: { value: writes.length, unit: 'writes' },
    target: 'none',
    met: writes.length === 0,
    notes: [note, ...writes.slice(0, 3).map(({ verb, path }) => `${verb} ${path}`)],
  };
}

type Counts = Readonly<Record<string, number>>;

function describesRow(terms: Terms, after: Counts, before: Counts): Row {
  const made = Object.entries(after)
    .map(([action, count]) => [action, count - (before[action] ?? 0)] as const)
    .filter(([, count]) => count > 0);
  const changes = made.filter(([action]) => CHANGES.has(action)).reduce((sum, [, count]) => sum + count, 0);
  const reads = made
    .filter(([action]) => !CHANGES.has(action) && action !== 'DescribeInstanceTypes')
    .reduce((sum, [, count]) => sum + count, 0);
  const looks = made.find(([action]) => action === 'DescribeSubnets')?.[1] ?? 0;
  // Of subnets, interfaces and reservations; the instances come on top, seldom.
  const pages = 1 + 2 * ZONES;
  const instances = made.find(([action]) => action === 'DescribeInstances')?.[1] ?? 0;
  const mostInstances =
    Math.ceil(seededSize(terms).nodes / FILTER) * (1 + Math.floor(terms.idle / REMEMBERED));
  return {
    what: 'describes in EC2',
    figure: { value: reads, unit: 'calls' },
    target: `${looks} looks of ${pages} pages each, instances in at most ${mostInstances}, and no change`,
    met: reads - instances === looks * pages && instances <= mostInstances && changes === 0,
    notes: made.map(([action, count]) => `${action} ${count}`),
  };
}

function cpuRow({ script }: Child, percent: number): Row {
  return {
    what: `CPU of ${script}`,
    figure: { value: percent, unit: '%' },
    target: `under ${CPU_TARGET} % of a core`,
    met: percent < CPU_TARGET,
    notes: [],
  };
}
