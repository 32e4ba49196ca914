// The reconciler process: composes, starts, and stops in reverse.
import { type Connection, connect } from '../shared/kube/connection.ts';
import { loadKubeConfig } from '../shared/kube/kubeconfig.ts';
import { INFRASTRUCTURES, NODES } from '../shared/kube/resources.ts';
import { RECONCILER_LEASE } from '../shared/names.ts';
import { DEFAULT_TIMING } from '../shared/plan/world.ts';
import { describeProblems } from '../shared/problem.ts';
import { systemClock } from '../shared/process/clock.ts';
import { readCommandLine } from '../shared/process/command-line.ts';
import { serveHealth, serveMetrics } from '../shared/process/health.ts';
import { EXIT } from '../shared/process/help.ts';
import { createLogger, type Logger } from '../shared/process/log.ts';
import { createMetrics } from '../shared/process/metrics.ts';
import { type Closer, closeInReverse, untilSignal } from '../shared/process/shutdown.ts';
import { Cloud } from './aws/cloud.ts';
import { Limiter } from './aws/limiter.ts';
import { observeCalls } from './aws/metrics.ts';
import { CALL_TIMEOUT_MS, sdkEc2 } from './aws/sdk.ts';
import { configure, RECONCILER_COMMAND, type ReconcilerConfig } from './config.ts';
import { LeaderLease } from './lease.ts';
import { reconcilerMetrics } from './metrics.ts';
import { detectPlatform } from './platform.ts';
import { Predecessor } from './predecessor.ts';
import { reportOnly } from './report.ts';
import { Terms } from './terms.ts';
import { Unserved } from './unserved.ts';

/** Milliseconds for one request to the API server. */
const REQUEST_TIMEOUT = 5_000;
/** Milliseconds to close everything; the pod is given a minute. */
const SHUTDOWN = 30_000;

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
  const wallClock = () => new Date();
  const client = connect(kubeConfig.value, {
    userAgent: 'egressip-ipam-reconciler',
    timeout: REQUEST_TIMEOUT,
  });
  const [infrastructure, nodes] = await Promise.all([
    client.get(INFRASTRUCTURES, 'cluster'),
    client.list(NODES),
  ]);
  const platform = detectPlatform(config.assign, infrastructure, nodes.items);
  if (platform.kind === 'unsupported') {
    log.error({}, platform.message);
    if (config['report-only']) await client.close();
    else await tellUnserved(config, client, platform.message, { log, stop });
    return config['report-only'] ? EXIT.notAsAsked : EXIT.asAsked;
  }

  const metrics = createMetrics();
  const counted = reconcilerMetrics(metrics);
  const region = config.region || (platform.kind === 'aws' ? platform.region : undefined);
  const ec2 =
    platform.kind === 'aws'
      ? sdkEc2({
          ...(region === undefined ? {} : { region }),
          ...(config['aws-credentials-directory'] === ''
            ? {}
            : { credentialsDirectory: config['aws-credentials-directory'] }),
        })
      : undefined;
  const cloud =
    ec2 === undefined
      ? undefined
      : new Cloud({
          ec2,
          limiter: new Limiter(systemClock),
          observer: observeCalls(metrics),
          clock: systemClock,
          signal: stop,
          mayWrite: () => lease.covers(CALL_TIMEOUT_MS),
        });
  const timing = { ...DEFAULT_TIMING, claimGrace: config.claimGrace, notReadyHold: config['not-ready-hold'] };
  if (config['report-only']) {
    const options = { client, assigns: platform.kind, cloud, timing, clock: systemClock };
    const { lines, complete } = await reportOnly(options);
    process.stdout.write(lines.length === 0 ? 'nothing to do\n' : `${lines.join('\n')}\n`);
    await client.close();
    return complete ? EXIT.asAsked : EXIT.notAsAsked;
  }
  const terms = new Terms({
    client,
    assigns: platform.kind,
    cloud,
    covers: (deadline) => lease.covers(deadline),
    timing,
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

  const health = await serveHealth(config['health-probe-bind-address'], {
    healthz: { passes: () => terms.whyNotAlive() },
    readyz: { caches: () => (lease.leads ? terms.whyNotReady() : undefined) },
  });
  const scraped = await serveMetrics(config['metrics-bind-address'], metrics);
  lease.start();
  log.info(
    {
      platform: platform.kind,
      identity: config.identity,
      metricsPort: scraped.port,
      healthPort: health.port,
    },
    'started',
  );

  await untilAborted(stop);
  const closers: Closer[] = [
    { name: 'connections', close: () => client.close() },
    { name: 'EC2', close: () => ec2?.close() },
    { name: 'metrics', close: () => scraped.close() },
    { name: 'health', close: () => health.close() },
    { name: 'lease', close: () => lease.stop() },
    { name: 'work', close: () => terms.stop() },
  ];
  await close(closers, log);
  return EXIT.asAsked;
}

/** Stays, alive and well, and has nothing to do but say why. */
async function tellUnserved(
  config: ReconcilerConfig,
  client: Connection,
  message: string,
  { log, stop }: { log: Logger; stop: AbortSignal },
): Promise<void> {
  const onError = (err: unknown) => log.warn({ err }, 'status could not be written');
  const wallClock = () => new Date();
  const unserved = new Unserved({ client, message, clock: systemClock, wallClock, onError });
  const health = await serveHealth(config['health-probe-bind-address'], { healthz: {}, readyz: {} });
  unserved.start();
  await untilAborted(stop);
  const closers: Closer[] = [
    { name: 'connections', close: () => client.close() },
    { name: 'health', close: () => health.close() },
    { name: 'work', close: () => unserved.stop() },
  ];
  await close(closers, log);
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

async function close(closers: readonly Closer[], log: Logger): Promise<void> {
  for (const { name, error } of await closeInReverse(closers, SHUTDOWN))
    log.warn({ err: error }, `${name} not closed`);
  log.info({}, 'stopped');
}
