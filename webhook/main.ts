// The webhook process: composes, starts, and stops in reverse.
import type { AddressInfo } from 'node:net';
import { ensureCertificates } from '../certs/ensure.ts';
import { keepCertificates } from '../certs/keep.ts';
import { Claims, tokenSource } from '../shared/kube/claims.ts';
import { type Connection, connect } from '../shared/kube/connection.ts';
import { loadKubeConfig } from '../shared/kube/kubeconfig.ts';
import { WEBHOOK_SERVICE } from '../shared/names.ts';
import { describeProblems } from '../shared/problem.ts';
import { sleep, systemClock } from '../shared/process/clock.ts';
import { readCommandLine } from '../shared/process/command-line.ts';
import { serveHealth, serveMetrics } from '../shared/process/health.ts';
import { EXIT } from '../shared/process/help.ts';
import { createLogger, type Logger } from '../shared/process/log.ts';
import { createMetrics } from '../shared/process/metrics.ts';
import { type Closer, closeInReverse, untilSignal } from '../shared/process/shutdown.ts';
import { Admission } from './admit.ts';
import { buildApp } from './app.ts';
import { Caches } from './caches.ts';
import { type CertificateSource, Certificates, fileCertificates } from './certificates.ts';
import { configure, WEBHOOK_COMMAND, type WebhookConfig } from './config.ts';
import { webhookMetrics } from './metrics.ts';
import { logAnswer } from './record.ts';
import { TlsServers } from './tls.ts';
import { View } from './view.ts';

/** Milliseconds for one request to the API server outside of admission. */
const REQUEST_TIMEOUT = 10_000;
/** Milliseconds to close everything, drained requests included; the pod is given half a minute. */
const SHUTDOWN = 20_000;

const commandLine = readCommandLine(WEBHOOK_COMMAND, process.argv.slice(2), process, (values) =>
  configure(values, process.env),
);
process.exitCode = commandLine.run ? await run(commandLine.config) : commandLine.status;
process.exit();

async function run(config: WebhookConfig): Promise<number> {
  const log = createLogger({ name: 'webhook', level: config['log-level'] });
  const stop = untilSignal(process, (status) => process.exit(status));
  const kubeConfig = await loadKubeConfig({ kubeconfig: config.kubeconfig, env: process.env });
  if (!kubeConfig.ok) {
    log.error({}, describeProblems(kubeConfig.problems));
    return EXIT.usage;
  }
  const client = connect(kubeConfig.value, { userAgent: 'egressip-ipam-webhook', timeout: REQUEST_TIMEOUT });
  const closers: Closer[] = [{ name: 'connections', close: () => client.close() }];
  let status: number = EXIT.asAsked;
  try {
    await serve(compose(config, client, log), { config, log, stop, closers });
  } catch (err) {
    log.error({ err }, 'cannot go on');
    status = EXIT.notAsAsked;
  }
  for (const { name, error } of await closeInReverse(closers, SHUTDOWN)) {
    log.warn({ what: name, err: error }, 'could not be closed');
  }
  return status;
}

/** Everything, wired up and not started. */
function compose(config: WebhookConfig, client: Connection, log: Logger) {
  const { now } = systemClock;
  const { namespace } = config;
  const caches = new Caches({
    client,
    clock: systemClock,
    namespace,
    onError: (err, what) => log.warn({ err, what }, 'the API server could not be read'),
  });
  const view = new View({
    outOfTouch: () => caches.outOfTouch(),
    observedAge: (egressIPAM) => caches.observed.age(egressIPAM),
    inventoryMaxAge: config['inventory-max-age'],
  });
  const metrics = createMetrics();
  const counted = webhookMetrics(metrics, {
    silences: () => caches.silences(),
    inFlight: () => admission.inFlight,
  });
  const claims = new Claims({
    client,
    newToken: tokenSource(),
    now,
    seen: (allocation) => caches.allocationSeen(allocation),
    collided: () => counted.collided(),
  });
  const admission = new Admission({
    view,
    claims,
    client,
    seen: (egressIPAM) => caches.egressIPAMSeen(egressIPAM),
    now,
    random: Math.random,
    ownNamespace: namespace,
    maxInFlight: config['max-in-flight'],
  });
  const servers = new TlsServers();
  const state = { listens: false };
  const whyNotReady = () => (state.listens ? caches.whyNotSynced() : 'not listening');
  const app = buildApp({
    admission,
    answered(event) {
      counted.answered(event);
      logAnswer(log, event);
    },
    onBug: (err) => log.error({ err }, 'a request could not be answered'),
    isReady: () => whyNotReady() === undefined,
    now,
    serverFactory: servers.create,
  });
  const certificates = new Certificates({
    source:
      config.tlsFiles === undefined
        ? ownCertificates(config, client, log)
        : fileCertificates(config.tlsFiles),
    use(certificate) {
      servers.use(certificate);
      log.info({}, 'serves with a new certificate');
    },
    onError: (err) => log.warn({ err }, 'the certificate could not be had'),
    clock: systemClock,
  });
  return { app, caches, certificates, metrics, state, view, whyNotReady };
}

/** Starts one thing after the other, each noted among the closers, and resolves when it is time to close them. */
async function serve(
  parts: ReturnType<typeof compose>,
  { config, log, stop, closers }: Course,
): Promise<void> {
  const { app, caches, certificates, metrics, state, view, whyNotReady } = parts;
  const probes = { healthz: {}, readyz: { admission: whyNotReady } };
  const health = await serveHealth(config['health-probe-bind-address'], probes);
  closers.push({ name: 'health probes', close: () => health.close() });
  const scraped = await serveMetrics(config['metrics-bind-address'], metrics);
  closers.push({ name: 'metrics', close: () => scraped.close() });
  caches.start(view);
  closers.push({ name: 'caches', close: () => caches.stop() });
  closers.push({ name: 'certificates', close: () => certificates.stop() });
  await certificates.start(stop);
  if (stop.aborted) return;
  await app.listen({ port: config.port, host: config['bind-address'] });
  closers.push({ name: 'admission', close: () => app.close() });
  state.listens = true;
  const { port } = app.server.address() as AddressInfo;
  log.info({ port, health: health.port, metrics: scraped.port }, 'listens');
  await forever(stop);
  // Readiness fails first, so that nobody new comes; what is under way is answered while the server closes.
  state.listens = false;
  log.info({ signal: stop.reason }, 'stops');
  await sleep(systemClock, config['shutdown-delay'], new AbortController().signal);
}

interface Course {
  readonly config: WebhookConfig;
  readonly log: Logger;
  readonly stop: AbortSignal;
  readonly closers: Closer[];
}

/** Made here, kept in a Secret that all replicas share, and made known to the API server. */
function ownCertificates(config: WebhookConfig, client: Connection, log: Logger): CertificateSource {
  const options = {
    client,
    namespace: config.namespace,
    service: WEBHOOK_SERVICE,
    now: () => new Date(),
    onRenewal: ({ kind, reason }: { readonly kind: string; readonly reason: string }) =>
      log.info({ kind, reason }, 'makes a certificate'),
  };
  return async () => {
    const served = await ensureCertificates(options);
    if (served.missingConfigurations.length > 0) {
      log.warn({ missing: served.missingConfigurations }, 'the API server was not told to ask this webhook');
    }
    return {
      certificate: served,
      follow: (following) => keepCertificates({ ...options, ...following, served }),
    };
  };
}

function forever(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });
}
