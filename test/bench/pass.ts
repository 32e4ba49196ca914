// How long does the reconciler think? Planner alone and whole passes (observe and plan) over clusters in memory, and what
// twice the work costs. In this process: no I/O is part of a pass.

import { Caches } from '../../reconciler/caches.ts';
import { Observer } from '../../reconciler/observe.ts';
import { plan } from '../../shared/plan/plan.ts';
import { DEFAULT_TIMING, type World } from '../../shared/plan/world.ts';
import { systemClock } from '../../shared/process/clock.ts';
import { statusOf } from '../../shared/status.ts';
import { makeCluster, type Objects, type Size } from './cluster.ts';
import { type Part, type Row, sized, type Terms } from './part.ts';
import { readOnlyClient } from './read-only-client.ts';
import { spreadText } from './report.ts';
import { alternate, median, ratios, spread } from './rounds.ts';

export const PASS: Part = { about: 'the planner, and whole passes of the reconciler, in memory', run };

const PLAN_TARGET = 250;
const PASS_TARGET = 1_000;

async function* run(terms: Terms): AsyncGenerator<Row> {
  const large = sized(terms, { namespaces: 10_000, nodes: 1_200 }, { namespaces: 200, nodes: 24 });
  const usual = { namespaces: large.namespaces / 2, nodes: large.nodes / 2 };
  yield* planner(terms, large);
  yield* passes(terms, usual);
  yield await growth(terms, large, usual);
}

/** What the planner finds. */
const SCENES = {
  'nothing to do': { state: 'settled', change: undefined },
  'a node is gone': { state: 'settled', change: withoutNode },
  'every namespace just admitted': { state: 'claimed', change: undefined },
} as const;

async function* planner({ rounds, say }: Terms, size: Omit<Size, 'state'>): AsyncGenerator<Row> {
  for (const [scene, { state, change }] of Object.entries(SCENES)) {
    say(`plan, ${scene}`);
    const objects = makeCluster({ ...size, state });
    const bench = await Bench.over(change === undefined ? objects : change(objects));
    const world = touched(bench.observe());
    const times = Array.from({ length: rounds + 1 }, () => timed(() => plan(world))).slice(1);
    const { actions } = plan(world);
    yield row(`plan, ${scene}`, times, PLAN_TARGET, [inWords(size), `${actions.length} actions`]);
    await bench.close();
  }
}

async function* passes({ rounds, say }: Terms, size: Omit<Size, 'state'>): AsyncGenerator<Row> {
  for (const [scene, { state, change }] of Object.entries(SCENES)) {
    say(`pass, ${scene}`);
    const objects = makeCluster({ ...size, state });
    const bench = await Bench.over(change === undefined ? objects : change(objects));
    const first = timed(() => plan(bench.observe()));
    const heap = process.memoryUsage().heapUsed;
    const times = Array.from({ length: rounds }, () => timed(() => plan(bench.observe())));
    const allocated = (process.memoryUsage().heapUsed - heap) / rounds / 2 ** 20;
    const world = bench.observe();
    const made = plan(world);
    const status = timed(() => {
      for (const object of objects.egressIPAMs) statusOf(object, world, made, '2026-01-01T00:00:00Z');
    });
    yield row(`pass, ${scene}`, times, PASS_TARGET, [
      inWords(size),
      `the first pass after a start took ${first.toFixed(0)} ms, a status ${status.toFixed(1)} ms`,
      ...(allocated > 0 ? [`about ${allocated.toFixed(1)} MiB of garbage per pass`] : []),
    ]);
    await bench.close();
  }
}

async function growth(
  { rounds, say }: Terms,
  large: Omit<Size, 'state'>,
  half: Omit<Size, 'state'>,
): Promise<Row> {
  say('growth');
  const [whole, part] = await Promise.all([
    Bench.over(makeCluster({ ...large, state: 'settled' })),
    Bench.over(makeCluster({ ...half, state: 'settled' })),
  ]);
  const time = (bench: Bench) => timed(() => plan(bench.observe()));
  await alternate(
    3,
    () => time(whole),
    () => time(part),
  );
  const found = await alternate(
    rounds,
    () => time(whole),
    () => time(part),
  );
  const ratio = ratios(
    found,
    (one) => one,
    (one) => one,
  );
  const worlds = [whole.observe(), part.observe()] as const;
  const walks = await alternate(
    rounds,
    () => timed(() => walk(worlds[0])),
    () => timed(() => walk(worlds[1])),
  );
  const ofWalks = ratios(
    walks,
    (one) => one,
    (one) => one,
  );
  await Promise.all([whole.close(), part.close()]);
  const n = half.namespaces * 3;
  const limit = (2 * Math.log(2 * n)) / Math.log(n);
  return {
    what: 'pass, twice the work',
    figure: { value: median(found.ours), unit: 'ms' },
    against: { name: 'half of it', value: median(found.floor), unit: 'ms' },
    ratio,
    target: `ratio at most ${limit.toFixed(2)}, as n log n`,
    met: ratio.median <= limit,
    notes: [
      `${inWords(large)} against ${inWords(half)}`,
      `to look at every object once, and at nothing twice, takes ${spreadText(ofWalks)} times as long`,
    ],
  };
}

/** The least that any pass does: finds for each IP that is listed what there is of it. How many things it found. */
function walk({ namespaces, netNamespaces, hostSubnets, allocations, inventory }: World): number {
  let found = 0;
  for (const { name, listed } of namespaces.values()) {
    const used = netNamespaces.get(name)?.ips;
    for (const ip of listed) {
      const allocation = allocations.get(ip);
      if (allocation?.namespace === name) found += 1;
      if (used?.has(ip) === true) found += 1;
      if (hostSubnets.get(allocation?.node ?? '')?.ips.has(ip) === true) found += 1;
      if (inventory?.holders.has(ip) === true) found += 1;
    }
  }
  return found;
}

/** A cluster that can be observed again and again, without I/O. */
class Bench {
  readonly #caches: Caches;
  readonly #observer: Observer;

  static async over(objects: Objects): Promise<Bench> {
    const caches = new Caches({
      client: readOnlyClient(objects),
      platform: 'does not assign',
      clock: systemClock,
      onChange: () => {},
      onError: (error) => process.emitWarning(String(error)),
    });
    await caches.start();
    return new Bench(caches, objects);
  }

  private constructor(caches: Caches, { inventory }: Objects) {
    this.#caches = caches;
    this.#observer = new Observer({
      caches,
      cloud: 'aws',
      inventory: () => inventory,
      timing: DEFAULT_TIMING,
      now: () => 1_000,
      wallClock: () => Date.UTC(2026, 1),
    });
  }

  observe(): World {
    return this.#observer.observe(new Set(), new Map());
  }

  close(): Promise<void> {
    return this.#caches.stop();
  }
}

/** With everything worked out that a world works out when it is first asked for. */
function touched(world: World): World {
  const { usable, taken } = world;
  return { ...world, usable, taken };
}

function withoutNode(objects: Objects): Objects {
  return { ...objects, nodes: objects.nodes.slice(1) };
}

function timed(work: () => unknown): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

function row(what: string, times: readonly number[], limit: number, notes: readonly string[]): Row {
  const { low, median, high } = spread(times);
  const quartiles = `quartiles ${low.toFixed(1)} and ${high.toFixed(1)} ms`;
  return {
    what,
    figure: { value: median, unit: 'ms' },
    target: `under ${limit} ms`,
    met: median < limit,
    notes: [...notes, quartiles],
  };
}

function inWords({ namespaces, nodes }: Omit<Size, 'state'>): string {
  return `${namespaces} namespaces with 3 IPs each on ${nodes} nodes`;
}
