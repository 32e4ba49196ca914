// What a decision needs beside what is known: reading an EgressIPAM, waiting for its cloud, claiming; and what the user is
// told when that does not succeed.
import t from 'tap';
import type { EgressIPAMStatus } from '../../shared/kinds.ts';
import { ApiError } from '../../shared/kube/client.ts';
import { ALLOCATIONS, EGRESSIPAMS } from '../../shared/kube/resources.ts';
import { A, allocation, B, create, optedIn, pool, update } from './build.ts';
import { Replica, replicaOf, tell } from './replica.ts';

const CREATED = 'list 10.0.128.11,10.0.144.1';

t.test('an EgressIPAM that the cache does not know yet is read before it is called unknown', async (t) => {
  const replica = new Replica();
  replica.api.put(EGRESSIPAMS, pool());
  t.equal(tell(await replica.ask(create(optedIn('a')))), CREATED);
  t.equal(replica.api.calls[0], 'get egressipams/pool');
  t.equal(tell(await replica.ask(create(optedIn('b')))), 'list 10.0.128.6,10.0.144.8');
  t.notOk(replica.api.calls.slice(1).includes('get egressipams/pool'), 'once is enough');
});

t.test('when it cannot be read, the user is asked to come back', async (t) => {
  const replica = new Replica();
  replica.api.fault = () => new ApiError('unavailable', 'GET egressipams: no answer within 9000 ms');
  t.equal(
    tell(await replica.ask(create(optedIn('a')))),
    '503: EgressIPAM "pool" could not be read: GET egressipams: no answer within 9000 ms (again in 5 s)',
  );
});

t.test('nothing is given out while the caches are out of touch, and everything else passes', async (t) => {
  const replica = replicaOf([[EGRESSIPAMS, pool()]]);
  replica.outOfTouch = 'the webhook has not read all namespaces yet; try again in a moment';
  const list = '10.0.128.7,10.0.144.7';
  t.equal(
    tell(await replica.ask(create(optedIn('a')))),
    '503: the webhook has not read all namespaces yet; try again in a moment (again in 5 s)',
  );
  t.equal(tell(await replica.ask(update(optedIn('a'), optedIn('a')))), 'allowed');
  t.equal(tell(await replica.ask(update(optedIn('a', list), optedIn('a')))), `list ${list}`);
  t.same(replica.api.calls, []);
});

t.test('an EgressIPAM and its first namespace may come in one breath', async (t) => {
  const unobserved: EgressIPAMStatus = {};
  const replica = replicaOf([[EGRESSIPAMS, pool({ status: unobserved })]]);
  const asked = replica.ask(create(optedIn('a')));
  replica.api.put(EGRESSIPAMS, pool());
  replica.sync(EGRESSIPAMS);
  t.equal(tell(await asked), CREATED);
});

t.test('a change of the EgressIPAM that was not looked at yet is waited for, too', async (t) => {
  const metadata = { generation: 2 };
  const replica = replicaOf([[EGRESSIPAMS, pool({ metadata })]]);
  const asked = replica.ask(create(optedIn('a')));
  const status: EgressIPAMStatus = { cloud: 'none', observedGeneration: 2 };
  replica.api.put(EGRESSIPAMS, pool({ metadata, status }));
  replica.sync(EGRESSIPAMS);
  t.equal(tell(await asked), CREATED);
});

t.test('when the time to wait is over, the user is asked to come back', async (t) => {
  const replica = replicaOf([[EGRESSIPAMS, pool({ status: {} })]]);
  const asked = replica.ask(create(optedIn('a')));
  replica.time = 5_000;
  replica.view.wake();
  t.equal(
    tell(await asked),
    '503: EgressIPAM "pool" is new or was changed, and the reconciler has not looked at its nodes yet; try again in a moment (again in 5 s)',
  );
});

t.test('nobody waits for longer than the API server does', async (t) => {
  const replica = replicaOf([[EGRESSIPAMS, pool({ status: {} })]]);
  const answer = await replica.admission.namespace(create(optedIn('a')), replica.time + 900);
  t.match(tell(answer), /^503: .* \(again in 5 s\)$/);
});

t.test('no more requests wait than may', async (t) => {
  const replica = replicaOf([[EGRESSIPAMS, pool({ status: {} })]], { maxInFlight: 1 });
  const first = replica.ask(create(optedIn('a')));
  t.equal(
    tell(await replica.ask(create(optedIn('b')))),
    '503: too many namespaces are being given egress IPs at once; try again in a moment (again in 5 s)',
  );
  t.equal(tell(await replica.ask(update(optedIn('c'), optedIn('c')))), 'allowed', 'who needs no I/O passes');
  replica.api.put(EGRESSIPAMS, pool());
  replica.sync(EGRESSIPAMS);
  t.equal(tell(await first), CREATED);
  t.match(tell(await replica.ask(create(optedIn('b')))), /^list /);
});

t.test('an explicit IP that was taken meanwhile is refused with the name of who holds it', async (t) => {
  const replica = replicaOf([[EGRESSIPAMS, pool()]]);
  replica.api.put(ALLOCATIONS, allocation('10.0.128.7', 'b'));
  t.equal(
    tell(await replica.ask(create(optedIn('a', '10.0.128.7,10.0.144.7')))),
    `422: metadata.annotations[egressip-ipam-operator.redhat-cop.io/egressips]: 10.0.128.7 is allocated to namespace "b"; choose another IP of ${A}, or leave the annotation out to be given free IPs`,
  );
  t.same(
    replica.api.all(ALLOCATIONS).map(({ metadata }) => metadata.name),
    ['10.0.128.7', '10.0.144.7'],
    'what was claimed before stays, for the reconciler to collect',
  );
  t.notOk(replica.api.calls.some((call) => call.startsWith('delete')));
});

t.test('running out of tries is not called exhausted', async (t) => {
  const cidrs = ['10.0.128.0/24', B];
  const replica = replicaOf([[EGRESSIPAMS, pool({ cidrs })]]);
  for (let i = 1; i < 255; i++) {
    if (i !== 200) replica.api.put(ALLOCATIONS, allocation(`10.0.128.${i}`, `n${i}`));
  }
  t.equal(
    tell(await replica.ask(create(optedIn('a')))),
    '503: ran out of tries: 24 free IPs of 10.0.128.0/24 were taken by others meanwhile; try again (again in 5 s)',
  );
  const replica2 = replicaOf([[EGRESSIPAMS, pool({ cidrs: ['10.0.128.0/28'] })]]);
  for (let i = 1; i < 15; i++) replica2.api.put(ALLOCATIONS, allocation(`10.0.128.${i}`, `n${i}`));
  t.match(tell(await replica2.ask(create(optedIn('a')))), /^422: .*10.0.128.0\/28 .* has no free IP/);
});

t.test('when the API server does not let us claim, the user is told when to come back', async (t) => {
  const replica = replicaOf([[EGRESSIPAMS, pool()]]);
  replica.api.fault = ({ verb }) =>
    verb === 'create'
      ? new ApiError('throttled', 'too many requests', { status: 429, retryAfterSeconds: 2 })
      : undefined;
  t.equal(
    tell(await replica.ask(create(optedIn('a')))),
    `503: no IP of ${A} could be claimed: too many requests (again in 2 s)`,
  );
  replica.api.fault = () => new ApiError('forbidden', 'egressipallocations is forbidden', { status: 403 });
  t.equal(
    tell(await replica.ask(create(optedIn('a')))),
    `500: no IP of ${A} could be claimed: egressipallocations is forbidden`,
  );
});

t.test('a burst in one replica does not overshoot the host slots', async (t) => {
  const cidrs = [A, B].map((CIDR) => ({ CIDR, labelValue: CIDR === A ? 'a' : 'b' }));
  const status = (freeHostSlots: number): EgressIPAMStatus => ({
    cloud: 'none',
    observedGeneration: 1,
    cidrs: cidrs.map((cidr) => ({
      ...cidr,
      size: 16,
      usable: 14,
      allocated: 0,
      resting: 0,
      free: 14,
      freeHostSlots,
    })),
  });
  const replica = replicaOf([[EGRESSIPAMS, pool({ cidrs, status: status(3) })]]);
  const names = ['a', 'b', 'c', 'd', 'e'];
  const answers = await Promise.all(names.map((name) => replica.ask(create(optedIn(name)))));
  t.equal(answers.filter((answer) => answer.allowed).length, 3);
  const refused = answers.find((answer) => !answer.allowed);
  t.equal(
    refused === undefined ? '' : tell(refused),
    '422: metadata.annotations[egressip-ipam-operator.redhat-cop.io/egressipam]: the nodes with topology.kubernetes.io/zone=a have room for 0 more egress IPs, and 1 of 10.0.128.0/28 would be needed; add nodes or release IPs; the nodes with topology.kubernetes.io/zone=b have room for 0 more egress IPs, and 1 of 10.0.144.0/28 would be needed; add nodes or release IPs',
  );
  const warned = pool({
    cidrs,
    status: status(3),
    spec: { capacityPolicy: 'Warn' },
    metadata: { generation: 1, uid: 'w' },
  });
  replica.api.put(EGRESSIPAMS, { ...warned, metadata: { ...warned.metadata, generation: 1 } });
  const lenient = replicaOf([
    [EGRESSIPAMS, warned],
    ...replica.api.all(ALLOCATIONS).map((one) => [ALLOCATIONS, one] as const),
  ]);
  t.match(
    tell(await lenient.ask(create(optedIn('z')))),
    /^list .*; warning: the nodes with .* have room for 0 more/,
  );
});

/** One IP is allocated, and the nodes have room for so many more. */
function withRoomFor(freeHostSlots: number) {
  const counts = { size: 16, usable: 14, allocated: 1, resting: 0, free: 13, freeHostSlots };
  const cidrs = [{ CIDR: A, labelValue: 'zone-0', ...counts }];
  return pool({ cidrs: [A], status: { cloud: 'none', observedGeneration: 1, cidrs } });
}

t.test('an exchange of IPs needs no more room than there is', async (t) => {
  const replica = replicaOf([
    [EGRESSIPAMS, withRoomFor(0)],
    [ALLOCATIONS, allocation('10.0.128.7', 'a', { phase: 'Bound' })],
  ]);
  t.equal(tell(await replica.ask(update(optedIn('a', '10.0.128.7'), optedIn('a', '10.0.128.8')))), 'allowed');
  t.match(tell(await replica.ask(create(optedIn('b')))), /^422: .* have room for 0 more egress IPs/);
  t.equal(
    tell(await replica.ask(create(optedIn('a')))),
    'list 10.0.128.7',
    'nor does what was counted already',
  );
});

t.test('an IP that is taken back under way takes no slot from a newcomer', async (t) => {
  const replica = replicaOf([
    [EGRESSIPAMS, withRoomFor(1)],
    [ALLOCATIONS, allocation('10.0.128.7', 'a', { phase: 'Bound' })],
  ]);
  const answers = await Promise.all(['a', 'b', 'c'].map((name) => replica.ask(create(optedIn(name)))));
  t.strictSame(
    answers.map((answer) => tell(answer).replace(/: .*/, '')),
    ['list 10.0.128.7', 'list 10.0.128.6', '422'],
    'the last slot goes once',
  );
});

t.test('whoever takes an IP of a pool that is nearly full is told so', async (t) => {
  const taken = (count: number) =>
    Array.from({ length: count }, (_, i) => [ALLOCATIONS, allocation(`10.0.128.${i + 1}`, `n${i}`)] as const);
  const quiet = replicaOf([[EGRESSIPAMS, pool({ cidrs: [A] })], ...taken(10)]);
  t.equal(tell(await quiet.ask(create(optedIn('a')))), 'list 10.0.128.11');
  const full = replicaOf([[EGRESSIPAMS, pool({ cidrs: [A] })], ...taken(11)]);
  t.equal(
    tell(await full.ask(create(optedIn('a')))),
    `list 10.0.128.12; warning: ${A} of EgressIPAM "pool" is 85 % allocated`,
  );
});
