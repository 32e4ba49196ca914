// What does a process count? Its own registry with the process's memory, CPU and event loop in it, to which each part adds
// its counters. The only product file that knows prom-client.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type { Counter, Gauge, Histogram };

/** `name` in Prometheus' spelling, units at its end (`_seconds`, `_total`); `help` is a sentence. */
export interface MetricOptions<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly L[];
}

export interface GaugeOptions<L extends string> extends MetricOptions<L> {
  /** Called before each reading; sets what the gauge shows. */
  readonly collect?: (gauge: Gauge<L>) => void;
}

/** Makes metrics and writes them all down. */
export interface Metrics {
  counter<L extends string>(options: MetricOptions<L>): Counter<L>;
  gauge<L extends string>(options: GaugeOptions<L>): Gauge<L>;
  histogram<L extends string>(options: MetricOptions<L> & { buckets: readonly number[] }): Histogram<L>;
  /** What Prometheus reads. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** Milliseconds between looks at the event loop's delay: seldom enough to cost nothing while standing still. */
const EVENT_LOOP_PRECISION = 100;

/** A registry of its own, so that two in one process (as in tests) do not mix. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION });
  const common = <L extends string>({ name, help, labels }: MetricOptions<L>) => ({
    name,
    help,
    labelNames: [...(labels ?? [])],
    registers: [registry],
  });
  return {
    counter: (options) => new Counter(common(options)),
    gauge<L extends string>(options: GaugeOptions<L>) {
      const { collect } = options;
      if (collect === undefined) return new Gauge<L>(common(options));
      const gauge: Gauge<L> = new Gauge({ ...common(options), collect: () => collect(gauge) });
      return gauge;
    },
    histogram: (options) => new Histogram({ ...common(options), buckets: [...options.buckets] }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
