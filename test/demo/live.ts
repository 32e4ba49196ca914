// The live view: looks again and again, and shows what has changed, until it is told to stop.
import { setTimeout as delay } from 'node:timers/promises';
import { isApiError } from '../../shared/kube/client.ts';
import type { Report } from './report.ts';
import { table } from './table.ts';

const LOOK_EVERY = 500;

/** Where it is shown; process.stdout fits. */
export interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** `hint` stands below. */
export async function live(
  look: () => Promise<Report>,
  hint: string,
  screen: Screen,
  stop: AbortSignal,
  lookEvery = LOOK_EVERY,
): Promise<void> {
  let shown = '';
  while (!stop.aborted) {
    const latest = await look().catch(unlessAway);
    const text = latest === undefined ? shown : `${table(latest)}\n${hint}\n`;
    if (text !== shown) show(text, screen);
    shown = text;
    await delay(lookEvery, undefined, { signal: stop }).catch(() => {});
  }
}

/** An API server that does not answer, or not with that, may do so the next time: people try things on it. */
function unlessAway(error: unknown): undefined {
  if (!isApiError(error)) throw error;
}

/** Redraws a terminal; a file or pipe gets each change as it comes. */
function show(text: string, screen: Screen): void {
  screen.write(screen.isTTY ? `\u001b[H\u001b[2J${text}` : `${text}\n`);
}
