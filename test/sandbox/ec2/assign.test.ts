// AssignPrivateIpAddresses and its opposite as tables: what each call leaves behind, or the refusal in EC2's words.
import fc from 'fast-check';
import t from 'tap';
import { address, cidr, formatAddress } from '../ipv4.ts';
import { assign, unassign } from './assign.ts';
import { delegatePrefix, limitOf, reserveCidr, takeAddress } from './lifecycle.ts';
import type { Change, Ec2State } from './model.ts';
import { addressesOf, isReservedByAws, slotsUsed } from './model.ts';
import { done, scene } from './scene.ts';

/** Two small interfaces (t3.medium: six slots) in one subnet, one in another. */
function start() {
  const { state, enis, subnets } = scene({
    type: 't3.medium',
    nodes: ['10.0.128.10', '10.0.128.11', '10.0.144.10'],
  });
  const [a = '', b = '', c = ''] = enis;
  return { state, a, b, c, subnet: subnets[0] ?? '' };
}

function held(state: Ec2State, eni: string): string[] {
  return state.interfaces.get(eni)?.secondary.map(formatAddress) ?? [];
}

function told(change: Change<unknown>): string {
  return change.ok ? 'done' : `${change.error.code}: ${change.error.message}`;
}

function give(state: Ec2State, networkInterfaceId: string, addresses: string[], allowReassignment = false) {
  return assign(state, { networkInterfaceId, addresses, allowReassignment }, 0, 0);
}

function take(state: Ec2State, networkInterfaceId: string, addresses: string[]) {
  return unassign(state, { networkInterfaceId, addresses });
}

const MOVE = 'assigned, but move is not allowed.';

t.test('an assignment is carried out whole or refused whole', async (t) => {
  const { state: empty, a, b, c } = start();
  const state = done(give(done(give(empty, a, ['10.0.128.20'])), b, ['10.0.128.21']));
  const rows: readonly (readonly [string, Change<unknown>, string])[] = [
    ['two free addresses', give(state, a, ['10.0.128.30', '10.0.128.31']), 'done'],
    ['one that it has already', give(state, a, ['10.0.128.20', '10.0.128.30']), 'done'],
    ['its own primary address', give(state, a, ['10.0.128.10']), 'done'],
    ['one of another interface', give(state, a, ['10.0.128.30', '10.0.128.21']), `[10.0.128.21] ${MOVE}`],
    [
      'two of others',
      give(done(give(state, b, ['10.0.128.22'])), a, ['10.0.128.21', '10.0.128.22']),
      `[10.0.128.21, 10.0.128.22] ${MOVE}`,
    ],
    ['the same, moved', give(state, a, ['10.0.128.30', '10.0.128.21'], true), 'done'],
    ['a primary address', give(state, a, ['10.0.128.11'], true), `[10.0.128.11] ${MOVE}`],
    [
      'an address of another subnet',
      give(state, a, ['10.0.144.30']),
      "Address does not fall within the subnet's",
    ],
    ['the router', give(state, a, ['10.0.128.1']), "Address is in subnet's reserved address range"],
    ['the first of four reserved', give(state, a, ['10.0.128.0']), 'reserved address range'],
    ['the last of four reserved', give(state, a, ['10.0.128.3']), 'reserved address range'],
    ['the first that is free', give(state, a, ['10.0.128.4']), 'done'],
    ['the last', give(state, a, ['10.0.143.255']), 'reserved address range'],
    ['the last but one', give(state, a, ['10.0.143.254']), 'done'],
    ['no address', give(state, a, ['10.0.128']), 'invalid value for parameter address: 10.0.128'],
    ['one twice', give(state, a, ['10.0.128.30', '10.0.128.30']), 'more than once'],
    ['none', give(state, a, []), 'MissingParameter'],
    [
      'an unknown interface',
      give(state, 'eni-00000000', ['10.0.128.30']),
      'InvalidNetworkInterfaceID.NotFound',
    ],
    ['an id that is none', give(state, 'eth0', ['10.0.128.30']), 'InvalidNetworkInterfaceId.Malformed'],
    ['the other subnet has its own', give(state, c, ['10.0.144.30']), 'done'],
  ];
  for (const [title, change, expected] of rows) t.match(told(change), expected, title);
});

t.test('the interface of another service takes nothing, and gives nothing up', async (t) => {
  const { state: empty, subnet } = start();
  const taken = takeAddress(empty, subnet, address('10.0.128.40'));
  const state = done(taken);
  const elb = taken.ok ? taken.value.value.id : '';
  t.match(told(give(state, elb, ['10.0.128.41'])), 'OperationNotPermitted');
  t.match(told(take(state, elb, ['10.0.128.40'])), 'OperationNotPermitted');
});

t.test('a move takes the address off the interface that had it', async (t) => {
  const { state, a, b } = start();
  const moved = done(give(done(give(state, a, ['10.0.128.20', '10.0.128.21'])), b, ['10.0.128.20'], true));
  t.strictSame([held(moved, a), held(moved, b)], [['10.0.128.21'], ['10.0.128.20']]);
});

t.test(
  'an interface takes as many as its instance type allows, the primary address and prefixes included',
  async (t) => {
    const { state, a, b } = start();
    const five = ['10.0.128.20', '10.0.128.21', '10.0.128.22', '10.0.128.23', '10.0.128.24'];
    const full = done(give(state, a, five));
    t.match(
      told(give(full, a, ['10.0.128.25'])),
      'PrivateIpAddressLimitExceeded: Number of private addresses will',
    );
    t.equal(told(give(full, a, ['10.0.128.24'])), 'done', 'what it has needs no room');
    const prefixed = done(delegatePrefix(state, b, cidr('10.0.130.0/28')));
    t.match(told(give(prefixed, b, five)), 'PrivateIpAddressLimitExceeded');
    t.equal(told(give(prefixed, b, five.slice(1))), 'done');
  },
);

t.test('the addresses of a delegated prefix are taken', async (t) => {
  const { state, a, b } = start();
  const prefixed = done(delegatePrefix(state, b, cidr('10.0.130.0/28')));
  t.match(told(give(prefixed, a, ['10.0.130.15'], true)), MOVE);
  t.equal(told(give(prefixed, a, ['10.0.130.16'])), 'done');
});

t.test('AWS chooses free addresses outside of reservations; explicit ones may lie inside', async (t) => {
  const { state, a, subnet } = start();
  const kept = done(reserveCidr(state, subnet, cidr('10.0.128.0/21')));
  const chosen = assign(
    kept,
    { networkInterfaceId: a, addresses: [], count: 5, allowReassignment: false },
    0,
    0,
  );
  t.ok(chosen.ok);
  if (!chosen.ok) return;
  const { addresses } = chosen.value.value;
  t.equal(addresses.length, 5);
  t.ok(addresses.every((ip) => ip >= address('10.0.136.0')));
  t.equal(told(give(kept, a, ['10.0.128.30'])), 'done');
  const both = { networkInterfaceId: a, addresses: ['10.0.128.30'], count: 1, allowReassignment: false };
  t.match(told(assign(kept, both, 0, 0)), 'InvalidParameterCombination');
});

t.test('a subnet runs out of free addresses', async (t) => {
  const { state, enis } = scene({ type: 'm5.16xlarge', nodes: ['10.0.128.10'], prefix: 28 });
  const [a = ''] = enis;
  const ask = (count: number) =>
    told(assign(state, { networkInterfaceId: a, addresses: [], count, allowReassignment: false }, 0, 0));
  t.equal(ask(10), 'done');
  t.match(ask(11), 'InsufficientFreeAddressesInSubnet');
});

t.test('an unassignment is carried out whole or refused whole', async (t) => {
  const { state: empty, a, b } = start();
  const state = done(give(empty, a, ['10.0.128.20', '10.0.128.21']));
  const absent = `Some of the specified addresses are not assigned to interface ${a}`;
  const rows: readonly (readonly [string, Change<unknown>, string])[] = [
    ['what it has', take(state, a, ['10.0.128.20']), 'done'],
    ['what it has and what it has not', take(state, a, ['10.0.128.20', '10.0.128.30']), absent],
    ['its primary address', take(state, a, ['10.0.128.10']), absent],
    ['of another interface', take(state, b, ['10.0.128.20']), 'not assigned to interface'],
    ['none', take(state, a, []), 'MissingParameter'],
    [
      'an unknown interface',
      take(state, 'eni-00000000', ['10.0.128.20']),
      'InvalidNetworkInterfaceID.NotFound',
    ],
  ];
  for (const [title, change, expected] of rows) t.match(told(change), expected, title);
  t.strictSame(held(done(take(state, a, ['10.0.128.20'])), a), ['10.0.128.21']);
});

t.test(
  'whatever is asked, no address is on two interfaces, none is over its limit, AWS keeps its own',
  async () => {
    const { state: first, a, b, c } = start();
    const ip = fc.integer({ min: address('10.0.128.0'), max: address('10.0.128.14') }).map(formatAddress);
    const call = fc.record({
      eni: fc.constantFrom(a, b, c),
      ips: fc.array(ip, { maxLength: 6 }),
      verb: fc.constantFrom('assign', 'move', 'unassign'),
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 30 }), (calls) => {
        let state = first;
        for (const { eni, ips, verb } of calls) {
          const change = verb === 'unassign' ? take(state, eni, ips) : give(state, eni, ips, verb === 'move');
          if (change.ok) state = change.value.state;
        }
        const enis = [...state.interfaces.values()];
        const all = enis.flatMap((eni) => addressesOf(eni));
        const subnetOf = (id: string) => state.subnets.get(id);
        return (
          new Set(all).size === all.length &&
          enis.every((eni) => slotsUsed(eni) <= limitOf(state, eni)) &&
          enis.every((eni) => {
            const subnet = subnetOf(eni.subnetId);
            return subnet !== undefined && eni.secondary.every((it) => !isReservedByAws(subnet, it));
          })
        );
      }),
    );
  },
);
