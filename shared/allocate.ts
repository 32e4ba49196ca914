// In which order the free addresses of a pool are tried. Every replica tries the same one first for the same namespace,
// so a retry meets its own claim; different namespaces seldom meet. Knows numbers only: no caches, no API.
import { AddressSet } from './address-set.ts';
import { type IPv4, sizeOf, toIPv4 } from './ip.ts';
import type { UsableAddresses } from './usable.ts';

/** Where the search starts: a position in the pool, hashed from the namespace's name. */
export function startFor(namespace: string, usable: UsableAddresses): number {
  return hash(`${namespace}\n${usable.pool.name}`) % sizeOf(usable.pool.cidr);
}

/** The same for a namespace that has no name yet; `random` in [0, 1). */
export function startAt(random: number, usable: UsableAddresses): number {
  return Math.floor(random * sizeOf(usable.pool.cidr));
}

/** Free addresses from `start` on, once around the pool. Lazy: what is taken meanwhile is not offered any more. */
export function* freeAddresses(usable: UsableAddresses, taken: AddressSet, start: number): Generator<IPv4> {
  const { first, last } = usable.pool.cidr;
  const pivot = first + start;
  yield* freeBetween(usable, taken, pivot, last);
  yield* freeBetween(usable, taken, first, pivot - 1);
}

function* freeBetween(usable: UsableAddresses, taken: AddressSet, from: number, to: number) {
  let ip = AddressSet.firstAbsent(usable.excluded, taken, from, to);
  while (ip !== undefined) {
    yield ip;
    ip = AddressSet.firstAbsent(usable.excluded, taken, ip + 1, to);
  }
}

/** Whether no address is free. Looks from where freeAddresses would begin, since a large pool is hardly ever full there. */
export function isFull(usable: UsableAddresses, taken: AddressSet, start: number): boolean {
  const { first, last } = usable.pool.cidr;
  const { excluded } = usable;
  return (
    AddressSet.firstAbsent(excluded, taken, first + start, last) === undefined &&
    AddressSet.firstAbsent(excluded, taken, first, first + start - 1) === undefined
  );
}

/** How many addresses are usable and held by nobody. */
export function countFree(usable: UsableAddresses, taken: AddressSet): number {
  const { pool } = usable;
  let free = 0;
  for (let from: number = pool.cidr.first; from <= pool.cidr.last; ) {
    const ip = AddressSet.firstAbsent(usable.excluded, taken, from, pool.cidr.last);
    if (ip === undefined) break;
    const next =
      AddressSet.firstPresent(usable.excluded, taken, ip, pool.cidr.last) ?? toIPv4(pool.cidr.last + 1);
    free += next - ip;
    from = next;
  }
  return free;
}

/** FNV-1a, 32 bits: spread, not secrecy. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  }
  return value >>> 0;
}
