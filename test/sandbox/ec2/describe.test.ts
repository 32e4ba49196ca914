// The describes: by id, by filter, in pages, in no order.
import t from 'tap';
import { cidr } from '../ipv4.ts';
import { assign } from './assign.ts';
import type { Query } from './describe.ts';
import {
  describeInstances,
  describeInstanceTypes,
  describeNetworkInterfaces,
  describeSubnets,
  getSubnetCidrReservations,
} from './describe.ts';
import type { Answer } from './errors.ts';
import {
  attach,
  forgetTerminated,
  reserveCidr,
  setInstanceState,
  TERMINATED_VISIBLE_MS,
  takeAddress,
} from './lifecycle.ts';
import type { Page } from './pages.ts';
import { done, scene } from './scene.ts';

const {
  state: plain,
  enis,
  instances,
  subnets,
} = scene({
  type: 'm5.large',
  nodes: ['10.0.128.10', '10.0.128.11', '10.0.144.10'],
});
const [a = '', b = '', c = ''] = enis;
const [subnetA = '', subnetB = ''] = subnets;

function query(parts: Partial<Query> = {}): Query {
  return { ids: [], filters: [], page: {}, salt: 'salt', ...parts };
}

function filter(name: string, ...values: string[]): Query {
  return query({ filters: [{ name, values }] });
}

/** Ids, sorted, or the refusal. */
function told<T extends { readonly id: string }>(found: Answer<Page<T>>): string {
  if (!found.ok) return `${found.error.code}: ${found.error.message}`;
  return found.value.items
    .map((it) => it.id)
    .sort()
    .join(' ');
}

function sorted(...ids: string[]): string {
  return ids.sort().join(' ');
}

t.test('interfaces are filtered by what they are and where they are', async (t) => {
  const state = done(takeAddress(plain, subnetB));
  const elb = [...state.interfaces.keys()].find((id) => !enis.includes(id)) ?? '';
  const rows: readonly (readonly [Query, string])[] = [
    [query(), sorted(a, b, c, elb)],
    [filter('subnet-id', subnetA), sorted(a, b)],
    [filter('subnet-id', subnetA, subnetB), sorted(a, b, c, elb)],
    [filter('network-interface-id', a, c), sorted(a, c)],
    [filter('attachment.instance-id', instances[1] ?? ''), b],
    [filter('addresses.private-ip-address', '10.0.144.10'), c],
    [filter('addresses.private-ip-address', '10.0.128.*'), sorted(a, b)],
    [filter('addresses.private-ip-address', '10.0.128.1?'), sorted(a, b)],
    [filter('addresses.private-ip-address', '10.0.128.1'), ''],
    [filter('requester-managed', 'true'), elb],
    [filter('vpc-id', 'vpc-0'), ''],
    [
      query({
        filters: [
          { name: 'subnet-id', values: [subnetB] },
          { name: 'requester-managed', values: ['false'] },
        ],
      }),
      c,
    ],
    [query({ ids: [a], filters: [{ name: 'subnet-id', values: [subnetB] }] }), ''],
    [filter('interface-type', 'interface'), sorted(a, b, c)],
    [filter('colour', 'blue'), "InvalidParameterValue: The filter 'colour' is invalid"],
    [filter('constructor', 'x'), "InvalidParameterValue: The filter 'constructor' is invalid"],
    [filter('subnet-id'), "InvalidParameterValue: The filter 'subnet-id' has no value"],
    [
      filter('subnet-id', ...Array.from({ length: 201 }, (_, i) => `subnet-${i}`)),
      'FilterLimitExceeded: The maximum number of filter values specified on a single call is 200',
    ],
    [
      query({ ids: [a, 'eni-00000000', 'eni-00000001'] }),
      'InvalidNetworkInterfaceID.NotFound: The networkInterface ID' +
        "s 'eni-00000000, eni-00000001' do not exist",
    ],
  ];
  for (const [asked, expected] of rows) t.equal(told(describeNetworkInterfaces(state, asked)), expected);
});

t.test(
  'an instance that is terminated keeps its state, loses its interfaces, and is forgotten after an hour',
  async (t) => {
    const id = instances[0] ?? '';
    const state = done(setInstanceState(plain, id, 'terminated', 1000));
    t.equal(told(describeInstances(state, filter('instance-state-name', 'terminated'))), id);
    t.equal(told(describeInstances(state, filter('subnet-id', subnetA))), instances[1]);
    t.notOk(state.interfaces.has(a), 'its addresses are free again');
    const later = forgetTerminated(state, 1000 + TERMINATED_VISIBLE_MS);
    t.equal(told(describeInstances(later, query({ ids: [id] }))), id);
    const muchLater = forgetTerminated(state, 1001 + TERMINATED_VISIBLE_MS);
    t.match(told(describeInstances(muchLater, query({ ids: [id] }))), 'InvalidInstanceID.NotFound');
  },
);

t.test('instances are found by their addresses, a terminated one by none', async (t) => {
  const [first = '', second = '', third = ''] = instances;
  const assigned = assign(
    plain,
    { networkInterfaceId: b, addresses: ['10.0.128.20'], allowReassignment: false },
    0,
    0,
  );
  const state = done(setInstanceState(done(assigned), third, 'terminated', 0));
  const any = 'network-interface.addresses.private-ip-address';
  const rows: readonly (readonly [Query, string])[] = [
    [filter('private-ip-address', '10.0.128.10', '10.0.128.20', '10.0.144.10'), first],
    [filter(any, '10.0.128.10', '10.0.128.20', '10.0.144.10'), sorted(first, second)],
    [filter('network-interface.network-interface-id', b), second],
  ];
  for (const [asked, expected] of rows) t.equal(told(describeInstances(state, asked)), expected);
});

t.test('a subnet is found by its CIDR and zone, under each of the names that EC2 has for them', async (t) => {
  for (const name of ['cidr-block', 'cidr', 'cidrBlock']) {
    t.equal(told(describeSubnets(plain, filter(name, '10.0.128.0/20'))), subnetA, name);
  }
  for (const name of ['availability-zone', 'availabilityZone']) {
    t.equal(told(describeSubnets(plain, filter(name, 'eu-central-1b'))), subnetB, name);
  }
});

t.test('a stopped instance keeps its interfaces', async (t) => {
  const state = done(setInstanceState(plain, instances[0] ?? '', 'stopped', 0));
  t.ok(state.interfaces.has(a));
});

t.test('instances have the interfaces that their type allows', async (t) => {
  const instanceId = instances[0] ?? '';
  const more = (deviceIndex: number) => ({ instanceId, subnetId: subnetA, deviceIndex });
  const state = done(attach(done(attach(plain, more(1))), more(2)));
  const fourth = attach(state, more(3));
  t.equal(fourth.ok ? '' : fourth.error.code, 'AttachmentLimitExceeded');
});

t.test('pages hold each thing once, whatever comes and goes between them', async (t) => {
  let state = plain;
  for (let i = 0; i < 17; i += 1) state = done(takeAddress(state, subnetA));
  const before = new Set(state.interfaces.keys());
  const seen: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = { maxResults: 5, ...(nextToken === undefined ? {} : { nextToken }) };
    const found = describeNetworkInterfaces(state, query({ page, salt: `call ${seen.length}` }));
    t.ok(found.ok);
    if (!found.ok) return;
    t.ok(found.value.items.length <= 5);
    seen.push(...found.value.items.map((it) => it.id));
    nextToken = found.value.nextToken;
    state = done(takeAddress(state, subnetA));
  } while (nextToken !== undefined);
  t.equal(new Set(seen).size, seen.length, 'nothing twice');
  t.ok(
    [...before].every((id) => seen.includes(id)),
    'nothing left out',
  );
});

t.test('sizes of pages and tokens are checked', async (t) => {
  const ask = (page: Query['page'], ids: string[] = []) => told(describeSubnets(plain, query({ page, ids })));
  t.match(
    ask({ maxResults: 4 }),
    'Value ( 4 ) for parameter maxResults is invalid. Expecting a value greater than 5.',
  );
  t.match(ask({ maxResults: Number.NaN }), 'InvalidParameterValue');
  t.match(ask({ maxResults: 1001 }), 'less than 1000');
  t.match(ask({ maxResults: 5 }, [subnetA]), 'InvalidParameterCombination');
  t.match(ask({ nextToken: 'x' }), 'InvalidNextToken');
  const first = describeNetworkInterfaces(done(manyIn(subnetA)), query({ page: { maxResults: 5 } }));
  const token = first.ok ? (first.value.nextToken ?? '') : '';
  t.match(ask({ nextToken: token }), 'InvalidNextToken', 'a token of another query');
});

function manyIn(subnetId: string) {
  let change = takeAddress(plain, subnetId);
  for (let i = 0; i < 9; i += 1) change = takeAddress(done(change), subnetId);
  return change;
}

t.test('instance types are those that exist', async (t) => {
  const names = (asked: Query) => {
    const found = describeInstanceTypes(asked);
    return found.ok
      ? found.value.items.map((it) => `${it.name} ${it.ipv4AddressesPerInterface}`)
      : found.error.message;
  };
  t.strictSame(names(query({ ids: ['t3.nano'] })), ['t3.nano 2']);
  t.strictSame(names(query({ ids: ['c6i.xlarge'] })), ['c6i.xlarge 15']);
  t.strictSame(names(filter('instance-type', 't3.med*')), ['t3.medium 6']);
  t.equal(
    names(query({ ids: ['m5.large', 'm9.huge'] })),
    'The following supplied instance types do not exist: [m9.huge]',
  );
  t.match(names(query({ page: { maxResults: 101 } })), /less than 100/);
});

t.test('reservations of a subnet are shown, and kept by AWS for nobody', async (t) => {
  const state = done(reserveCidr(plain, subnetA, cidr('10.0.130.0/24')));
  const found = getSubnetCidrReservations(state, query({ ids: [subnetA] }));
  t.strictSame(found.ok && found.value.items.map((it) => it.type), ['explicit']);
  t.equal(told(getSubnetCidrReservations(state, query({ ids: [subnetB] }))), '');
  const asked = (name: string, value: string) => ({ ...filter(name, value), ids: [subnetA] });
  t.not(told(getSubnetCidrReservations(state, asked('subnet-id', subnetA))), '');
  t.equal(told(getSubnetCidrReservations(state, asked('reservationType', 'prefix'))), '');
  t.match(
    told(getSubnetCidrReservations(state, query({ ids: ['subnet-00000000'] }))),
    'InvalidSubnetID.NotFound',
  );
});
