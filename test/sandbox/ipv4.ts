// What the stand-ins know of IPv4: addresses as numbers, CIDRs as ranges. It shares no line with the product's own
// arithmetic, on purpose: the sandbox is what the product is judged by, and must not repeat its mistakes.
import { isIPv4 } from 'node:net';

export interface Cidr {
  readonly first: number;
  readonly last: number;
  readonly prefix: number;
}

/** The address as an unsigned number, undefined for anything that is not dotted decimal. */
export function parseAddress(text: string): number | undefined {
  if (!isIPv4(text)) return undefined;
  return text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** For addresses written in sources; throws on any other. */
export function address(text: string): number {
  const value = parseAddress(text);
  if (value === undefined) throw new TypeError(`${text} is not an IPv4 address`);
  return value;
}

export function formatAddress(value: number): string {
  return [24, 16, 8, 0].map((bits) => (value >>> bits) & 255).join('.');
}

/** The network that the text names; host bits are dropped. undefined for anything that is not a CIDR. */
export function parseCidr(text: string): Cidr | undefined {
  const [base = '', bits = '', ...rest] = text.split('/');
  const value = parseAddress(base);
  if (value === undefined || rest.length > 0 || !/^\d{1,2}$/.test(bits) || Number(bits) > 32)
    return undefined;
  const size = 2 ** (32 - Number(bits));
  const first = value - (value % size);
  return { first, last: first + size - 1, prefix: Number(bits) };
}

/** For CIDRs written in sources; throws on any other. */
export function cidr(text: string): Cidr {
  const value = parseCidr(text);
  if (value === undefined) throw new TypeError(`${text} is not an IPv4 CIDR`);
  return value;
}

export function formatCidr(value: Cidr): string {
  return `${formatAddress(value.first)}/${value.prefix}`;
}

export function within(outer: { readonly first: number; readonly last: number }, value: number): boolean {
  return value >= outer.first && value <= outer.last;
}

export function overlap(a: Cidr, b: Cidr): boolean {
  return a.first <= b.last && b.first <= a.last;
}
