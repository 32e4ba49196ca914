// How soon are the IPs of a node that has failed on other nodes? From the NotReady event to the last HostSubnet, against one
// describe and one assign of EC2; alone, and in the middle of a burst that uses up EC2's tokens.
import { setTimeout as delay } from 'node:timers/promises';
import { type Part, type Row, sized, type Terms } from './part.ts';
import { spread } from './rounds.ts';
import { EC2_LATENCY, namesOf, Zones } from './zones.ts';

export const FAILOVER: Part = { about: 'failover of a node, EC2 throttled', run };

const MARGIN = 500;
const FLOOR = 2 * EC2_LATENCY;
/** Milliseconds in which the last move is written down, too. */
const SETTLES = 500;

async function* run(terms: Terms): AsyncGenerator<Row> {
  const zones = await Zones.start(terms);
  try {
    const { ips, namespaces } = zones.size;
    const [first = '', ...others] = zones.single;
    terms.say('filling the node');
    await zones.cordon(others, true);
    const names = namesOf('single', ips);
    await zones.admit('single', names);
    await zones.untilGranted(names, 1);
    await zones.untilHostedBy([first], ips);
    const alone: number[] = [];
    for (let round = 0; round < terms.rounds; round++) {
      terms.say(`failover ${round + 1} of ${terms.rounds}`);
      alone.push(await failOver(zones, first, others));
      await goBack(zones, first, others);
    }
    yield row(`${ips} IPs of a single-CIDR pool`, alone);
    terms.say(`failover among ${namespaces} namespaces`);
    const admitted = zones.admit('burst', namesOf('burst', namespaces));
    const inBurst: number[] = [];
    for (let round = 0; round < sized(terms, 5, 1); round++) {
      await delay(sized(terms, 3_000, 50));
      inBurst.push(await failOver(zones, first, others));
      await goBack(zones, first, others);
    }
    await admitted;
    yield row(`the same in a burst of ${namespaces} namespaces`, inBurst);
  } finally {
    await zones.stop();
  }
}

/** Milliseconds from the event to the last HostSubnet. */
async function failOver(zones: Zones, from: string, to: readonly string[]): Promise<number> {
  await zones.cordon(to, false);
  const moved = zones.untilHostedBy(to, zones.size.ips);
  const failed = await zones.setReady(from, false);
  return (await moved) - failed;
}

/** The node is Ready again, and all others are emptied for maintenance. */
async function goBack(zones: Zones, to: string, from: readonly string[]): Promise<void> {
  await zones.setReady(to, true);
  await zones.cordon(from, true);
  await zones.untilHostedBy([to], zones.size.ips);
  await delay(SETTLES);
}

function row(what: string, times: readonly number[]): Row {
  const { low, median, high } = spread(times);
  const most = Math.max(...times);
  return {
    what,
    figure: { value: median, unit: 'ms' },
    against: { name: 'one describe and one assign', value: FLOOR, unit: 'ms' },
    target: `at most ${FLOOR + MARGIN} ms`,
    met: median <= FLOOR + MARGIN,
    notes: [
      `${times.length} failovers, quartiles ${low.toFixed(0)} and ${high.toFixed(0)} ms, the slowest ${most.toFixed(0)} ms`,
    ],
  };
}
