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

/** Characters of a description; conditions and answers hold no more than several times that. */
const LONG_ENOUGH = 8_000;
const LONGEST_SHOWN = 64;

/**
 * One line for people, with every problem in it; of thousands, as many as somebody might read. A path is said once for
 * all problems in a row that it is the path of.
 */
export function describeProblems(problems: readonly Problem[]): string {
  let text = '';
  let said = '';
  for (const [index, { path, message }] of problems.entries()) {
    const left = problems.length - index;
    if (text.length > LONG_ENOUGH) return `${text}; and ${left} more`;
    text += `${index === 0 ? '' : '; '}${path === '' || path === said ? '' : `${path}: `}${message}`;
    said = path;
  }
  return text;
}

/** A text from outside, short enough to be part of a sentence. */
export function shown(text: string): string {
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN - 3)}…` : text;
}
