// How the calls to EC2 are counted: by action and result, refusals for being too many, and how long work was held back.
// Whoever makes calls reports to `CallObserver`; only `observeCalls` knows that Prometheus is behind it.
import { Counter, Histogram, type Registry } from 'prom-client';
import { API_NAMES, type Ec2Action } from './ec2.ts';
import type { CloudErrorCode } from './errors.ts';
import type { Lane } from './limiter.ts';

/** Told of every call and of every wait for one. */
export interface CallObserver {
  called(action: Ec2Action, result: 'Done' | CloudErrorCode, milliseconds: number): void;
  /** A call was sent this long after it was first wanted, because the token bucket held it back. */
  delayed(action: Ec2Action, lane: Lane, milliseconds: number): void;
}

/** Registers the metrics and gives the observer that feeds them. */
export function observeCalls(registry: Registry): CallObserver {
  const registers = [registry];
  const calls = new Counter({
    name: 'egressip_ipam_ec2_calls_total',
    help: 'Calls to EC2 by action and result (Done, or why not).',
    labelNames: ['action', 'result'] as const,
    registers,
  });
  const throttles = new Counter({
    name: 'egressip_ipam_ec2_throttled_total',
    help: 'Calls that EC2 refused because there were too many.',
    labelNames: ['action'] as const,
    registers,
  });
  const durations = new Histogram({
    name: 'egressip_ipam_ec2_call_duration_seconds',
    help: 'How long EC2 took to answer.',
    labelNames: ['action'] as const,
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const delays = new Histogram({
    name: 'egressip_ipam_ec2_delay_seconds',
    help: 'How long calls were held back so that EC2 need not refuse them, by action and what they are for.',
    labelNames: ['action', 'lane'] as const,
    buckets: [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300],
    registers,
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
