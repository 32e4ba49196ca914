// What an IPv4 address and a CIDR are, strictly: one spelling each, no octal, hex or short forms, no host bits.
// An address is a 32-bit number everywhere inside; text exists at the edges only. The one importer of ipaddr.js.
import ipaddr from 'ipaddr.js';
import { shown } from './problem.ts';

/** An IPv4 address as an unsigned 32-bit number. */
export type IPv4 = number & { readonly ipv4: unique symbol };

/** A CIDR without host bits: `first` has its last `32 - prefix` bits clear. */
export interface Cidr {
  readonly first: IPv4;
  readonly last: IPv4;
  readonly prefix: number;
}

/** Both ends included. */
export interface Range {
  readonly first: IPv4;
  readonly last: IPv4;
}

const DOT = 46;
const ZERO = 48;

/**
 * Canonical dotted decimal only (`10.0.0.1`, not `010.0.0.1`, `0x0a000001`, `10.1`). By hand, and not by the library:
 * lists are read by the ten thousand, where it takes thirty times as long.
 */
export function parseIPv4(text: string): IPv4 | undefined {
  let ip = 0;
  let dots = 0;
  /** Of the part under way; -1 before its first digit. */
  let part = -1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (part < 0) return undefined;
      ip = ip * 256 + part;
      dots += 1;
      part = -1;
      continue;
    }
    const digit = code - ZERO;
    // Nothing follows a leading zero.
    if (digit < 0 || digit > 9 || part === 0) return undefined;
    part = part < 0 ? digit : part * 10 + digit;
    if (part > 255) return undefined;
  }
  return dots === 3 && part >= 0 ? toIPv4(ip * 256 + part) : undefined;
}

/** Why `text` is not an address, for a sentence: «… is IPv6; egress IPs are IPv4». */
export function whyNotIPv4(text: string): string {
  if (text === '') return 'is empty';
  if (text.length <= 64 && ipaddr.IPv6.isValid(text)) return `"${shown(text)}" is IPv6; egress IPs are IPv4`;
  const meant = withoutLeadingZeros(text);
  if (meant.length > 0) return `"${text}" has leading zeros; write ${meant.join(' or ')}`;
  return `"${shown(text)}" is not an IPv4 address such as 10.0.128.7`;
}

/** What somebody may have meant who wrote leading zeros: most read them as nothing, some as octal. */
function withoutLeadingZeros(text: string): string[] {
  if (!/^\d{1,5}(\.\d{1,5}){3}$/.test(text)) return [];
  const decimal = text.split('.').map(Number).join('.');
  const octal = ipaddr.IPv4.isValid(text) ? ipaddr.IPv4.parse(text).toString() : decimal;
  return [...new Set([decimal, octal])].filter((reading) => parseIPv4(reading) !== undefined);
}

export function formatIPv4(ip: IPv4): string {
  return `${ip >>> 24}.${(ip >>> 16) & 255}.${(ip >>> 8) & 255}.${ip & 255}`;
}

/** A number known to lie in 0 … 2³²−1, as an address. */
export function toIPv4(value: number): IPv4 {
  return value as IPv4;
}

/** The CIDR, or why it is none. */
export function parseCidr(text: string): Cidr | string {
  const slash = text.indexOf('/');
  const address = slash < 0 ? undefined : parseIPv4(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (address === undefined || !/^(0|[1-9]\d?)$/.test(length) || Number(length) > 32) {
    return `"${shown(text)}" is not an IPv4 CIDR such as 10.0.128.0/20`;
  }
  const cidr = cidrAround(address, Number(length));
  if (cidr.first !== address) {
    return `"${shown(text)}" has host bits set; the network is ${formatCidr(cidr)}`;
  }
  return cidr;
}

/** The network of `prefix` bits that `ip` lies in. */
export function cidrAround(ip: IPv4, prefix: number): Cidr {
  const size = 2 ** (32 - prefix);
  const first = Math.floor(ip / size) * size;
  return { first: toIPv4(first), last: toIPv4(first + size - 1), prefix };
}

export function formatCidr(cidr: Cidr): string {
  return `${formatIPv4(cidr.first)}/${cidr.prefix}`;
}

/** `a`, `a-b` with a ≤ b, or a CIDR (host bits refused): the spellings of `reservedIPs`; or why it is none of them. */
export function parseRange(text: string): Range | string {
  if (text.includes('/')) return parseCidr(text);
  const dash = text.indexOf('-');
  if (dash < 0) {
    const ip = parseIPv4(text);
    return ip === undefined ? whyNotIPv4(text) : { first: ip, last: ip };
  }
  const first = parseIPv4(text.slice(0, dash));
  const last = parseIPv4(text.slice(dash + 1));
  if (first === undefined || last === undefined) {
    return `"${shown(text)}" is not a range such as 10.0.128.5-10.0.128.9`;
  }
  if (first <= last) return { first, last };
  return `"${text}" runs backwards; write ${formatRange({ first: last, last: first })}`;
}

export function formatRange(range: Range): string {
  return range.first === range.last
    ? formatIPv4(range.first)
    : `${formatIPv4(range.first)}-${formatIPv4(range.last)}`;
}

export function contains(range: Range, ip: IPv4): boolean {
  return ip >= range.first && ip <= range.last;
}

export function overlaps(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

export function sizeOf(range: Range): number {
  return range.last - range.first + 1;
}
