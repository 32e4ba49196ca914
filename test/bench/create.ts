// What does the webhook add to the creation of a namespace, as the user sees it? Two API servers, one that asks our
// webhook and one that asks a webhook which allows everything; the claims' own writes are measured alone. Both webhooks
// watch the same, so that both API servers have as many events to send.
import { randomUUID } from 'node:crypto';
import { claimObject } from '../../shared/allocation.ts';
import { toIPv4 } from '../../shared/ip.ts';
import type { KubeClient } from '../../shared/kube/client.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  MUTATING_WEBHOOK_CONFIGURATIONS,
  NAMESPACES,
} from '../../shared/kube/resources.ts';
import { EGRESSIPAM_ANNOTATION, WEBHOOK_CONFIGURATION } from '../../shared/names.ts';
import { apply } from '../stack/apply.ts';
import type { Child } from '../stack/child.ts';
import { installation } from '../stack/objects.ts';
import { Stack } from '../stack/stack.ts';
import { until } from '../stack/until.ts';
import { Bare } from './bare.ts';
import { EGRESSIPAM, egressIPAM } from './cluster.ts';
import { published } from './filled-view.ts';
import { type Part, type Row, sized, type Terms } from './part.ts';
import type { Serving } from './processes/serving.ts';
import { usageOf } from './processes/usage.ts';
import { type Usage, Workers } from './processes/worker.ts';
import { spreadText } from './report.ts';
import { alternate, median, ratios, type Spread } from './rounds.ts';

export const CREATE: Part = { about: 'creating namespaces through an API server', run };

const OPTED_IN_TARGET = 1.15;
const CPU_TARGET = 1.1;
const CIDRS = 3;
const CONNECTIONS = [1, 8];

async function* run(terms: Terms): AsyncGenerator<Row> {
  const workers = new Workers();
  const bare = await Bare.start(terms, ['--platform=baremetal']);
  let stack: Stack | undefined;
  try {
    const allows = await workers.start<Serving>('floor.ts', ['obliging']);
    await installFloor(bare.client, allows.ready);
    await allows.ask({ watch: bare.kubeconfig });
    stack = await startOurs(terms);
    const [webhook] = stack.processes.webhooks as [Child];
    const ours = { client: stack.client, apiServer: stack.sandbox, webhook: () => usageOf(webhook) };
    const floor = { client: bare.client, apiServer: bare.child, webhook: () => allows.usage() };
    for (const atATime of CONNECTIONS) yield* compare(terms, ours, floor, atATime);
  } finally {
    await Promise.all([stack?.stop(), bare.stop(), workers.stop()]);
  }
}

/** An API server with its webhook. */
interface Side {
  readonly client: KubeClient;
  readonly apiServer: Child;
  readonly webhook: () => Promise<Usage>;
}

/** Of one round. */
interface Created {
  /** Milliseconds per namespace. */
  readonly milliseconds: number;
  /** Microseconds of CPU time per namespace, of API server, webhook and client together. */
  readonly cpu: number;
  /** The webhook's part of it. */
  readonly webhookCpu: number;
}

async function* compare(terms: Terms, ours: Side, floor: Side, atATime: number): AsyncGenerator<Row> {
  const count = sized(terms, 100, 8);
  const create = (side: Side, annotations: Record<string, string>) => () =>
    measure(side, count, atATime, async (name) => {
      await side.client.create(NAMESPACES, { metadata: { name, annotations } });
    });
  const optsIn = { [EGRESSIPAM_ANNOTATION]: EGRESSIPAM };
  const rounds = terms.rounds;
  terms.say(`namespaces that opt in, ${atATime} at a time`);
  // The engines compile what is hot.
  await alternate(sized(terms, 2, 0), create(ours, optsIn), create(floor, {}));
  const opted = await alternate(rounds, create(ours, optsIn), async () => ({
    plain: await create(floor, {})(),
    claims: await measure(floor, count, atATime, () => claim(floor.client)),
  }));
  const together = ({ plain, claims }: { plain: Created; claims: Created }, of: (one: Created) => number) =>
    of(plain) + of(claims);
  const time = (one: Created) => one.milliseconds;
  yield row(`one that opts in, ${atATime} at a time`, {
    figure: median(opted.ours.map(time)),
    against: median(opted.floor.map((one) => together(one, time))),
    name: `floor and ${CIDRS} claims`,
    ratio: ratios(opted, time, (one) => together(one, time)),
    limit: OPTED_IN_TARGET,
    notes: [
      `the floor ${median(opted.floor.map(({ plain }) => plain.milliseconds)).toFixed(2)} ms, the claims alone ${median(opted.floor.map(({ claims }) => claims.milliseconds)).toFixed(2)} ms`,
      cpuNote(
        ratios(
          opted,
          (one) => one.cpu,
          (one) => together(one, (each) => each.cpu),
        ),
      ),
    ],
  });
  terms.say(`namespaces that do not, ${atATime} at a time`);
  const plain = await alternate(rounds, create(ours, {}), create(floor, {}));
  const cpu = (one: Created) => one.cpu;
  yield row(`one that does not opt in, CPU of all together, ${atATime} at a time`, {
    figure: median(plain.ours.map(cpu)) / 1000,
    against: median(plain.floor.map(cpu)) / 1000,
    name: 'floor',
    ratio: ratios(plain, cpu, cpu),
    limit: CPU_TARGET,
    notes: [
      `time ${spreadText(ratios(plain, time, time))} of the floor's; of it the webhook ${part(plain.ours)}, floor ${part(plain.floor)}`,
    ],
  });
}

function part(created: readonly Created[]): string {
  return `${median(created.map((one) => one.webhookCpu)).toFixed(0)} µs`;
}

let made = 0;

/** So many, each by `one`, which is given a new name. */
async function measure(
  side: Side,
  count: number,
  atATime: number,
  one: (name: string) => Promise<void>,
): Promise<Created> {
  const client = process.cpuUsage();
  const before = await Promise.all([usageOf(side.apiServer), side.webhook()]);
  const started = performance.now();
  let left = count;
  const workOff = async () => {
    while (left > 0) {
      left -= 1;
      made += 1;
      await one(`bench-${made}`);
    }
  };
  await Promise.all(Array.from({ length: atATime }, workOff));
  const milliseconds = (performance.now() - started) / count;
  const after = await Promise.all([usageOf(side.apiServer), side.webhook()]);
  const { user, system } = process.cpuUsage(client);
  const webhookCpu = after[1].cpu - before[1].cpu;
  const cpu = webhookCpu + after[0].cpu - before[0].cpu + user + system;
  return { milliseconds, webhookCpu: webhookCpu / count, cpu: cpu / count };
}

/** As the webhook claims: one object per CIDR, in parallel. */
async function claim(client: KubeClient): Promise<void> {
  const ip = 0x0a000000 + CIDRS * made;
  const spec = {
    egressIPAM: EGRESSIPAM,
    cidr: '10.0.0.0/8',
    namespace: `bench-${made}`,
    origin: 'automatic',
  } as const;
  const claims = Array.from({ length: CIDRS }, (_, i) =>
    claimObject({ ...spec, ip: toIPv4(ip + i) }, randomUUID()),
  );
  await Promise.all(claims.map((object) => client.create(ALLOCATIONS, object)));
}

interface Comparison {
  readonly figure: number;
  readonly against: number;
  readonly name: string;
  readonly ratio: Spread;
  readonly limit: number;
  readonly notes: readonly string[];
}

function row(what: string, { figure, against, name, ratio, limit, notes }: Comparison): Row {
  return {
    what,
    figure: { value: figure, unit: 'ms' },
    against: { name, value: against, unit: 'ms' },
    ratio,
    target: `ratio at most ${limit}`,
    met: ratio.median <= limit,
    notes,
  };
}

function cpuNote(ratio: Spread): string {
  return `CPU of all together ${spreadText(ratio)} of the floor's`;
}

/** Our webhook alone: what the reconciler would publish is written by hand, and it asks about every namespace. */
async function startOurs(terms: Terms): Promise<Stack> {
  const stack = await Stack.start(
    { platform: 'baremetal', nodes: 3, userAgent: 'egressip-ipam-bench' },
    (step) => terms.say(step),
  );
  try {
    await stack.processes.endReconciler('stop');
    const { client } = stack;
    const withoutConditions = [{ op: 'remove', path: '/webhooks/0/matchConditions' }];
    await client.patch(
      MUTATING_WEBHOOK_CONFIGURATIONS,
      WEBHOOK_CONFIGURATION,
      'application/json-patch+json',
      withoutConditions,
    );
    const { spec } = egressIPAM();
    const stored = await client.create(EGRESSIPAMS, { metadata: { name: EGRESSIPAM }, spec });
    const { status } = published({ ...stored, spec });
    const patch = { status: { ...status, cloud: 'none', observedGeneration: stored.metadata.generation } };
    await client.patch(EGRESSIPAMS, EGRESSIPAM, 'application/merge-patch+json', patch, {
      subresource: 'status',
    });
    return stack;
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

/** The kinds that claims need, and a webhook that allows everything. */
async function installFloor(client: KubeClient, { port, ca }: Serving): Promise<void> {
  for (const object of installation()) {
    if (object.kind === 'CustomResourceDefinition') await apply(client, object);
  }
  await until(async () => (await client.list(ALLOCATIONS).catch(() => undefined)) !== undefined);
  const webhook = {
    name: 'floor.example.com',
    clientConfig: {
      url: `https://127.0.0.1:${port}/mutate/namespaces`,
      caBundle: Buffer.from(ca).toString('base64'),
    },
    rules: [
      { apiGroups: [''], apiVersions: ['v1'], resources: ['namespaces'], operations: ['CREATE', 'UPDATE'] },
    ],
    failurePolicy: 'Fail',
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
  };
  await client.create(MUTATING_WEBHOOK_CONFIGURATIONS, { metadata: { name: 'floor' }, webhooks: [webhook] });
}
