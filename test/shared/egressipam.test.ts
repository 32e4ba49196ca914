// What an EgressIPAM means, and everything that can be wrong with one, each fault with its code and its field
// path.
import t from 'tap';
import { type EgressIPAM, parseEgressIPAM, parseEgressIPAMs, poolOf } from '../../shared/egressipam.ts';
import { formatIPv4, formatRange, toIPv4 } from '../../shared/ip.ts';
import type { EgressIPAMObject } from '../../shared/kinds.ts';
import { ALLOW_DISRUPTION_ANNOTATION, RELEASE_ALL_ANNOTATION } from '../../shared/names.ts';

type Spec = EgressIPAMObject['spec'];
type Assignment = Spec['cidrAssignments'][number];

const ZONE_A: Assignment = {
  CIDR: '10.0.128.0/20',
  labelValue: 'eu-central-1a',
  reservedIPs: ['10.0.128.9'],
};
const ZONE_B: Assignment = { CIDR: '10.0.144.0/20', labelValue: 'eu-central-1b' };

function object(
  spec: Partial<Spec> = {},
  metadata: Partial<EgressIPAMObject['metadata']> = {},
): EgressIPAMObject {
  return {
    metadata: { name: 'blue', uid: 'u1', resourceVersion: '1', ...metadata },
    spec: { cidrAssignments: [ZONE_A, ZONE_B], topologyLabel: 'topology.kubernetes.io/zone', ...spec },
  };
}

function problems(spec: Partial<Spec>): string[] {
  const parsed = parseEgressIPAM(object(spec));
  return parsed.ok ? [] : parsed.problems.map(({ code, path, message }) => `${code} ${path}: ${message}`);
}

function valid(one: EgressIPAMObject): EgressIPAM {
  const parsed = parseEgressIPAM(one);
  if (!parsed.ok) throw new Error('it is not valid');
  return parsed.value;
}

t.test('a valid EgressIPAM is parsed once and for all', async (t) => {
  const parsed = valid(
    object(
      { nodeSelector: { matchLabels: { worker: '' } }, reuseGracePeriod: '1h30m', capacityPolicy: 'Warn' },
      {
        generation: 3,
        annotations: { [RELEASE_ALL_ANNOTATION]: 'true', [ALLOW_DISRUPTION_ANNOTATION]: 'true' },
      },
    ),
  );
  t.same(
    parsed.pools.map((pool) => [pool.index, pool.name, pool.labelValue, pool.reserved.map(formatRange)]),
    [
      [0, '10.0.128.0/20', 'eu-central-1a', ['10.0.128.9']],
      [1, '10.0.144.0/20', 'eu-central-1b', []],
    ],
  );
  t.match(parsed, {
    name: 'blue',
    uid: 'u1',
    generation: 3,
    deleting: false,
    topologyLabel: 'topology.kubernetes.io/zone',
    reuseGracePeriod: 5_400_000,
    capacityPolicy: 'Warn',
    releaseAll: true,
    allowDisruption: true,
  });
});

t.test('what is left out has a default', async (t) => {
  t.match(valid(object()), {
    reuseGracePeriod: 300_000,
    capacityPolicy: 'Deny',
    releaseAll: false,
    allowDisruption: false,
  });
  t.equal(valid(object({}, { annotations: { [RELEASE_ALL_ANNOTATION]: 'yes' } })).releaseAll, false);
  t.equal(valid(object({}, { deletionTimestamp: '2026-01-01T00:00:00Z' })).deleting, true);
});

t.test('every fault is told, with its code, its path and a way out', async (t) => {
  const rows: readonly [string, Partial<Spec>, readonly string[]][] = [
    ['nothing wrong', {}, []],
    ['no CIDR', { cidrAssignments: [] }, ['Required spec.cidrAssignments: at least one CIDR is needed']],
    [
      'host bits',
      { cidrAssignments: [{ ...ZONE_A, CIDR: '10.0.128.9/20' }] },
      [
        'InvalidCIDR spec.cidrAssignments[0].CIDR: "10.0.128.9/20" has host bits set; the network is 10.0.128.0/20',
      ],
    ],
    [
      'host bits, and reserved addresses that are wrong whatever the CIDR',
      { cidrAssignments: [{ ...ZONE_A, CIDR: '10.0.128.9/20', reservedIPs: ['10.0.144.0', 'fd00::1'] }] },
      [
        'InvalidCIDR spec.cidrAssignments[0].CIDR: "10.0.128.9/20" has host bits set; the network is 10.0.128.0/20',
        'InvalidReservedIP spec.cidrAssignments[0].reservedIPs[1]: "fd00::1" is IPv6; egress IPs are IPv4',
      ],
    ],
    [
      'two that overlap',
      { cidrAssignments: [ZONE_A, { ...ZONE_B, CIDR: '10.0.136.0/24' }] },
      [
        'OverlappingCIDR spec.cidrAssignments[1].CIDR: 10.0.136.0/24 overlaps 10.0.128.0/20 of spec.cidrAssignments[0]; each address needs one CIDR',
      ],
    ],
    [
      'the same one twice',
      { cidrAssignments: [ZONE_B, ZONE_B] },
      [
        'OverlappingCIDR spec.cidrAssignments[1].CIDR: 10.0.144.0/20 overlaps 10.0.144.0/20 of spec.cidrAssignments[0]; each address needs one CIDR',
      ],
    ],
    [
      'reserved addresses outside, and such as are none',
      {
        cidrAssignments: [
          {
            ...ZONE_A,
            reservedIPs: ['10.0.127.255-10.0.128.1', '10.0.144.0', '10.0.128.010', '10.0.128.8/29'],
          },
        ],
      },
      [
        'InvalidReservedIP spec.cidrAssignments[0].reservedIPs[0]: 10.0.127.255-10.0.128.1 is outside 10.0.128.0/20; reserve addresses of this CIDR only',
        'InvalidReservedIP spec.cidrAssignments[0].reservedIPs[1]: 10.0.144.0 is outside 10.0.128.0/20; reserve addresses of this CIDR only',
        'InvalidReservedIP spec.cidrAssignments[0].reservedIPs[2]: "10.0.128.010" has leading zeros; write 10.0.128.10 or 10.0.128.8',
      ],
    ],
    [
      'labels that are none',
      { cidrAssignments: [{ ...ZONE_B, labelValue: 'a b' }], topologyLabel: 'the zone' },
      [
        'InvalidLabel spec.cidrAssignments[0].labelValue: "a b" is not a label value',
        'InvalidLabel spec.topologyLabel: "the zone" is not a label key such as topology.kubernetes.io/zone',
      ],
    ],
    [
      'a selector that cannot be read',
      { nodeSelector: { matchExpressions: [{ key: 'a', operator: 'Equals', values: ['b'] }] } },
      [
        'InvalidSelector spec.nodeSelector.matchExpressions[0].operator: "Equals" is not one of In, NotIn, Exists, DoesNotExist',
      ],
    ],
    [
      'values that are none of those allowed',
      { reuseGracePeriod: '5 minutes', capacityPolicy: 'Ignore' },
      [
        'InvalidValue spec.reuseGracePeriod: "5 minutes" is not a duration from 0s to 720h, such as 5m or 1h30m',
        'InvalidValue spec.capacityPolicy: "Ignore" is not one of Deny, Warn',
      ],
    ],
    [
      'a grace period that is negative',
      { reuseGracePeriod: '-1s' },
      ['InvalidValue spec.reuseGracePeriod: "-1s" is not a duration from 0s to 720h, such as 5m or 1h30m'],
    ],
    [
      'a grace period that is too long',
      { reuseGracePeriod: '721h' },
      ['InvalidValue spec.reuseGracePeriod: "721h" is not a duration from 0s to 720h, such as 5m or 1h30m'],
    ],
    [
      'more CIDRs than anybody needs',
      { cidrAssignments: Array.from({ length: 257 }, (_, at) => ({ ...ZONE_B, CIDR: `10.${at}.0.0/24` })) },
      ['TooMany spec.cidrAssignments: 257 CIDRs; at most 256 are supported'],
    ],
    [
      'more reserved addresses than anybody needs',
      { cidrAssignments: [{ ...ZONE_B, reservedIPs: Array.from({ length: 1001 }, () => '10.0.144.9') }] },
      ['TooMany spec.cidrAssignments[0].reservedIPs: 1001 entries; at most 1000 are supported, use ranges'],
    ],
  ];
  for (const [title, spec, expected] of rows) t.same(problems(spec), expected, title);
});

t.test('a CIDR shorter than /8 is refused, a /8 is not', async (t) => {
  const one = (CIDR: string) => problems({ cidrAssignments: [{ CIDR, labelValue: 'a' }] });
  t.same(one('10.0.0.0/8'), []);
  t.same(one('8.0.0.0/7'), [
    'InvalidCIDR spec.cidrAssignments[0].CIDR: 8.0.0.0/7 is too large; use /8 or longer',
  ]);
});

t.test('an object that was stored without a schema is refused, not crashed on', async (t) => {
  const bare = { metadata: { name: 'bare' } } as unknown as EgressIPAMObject;
  const parsed = parseEgressIPAM(bare);
  t.same(parsed.ok ? [] : parsed.problems.map((problem) => problem.path), [
    'spec.cidrAssignments',
    'spec.topologyLabel',
  ]);
  const halves = { cidrAssignments: [{}] } as unknown as Spec;
  t.same(
    problems(halves).map((problem) => problem.split(':')[0]),
    ['InvalidLabel spec.cidrAssignments[0].labelValue', 'InvalidCIDR spec.cidrAssignments[0].CIDR'],
  );
});

t.test('several CIDRs may have one label value', async (t) => {
  t.same(problems({ cidrAssignments: [ZONE_A, { ...ZONE_B, labelValue: ZONE_A.labelValue }] }), []);
});

t.test('an address is of the one CIDR that contains it', async (t) => {
  const blue = valid(object());
  const rows: readonly [number, string | undefined][] = [
    [0x0a008000, '10.0.128.0/20'],
    [0x0a008fff, '10.0.128.0/20'],
    [0x0a009000, '10.0.144.0/20'],
    [0x0a00a000, undefined],
    [0x0a007fff, undefined],
  ];
  for (const [ip, name] of rows) t.equal(poolOf(blue, ip)?.name, name, formatIPv4(toIPv4(ip)));
});

t.test('of two that overlap, the older wins; of the same age, the first by name', async (t) => {
  const at = (name: string, creationTimestamp?: string, CIDR = '10.0.0.0/24') =>
    object(
      { cidrAssignments: [{ CIDR, labelValue: 'a' }] },
      { name, ...(creationTimestamp === undefined ? {} : { creationTimestamp }) },
    );
  const judge = (...objects: EgressIPAMObject[]) => {
    const { valid: ok, invalid } = parseEgressIPAMs(objects);
    const told = [...invalid].map(
      ([name, faults]) => `${name}: ${faults.map((it) => `${it.code} ${it.path}`).join()}`,
    );
    return { valid: [...ok.keys()].sort(), told };
  };
  const overlap = (name: string) => `${name}: OverlappingCIDR spec.cidrAssignments[0].CIDR`;
  const [old, young] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'];

  t.same(judge(at('a', young), at('b', old)), { valid: ['b'], told: [overlap('a')] });
  t.same(judge(at('b', old), at('a', old)), { valid: ['a'], told: [overlap('b')] });
  t.same(
    judge(at('a'), at('b', young)),
    { valid: ['b'], told: [overlap('a')] },
    'one that is not stored yet is the youngest',
  );
  t.same(judge(at('a', old), at('b', young, '10.0.0.128/25'), at('c', young, '10.0.1.0/24')), {
    valid: ['a', 'c'],
    told: [overlap('b')],
  });
  t.same(
    judge(at('a', old, 'no CIDR'), at('b', young)),
    { valid: ['b'], told: ['a: InvalidCIDR spec.cidrAssignments[0].CIDR'] },
    'one that is invalid by itself stands in nobody’s way',
  );
});

t.test('who is overlapped is told by name', async (t) => {
  const { invalid } = parseEgressIPAMs([
    object({}, { name: 'old', creationTimestamp: '2026-01-01T00:00:00Z' }),
    object({ cidrAssignments: [ZONE_B] }, { name: 'new', creationTimestamp: '2026-01-02T00:00:00Z' }),
  ]);
  t.equal(
    invalid.get('new')?.[0]?.message,
    '10.0.144.0/20 overlaps 10.0.144.0/20 of EgressIPAM "old"; an address can belong to one EgressIPAM only',
  );
});
