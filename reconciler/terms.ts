// One session per term of leadership, one after the other: a new one starts only when the last has ended all its work.
import type { World } from '../shared/plan/world.ts';
import { sleep } from '../shared/process/clock.ts';
import type { Predecessor } from './predecessor.ts';
import { Session, type SessionOptions } from './session.ts';

/** A pass is due at least this often (ms) while anything happens; far longer without one means that the loop hangs. */
const HANGS_AFTER = 120_000;

/** How often (ms) a predecessor that is still at work is looked at. */
const LOOK_AGAIN = 5_000;

export type TermsOptions = SessionOptions & { readonly predecessor: Predecessor };

export class Terms {
  readonly #options: TermsOptions;
  /** Aborted when the term ends. */
  #term = new AbortController();
  #session: Session | undefined;
  #changes: Promise<void> = Promise.resolve();

  constructor(options: TermsOptions) {
    this.#options = options;
  }

  /** The lead was won or lost. */
  change(leads: boolean): void {
    const { log } = this.#options;
    if (!leads) this.#term.abort();
    this.#changes = this.#changes
      .then(() => (leads ? this.#begin() : this.#end()))
      .catch((err) => {
        log.error({ err }, 'a change of leadership failed');
      });
  }

  async stop(): Promise<void> {
    this.change(false);
    await this.#changes;
  }

  get world(): World | undefined {
    return this.#session?.world;
  }

  /** When each EgressIPAM's cloud was last read, for OBSERVED_ANNOTATION. */
  observed(): string {
    const lookedAt = [...(this.#session?.lookedAt ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
    const ago = (at: number) => this.#options.wallClock().getTime() - (this.#options.clock.now() - at);
    const observed = Object.fromEntries(
      lookedAt.map(([name, at]) => [name, new Date(ago(at)).toISOString()]),
    );
    return JSON.stringify(observed);
  }

  whyNotReady(): string | undefined {
    return this.world === undefined ? 'the caches are not filled yet' : undefined;
  }

  whyNotAlive(): string | undefined {
    const late = this.#session?.overdue() ?? 0;
    return late > HANGS_AFTER ? `no pass for ${Math.round(late / 1000)} s although one is due` : undefined;
  }

  async #begin(): Promise<void> {
    if (this.#session !== undefined) return;
    const term = new AbortController();
    this.#term = term;
    // Not awaited: the end of the term must not wait for its beginning.
    this.#waitForPredecessor(term.signal)
      .then(() => this.#startSession(term.signal))
      .catch((err) => this.#options.log.error({ err }, 'could not start'));
  }

  /** Resolves when the Go operator has fallen silent, or the term is over. */
  async #waitForPredecessor(term: AbortSignal): Promise<void> {
    const { predecessor, log } = this.#options;
    let said = false;
    while (!term.aborted && (await this.#isAlive(predecessor))) {
      const message =
        'egressip-ipam-operator may still be at work; nothing is done before its leader lock has been silent for 30 s. Scale it to zero, or see --report-only';
      if (!said) log.warn({}, message);
      said = true;
      await sleep(this.#options.clock, LOOK_AGAIN, term);
    }
  }

  async #isAlive(predecessor: Predecessor): Promise<boolean> {
    try {
      return await predecessor.isAlive();
    } catch (err) {
      // Unknown is not dead.
      this.#options.log.warn({ err }, "the Go operator's lock could not be read");
      return true;
    }
  }

  async #startSession(term: AbortSignal): Promise<void> {
    if (term.aborted) return;
    const session = new Session(this.#options);
    this.#session = session;
    await session.start();
  }

  async #end(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.stop();
  }
}
