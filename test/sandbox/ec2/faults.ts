// What goes wrong on demand: per action, so many times. `*` stands for every action.
import type { Ec2Error } from './errors.ts';
import { ec2Error } from './errors.ts';

/** `fail`: refused, nothing done. `lose`: done, but the connection is cut before the answer. `cut`: cut, nothing done. */
export type Fault =
  | { readonly kind: 'fail'; readonly error: Ec2Error }
  | { readonly kind: 'lose' }
  | { readonly kind: 'cut' };

/** The faults that are still to come. */
export class Faults {
  readonly #coming: { readonly action: string; readonly fault: Fault; left: number }[] = [];
  readonly #denied = new Set<string>();
  readonly #latency = new Map<string, number>();

  /** The next `times` calls of the action are refused with that code. */
  fail(action: string, times: number, code: string, message = 'Injected fault.'): void {
    this.#coming.push({ action, fault: { kind: 'fail', error: ec2Error(code, message) }, left: times });
  }

  /** The next `times` calls take effect, and then their connection is cut: nobody learns how they ended. */
  loseAnswer(action: string, times: number): void {
    this.#coming.push({ action, fault: { kind: 'lose' }, left: times });
  }

  /** The next `times` calls have their connection cut and take no effect. */
  cut(action: string, times: number): void {
    this.#coming.push({ action, fault: { kind: 'cut' }, left: times });
  }

  /** From now on the action is not allowed. */
  deny(action: string): void {
    this.#denied.add(action);
  }

  allow(action: string): void {
    this.#denied.delete(action);
  }

  /** Milliseconds that the action takes from now on, besides the usual latency. */
  delay(action: string, milliseconds: number): void {
    this.#latency.set(action, milliseconds);
  }

  clear(): void {
    this.#coming.length = 0;
    this.#denied.clear();
    this.#latency.clear();
  }

  isDenied(action: string): boolean {
    return this.#denied.has(action) || this.#denied.has('*');
  }

  latencyOf(action: string): number {
    return this.#latency.get(action) ?? this.#latency.get('*') ?? 0;
  }

  /** The fault that this call meets, if any; it is used up. */
  next(action: string): Fault | undefined {
    const coming = this.#coming.find((f) => f.left > 0 && (f.action === action || f.action === '*'));
    if (coming === undefined) return undefined;
    coming.left -= 1;
    return coming.fault;
  }
}
