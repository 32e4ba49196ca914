// What is an address, a CIDR, a range? Said once more, slowly: by regular expressions and big integers. Shares no line with
// the product, which is judged by it.

export interface SlowRange {
  readonly first: bigint;
  readonly last: bigint;
}

export interface SlowCidr extends SlowRange {
  readonly prefix: number;
}

/** The value of a canonical dotted decimal; undefined for everything else. */
export function slowIPv4(text: string): bigint | undefined {
  const octets = text.split('.');
  if (octets.length !== 4 || !octets.every((octet) => /^(?:0|[1-9][0-9]{0,2})$/.test(octet)))
    return undefined;
  const values = octets.map(BigInt);
  return values.every((value) => value < 256n)
    ? values.reduce((sum, value) => sum * 256n + value)
    : undefined;
}

export function slowText(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((bits) => (value >> bits) & 255n).join('.');
}

/** Canonical, no host bits. */
export function slowCidr(text: string): SlowCidr | undefined {
  const parts = /^(?<address>[^/]*)\/(?<prefix>[0-9]|[12][0-9]|3[0-2])$/.exec(text)?.groups;
  const first = slowIPv4(parts?.address ?? '');
  if (first === undefined) return undefined;
  const size = 1n << BigInt(32 - Number(parts?.prefix));
  return first % size === 0n ? { first, last: first + size - 1n, prefix: Number(parts?.prefix) } : undefined;
}

/** An address, two of them with a dash between, or a CIDR. */
export function slowRange(text: string): SlowRange | undefined {
  const cidr = slowCidr(text);
  if (cidr !== undefined) return { first: cidr.first, last: cidr.last };
  const [from = '', to = from, ...rest] = text.split('-');
  const [first, last] = [slowIPv4(from), slowIPv4(to)];
  if (first === undefined || last === undefined || rest.length > 0 || last < first) return undefined;
  return { first, last };
}

export function meet(a: SlowRange, b: SlowRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}

export function isIn(range: SlowRange, value: bigint): boolean {
  return value >= range.first && value <= range.last;
}
