// What a namespace asks for: strictly where somebody is answered, leniently where one typo must not release
// the rest.
import fc from 'fast-check';
import t from 'tap';
import {
  egressIPAMOf,
  egressIPsText,
  formatEgressIPs,
  listedIPs,
  requestedIPs,
  wantedShape,
} from '../../shared/annotation.ts';
import { type EgressIPAM, parseEgressIPAM } from '../../shared/egressipam.ts';
import { formatIPv4, toIPv4 } from '../../shared/ip.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION } from '../../shared/names.ts';

const PATH = 'metadata.annotations[egressip-ipam-operator.redhat-cop.io/egressips]';

function egressIPAM(...cidrs: readonly string[]): EgressIPAM {
  const parsed = parseEgressIPAM({
    metadata: { name: 'blue', uid: 'u', resourceVersion: '1' },
    spec: { topologyLabel: 'zone', cidrAssignments: cidrs.map((CIDR) => ({ CIDR, labelValue: 'a' })) },
  });
  if (!parsed.ok) throw new Error('it is not valid');
  return parsed.value;
}

const BLUE = egressIPAM('10.0.0.0/24', '10.0.1.0/24');

function namespace(name: string | undefined, ips: string | undefined) {
  const annotations = {
    ...(name === undefined ? {} : { [EGRESSIPAM_ANNOTATION]: name }),
    ...(ips === undefined ? {} : { [EGRESSIPS_ANNOTATION]: ips }),
  };
  return { metadata: { name: 'a', uid: 'u', resourceVersion: '1', annotations } };
}

t.test('a namespace opts in by naming an EgressIPAM', async (t) => {
  t.equal(egressIPAMOf(namespace('blue', undefined)), 'blue');
  t.equal(egressIPAMOf(namespace(' blue ', undefined)), 'blue');
  t.equal(egressIPAMOf(namespace('', undefined)), undefined);
  t.equal(egressIPAMOf(namespace('  ', undefined)), undefined);
  t.equal(egressIPAMOf(namespace(undefined, '10.0.0.7')), undefined);
  t.equal(egressIPAMOf({ metadata: { name: 'a', uid: 'u', resourceVersion: '1' } }), undefined);
  t.equal(egressIPAMOf(undefined), undefined);
});

t.test('a blank list is no list', async (t) => {
  t.equal(egressIPsText(namespace('blue', ' \n')), undefined);
  t.equal(egressIPsText(namespace('blue', '')), undefined);
  t.equal(egressIPsText(namespace('blue', ' 10.0.0.7 ')), ' 10.0.0.7 ');
  t.equal(egressIPsText(undefined), undefined);
});

t.test('what is listed is everything that can be read, once', async (t) => {
  const listed = (text: string) => listedIPs(namespace('blue', text)).map(formatIPv4);
  t.same(listed('10.0.0.7,10.0.1.7'), ['10.0.0.7', '10.0.1.7']);
  t.same(listed(' 10.0.0.7 ,\t10.0.1.7\n'), ['10.0.0.7', '10.0.1.7']);
  t.same(listed('10.0.0.7,oops,10.0.1.7,010.0.0.1,10.0.0.7'), ['10.0.0.7', '10.0.1.7']);
  t.same(listed(','), []);
  t.same(listedIPs(namespace(undefined, '10.0.0.7')), [], 'a namespace that has opted out lists nothing');
  t.equal(
    listedIPs(namespace('blue', Array.from({ length: 100_000 }, (_, at) => formatIPv4(toIPv4(at))).join()))
      .length,
    256,
  );
});

t.test('a request is answered by CIDR, in any order', async (t) => {
  const requested = requestedIPs('10.0.1.7, 10.0.0.9', BLUE);
  t.ok(requested.ok);
  const byPool = requested.ok ? requested.value : new Map();
  t.same([...byPool].map(([pool, ip]) => `${pool.name} ${formatIPv4(ip)}`).sort(), [
    '10.0.0.0/24 10.0.0.9',
    '10.0.1.0/24 10.0.1.7',
  ]);
  t.equal(formatEgressIPs(byPool), '10.0.0.9,10.0.1.7', 'what we write follows cidrAssignments');
});

t.test('a list may be incomplete: what is missing is filled in elsewhere', async (t) => {
  const requested = requestedIPs('10.0.1.7', BLUE);
  t.equal(requested.ok && requested.value.size, 1);
});

t.test('every fault of a request is told at once, with the way out', async (t) => {
  const rows: readonly [string, readonly string[]][] = [
    ['', ['InvalidIP an entry is empty; list IPs with one comma between them']],
    ['10.0.0.7,', ['InvalidIP an entry is empty; list IPs with one comma between them']],
    ['10.0.0.07', ['InvalidIP "10.0.0.07" has leading zeros; write 10.0.0.7']],
    ['fd00::1', ['InvalidIP "fd00::1" is IPv6; egress IPs are IPv4']],
    ['10.0.0.0/24', ['InvalidIP "10.0.0.0/24" is not an IPv4 address such as 10.0.128.7']],
    [
      '10.0.0.7 10.0.1.7',
      ['InvalidIP "10.0.0.7 10.0.1.7" is not one IPv4 address; list IPs with commas between them'],
    ],
    [
      '10.0.2.7',
      [
        'OutsideCIDR 10.0.2.7 is in no CIDR of EgressIPAM "blue"; list one IP from each of 10.0.0.0/24, 10.0.1.0/24',
      ],
    ],
    ['10.0.0.7,10.0.0.7', ['DuplicateIP 10.0.0.7 is listed twice']],
    [
      '10.0.0.7,10.0.0.8',
      [
        'TwoOfOneCIDR 10.0.0.7 and 10.0.0.8 are both of 10.0.0.0/24; list one IP from each of 10.0.0.0/24, 10.0.1.0/24',
      ],
    ],
    [
      'ten,10.0.1.7,10.0.9.9',
      [
        'InvalidIP "ten" is not an IPv4 address such as 10.0.128.7',
        'OutsideCIDR 10.0.9.9 is in no CIDR of EgressIPAM "blue"; list one IP from each of 10.0.0.0/24, 10.0.1.0/24',
      ],
    ],
  ];
  for (const [text, expected] of rows) {
    const requested = requestedIPs(text, BLUE);
    const problems = requested.ok ? [] : requested.problems;
    t.same(
      problems.map(({ code, message }) => `${code} ${message}`),
      expected,
      JSON.stringify(text),
    );
    t.ok(problems.every(({ path }) => path === PATH));
  }
});

t.test('a list of any length is answered soon and shortly', async (t) => {
  const requested = requestedIPs('x,'.repeat(1_000_000), BLUE);
  const problems = requested.ok ? [] : requested.problems;
  t.equal(problems[0]?.message, 'lists more than 256 IPs; one per CIDR is needed');
  t.ok(problems.length <= 32, `${problems.length} problems`);
});

t.test('what would be right is said in the terms of the EgressIPAM', async (t) => {
  t.equal(wantedShape(egressIPAM('10.0.0.0/24')), 'one IP of 10.0.0.0/24');
  t.equal(wantedShape(BLUE), 'one IP from each of 10.0.0.0/24, 10.0.1.0/24');
});

t.test('what is written for any choice of IPs is read back as that choice, and is listed', async () => {
  const choice = fc
    .tuple(fc.option(fc.nat({ max: 255 })), fc.option(fc.nat({ max: 255 })))
    .filter((it) => it.some((ip) => ip !== null));
  fc.assert(
    fc.property(choice, (choices) => {
      const byPool = new Map(
        BLUE.pools.flatMap((pool, at) => {
          const chosen = choices[at];
          return chosen === null || chosen === undefined
            ? []
            : [[pool, toIPv4(pool.cidr.first + chosen)] as const];
        }),
      );
      const text = formatEgressIPs(byPool);
      const back = requestedIPs(text, BLUE);
      const listed = listedIPs(namespace('blue', text));
      return back.ok && [...byPool].every(([pool, ip]) => back.value.get(pool) === ip && listed.includes(ip));
    }),
  );
});
