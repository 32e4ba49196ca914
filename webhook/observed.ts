// How long ago was the cloud of an EgressIPAM last observed? The leader writes the times on its Lease; they are compared
// with the Lease's own renewTime, which the same clock made, and from there on we count on ours. So no two machines'
// clocks are ever compared, and a leader that is gone makes everything grow old.
import type { LeaseObject } from '../shared/kinds.ts';
import { OBSERVED_ANNOTATION } from '../shared/names.ts';

export class ObservedTimes {
  readonly #now: () => number;
  #renewTime: string | undefined;
  #times: ReadonlyMap<string, number> = new Map();
  /** When `#renewTime` was last read to be an older one; undefined until it has changed under our eyes. */
  #renewedAfter: number | undefined;
  #lastRead: number | undefined;

  /** `now` is a monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Takes in a Lease that was asked for at `sentAt`. Of the first one seen nobody can tell how old it is; so nothing is
   * known before it is renewed.
   */
  seen(lease: LeaseObject | undefined, sentAt: number): void {
    const renewTime = lease?.spec?.renewTime;
    if (renewTime !== this.#renewTime) {
      this.#renewedAfter = this.#renewTime === undefined ? undefined : this.#lastRead;
      this.#renewTime = renewTime;
      this.#times = parseTimes(lease);
    }
    this.#lastRead = sentAt;
  }

  /** Whether the Lease has been renewed under our eyes. */
  get isKnown(): boolean {
    return this.#renewedAfter !== undefined;
  }

  /** Milliseconds since the cloud of `egressIPAM` was observed, at most; undefined when it cannot be told. */
  age(egressIPAM: string): number | undefined {
    const observed = this.#times.get(egressIPAM);
    const renewed = Date.parse(this.#renewTime ?? '');
    if (observed === undefined || this.#renewedAfter === undefined || Number.isNaN(renewed)) return undefined;
    return Math.max(0, renewed - observed) + (this.#now() - this.#renewedAfter);
  }
}

function parseTimes(lease: LeaseObject | undefined): Map<string, number> {
  const times = new Map<string, number>();
  let parsed: unknown;
  try {
    parsed = JSON.parse(lease?.metadata.annotations?.[OBSERVED_ANNOTATION] ?? '{}');
  } catch {
    return times;
  }
  if (typeof parsed !== 'object' || parsed === null) return times;
  for (const [name, text] of Object.entries(parsed)) {
    const time = typeof text === 'string' ? Date.parse(text) : Number.NaN;
    if (!Number.isNaN(time)) times.set(name, time);
  }
  return times;
}
