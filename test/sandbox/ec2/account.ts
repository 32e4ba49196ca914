// One account over time: what is true, and what describes show of it. Describes lag behind writes by `lagMs`, and an
// address that is moved is shown where it was until `remapMs` have passed.
import type { Answer } from './errors.ts';
import { answer } from './errors.ts';
import { forgetTerminated } from './lifecycle.ts';
import type { Change, Ec2State } from './model.ts';
import { EMPTY, inForce } from './model.ts';

/** Carries out operations and keeps as many earlier states as lagging reads need. */
export class Account {
  readonly #now: () => number;
  #past: { readonly at: number; readonly state: Ec2State }[] = [
    { at: Number.NEGATIVE_INFINITY, state: EMPTY },
  ];
  /** Milliseconds by which describes lag behind. */
  lagMs = 0;
  /** Milliseconds for which an address that is moved stays where it was. */
  remapMs = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** What is true now, moves on their way counted as done. */
  get state(): Ec2State {
    return this.#past.at(-1)?.state ?? EMPTY;
  }

  /** Where packets go: a move on its way has not happened yet. */
  get inForce(): Ec2State {
    return inForce(this.state, this.#now());
  }

  change<T>(operation: (state: Ec2State, now: number) => Change<T>): Answer<T> {
    const now = this.#now();
    const result = operation(this.state, now);
    if (!result.ok) return result;
    const state = {
      ...result.value.state,
      remappings: result.value.state.remappings.filter((m) => m.until > now),
    };
    this.#past.push({ at: now, state });
    this.#forget(now);
    return answer(result.value.value);
  }

  /** Like `change`, for tests and compositions whose operation cannot be refused; throws if it is. */
  apply<T>(operation: (state: Ec2State, now: number) => Change<T>): T {
    const result = this.change(operation);
    if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
    return result.value;
  }

  /** What a describe sees. */
  read(): Ec2State {
    const now = this.#now();
    const seen = this.#past.findLast((entry) => entry.at <= now - this.lagMs) ?? this.#past[0];
    return forgetTerminated(inForce(seen?.state ?? EMPTY, now), now);
  }

  #forget(now: number): void {
    const keepFrom = this.#past.findLastIndex((entry) => entry.at <= now - this.lagMs);
    if (keepFrom > 0) this.#past = this.#past.slice(keepFrom);
  }
}
