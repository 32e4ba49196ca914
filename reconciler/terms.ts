// One session per term of leadership, one after the other: a new one starts only when the last has ended all its work.
import type { World } from '../shared/plan/world.ts';
import { Session, type SessionOptions } from './session.ts';

/** A pass is due at least this often (ms) while anything happens; far longer without one means that the loop hangs. */
const HANGS_AFTER = 120_000;

export class Terms {
  readonly #options: SessionOptions;
  #session: Session | undefined;
  #changes: Promise<void> = Promise.resolve();

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** The lead was won or lost. */
  change(leads: boolean): void {
    const { log } = this.#options;
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
    const world = this.world;
    const observed: Record<string, string> = {};
    if (world?.cloud === 'aws' && world.inventory !== undefined) {
      const age = this.#options.now() - (this.#options.cloud?.inventory?.observedAt ?? 0);
      const time = new Date(Date.now() - age).toISOString();
      for (const name of [...world.egressIPAMs.valid.keys()].sort()) observed[name] = time;
    }
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
    const session = new Session(this.#options);
    this.#session = session;
    // Not awaited: an API server that does not answer must not keep the end of the term waiting.
    session.start().catch((err) => this.#options.log.error({ err }, 'could not start'));
  }

  async #end(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.stop();
  }
}
