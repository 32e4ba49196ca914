// What does a burst of namespaces cost in EC2, and when is the last of them served? Real processes, EC2 with its latency
// and its token buckets, against the fewest calls that can do it: one per interface.
import type { Part, Row, Terms } from './part.ts';
import { countCalls, EC2_LATENCY, namesOf, Zones } from './zones.ts';

export const BURST: Part = { about: 'a burst of namespaces over three zones, EC2 throttled', run };

const CALLS_TARGET = 1.5;
/** Of EC2's bucket: tokens that grants may take at once, and how many come back in a second. */
const TOKENS = 25;
const TOKENS_PER_SECOND = 5;
const MARGIN = 5;
/** Calls of one look at EC2: one per 200 instances, subnets, interfaces and reservations per zone, instance types. */
const PAGES = 9;
const LOOK_EVERY = 60;

async function* run(terms: Terms): AsyncGenerator<Row> {
  const zones = await Zones.start(terms);
  try {
    const { namespaces, nodes } = zones.size;
    terms.say(`${namespaces} namespaces`);
    const names = namesOf('burst', namespaces);
    const calls = await countCalls(zones.stack);
    const started = performance.now();
    const granted = zones.untilGranted(names, 3);
    await zones.admit('burst', names);
    const admitted = performance.now();
    terms.say('waiting for the last grant');
    const last = await granted;
    const { assigns, describes } = await calls();
    const seconds = (from: number, to: number) => (to - from) / 1000;
    const note = `${namespaces} namespaces with 3 IPs each on ${nodes} nodes, EC2 answers in ${EC2_LATENCY} ms; admitted within ${seconds(started, admitted).toFixed(1)} s`;
    yield {
      what: 'calls that assign',
      figure: { value: assigns, unit: 'calls' },
      against: { name: 'one per interface', value: nodes, unit: 'calls' },
      target: `at most ${CALLS_TARGET} times`,
      met: assigns <= CALLS_TARGET * nodes,
      notes: [note],
    };
    const wait = seconds(admitted, last);
    const limit = Math.max(0, assigns - TOKENS) / TOKENS_PER_SECOND + MARGIN;
    yield {
      what: 'last grant after the last admission',
      figure: { value: wait, unit: 's' },
      target: `at most ${limit.toFixed(1)} s: (calls - ${TOKENS})/${TOKENS_PER_SECOND} s + ${MARGIN} s`,
      met: wait <= limit,
      notes: [`${seconds(started, last).toFixed(1)} s after the first was asked for`],
    };
    const looks = Math.floor(seconds(started, last) / LOOK_EVERY) + 1;
    yield {
      what: 'describes meanwhile',
      figure: { value: describes, unit: 'calls' },
      target: `at most ${looks * PAGES + 1}, ${looks} looks, however many namespaces`,
      met: describes <= looks * PAGES + 1,
      notes: [],
    };
  } finally {
    await zones.stop();
  }
}
