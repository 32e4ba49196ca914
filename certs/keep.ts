// What if certificates are renewed, by us or by another replica, while we serve? Looks again every half minute, and hands
// over new ones once the API server has had time to trust them. Also repairs configurations whose bundle was lost, as
// when somebody has replaced them.
import { type Clock, sleep } from '../shared/process/clock.ts';
import { type EnsureOptions, ensureCertificates, type ServedCertificates } from './ensure.ts';

export interface KeepOptions extends EnsureOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** What is served now. */
  readonly served: ServedCertificates;
  /** Serve with these from now on. */
  readonly onChange: (certificates: ServedCertificates) => void;
  /** It could not look, and goes on trying. */
  readonly onError: (error: unknown) => void;
}

const INTERVAL = 30_000;
/** API servers learn of a new bundle by a watch of their own. */
const SETTLE = 10_000;

/** Resolves when the signal is aborted. */
export async function keepCertificates(options: KeepOptions): Promise<void> {
  const { clock, signal } = options;
  let served = options.served;
  await sleep(clock, INTERVAL, signal);
  while (!signal.aborted) {
    try {
      const found = await ensureCertificates(options);
      if (found.cert !== served.cert) {
        await sleep(clock, SETTLE, signal);
        if (signal.aborted) return;
        served = found;
        options.onChange(found);
      }
    } catch (error) {
      options.onError(error);
    }
    await sleep(clock, INTERVAL, signal);
  }
}
