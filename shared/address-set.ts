// A set of IPv4 addresses that finds the next free one quickly: a bitmap in blocks of 65,536 addresses, so that a pool
// that is 99 % full costs no more to search than an empty one, and a /8 takes no memory until it is used.
import { type IPv4, type Range, toIPv4 } from './ip.ts';

const BLOCK_BITS = 16;
const BLOCK_SIZE = 1 << BLOCK_BITS;
const WORDS = BLOCK_SIZE / 32;

export class AddressSet {
  readonly #blocks = new Map<number, Uint32Array>();

  static of(ranges: Iterable<Range>): AddressSet {
    const set = new AddressSet();
    for (const range of ranges) set.addRange(range);
    return set;
  }

  has(ip: IPv4): boolean {
    const word = this.#blocks.get(ip >>> BLOCK_BITS)?.[(ip & (BLOCK_SIZE - 1)) >>> 5] ?? 0;
    return ((word >>> (ip & 31)) & 1) === 1;
  }

  add(ip: IPv4): void {
    const block = this.#block(ip >>> BLOCK_BITS);
    const index = (ip & (BLOCK_SIZE - 1)) >>> 5;
    block[index] = (block[index] ?? 0) | (1 << (ip & 31));
  }

  delete(ip: IPv4): void {
    const block = this.#blocks.get(ip >>> BLOCK_BITS);
    if (block === undefined) return;
    const index = (ip & (BLOCK_SIZE - 1)) >>> 5;
    block[index] = (block[index] ?? 0) & ~(1 << (ip & 31));
  }

  addRange(range: Range): void {
    let ip: number = range.first;
    while (ip <= range.last) {
      const whole = ip % 32 === 0 && ip + 31 <= range.last;
      if (whole) {
        this.#block(ip >>> BLOCK_BITS)[(ip & (BLOCK_SIZE - 1)) >>> 5] = 0xffffffff;
        ip += 32;
      } else {
        this.add(toIPv4(ip));
        ip += 1;
      }
    }
  }

  /** How many addresses of `range` are in the set. */
  count(range: Range): number {
    let total = 0;
    let ip: number = range.first;
    while (ip <= range.last) {
      const block = this.#blocks.get(ip >>> BLOCK_BITS);
      const next = (Math.floor(ip / BLOCK_SIZE) + 1) * BLOCK_SIZE;
      if (block !== undefined) total += countIn(block, ip, Math.min(range.last, next - 1));
      ip = next;
    }
    return total;
  }

  /** The first address from `from` to `last` that is in neither set. */
  static firstAbsent(a: AddressSet, b: AddressSet, from: number, last: number): IPv4 | undefined {
    return AddressSet.#firstInWords(a, b, from, last, (word) => ~word >>> 0);
  }

  /** The first address from `from` to `last` that is in at least one of the sets. */
  static firstPresent(a: AddressSet, b: AddressSet, from: number, last: number): IPv4 | undefined {
    return AddressSet.#firstInWords(a, b, from, last, (word) => word);
  }

  /** Walks the union of both sets 32 addresses at a time, up to the first bit that `wanted` leaves set. */
  static #firstInWords(
    a: AddressSet,
    b: AddressSet,
    from: number,
    last: number,
    wanted: (word: number) => number,
  ): IPv4 | undefined {
    let ip = from;
    while (ip <= last) {
      const inA = a.#blocks.get(ip >>> BLOCK_BITS);
      const inB = b.#blocks.get(ip >>> BLOCK_BITS);
      const index = (ip & (BLOCK_SIZE - 1)) >>> 5;
      const union = ((inA?.[index] ?? 0) | (inB?.[index] ?? 0)) >>> 0;
      const bits = wanted(union) & (0xffffffff << (ip & 31));
      const wordStart = ip - (ip & 31);
      if (bits !== 0) {
        const found = wordStart + trailingZeros(bits);
        return found <= last ? toIPv4(found) : undefined;
      }
      ip = wordStart + 32;
    }
    return undefined;
  }

  #block(key: number): Uint32Array {
    let block = this.#blocks.get(key);
    if (block === undefined) {
      block = new Uint32Array(WORDS);
      this.#blocks.set(key, block);
    }
    return block;
  }
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

function countIn(block: Uint32Array, from: number, to: number): number {
  let total = 0;
  for (let ip = from; ip <= to; ) {
    const word = block[(ip & (BLOCK_SIZE - 1)) >>> 5] ?? 0;
    if (ip % 32 === 0 && ip + 31 <= to) {
      total += popcount(word);
      ip += 32;
    } else {
      total += (word >>> (ip & 31)) & 1;
      ip += 1;
    }
  }
  return total;
}

function popcount(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return (((n + (n >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
