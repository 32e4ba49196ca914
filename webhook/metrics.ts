// What is counted of admission? The words of the webhook on top of the process's metrics.
import type { Metrics } from '../shared/process/metrics.ts';
import type { Answered } from './app.ts';
import type { Answer } from './review.ts';

type Result = 'allowed' | 'patched' | 'denied' | 'postponed' | 'malformed' | 'failed';

export interface WebhookMetrics {
  answered(event: Answered): void;
  /** A candidate IP turned out to be held by somebody else when it was claimed. */
  collided(): void;
}

const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What is asked for at each reading. */
export interface Readings {
  /** Milliseconds since each cache last heard of the API server. */
  readonly silences: () => Iterable<readonly [cache: string, milliseconds: number]>;
  /** Requests that are claiming, reading or waiting. */
  readonly inFlight: () => number;
}

/** Registers all of them. */
export function webhookMetrics(metrics: Metrics, readings: Readings): WebhookMetrics {
  const requests = metrics.counter({
    name: 'egressip_ipam_webhook_requests_total',
    help: 'Admission requests answered, by webhook, operation and result.',
    labels: ['webhook', 'operation', 'result'],
  });
  const durations = metrics.histogram({
    name: 'egressip_ipam_webhook_request_duration_seconds',
    help: 'Time from the last byte of an admission request to its answer.',
    labels: ['webhook', 'operation'],
    buckets: BUCKETS,
  });
  const collisions = metrics.counter({
    name: 'egressip_ipam_webhook_claim_collisions_total',
    help: 'Candidate IPs that turned out to be held by somebody else when they were claimed.',
  });
  metrics.gauge({
    name: 'egressip_ipam_webhook_cache_silence_seconds',
    help: 'Time since a cache last heard of the API server.',
    labels: ['cache'],
    collect(gauge) {
      for (const [cache, milliseconds] of readings.silences()) gauge.set({ cache }, milliseconds / 1_000);
    },
  });
  metrics.gauge({
    name: 'egressip_ipam_webhook_in_flight',
    help: 'Admission requests that are claiming IPs, reading, or waiting for an EgressIPAM to be looked at.',
    collect: (gauge) => gauge.set(readings.inFlight()),
  });
  return {
    answered({ webhook, request, answer, seconds }) {
      const operation = request?.operation ?? 'unknown';
      requests.inc({ webhook, operation, result: resultOf(answer) });
      durations.observe({ webhook, operation }, seconds);
    },
    collided: () => collisions.inc(),
  };
}

function resultOf(answer: Answer): Result {
  if (answer.allowed) return answer.patch?.length ? 'patched' : 'allowed';
  switch (answer.code) {
    case 400:
    case 413:
      return 'malformed';
    case 500:
      return 'failed';
    case 503:
      return 'postponed';
    case 422:
      return 'denied';
  }
}
