// The EC2 query protocol: a form in, XML out. It knows lists and scalars, no action.
import { XMLBuilder } from 'fast-xml-parser';
import type { Ec2Error } from './errors.ts';
import type { Filter } from './filters.ts';

const NAMESPACE = 'http://ec2.amazonaws.com/doc/2016-11-15/';

/** A call's parameters by name; it remembers which of them were read. */
export class Form {
  readonly #values: URLSearchParams;
  readonly #read = new Set<string>(['Action', 'Version']);

  constructor(body: string) {
    this.#values = new URLSearchParams(body);
  }

  text(name: string): string | undefined {
    this.#read.add(name);
    return this.#values.get(name) ?? undefined;
  }

  flag(name: string): boolean {
    return this.text(name)?.toLowerCase() === 'true';
  }

  /** NaN where the text is no integer. */
  integer(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    return /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  }

  /** `Name.1`, `Name.2`, … in the order of their numbers. */
  list(name: string): string[] {
    return this.#indices(name).flatMap((index) => this.text(`${name}.${index}`) ?? []);
  }

  filters(): Filter[] {
    return this.#indices('Filter').map((index) => ({
      name: this.text(`Filter.${index}.Name`) ?? '',
      values: this.list(`Filter.${index}.Value`),
    }));
  }

  /** A parameter that nobody asked for: the action does not have it. */
  unread(): string | undefined {
    return [...this.#values.keys()].find((key) => !this.#read.has(key));
  }

  #indices(name: string): number[] {
    const prefix = `${name}.`;
    const indices = [...this.#values.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => Number(key.slice(prefix.length).split('.')[0]))
      .filter((index) => Number.isInteger(index));
    return [...new Set(indices)].sort((a, b) => a - b);
  }
}

/** What an answer is made of; undefined is left out. */
export type Xml = string | number | boolean | undefined | { readonly [name: string]: Xml | readonly Xml[] };

/** A list the way EC2 writes one. */
export function set(items: readonly Xml[]): Xml {
  return { item: items };
}

const builder = new XMLBuilder({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  suppressEmptyNode: false,
});

export function encodeAnswer(action: string, requestId: string, body: Readonly<Record<string, Xml>>): string {
  const content = { '@xmlns': NAMESPACE, requestId, ...plain(body) };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build({ [`${action}Response`]: content })}`;
}

export function encodeError(requestId: string, error: Ec2Error): string {
  const { code: Code, message: Message } = error;
  const content = { Response: { Errors: { Error: { Code, Message } }, RequestID: requestId } };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(content)}`;
}

/** Without what is undefined, which the builder would write as text. */
function plain(body: Readonly<Record<string, Xml | readonly Xml[]>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(body).flatMap(([name, value]) => (value === undefined ? [] : [[name, strip(value)]])),
  );
}

function strip(value: Xml | readonly Xml[]): unknown {
  if (isList(value)) return value.map((item) => strip(item));
  return typeof value === 'object' ? plain(value) : value;
}

function isList(value: Xml | readonly Xml[]): value is readonly Xml[] {
  return Array.isArray(value);
}
