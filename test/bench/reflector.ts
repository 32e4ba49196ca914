// How soon does news arrive after a long silence? A hundred reflectors on one API server, an event after a quiet time,
// against events in a busy stream.
import { setTimeout as delay } from 'node:timers/promises';
import type { LeaseObject } from '../../shared/kinds.ts';
import type { KubeClient } from '../../shared/kube/client.ts';
import { Reflector } from '../../shared/kube/reflector.ts';
import { LEASES } from '../../shared/kube/resources.ts';
import { Bare } from './bare.ts';
import { type Part, type Row, sized, type Terms } from './part.ts';
import { alternate, median, quantile, ratios } from './rounds.ts';

export const REFLECTOR: Part = { about: 'an event after a quiet time, a hundred reflectors at once', run };

const TARGET = 250;
/** Milliseconds by which the quiet one may be the slower. */
const MARGIN = 50;
const MOST_ROUNDS = 5;
const NAME = 'bench';
const PLACE = { namespace: 'default' };

async function* run(terms: Terms): AsyncGenerator<Row> {
  const bare = await Bare.start(terms);
  const reflectors = Array.from(
    { length: sized(terms, 100, 5) },
    () => new Reflector<LeaseObject>({ client: bare.client, resource: LEASES, ...PLACE }),
  );
  try {
    await bare.client.create(LEASES, { metadata: { name: NAME }, spec: {} }, PLACE);
    for (const reflector of reflectors) reflector.start();
    await Promise.all(reflectors.map((reflector) => reflector.synced));
    const rounds = Math.min(terms.rounds, MOST_ROUNDS);
    const news = new News(bare.client, reflectors);
    await news.spread();
    const found = await alternate(
      rounds,
      async (round) => {
        terms.say(`quiet for ${terms.quiet / 1000} s, ${round + 1} of ${rounds}`);
        await delay(terms.quiet);
        return await news.spread();
      },
      async () => {
        const busy: number[] = [];
        for (let i = 0; i < sized(terms, 50, 3); i++) busy.push(...(await news.spread()));
        return busy;
      },
    );
    yield row(found, terms, reflectors.length);
  } finally {
    await Promise.all(reflectors.map((reflector) => reflector.stop()));
    await bare.stop();
  }
}

function row(
  found: { readonly ours: readonly number[][]; readonly floor: readonly number[][] },
  { quiet }: Terms,
  reflectors: number,
): Row {
  const p99 = (times: readonly number[]) => quantile(times, 0.99);
  const [ours, busy] = [p99(found.ours.flat()), p99(found.floor.flat())];
  return {
    what: `from the write to the listener after ${quiet / 1000} s of silence, p99`,
    figure: { value: ours, unit: 'ms' },
    against: { name: 'in a busy stream', value: busy, unit: 'ms' },
    ratio: ratios(found, p99, p99),
    target: `under ${TARGET} ms, at most ${MARGIN} ms above the busy one`,
    met: ours < TARGET && ours <= busy + MARGIN,
    notes: [
      `${reflectors} reflectors; median ${median(found.ours.flat()).toFixed(1)} ms, busy ${median(found.floor.flat()).toFixed(1)} ms`,
    ],
  };
}

/** Writes the Lease again and again, and times how long each reflector takes to hear of it. */
class News {
  readonly #client: KubeClient;
  readonly #reflectors: readonly Reflector<LeaseObject>[];
  #count = 0;
  #onHeard = (_text: string | undefined) => {};

  constructor(client: KubeClient, reflectors: readonly Reflector<LeaseObject>[]) {
    this.#client = client;
    this.#reflectors = reflectors;
    for (const reflector of reflectors) {
      reflector.onChange((_key, object) => this.#onHeard(object?.metadata.annotations?.[NAME]));
    }
  }

  /** Milliseconds, of each reflector. */
  async spread(): Promise<number[]> {
    this.#count += 1;
    const text = String(this.#count);
    const times: number[] = [];
    const all = Promise.withResolvers<void>();
    const started = performance.now();
    this.#onHeard = (heard) => {
      if (heard !== text) return;
      times.push(performance.now() - started);
      if (times.length === this.#reflectors.length) all.resolve();
    };
    const patch = { metadata: { annotations: { [NAME]: text } } };
    await this.#client.patch(LEASES, NAME, 'application/merge-patch+json', patch, PLACE);
    await all.promise;
    return times;
  }
}
