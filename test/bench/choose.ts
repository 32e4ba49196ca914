// How long does it take to choose addresses? Decisions as the webhook makes them, with the first candidate of each CIDR,
// over a view in memory; and what a pool that is nearly full costs beside one that is nearly empty.
import { freeAddresses, startFor } from '../../shared/allocate.ts';
import { toIPv4 } from '../../shared/ip.ts';
import type { AllocationObject, NamespaceObject } from '../../shared/kinds.ts';
import { EGRESSIPAM_ANNOTATION, OPERATOR_NAMESPACE } from '../../shared/names.ts';
import { decide } from '../../webhook/namespace.ts';
import type { View } from '../../webhook/view.ts';
import { allocationOf, EGRESSIPAM, makeCluster, subnetOf } from './cluster.ts';
import { filledView } from './filled-view.ts';
import { type Part, type Row, sized, type Terms } from './part.ts';
import { alternate, median, quantile, ratios } from './rounds.ts';

export const CHOOSE: Part = { about: 'choosing addresses, in memory', run };

const P99_TARGET = 0.2;
const FULL_TARGET = 2;

async function* run(terms: Terms): AsyncGenerator<Row> {
  yield held(terms);
  yield await crowded(terms);
}

function held(terms: Terms): Row {
  const size = sized(terms, { namespaces: 5_000, nodes: 600 }, { namespaces: 50, nodes: 6 });
  terms.say('decisions');
  const view = filledView(makeCluster({ ...size, state: 'settled' }));
  const perRound = sized(terms, 2_000, 100);
  decisions(view, perRound);
  const times = Array.from({ length: terms.rounds }, () => decisions(view, perRound)).flat();
  const p99 = quantile(times, 0.99);
  return {
    what: `decision for a namespace that opts in, ${3 * size.namespaces} allocations held, p99`,
    figure: { value: p99, unit: 'ms' },
    target: `under ${P99_TARGET} ms`,
    met: p99 < P99_TARGET,
    notes: [`median ${(1000 * median(times)).toFixed(1)} µs, over ${times.length} decisions`],
  };
}

async function crowded(terms: Terms): Promise<Row> {
  terms.say('full and empty pools');
  const perRound = sized(terms, 2_000, 100);
  const [full, empty] = [viewWith(0.99), viewWith(0.01)];
  const time = (view: View) => () => median(decisions(view, perRound));
  await alternate(1, time(full), time(empty));
  const found = await alternate(terms.rounds, time(full), time(empty));
  const ratio = ratios(
    found,
    (one) => one,
    (one) => one,
  );
  return {
    what: 'decision with every /16 pool 99 % full',
    figure: { value: 1_000 * median(found.ours), unit: 'µs' },
    against: { name: '1 % full', value: 1_000 * median(found.floor), unit: 'µs' },
    ratio,
    target: `ratio at most ${FULL_TARGET}`,
    met: ratio.median <= FULL_TARGET,
    notes: [],
  };
}

/** Milliseconds of each, for namespaces of different names. */
function decisions(view: View, count: number): number[] {
  const requests = Array.from({ length: count }, (_, i) => requestFor(`new-${i}`));
  return requests.map((request) => {
    const started = performance.now();
    choose(view, request);
    return performance.now() - started;
  });
}

function choose(view: View, request: ReturnType<typeof requestFor>): void {
  const decision = decide(request, view, OPERATOR_NAMESPACE);
  if (decision.kind !== 'allocate') throw new Error(`${request.name} was not given IPs: ${decision.kind}`);
  const { egressIPAM, wanted } = decision.plan;
  for (const { pool } of wanted) {
    const usable = view.usable(egressIPAM, pool);
    const { done } = freeAddresses(usable, view.taken, startFor(request.name, usable)).next();
    if (done === true) throw new Error(`${pool.name} has no free address`);
  }
}

function requestFor(name: string) {
  const annotations = { [EGRESSIPAM_ANNOTATION]: EGRESSIPAM };
  const object: NamespaceObject = { metadata: { name, uid: '', resourceVersion: '', annotations } };
  return { operation: 'CREATE' as const, object, oldObject: undefined, name };
}

/** Whose pools are taken up to that share, everywhere alike. */
function viewWith(share: number): View {
  const objects = makeCluster({ namespaces: 0, nodes: 3, state: 'settled' });
  return filledView({ ...objects, allocations: [0, 1, 2].flatMap((zone) => scattered(zone, share)) });
}

function scattered(zone: number, share: number): AllocationObject[] {
  const { first, last } = subnetOf(zone);
  const found: AllocationObject[] = [];
  for (let ip: number = first; ip <= last; ip++) {
    if (shareOf(ip) < share) found.push(allocationOf(toIPv4(ip), ip, zone));
  }
  return found;
}

/** The same each time, and spread evenly over 0 to 1. */
function shareOf(ip: number): number {
  return (Math.imul(ip, 0x9e3779b1) >>> 0) / 2 ** 32;
}
