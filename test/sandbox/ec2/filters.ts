// EC2's filters: each names a field and gives values, `*` and `?` are wildcards. A thing passes when every filter has a
// value that one of the field's values matches.
import type { Ec2Error } from './errors.ts';
import { ec2Error, invalidValue } from './errors.ts';
import type { Tags } from './model.ts';

export interface Filter {
  readonly name: string;
  readonly values: readonly string[];
}

/** How to read each field that may be filtered by. */
export type Fields<T> = Readonly<Record<string, (item: T) => readonly string[]>>;

const MAX_VALUES = 200;

export function checkFilters<T>(filters: readonly Filter[], fields: Fields<T>): Ec2Error | undefined {
  const unknown = filters.find(({ name }) => !Object.hasOwn(fields, name) && !isTagFilter(name));
  if (unknown) return invalidValue(`The filter '${unknown.name}' is invalid`);
  const empty = filters.find((filter) => filter.values.length === 0);
  if (empty) return invalidValue(`The filter '${empty.name}' has no value`); // (*)
  if (filters.some((filter) => filter.values.length > MAX_VALUES)) {
    const message = `The maximum number of filter values specified on a single call is ${MAX_VALUES}`;
    return ec2Error('FilterLimitExceeded', message);
  }
  return undefined;
}

export function passes<T extends object>(item: T, filters: readonly Filter[], fields: Fields<T>): boolean {
  return filters.every((filter) => {
    const held = fields[filter.name]?.(item) ?? tagValues(tagsOf(item), filter.name);
    return filter.values.some((pattern) => held.some((value) => matches(pattern, value)));
  });
}

function isTagFilter(name: string): boolean {
  return name === 'tag-key' || name.startsWith('tag:');
}

/** Things without tags have none. */
function tagsOf(item: { readonly tags?: Tags }): Tags {
  return item.tags ?? {};
}

function tagValues(tags: Tags, name: string): readonly string[] {
  if (name === 'tag-key') return Object.keys(tags);
  const value = tags[name.slice('tag:'.length)];
  return value === undefined ? [] : [value];
}

function matches(pattern: string, value: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === value;
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(value);
}
