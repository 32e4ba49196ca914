// What does a process say while it runs? JSON, one line an event, on standard error, as Kubernetes components do. The only
// product file that knows pino. What an error may show of itself is decided here, so that no secret gets out.
import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { isApiError } from '../kube/client.ts';

export type { Logger };

/** From quiet to chatty; the values of `--log-level`. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  /** Of the process: `webhook`, `reconciler`. */
  readonly name: string;
  readonly level: LogLevel;
  /** Standard error by default. */
  readonly output?: DestinationStream;
}

/** `log.info({ namespace }, 'gave out an IP')`; errors go under `err`. */
export function createLogger({ name, level, output }: LogOptions): Logger {
  return pino(
    {
      level,
      base: { name },
      timestamp: timeField(),
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
    },
    output ?? standardError(),
  );
}

/** RFC 3339, in milliseconds: written out once for all lines of the same one. */
function timeField(): () => string {
  let at = Number.NaN;
  let field = '';
  return () => {
    const now = Date.now();
    if (now !== at) {
      at = now;
      field = `,"time":"${new Date(now).toISOString()}"`;
    }
    return field;
  };
}

/** Milliseconds that a line may wait for others. */
const LONGEST_WAIT = 10;

/**
 * What is said within a few milliseconds goes out in one write, since each one costs as much as many lines, and wakes
 * whoever reads. A process that ends, by an uncaught error, too, says the rest before it goes.
 */
function standardError(): DestinationStream {
  const sink = destination({ dest: 2, sync: true });
  let lines = '';
  const flush = () => {
    const text = lines;
    lines = '';
    if (text !== '') sink.write(text);
  };
  process.on('exit', flush);
  return {
    write(line) {
      if (lines === '') setTimeout(flush, LONGEST_WAIT);
      lines += line;
    },
  };
}

interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly status?: number;
  readonly cause?: string;
  readonly stack?: string;
}

/**
 * Nothing but these fields: libraries hang whole requests, with headers and bodies, on their errors. A stack is shown
 * for what may be a bug of ours, and not for what an API server says.
 */
function describeError(error: unknown): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { cause, stack } = error;
  return {
    type: error.name,
    message: error.message,
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    ...('status' in error && typeof error.status === 'number' ? { status: error.status } : {}),
    ...(cause instanceof Error ? { cause: `${cause.name}: ${cause.message}` } : {}),
    ...(stack === undefined || isApiError(error) ? {} : { stack }),
  };
}
