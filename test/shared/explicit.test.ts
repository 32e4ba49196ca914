// May a namespace have the IPs that it names? Every fault of a list at once, who holds what, and the way out.
import t from 'tap';
import { type EgressIPAM, parseEgressIPAM } from '../../shared/egressipam.ts';
import { describeHolder, otherHolder, problemsOf } from '../../shared/explicit.ts';
import type { Holder } from '../../shared/holdings.ts';
import { formatIPv4, type IPv4, parseIPv4, toIPv4 } from '../../shared/ip.ts';
import { UsableAddresses } from '../../shared/usable.ts';

function ip(text: string): IPv4 {
  return parseIPv4(text) ?? toIPv4(0);
}

const parsed = parseEgressIPAM({
  metadata: { name: 'blue', uid: 'u', resourceVersion: '1' },
  spec: {
    topologyLabel: 'zone',
    cidrAssignments: [
      { CIDR: '10.0.1.0/24', labelValue: 'a', reservedIPs: ['10.0.1.9'] },
      { CIDR: '10.0.2.0/24', labelValue: 'b' },
    ],
  },
});
const BLUE: EgressIPAM = parsed.ok ? parsed.value : ({} as EgressIPAM);

const HOLDERS: Readonly<Record<string, readonly Holder[]>> = {
  '10.0.1.20': [{ kind: 'allocation', name: 'b' }],
  '10.0.1.21': [{ kind: 'allocation', name: '' }],
  '10.0.1.22': [{ kind: 'namespace', name: 'b' }],
  '10.0.1.23': [{ kind: 'netNamespace', name: 'b' }],
  '10.0.1.24': [{ kind: 'hostSubnet', name: 'n1' }],
  '10.0.1.25': [
    { kind: 'allocation', name: 'a' },
    { kind: 'hostSubnet', name: 'n1' },
  ],
};

const surroundings = {
  usable: (_egressIPAM: EgressIPAM, pool: EgressIPAM['pools'][number]) =>
    new UsableAddresses(pool, {
      hostIPs: new Map([[ip('10.0.1.201'), 'n1']]),
      inUse: [{ first: ip('10.0.1.99'), last: ip('10.0.1.99') }],
    }),
  holdersOf: (address: IPv4) => HOLDERS[formatIPv4(address)] ?? [],
};

function problems(
  text: string,
  change: { before?: readonly string[]; filledIn?: readonly number[] } = {},
): string[] {
  const before = new Set((change.before ?? []).map(ip));
  const filledIn = new Set((change.filledIn ?? []).flatMap((at) => BLUE.pools[at] ?? []));
  const list = { text, egressIPAM: BLUE, namespace: 'a', before, filledIn };
  return problemsOf(list, surroundings).map(({ code, message }) => `${code}: ${message}`);
}

const ANOTHER = 'choose another IP of 10.0.1.0/24, or leave the annotation out to be given free IPs';

t.test('a list can be had, or every reason why not is told', async (t) => {
  const rows: readonly [string, readonly string[]][] = [
    ['10.0.1.10,10.0.2.10', []],
    ['10.0.2.10, 10.0.1.10', []],
    ['10.0.1.25,10.0.2.10', []],
    ['10.0.1.20,10.0.2.10', [`Taken: 10.0.1.20 is allocated to namespace "b"; ${ANOTHER}`]],
    ['10.0.1.21,10.0.2.10', [`Taken: 10.0.1.21 is allocated to a namespace being created; ${ANOTHER}`]],
    ['10.0.1.22,10.0.2.10', [`Taken: 10.0.1.22 is listed by namespace "b"; ${ANOTHER}`]],
    ['10.0.1.23,10.0.2.10', [`Taken: 10.0.1.23 is on the NetNamespace of "b"; ${ANOTHER}`]],
    [
      '10.0.1.24,10.0.2.10',
      [`Taken: 10.0.1.24 is on the HostSubnet of node "n1", though no allocation exists for it; ${ANOTHER}`],
    ],
    ['10.0.1.9,10.0.2.10', [`NotUsable: 10.0.1.9 is in reservedIPs of 10.0.1.0/24; ${ANOTHER}`]],
    ['10.0.1.201,10.0.2.10', [`NotUsable: 10.0.1.201 is the address of node "n1"; ${ANOTHER}`]],
    ['10.0.1.99,10.0.2.10', [`NotUsable: 10.0.1.99 is kept or used by the cloud; ${ANOTHER}`]],
    [
      '10.0.1.10',
      [
        'MissingIP: no IP of 10.0.2.0/24 is listed; list one IP from each of 10.0.1.0/24, 10.0.2.0/24, or leave the annotation out',
      ],
    ],
    [
      '10.0.1.20,oops,10.0.9.9',
      [
        'InvalidIP: "oops" is not an IPv4 address such as 10.0.128.7',
        'OutsideCIDR: 10.0.9.9 is in no CIDR of EgressIPAM "blue"; list one IP from each of 10.0.1.0/24, 10.0.2.0/24',
        `Taken: 10.0.1.20 is allocated to namespace "b"; ${ANOTHER}`,
        'MissingIP: no IP of 10.0.2.0/24 is listed; list one IP from each of 10.0.1.0/24, 10.0.2.0/24, or leave the annotation out',
      ],
    ],
  ];
  for (const [text, expected] of rows) t.same(problems(text), expected, text);
});

t.test(
  'what a namespace lists already is not judged again: nobody is blocked by what has become of an old IP',
  async (t) => {
    t.same(problems('10.0.1.20,10.0.2.10', { before: ['10.0.1.20'] }), []);
    t.same(problems('10.0.1.9,10.0.2.10', { before: ['10.0.1.9'] }), []);
  },
);

t.test('what is filled in need not be listed', async (t) => {
  t.same(problems('10.0.1.10', { filledIn: [1] }), []);
  t.equal(problems('10.0.2.10', { filledIn: [1] }).length, 1, 'the control: another one is missing');
});

t.test('a node that hosts an IP hosts it for whoever has it', async (t) => {
  const node: Holder = { kind: 'hostSubnet', name: 'n1' };
  const own: Holder = { kind: 'namespace', name: 'a' };
  const other: Holder = { kind: 'netNamespace', name: 'b' };
  t.equal(otherHolder([], 'a'), undefined);
  t.equal(otherHolder([own, node], 'a'), undefined);
  t.equal(otherHolder([node], 'a'), node);
  t.equal(otherHolder([own, node, other], 'a'), other);
  t.equal(
    otherHolder([{ kind: 'allocation', name: '' }], '')?.kind,
    'allocation',
    'two that have no name are not one',
  );
  t.equal(describeHolder(node), 'is on the HostSubnet of node "n1", though no allocation exists for it');
});
