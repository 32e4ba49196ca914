// Is anybody still looking? When the terminal is closed, or the reader of a pipe has gone, the demo has to end its
// processes as on Ctrl-C: they have sessions of their own and would outlive it.

/** What is written to, and where signals come from; `process` fits. */
export interface Watched {
  readonly stdin: { readonly isTTY?: boolean };
  readonly stdout: Stream;
  readonly stderr: Stream;
  on(signal: 'SIGHUP', listener: () => void): unknown;
}

interface Stream {
  readonly isTTY?: boolean;
  on(event: 'error', listener: () => void): unknown;
}

/** Aborted when there is nobody left. Without a terminal a SIGHUP stays what it was: `nohup` has it ignored. */
export function untilUnwatched(source: Watched): AbortSignal {
  const controller = new AbortController();
  const end = () => controller.abort();
  for (const stream of [source.stdout, source.stderr]) stream.on('error', end);
  if ([source.stdin, source.stdout, source.stderr].some(({ isTTY }) => isTTY)) source.on('SIGHUP', end);
  return controller.signal;
}
