// What the load is told, and what it reports. Apart from load.ts, which is a process.

export interface LoadRequest {
  readonly port: number;
  /** PEM. */
  readonly ca: string;
  readonly path: string;
  /** JSON. Each `COUNTER` in it becomes a number of as many digits, another one for each request. */
  readonly body: string;
  readonly connections: number;
  readonly milliseconds: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly milliseconds: number;
  /** Milliseconds from the first byte sent to the last received. */
  readonly median: number;
  readonly p99: number;
}

export const COUNTER = '@@@@@@@@';
