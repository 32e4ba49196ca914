// How the calls to EC2 are counted: by action and result, refusals for being too many, and how long work was held back.
// Whoever makes calls reports to `CallObserver`; only `observeCalls` knows that Prometheus is behind it.

import type { Lane } from '../../shared/plan/actions.ts';
import type { Metrics } from '../../shared/process/metrics.ts';
import { API_NAMES, type Ec2Action } from './ec2.ts';
import type { CloudErrorCode } from './errors.ts';

/** Told of every call and of every wait for one. */
export interface CallObserver {
  called(action: Ec2Action, result: 'Done' | CloudErrorCode, milliseconds: number): void;
  /** A call was sent this long after it was first wanted, because the token bucket held it back. */
  delayed(action: Ec2Action, lane: Lane, milliseconds: number): void;
}

/** Registers the metrics and gives the observer that feeds them. */
export function observeCalls(metrics: Metrics): CallObserver {
  const calls = metrics.counter({
    name: 'egressip_ipam_ec2_calls_total',
    help: 'Calls to EC2 by action and result (Done, or why not).',
    labels: ['action', 'result'] as const,
  });
  const throttles = metrics.counter({
    name: 'egressip_ipam_ec2_throttled_total',
    help: 'Calls that EC2 refused because there were too many.',
    labels: ['action'] as const,
  });
  const durations = metrics.histogram({
    name: 'egressip_ipam_ec2_call_duration_seconds',
    help: 'How long EC2 took to answer.',
    labels: ['action'] as const,
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
  const delays = metrics.histogram({
    name: 'egressip_ipam_ec2_delay_seconds',
    help: 'How long calls were held back so that EC2 need not refuse them, by action and what they are for.',
    labels: ['action', 'lane'] as const,
    buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300],
  });
  return {
    called(action, result, milliseconds) {
      calls.inc({ action: API_NAMES[action], result });
      if (result === 'Throttled') throttles.inc({ action: API_NAMES[action] });
      durations.observe({ action: API_NAMES[action] }, milliseconds / 1000);
    },
    delayed(action, lane, milliseconds) {
      delays.observe({ action: API_NAMES[action], lane }, milliseconds / 1000);
    },
  };
}
