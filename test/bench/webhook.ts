// How much of a server's time does our admission take? The webhook's server under load over TLS, against fastify that
// answers without looking, in processes of their own; the load comes from a third.
import { readFile } from 'node:fs/promises';
import { EGRESSIPAM_ANNOTATION } from '../../shared/names.ts';
import { EGRESSIPAM } from './cluster.ts';
import { type Part, type Row, sized, type Terms } from './part.ts';
import { COUNTER, type LoadRequest, type LoadResult } from './processes/load-request.ts';
import type { Serving } from './processes/serving.ts';
import { type Worker, Workers } from './processes/worker.ts';
import { spreadText } from './report.ts';
import { alternate, median, ratios, spread } from './rounds.ts';

export const WEBHOOK: Part = { about: 'the webhook over TLS, kept connections', run };

const REVIEWS = new URL('../fixtures/admission-reviews/', import.meta.url);
const SCENES = [
  { what: 'a namespace that does not opt in', review: '01-CREATE-namespaces-plain.json', target: 0.8 },
  {
    what: 'one that opts in, claims answered at once',
    review: '02-CREATE-namespaces-opted-in.json',
    target: 0.5,
  },
];
const CONNECTIONS = [1, 32];
/** Rounds that do not count: the engine compiles what is hot. */
const WARM_UP = 4;

async function* run(terms: Terms): AsyncGenerator<Row> {
  const { namespaces, nodes } = sized(terms, { namespaces: 5_000, nodes: 600 }, { namespaces: 20, nodes: 6 });
  const workers = new Workers();
  try {
    const [load, floor, ours] = await Promise.all([
      workers.start('load.ts'),
      workers.start<Serving>('floor.ts', ['blind']),
      workers.start<Serving>('product.ts', [String(namespaces), String(nodes)]),
    ]);
    for (const { what, review, target } of SCENES) {
      const body = await bodyOf(review);
      for (const connections of CONNECTIONS) {
        terms.say(`${what}, ${connections} connections`);
        const milliseconds = sized(terms, 1_000, 50);
        const request = { path: '/mutate/namespaces?timeout=10s', body, connections, milliseconds };
        const on = (server: Worker<Serving>) => () => measure(load, server, request);
        await alternate(sized(terms, WARM_UP, 1), on(ours), on(floor));
        const found = await alternate(terms.rounds, on(ours), on(floor));
        yield row(`${what}, ${connections} connections`, found, target);
      }
    }
  } finally {
    await workers.stop();
  }
}

interface Measured extends LoadResult {
  /** Of the server, microseconds per request. */
  readonly serverCpu: number;
}

async function measure(
  load: Worker<unknown>,
  server: Worker<Serving>,
  request: Omit<LoadRequest, 'port' | 'ca'>,
): Promise<Measured> {
  await server.ask('clear');
  const before = await server.usage();
  const result = await load.ask<LoadResult>({ ...request, ...server.ready });
  const after = await server.usage();
  return { ...result, serverCpu: (after.cpu - before.cpu) / result.requests };
}

type Found = { readonly ours: readonly Measured[]; readonly floor: readonly Measured[] };

function row(what: string, found: Found, target: number): Row {
  const throughput = ({ requests, milliseconds }: Measured) => (1000 * requests) / milliseconds;
  const ratio = ratios(found, throughput, throughput);
  const cpu = ratios(
    found,
    (one) => one.serverCpu,
    (one) => one.serverCpu,
  );
  return {
    what,
    figure: { value: median(found.ours.map(throughput)), unit: '/s' },
    against: { name: 'floor', value: median(found.floor.map(throughput)), unit: '/s' },
    ratio,
    target: `ratio at least ${target}`,
    met: ratio.median >= target,
    notes: [
      `CPU of the server ${inMicroseconds(found.ours)} a request, floor ${inMicroseconds(found.floor)}, ratio ${spreadText(cpu)}`,
      `answered in ${latency(found.ours)}, floor ${latency(found.floor)}`,
    ],
  };
}

function inMicroseconds(measured: readonly Measured[]): string {
  return `${spread(measured.map((one) => one.serverCpu)).median.toFixed(0)} µs`;
}

function latency(measured: readonly Measured[]): string {
  const of = (pick: (one: Measured) => number) => median(measured.map(pick)).toFixed(2);
  return `${of((one) => one.median)} ms (p99 ${of((one) => one.p99)} ms)`;
}

/** A recorded review, with a name and a uid of its own for each request. */
async function bodyOf(file: string): Promise<string> {
  const { review } = JSON.parse(await readFile(new URL(file, REVIEWS), 'utf8'));
  const { request } = review;
  const name = `bench-${COUNTER}`;
  const { metadata } = request.object;
  const annotations = metadata.annotations ?? {};
  if (EGRESSIPAM_ANNOTATION in annotations) annotations[EGRESSIPAM_ANNOTATION] = EGRESSIPAM;
  request.uid = `${COUNTER}-6393-11e8-b7cc-42010a800002`;
  request.name = name;
  request.namespace = name;
  metadata.name = name;
  if (metadata.labels !== undefined) metadata.labels['kubernetes.io/metadata.name'] = name;
  return JSON.stringify(review);
}
