// The reconciler process: composes, starts, and stops in reverse.
import { type Connection, connect } from '../shared/kube/connection.ts';
import { loadKubeConfig } from '../shared/kube/kubeconfig.ts';
import { RECONCILER_LEASE } from '../shared/names.ts';
import { DEFAULT_TIMING, type Timing } from '../shared/plan/world.ts';
import { describeProblems } from '../shared/problem.ts';
import { systemClock } from '../shared/process/clock.ts';
import { readCommandLine } from '../shared/process/command-line.ts';
import { serveHealth, serveMetrics } from '../shared/process/health.ts';
import { EXIT } from '../shared/process/help.ts';
import { createLogger, type Logger } from '../shared/process/log.ts';
import { createMetrics } from '../shared/process/metrics.ts';
import { type Closer, closeInReverse, untilSignal } from '../shared/process/shutdown.ts';
import { Cloud, type CloudOptions } from './aws/cloud.ts';
import type { Ec2 } from './aws/ec2.ts';
import { Limiter } from './aws/limiter.ts';
import { observeCalls } from './aws/metrics.ts';
import { CALL_TIMEOUT_MS, sdkEc2 } from './aws/sdk.ts';
import { configure, RECONCILER_COMMAND, type ReconcilerConfig } from './config.ts';
import { findPlatform, readPlatform } from './find-platform.ts';
import { LeaderLease } from './lease.ts';
import { reconcilerMetrics } from './metrics.ts';
import type { Platform } from './platform.ts';
import { Predecessor } from './predecessor.ts';
import { reportOnly } from './report.ts';
import { Terms } from './terms.ts';
import { Unserved } from './unserved.ts';

/** Milliseconds for one request to the API server. */
const REQUEST_TIMEOUT = 5_000;
/** Milliseconds to close everything; the pod is given a minute. */
const SHUTDOWN = 30_000;
const PLATFORM_ASSIGNS =
  'the platform assigns egress IPs by now: ends, to be started again and leave that to it';

const commandLine = readCommandLine(RECONCILER_COMMAND, process.argv.slice(2), process, (values) =>
  configure(values, process.env),
);
process.exitCode = commandLine.run ? await run(commandLine.config) : commandLine.status;
process.exit();

async function run(config: ReconcilerConfig): Promise<number> {
  const log = createLogger({ name: 'reconciler', level: config['log-level'] });
  const stop = untilSignal(process, (status) => process.exit(status));
  const kubeConfig = await loadKubeConfig({ kubeconfig: config.kubeconfig, env: process.env });
  if (!kubeConfig.ok) {
    log.error({}, describeProblems(kubeConfig.problems));
    return EXIT.usage;
  }
  const client = connect(kubeConfig.value, {
    userAgent: 'egressip-ipam-reconciler',
    timeout: REQUEST_TIMEOUT,
  });
  const closers: Closer[] = [{ name: 'connections', close: () => client.close() }];
  const course: Course = { config, client, log, stop, closers };
  let status: number = EXIT.asAsked;
  try {
    if (config['report-only']) status = await report(course);
    else await serve(course);
  } catch (err) {
    log.error({ err }, 'cannot go on');
    status = EXIT.notAsAsked;
  }
  for (const { name, error } of await closeInReverse(closers, SHUTDOWN))
    log.warn({ err: error }, `${name} not closed`);
  if (!config['report-only']) log.info({}, 'stopped');
  return status;
}

/** What everything that is started needs, and where it is noted to be closed. */
interface Course {
  readonly config: ReconcilerConfig;
  readonly client: Connection;
  readonly log: Logger;
  readonly stop: AbortSignal;
  readonly closers: Closer[];
}

/** Prints what would be done next. */
async function report({ config, client, log, stop, closers }: Course): Promise<number> {
  const platform = await readPlatform(client, config.assign);
  if (platform.kind === 'unsupported') {
    log.error({}, platform.message);
    return EXIT.notAsAsked;
  }
  const ec2 = platform.kind === 'aws' ? ec2Of(config, platform) : undefined;
  closers.push({ name: 'EC2', close: () => ec2?.close() });
  const calling = { observer: observeCalls(createMetrics()), signal: stop, mayWrite: () => false };
  const { lines, complete } = await reportOnly({
    client,
    assigns: platform.kind,
    cloud: ec2 && cloudOver(ec2, calling),
    timing: timingOf(config),
    clock: systemClock,
  });
  process.stdout.write(lines.length === 0 ? 'nothing to do\n' : `${lines.join('\n')}\n`);
  return complete ? EXIT.asAsked : EXIT.notAsAsked;
}

/** Starts one thing after the other, and resolves when it is time to close them. */
async function serve(course: Course): Promise<void> {
  const { config, client, log, stop, closers } = course;
  const probes: Probes = { whyNotAlive: () => undefined, whyNotReady: () => 'the cluster was not read yet' };
  const health = await serveHealth(config['health-probe-bind-address'], {
    healthz: { passes: () => probes.whyNotAlive() },
    readyz: { caches: () => probes.whyNotReady() },
  });
  closers.push({ name: 'health', close: () => health.close() });
  const onError = (err: unknown) => log.warn({ err }, 'the cluster could not be read');
  const platform = await findPlatform(client, config.assign, { clock: systemClock, stop, onError });
  if (platform === undefined) return;
  const changed = Promise.withResolvers<void>();
  if (platform.kind === 'unsupported') tellUnserved(platform.message, probes, course);
  else
    await reconcile(platform, {
      ...course,
      probes,
      healthPort: health.port,
      // Two who assign would be one too many; whoever starts this process again finds out what is to be done.
      ...(config.assign === 'auto' && platform.kind === 'aws' ? { onPlatformAssigns: changed.resolve } : {}),
    });
  await Promise.race([untilAborted(stop), changed.promise.then(() => log.warn({}, PLATFORM_ASSIGNS))]);
}

/** What the probes are answered; whoever is at work says. */
interface Probes {
  whyNotAlive: () => string | undefined;
  whyNotReady: () => string | undefined;
}

async function reconcile(
  platform: Exclude<Platform, { kind: 'unsupported' }>,
  {
    config,
    client,
    log,
    stop,
    closers,
    probes,
    healthPort,
    onPlatformAssigns,
  }: Course & {
    probes: Probes;
    healthPort: number | undefined;
    onPlatformAssigns?: () => void;
  },
): Promise<void> {
  const metrics = createMetrics();
  const counted = reconcilerMetrics(metrics);
  const ec2 = platform.kind === 'aws' ? ec2Of(config, platform) : undefined;
  const mayWrite = () => lease.covers(CALL_TIMEOUT_MS);
  const wallClock = () => new Date();
  const terms = new Terms({
    client,
    assigns: platform.kind,
    cloud: ec2 && cloudOver(ec2, { observer: observeCalls(metrics), signal: stop, mayWrite }),
    covers: (deadline) => lease.covers(deadline),
    timing: timingOf(config),
    predecessor: new Predecessor({ client, namespace: config.namespace, now: systemClock.now }),
    resync: config['aws-resync-period'],
    apiServerTimeout: config['api-server-request-timeout'],
    concurrency: config.concurrency,
    requestTimeout: REQUEST_TIMEOUT,
    callTimeout: CALL_TIMEOUT_MS,
    identity: config.identity,
    metrics: counted,
    log,
    clock: systemClock,
    wallClock,
    onFirstLook: () => lease.renewSoon(),
    ...(onPlatformAssigns === undefined ? {} : { onPlatformAssigns }),
  });
  counted.view(() => terms.world);
  const lease = new LeaderLease({
    client,
    namespace: config.namespace,
    name: RECONCILER_LEASE,
    identity: config.identity,
    contest: config['leader-elect'] ? 'wait' : 'takeOver',
    duration: config['leader-elect-lease-duration'],
    renewEvery: config['leader-elect-retry-period'],
    clock: systemClock,
    wallClock,
    observed: () => terms.observed(),
    onChange(leads) {
      counted.leads(leads);
      log.info({ identity: config.identity }, leads ? 'leads' : 'does not lead any more');
      terms.change(leads);
    },
    onError: (err) => log.warn({ err }, 'the lease could not be renewed'),
  });
  probes.whyNotAlive = () => terms.whyNotAlive();
  probes.whyNotReady = () => (lease.leads ? terms.whyNotReady() : undefined);
  const scraped = await serveMetrics(config['metrics-bind-address'], metrics);
  closers.push(
    { name: 'EC2', close: () => ec2?.close() },
    { name: 'metrics', close: () => scraped.close() },
    { name: 'lease', close: () => lease.stop() },
    { name: 'work', close: () => terms.stop() },
  );
  lease.start();
  const { identity } = config;
  log.info({ platform: platform.kind, identity, metricsPort: scraped.port, healthPort }, 'started');
}

/** Stays, alive and well, and has nothing to do but say why. */
function tellUnserved(message: string, probes: Probes, { client, log, closers }: Course): void {
  log.error({}, message);
  const onError = (err: unknown) => log.warn({ err }, 'status could not be written');
  const wallClock = () => new Date();
  const unserved = new Unserved({ client, message, clock: systemClock, wallClock, onError });
  closers.push({ name: 'work', close: () => unserved.stop() });
  probes.whyNotReady = () => undefined;
  unserved.start();
}

function ec2Of(config: ReconcilerConfig, platform: { readonly region: string | undefined }): Ec2 {
  const region = config.region || platform.region;
  const credentialsDirectory = config['aws-credentials-directory'];
  return sdkEc2({
    ...(region === undefined ? {} : { region }),
    ...(credentialsDirectory === '' ? {} : { credentialsDirectory }),
  });
}

function cloudOver(ec2: Ec2, more: Pick<CloudOptions, 'observer' | 'signal' | 'mayWrite'>): Cloud {
  return new Cloud({ ec2, limiter: new Limiter(systemClock), clock: systemClock, ...more });
}

function timingOf({ claimGrace, 'not-ready-hold': notReadyHold }: ReconcilerConfig): Timing {
  return { ...DEFAULT_TIMING, claimGrace, notReadyHold };
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
