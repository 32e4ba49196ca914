// Order and pages of what describes give back. EC2 promises no order: each query gets one of its own, which its pages
// then keep, so that nothing is shown twice or left out though things come and go between the pages.
import { createHash } from 'node:crypto';
import type { Answer } from './errors.ts';
import { answer, ec2Error, invalidCombination, invalidValue, refuse } from './errors.ts';

export interface PageRequest {
  readonly maxResults?: number;
  readonly nextToken?: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken?: string;
}

export interface Paging {
  /** Which query this is; a token of another query is refused. */
  readonly query: string;
  /** Decides the order. */
  readonly salt: string;
  readonly maximum: number;
  /** Page size where none is asked for; none: everything at once. */
  readonly whenUnasked?: number;
}

interface Token {
  readonly query: string;
  readonly salt: string;
  readonly after: string;
}

const MINIMUM = 5;

/** Refuses page sizes out of bounds. */
export function page<T>(
  items: readonly T[],
  idOf: (item: T) => string,
  request: PageRequest,
  paging: Paging,
): Answer<Page<T>> {
  const { maxResults } = request;
  if (maxResults !== undefined && !(maxResults >= MINIMUM && maxResults <= paging.maximum)) {
    // (*) the sentence for too many; the other is what people have met
    const bound = maxResults < MINIMUM ? `greater than ${MINIMUM}` : `less than ${paging.maximum}`;
    return refuse(
      invalidValue(
        `Value ( ${maxResults} ) for parameter maxResults is invalid. Expecting a value ${bound}.`,
      ),
    );
  }
  const token = request.nextToken === undefined ? undefined : readToken(request.nextToken);
  // (*) what EC2 says of a token that belongs to another query
  if (request.nextToken !== undefined && token?.query !== paging.query) {
    return refuse(ec2Error('InvalidNextToken', 'The specified NextToken is not valid'));
  }
  const salt = token?.salt ?? paging.salt;
  const ordered = shuffled(items, idOf, salt).filter(
    (entry) => token === undefined || entry.key > token.after,
  );
  const size = maxResults ?? paging.whenUnasked ?? ordered.length;
  const shown = ordered.slice(0, size);
  const last = shown.at(-1);
  const more = last !== undefined && ordered.length > shown.length;
  return answer({
    items: shown.map((entry) => entry.item),
    ...(more ? { nextToken: writeToken({ query: paging.query, salt, after: last.key }) } : {}),
  });
}

/** IDs and pages exclude each other. (*) for others than instances and interfaces */
export function idsAndPages(
  ids: readonly string[],
  request: PageRequest,
  parameter: string,
): ReturnType<typeof invalidCombination> | undefined {
  if (ids.length === 0 || (request.maxResults === undefined && request.nextToken === undefined))
    return undefined;
  return invalidCombination(`The parameter ${parameter} cannot be used with the parameter maxResults`);
}

/** An order that only the salt decides. */
export function shuffled<T>(
  items: readonly T[],
  idOf: (item: T) => string,
  salt: string,
): readonly { readonly key: string; readonly item: T }[] {
  return items
    .map((item) => ({
      key: createHash('md5')
        .update(`${salt} ${idOf(item)}`)
        .digest('hex'),
      item,
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

function writeToken(token: Token): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function readToken(text: string): Token | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return isToken(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isToken(value: unknown): value is Token {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['query', 'salt', 'after'].every((key) => typeof Reflect.get(value, key) === 'string')
  );
}
