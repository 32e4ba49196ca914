// What may ever be handed out: everything of the CIDR but what the network, the administrator, the nodes and
// the cloud keep.
import fc from 'fast-check';
import t from 'tap';
import type { Pool } from '../../shared/egressipam.ts';
import { cidrAround, formatCidr, type IPv4, parseIPv4, type Range, toIPv4 } from '../../shared/ip.ts';
import { exclusions, UsableAddresses } from '../../shared/usable.ts';

function ip(text: string): IPv4 {
  return parseIPv4(text) ?? toIPv4(0);
}

function range(first: string, last = first): Range {
  return { first: ip(first), last: ip(last) };
}

function pool(text: string, prefix: number, reserved: readonly Range[] = []): Pool {
  const cidr = cidrAround(ip(text), prefix);
  return { index: 0, cidr, name: formatCidr(cidr), labelValue: 'a', reserved };
}

const NOTHING = { hostIPs: new Map<IPv4, string>(), inUse: [] };

t.test('every address that is never handed out says why', async (t) => {
  const usable = new UsableAddresses(pool('10.0.0.0', 24, [range('10.0.0.20', '10.0.0.29')]), {
    hostIPs: new Map([
      [ip('10.0.0.5'), 'n1'],
      [ip('10.0.1.5'), 'elsewhere'],
    ]),
    inUse: [
      range('9.255.255.250', '10.0.0.3'),
      range('10.0.0.200'),
      range('10.0.0.255', '10.0.1.9'),
      range('10.9.0.0'),
    ],
  });
  const rows: readonly [string, string | undefined][] = [
    ['10.0.0.0', '10.0.0.0 is the network address of 10.0.0.0/24'],
    ['10.0.0.3', '10.0.0.3 is kept or used by the cloud'],
    ['10.0.0.4', undefined],
    ['10.0.0.5', '10.0.0.5 is the address of node "n1"'],
    ['10.0.0.20', '10.0.0.20 is in reservedIPs of 10.0.0.0/24'],
    ['10.0.0.29', '10.0.0.29 is in reservedIPs of 10.0.0.0/24'],
    ['10.0.0.30', undefined],
    ['10.0.0.200', '10.0.0.200 is kept or used by the cloud'],
    ['10.0.0.255', '10.0.0.255 is the broadcast address of 10.0.0.0/24'],
    ['10.0.1.5', '10.0.1.5 is not in 10.0.0.0/24'],
  ];
  for (const [text, why] of rows) t.equal(usable.explain(ip(text)), why, text);
  t.equal(usable.size, 256);
  t.equal(usable.usable, 256 - 2 - 10 - 1 - 3 - 1);
});

t.test('an address that is ours on an interface of ours is not lost to the cloud’s own list', async (t) => {
  const usable = new UsableAddresses(pool('10.0.0.0', 24, [range('10.0.0.20')]), {
    hostIPs: new Map([[ip('10.0.0.5'), 'n1']]),
    inUse: [range('10.0.0.7'), range('10.0.0.20')],
  });
  t.equal(usable.whyNeverOurs(ip('10.0.0.7')), undefined);
  t.equal(usable.whyNeverOurs(ip('10.0.0.20')), 'is in reservedIPs of 10.0.0.0/24');
  t.equal(usable.whyNeverOurs(ip('10.0.0.5')), 'is the address of node "n1"');
  t.equal(usable.whyNeverOurs(ip('10.0.0.0')), 'is the network address of 10.0.0.0/24');
  t.equal(usable.whyNeverOurs(ip('10.0.1.0')), 'is not in 10.0.0.0/24');
});

t.test('two addresses or one have neither network nor broadcast address', async (t) => {
  t.equal(new UsableAddresses(pool('10.0.0.0', 30), NOTHING).usable, 2);
  t.equal(new UsableAddresses(pool('10.0.0.0', 31), NOTHING).usable, 2);
  t.equal(new UsableAddresses(pool('10.0.0.7', 32), NOTHING).usable, 1);
});

t.test('the count, the set and the reasons agree, however the exclusions overlap', async () => {
  const at = fc.integer({ min: -8, max: 40 }).map((it) => toIPv4(0x0a000000 + it));
  const anyRange = fc
    .tuple(at, at)
    .map(([a, b]) => ({ first: toIPv4(Math.min(a, b)), last: toIPv4(Math.max(a, b)) }));
  fc.assert(
    fc.property(fc.array(anyRange), fc.array(at), (inUse, hosts) => {
      const one = pool('10.0.0.0', 27);
      const surroundings = { hostIPs: new Map(hosts.map((host) => [host, 'n'])), inUse };
      const usable = new UsableAddresses(one, surroundings);
      const all = Array.from({ length: 32 }, (_, it) => toIPv4(one.cidr.first + it));
      const excluded = exclusions(one, surroundings);
      return (
        all.filter((it) => usable.whyNot(it) === undefined).length === usable.usable &&
        all.every((it) => usable.excluded.has(it) === (usable.whyNot(it) !== undefined)) &&
        all.every((it) => excluded.some((e) => e.first <= it && it <= e.last) === usable.excluded.has(it))
      );
    }),
  );
});
