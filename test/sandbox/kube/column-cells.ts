// The few ways in which columns of built-in kinds read an object. Apart from the columns themselves, which
// are tables.

import type { Column } from './columns.ts';
import { fieldOf, isObject, objectOf } from './json.ts';

/** What a column shows of an object. */
export type Cell = Column['cell'];

/** A column of text that is always shown. */
export function column(name: string, description: string, cell: Cell): Column {
  return { name, type: 'string', format: '', description, priority: 0, cell };
}

/** A column of numbers that is always shown. */
export function count(name: string, description: string, cell: Cell): Column {
  return { ...column(name, description, cell), type: 'integer' };
}

/** The same column, shown with `-o wide` only. */
export function wide(shown: Column): Column {
  return { ...shown, priority: 1 };
}

/** The text at a path, or `<none>`. */
export function field(...path: readonly string[]): Cell {
  return (object) => {
    const value = fieldOf(object, ...path);
    return value === undefined || value === null || value === '' ? '<none>' : String(value);
  };
}

/** The number at a path, or 0. */
export function number(...path: readonly string[]): Cell {
  return (object) => {
    const value = fieldOf(object, ...path);
    return typeof value === 'number' ? value : 0;
  };
}

/** How many entries the list or map at a path has. */
export function size(...path: readonly string[]): Cell {
  return (object) => sizeOf(fieldOf(object, ...path));
}

/** How many entries a list or map has. */
export function sizeOf(value: unknown): number {
  return Array.isArray(value) ? value.length : isObject(value) ? Object.keys(value).length : 0;
}

/** Items with commas between, or `<none>`. */
export function joined(items: readonly unknown[]): string {
  return items.length === 0 ? '<none>' : items.join(',');
}

/** Labels as `a=b,c=d`, or `<none>`. */
export function pairs(labels: unknown): string {
  return joined(Object.entries(objectOf(labels)).map(([key, value]) => `${key}=${String(value)}`));
}
