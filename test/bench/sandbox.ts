// How much can the sandbox take by itself? What other parts measure through it cannot be faster than this.
import type { LeaseObject } from '../../shared/kinds.ts';
import { Reflector } from '../../shared/kube/reflector.ts';
import { LEASES } from '../../shared/kube/resources.ts';
import { Bare } from './bare.ts';
import { type Part, type Row, sized, type Terms } from './part.ts';
import { usageOf } from './processes/usage.ts';
import { median, spread } from './rounds.ts';

export const SANDBOX: Part = { about: 'the sandbox alone', run };

const WRITES_TARGET = 2_000;
const START_TARGET = 5;
const WATCHERS = 5;
const AT_A_TIME = 32;
const PLACE = { namespace: 'default' };

async function* run(terms: Terms): AsyncGenerator<Row> {
  yield await writes(terms);
  yield await seeding(terms);
}

async function writes(terms: Terms): Promise<Row> {
  const bare = await Bare.start(terms);
  const watchers = Array.from(
    { length: WATCHERS },
    () => new Reflector<LeaseObject>({ client: bare.client, resource: LEASES, ...PLACE }),
  );
  try {
    for (const watcher of watchers) watcher.start();
    await Promise.all(watchers.map((watcher) => watcher.synced));
    const rates: number[] = [];
    const cpu: number[] = [];
    const count = sized(terms, 2_000, 50);
    for (let round = 0; round <= terms.rounds; round++) {
      terms.say(`writes, ${round} of ${terms.rounds}`);
      const before = await usageOf(bare.child);
      const started = performance.now();
      await write(bare, round, count);
      rates.push((1000 * count) / (performance.now() - started));
      cpu.push(((await usageOf(bare.child)).cpu - before.cpu) / count);
    }
    const { low, median: rate, high } = spread(rates.slice(1));
    return {
      what: `writes over HTTPS, ${WATCHERS} watchers`,
      figure: { value: rate, unit: '/s' },
      target: `at least ${WRITES_TARGET}/s`,
      met: rate >= WRITES_TARGET,
      notes: [
        `quartiles ${low.toFixed(0)} and ${high.toFixed(0)}; ${median(cpu.slice(1)).toFixed(0)} µs of its CPU time each; the load and the watchers share another process`,
      ],
    };
  } finally {
    await Promise.all(watchers.map((watcher) => watcher.stop()));
    await bare.stop();
  }
}

async function write({ client }: Bare, round: number, count: number): Promise<void> {
  let left = count;
  const workOff = async () => {
    while (left > 0) {
      left -= 1;
      await client.create(LEASES, { metadata: { name: `bench-${round}-${left}` }, spec: {} }, PLACE);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, workOff));
}

async function seeding(terms: Terms): Promise<Row> {
  const { namespaces, nodes } = sized(terms, { namespaces: 5_000, nodes: 600 }, { namespaces: 10, nodes: 6 });
  terms.say('seeding');
  const started = performance.now();
  const bare = await Bare.start(terms, [
    `--nodes=${nodes}`,
    `--seed-namespaces=${namespaces}`,
    '--instance-type=c5.4xlarge',
    '--large-subnets',
  ]);
  const seconds = (performance.now() - started) / 1000;
  await bare.stop();
  return {
    what: `start with ${namespaces} namespaces, ${3 * namespaces} IPs and ${nodes} nodes in place`,
    figure: { value: seconds, unit: 's' },
    target: `under ${START_TARGET} s`,
    met: seconds < START_TARGET,
    notes: [],
  };
}
