// A fault that a user can mend, as a value: the shell turns it into a denial, a condition, an event or a log line.

export interface Problem {
  /** Told apart by code, never by text: `InvalidCIDR`, `Taken`, `PoolExhausted` … (UpperCamelCase, usable as a reason). */
  readonly code: string;
  /** Field path in the API's spelling: `spec.cidrAssignments[0].CIDR`, `metadata.annotations[…/egressips]`. */
  readonly path: string;
  /** What is wrong, with which value, and what would work. One or two sentences, no trailing newline. */
  readonly message: string;
}

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function fail<T = never>(...problems: readonly Problem[]): Result<T> {
  return { ok: false, problems };
}

/** One line for people, with every problem in it. */
export function describeProblems(problems: readonly Problem[]): string {
  return problems.map((p) => (p.path === '' ? p.message : `${p.path}: ${p.message}`)).join('; ');
}
