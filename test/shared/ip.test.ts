// One spelling for each address and each CIDR: what other parsers take for an address too, with another
// meaning, is refused.
import fc from 'fast-check';
import t from 'tap';
import {
  cidrAround,
  contains,
  formatCidr,
  formatIPv4,
  formatRange,
  overlaps,
  parseCidr,
  parseIPv4,
  parseRange,
  sizeOf,
  toIPv4,
  whyNotIPv4,
} from '../../shared/ip.ts';

const anyIPv4 = fc.nat({ max: 0xffffffff }).map(toIPv4);

t.test('an address is four decimal numbers and nothing else', async (t) => {
  const rows: readonly [string, number | undefined][] = [
    ['0.0.0.0', 0],
    ['10.0.128.7', 0x0a008007],
    ['127.255.255.255', 0x7fffffff],
    ['128.0.0.0', 0x80000000],
    ['255.255.255.255', 0xffffffff],
    ['010.0.0.1', undefined], // octal for some, decimal for others
    ['10.0.0.01', undefined],
    ['00.0.0.0', undefined],
    ['0x0a.0.0.1', undefined],
    ['0x0a000001', undefined],
    ['167772161', undefined],
    ['10.1', undefined],
    ['10.0.1', undefined],
    ['10.0.0.1.', undefined],
    ['10.0.0.256', undefined],
    ['10.0.0.-1', undefined],
    ['10.0.0.+1', undefined],
    ['10.0.0.1e0', undefined],
    [' 10.0.0.1', undefined],
    ['10.0.0.1\n', undefined],
    ['10.0.0.1/32', undefined],
    ['١٠.0.0.1', undefined],
    ['::1', undefined],
    ['::ffff:10.0.0.1', undefined],
    ['', undefined],
    ['1'.repeat(1_000_000), undefined],
  ];
  for (const [text, value] of rows) t.equal(parseIPv4(text), value, JSON.stringify(text.slice(0, 40)));
});

t.test('why a text is no address is said in a sentence with the way out', async (t) => {
  const rows: readonly [string, string][] = [
    ['', 'is empty'],
    ['fd00::1', '"fd00::1" is IPv6; egress IPs are IPv4'],
    ['0xa.0.0.1', '"0xa.0.0.1" is not an IPv4 address such as 10.0.128.7'],
    ['010.0.0.1', '"010.0.0.1" has leading zeros; write 10.0.0.1 or 8.0.0.1'],
    ['10.0.0.07', '"10.0.0.07" has leading zeros; write 10.0.0.7'],
    ['10.0.0.09', '"10.0.0.09" has leading zeros; write 10.0.0.9'],
    ['0377.0.0.1', '"0377.0.0.1" has leading zeros; write 255.0.0.1'],
    ['0999.0.0.1', '"0999.0.0.1" is not an IPv4 address such as 10.0.128.7'],
    ['10.1', '"10.1" is not an IPv4 address such as 10.0.128.7'],
    ['ten', '"ten" is not an IPv4 address such as 10.0.128.7'],
    ['x'.repeat(500), `"${'x'.repeat(61)}…" is not an IPv4 address such as 10.0.128.7`],
  ];
  for (const [text, why] of rows) t.equal(whyNotIPv4(text), why);
});

t.test('what is written is read back', async () => {
  fc.assert(fc.property(anyIPv4, (ip) => parseIPv4(formatIPv4(ip)) === ip));
});

t.test('what is read is written back as it was: there is one spelling only', async () => {
  const part = fc.oneof(
    fc.nat({ max: 300 }).map(String),
    fc.constantFrom('01', '0x1', '', '1e1', '+1', ' 1'),
  );
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
      const ip = parseIPv4(parts.join('.'));
      return ip === undefined || formatIPv4(ip) === parts.join('.');
    }),
  );
});

t.test('a CIDR names its network, without host bits', async (t) => {
  const rows: readonly [string, string | readonly [string, string]][] = [
    ['10.0.128.0/20', ['10.0.128.0', '10.0.143.255']],
    ['10.0.0.7/32', ['10.0.0.7', '10.0.0.7']],
    ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255']],
    ['10.0.128.7/20', '"10.0.128.7/20" has host bits set; the network is 10.0.128.0/20'],
    ['10.0.128.0/33', '"10.0.128.0/33" is not an IPv4 CIDR such as 10.0.128.0/20'],
    ['10.0.128.0/020', '"10.0.128.0/020" is not an IPv4 CIDR such as 10.0.128.0/20'],
    ['10.0.128.0/ 20', '"10.0.128.0/ 20" is not an IPv4 CIDR such as 10.0.128.0/20'],
    ['10.0.128.0/255.255.240.0', '"10.0.128.0/255.255.240.0" is not an IPv4 CIDR such as 10.0.128.0/20'],
    ['10.0.128.0/', '"10.0.128.0/" is not an IPv4 CIDR such as 10.0.128.0/20'],
    ['10.0.128/20', '"10.0.128/20" is not an IPv4 CIDR such as 10.0.128.0/20'],
    ['10.0.128.0', '"10.0.128.0" is not an IPv4 CIDR such as 10.0.128.0/20'],
    ['10.0.0.0/8/8', '"10.0.0.0/8/8" is not an IPv4 CIDR such as 10.0.128.0/20'],
    ['fd00::/64', '"fd00::/64" is not an IPv4 CIDR such as 10.0.128.0/20'],
    ['', '"" is not an IPv4 CIDR such as 10.0.128.0/20'],
    ['9'.repeat(300), `"${'9'.repeat(61)}…" is not an IPv4 CIDR such as 10.0.128.0/20`],
  ];
  for (const [text, expected] of rows) {
    const cidr = parseCidr(text);
    t.same(typeof cidr === 'string' ? cidr : [formatIPv4(cidr.first), formatIPv4(cidr.last)], expected);
  }
});

t.test('the network around an address contains it, and its text is read back', async () => {
  fc.assert(
    fc.property(anyIPv4, fc.integer({ min: 0, max: 32 }), (ip, prefix) => {
      const cidr = cidrAround(ip, prefix);
      const back = parseCidr(formatCidr(cidr));
      return (
        contains(cidr, ip) &&
        sizeOf(cidr) === 2 ** (32 - prefix) &&
        cidr.first % sizeOf(cidr) === 0 &&
        typeof back !== 'string' &&
        back.first === cidr.first &&
        back.last === cidr.last &&
        back.prefix === prefix
      );
    }),
  );
});

t.test('a range is an address, two with a dash, or a CIDR', async (t) => {
  const rows: readonly [string, string][] = [
    ['10.0.0.7', '10.0.0.7'],
    ['10.0.0.7-10.0.0.9', '10.0.0.7-10.0.0.9'],
    ['10.0.0.7-10.0.0.7', '10.0.0.7'],
    ['10.0.0.8/30', '10.0.0.8-10.0.0.11'],
    ['10.0.0.9/30', '"10.0.0.9/30" has host bits set; the network is 10.0.0.8/30'],
    ['10.0.0.9-10.0.0.7', '"10.0.0.9-10.0.0.7" runs backwards; write 10.0.0.7-10.0.0.9'],
    ['10.0.0.9-', '"10.0.0.9-" is not a range such as 10.0.128.5-10.0.128.9'],
    ['-10.0.0.9', '"-10.0.0.9" is not a range such as 10.0.128.5-10.0.128.9'],
    ['10.0.0.7-9', '"10.0.0.7-9" is not a range such as 10.0.128.5-10.0.128.9'],
    ['10.0.0.7 - 10.0.0.9', '"10.0.0.7 - 10.0.0.9" is not a range such as 10.0.128.5-10.0.128.9'],
    [
      '10.0.0.1-10.0.0.2-10.0.0.3',
      '"10.0.0.1-10.0.0.2-10.0.0.3" is not a range such as 10.0.128.5-10.0.128.9',
    ],
    ['', 'is empty'],
  ];
  for (const [text, expected] of rows) {
    const range = parseRange(text);
    t.equal(typeof range === 'string' ? range : formatRange(range), expected, text);
  }
});

t.test('ranges overlap where they share an address', async () => {
  const range = fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 40 })).map(([a, b]) => ({
    first: toIPv4(Math.min(a, b)),
    last: toIPv4(Math.max(a, b)),
  }));
  fc.assert(
    fc.property(range, range, (a, b) => {
      const shared = Array.from({ length: 41 }, (_, at) => toIPv4(at)).some(
        (ip) => contains(a, ip) && contains(b, ip),
      );
      return overlaps(a, b) === shared && overlaps(b, a) === shared;
    }),
  );
});
