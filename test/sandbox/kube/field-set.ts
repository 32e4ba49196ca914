// Sets of fields, in the form in which managedFields spells them (FieldsV1): a tree with `f:name` for
// members, `k:{…}` for items of keyed lists, `v:…` for items of sets, and `.` for a parent that is itself in
// the set. Apart because tracking updates and applying configurations are both arithmetic on such trees.

import { equal, isObject, type JsonObject } from './json.ts';

/** A FieldsV1 tree. A childless node below the root is in the set; one with children is if it has a `.`. */
export type FieldSet = { readonly [element: string]: FieldSet };

export const EMPTY: FieldSet = {};

/** Whether the node stands for a field that is itself in the set. */
export function isMember(node: FieldSet): boolean {
  return Object.hasOwn(node, '.') || Object.keys(node).length === 0;
}

function isEmpty(root: FieldSet): boolean {
  return Object.keys(root).length === 0;
}

/** What is in either set. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a)) return b;
  if (isEmpty(b)) return a;
  const result: Record<string, FieldSet> = { ...a };
  for (const [element, node] of Object.entries(b)) {
    const own = a[element];
    result[element] = own === undefined ? node : joined(own, node);
  }
  return sorted(result);
}

function joined(a: FieldSet, b: FieldSet): FieldSet {
  const below = union(childrenOf(a), childrenOf(b));
  return isEmpty(below) ? EMPTY : withSelf(below, isMember(a) || isMember(b));
}

/** What is in `a` and not in `b`. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  const result: Record<string, FieldSet> = {};
  let changed = false;
  for (const [element, node] of Object.entries(a)) {
    const other = element === '.' ? undefined : b[element];
    const left = other === undefined ? node : lessened(node, other);
    if (left !== node) changed = true;
    if (left !== undefined) result[element] = left;
  }
  return changed ? result : a;
}

function lessened(a: FieldSet, b: FieldSet): FieldSet | undefined {
  const below = difference(childrenOf(a), childrenOf(b));
  const member = isMember(a) && !isMember(b);
  if (isEmpty(below)) return member ? (isEmpty(a) ? a : EMPTY) : undefined;
  return withSelf(below, member);
}

/** What is in both sets. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const result: Record<string, FieldSet> = {};
  for (const [element, node] of Object.entries(a)) {
    const other = element === '.' ? undefined : b[element];
    if (other === undefined) continue;
    const below = intersection(childrenOf(node), childrenOf(other));
    const member = isMember(node) && isMember(other);
    if (!isEmpty(below)) result[element] = withSelf(below, member);
    else if (member) result[element] = EMPTY;
  }
  return result;
}

/** Whether there is nothing in the set. */
export { isEmpty as isEmptySet };

/** The children of a node, without its `.`. */
export function childrenOf(node: FieldSet): FieldSet {
  if (!Object.hasOwn(node, '.')) return node;
  const { '.': _, ...rest } = node;
  return rest;
}

/** A node with these children that is, or is not, itself in the set. */
export function withSelf(children: FieldSet, member: boolean): FieldSet {
  return member && !isEmpty(children) ? { '.': EMPTY, ...children } : children;
}

function sorted(set: Record<string, FieldSet>): FieldSet {
  const keys = Object.keys(set);
  const inOrder = keys.every((key, i) => i === 0 || (keys[i - 1] ?? '') <= key);
  return inOrder ? set : Object.fromEntries(keys.sort().map((key) => [key, set[key] ?? EMPTY]));
}

/** The fields of a set as conflicts name them: `.metadata.annotations.a`, `.spec.list[name="x"].value`. */
export function pathsOf(root: FieldSet, prefix = ''): string[] {
  return Object.entries(root).flatMap(([element, node]) => {
    const path = prefix + pathElement(element);
    return [...(isMember(node) ? [path] : []), ...pathsOf(childrenOf(node), path)];
  });
}

function pathElement(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith('v:')) return `[=${rest}]`;
  if (!element.startsWith('k:')) return element.startsWith('i:') ? `[${rest}]` : `.${rest}`;
  const keys: unknown = JSON.parse(rest);
  const shown = isObject(keys) ? Object.entries(keys).map(([k, v]) => `${k}=${JSON.stringify(v)}`) : [];
  return `[${shown.join(',')}]`;
}

/** A FieldsV1 value that a client sent or storage held: whatever is not a tree is left out. */
export function parseFieldSet(value: unknown): FieldSet {
  return isObject(value) ? (value as FieldSet) : EMPTY;
}

/** Whether two sets hold the same. */
export function sameSet(a: FieldSet, b: FieldSet): boolean {
  return equal(a as JsonObject, b as JsonObject);
}
