// What grants: each action by itself, which calls it makes in which order, and when it rather does nothing.
import t from 'tap';
import { ApiError } from '../../shared/kube/client.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  HOST_SUBNETS,
  NAMESPACES,
  NET_NAMESPACES,
} from '../../shared/kube/resources.ts';
import { EGRESSIPS_ANNOTATION, FINALIZER } from '../../shared/names.ts';
import type { Action } from '../../shared/plan/actions.ts';
import { ip } from '../shared/plan/cluster.ts';
import { allocation, IP, namespace, releasing, type Stage, startStage, TEXT } from './execute-stage.ts';

type Kind<K extends Action['kind']> = Extract<Action, { kind: K }>;

const CLAIM: Action = {
  kind: 'claim',
  ip: ip('10.0.1.11'),
  namespace: 'a',
  egressIPAM: 'pool',
  cidr: '10.0.1.0/24',
};

function bind({ version }: Stage): Kind<'bind'> {
  return {
    kind: 'bind',
    ip: IP,
    namespace: 'a',
    namespaceUID: 'uid-of-a',
    node: 'n1',
    interfaceId: 'eni-n1',
    resourceVersion: version(ALLOCATIONS, TEXT),
  };
}

t.test('claim: the object is created with a token of its own', async (t) => {
  const { client, calls } = await startStage(t);
  t.same(await calls(CLAIM), ['create egressipallocations/10.0.1.11']);
  const { spec } = client.stored(ALLOCATIONS, '10.0.1.11') ?? {};
  t.match(spec, { egressIPAM: 'pool', cidr: '10.0.1.0/24', namespace: 'a' });
  t.match(spec?.claim, /^[0-9a-f-]{36}$/);
});

t.test('claim: whoever was first keeps it, and the caches know at once', async (t) => {
  const { client, caches, calls } = await startStage(t);
  client.underWay = ({ verb }) => {
    // The watch has not told of it yet.
    if (verb === 'create') t.notOk(caches.allocations.store.has('10.0.1.11'));
  };
  client.put(ALLOCATIONS, allocation({ metadata: { name: '10.0.1.11' }, spec: { namespace: 'b' } }));
  t.same(await calls(CLAIM), [
    'create egressipallocations/10.0.1.11',
    'get egressipallocations/10.0.1.11',
    'stale',
  ]);
  t.equal(caches.allocations.store.get('10.0.1.11')?.spec.namespace, 'b');
});

t.test('name: the namespace is written into the claim that was looked at', async (t) => {
  const nameless = allocation({ spec: { namespace: '' } });
  const { client, calls, version } = await startStage(t, (it) => it.put(ALLOCATIONS, nameless));
  const action: Action = {
    kind: 'name',
    ip: IP,
    namespace: 'a',
    resourceVersion: version(ALLOCATIONS, TEXT),
  };
  t.same(await calls(action), [`patch egressipallocations/${TEXT}`]);
  t.equal(client.stored(ALLOCATIONS, TEXT)?.spec.namespace, 'a');
  t.equal(client.stored(ALLOCATIONS, TEXT)?.spec.claim, 'token', 'nothing else has changed');
  t.same(await calls(action), [`patch egressipallocations/${TEXT}`, 'conflict']);
});

t.test('annotate: the list is set or taken off, unless the namespace has changed', async (t) => {
  const { client, calls, version } = await startStage(t, (it) => it.put(NAMESPACES, namespace('10.0.1.9')));
  const annotate = (egressIPs: string | undefined): Action => ({
    kind: 'annotate',
    namespace: 'a',
    resourceVersion: version(NAMESPACES, 'a'),
    egressIPs,
    why: 'a test',
  });
  const listed = () => client.stored(NAMESPACES, 'a')?.metadata.annotations?.[EGRESSIPS_ANNOTATION];
  const stale = annotate('10.0.1.99');
  t.same(await calls(annotate(TEXT)), ['patch namespaces/a']);
  t.equal(listed(), TEXT);
  t.same(await calls(stale), ['patch namespaces/a', 'conflict']);
  t.equal(listed(), TEXT);
  t.same(await calls(annotate(undefined)), ['patch namespaces/a']);
  t.equal(listed(), undefined);
});

t.test('finalizer before the first outside write', async (t) => {
  const stage = await startStage(t);
  const { client, calls } = stage;
  const [finalizer, status] = [`patch egressipallocations/${TEXT}`, `patch egressipallocations/${TEXT}`];
  client.underWay = ({ verb }) => {
    if (verb !== 'patch') return;
    const stored = client.stored(ALLOCATIONS, TEXT);
    t.same(stored?.metadata.finalizers, [FINALIZER], 'it is ours from the first write on');
  };
  t.same(await calls(bind(stage)), [finalizer, status]);
  t.same(client.stored(ALLOCATIONS, TEXT)?.status, {
    phase: 'Bound',
    namespaceUID: 'uid-of-a',
    node: 'n1',
    interface: 'eni-n1',
    conditions: [],
  });
});

t.test('bind: what fails half way is not Bound', async (t) => {
  const stage = await startStage(t);
  const { client, calls } = stage;
  client.fault = () => new ApiError('unavailable', 'no answer');
  t.same(await calls(bind(stage)), [`patch egressipallocations/${TEXT}`, 'unavailable']);
  let patches = 0;
  client.fault = ({ verb }) => {
    patches += verb === 'patch' ? 1 : 0;
    return patches > 1 ? new ApiError('unavailable', 'no answer') : undefined;
  };
  t.equal((await calls(bind(stage))).at(-1), 'unavailable');
  const stored = client.stored(ALLOCATIONS, TEXT);
  t.same([stored?.metadata.finalizers, stored?.status?.phase], [[FINALIZER], undefined]);
  client.fault = () => undefined;
  t.same(await calls(bind(stage)), [`patch egressipallocations/${TEXT}`], 'the finalizer is there already');
  t.equal(client.stored(ALLOCATIONS, TEXT)?.status?.phase, 'Bound');
});

t.test("bind: others' finalizers stay", async (t) => {
  const theirs = allocation({ metadata: { finalizers: ['somebody/else'] } });
  const stage = await startStage(t, (it) => it.put(ALLOCATIONS, theirs));
  await stage.calls(bind(stage));
  t.same(stage.client.stored(ALLOCATIONS, TEXT)?.metadata.finalizers, ['somebody/else', FINALIZER]);
});

t.test('bind: an allocation that has changed since the plan is left alone', async (t) => {
  const stage = await startStage(t);
  const planned = bind(stage);
  const retaken = stage.client.put(ALLOCATIONS, allocation({ spec: { claim: 'another token' } }));
  t.same(
    await stage.calls(planned),
    [`patch egressipallocations/${TEXT}`, 'conflict'],
    'the API server knows',
  );
  stage.caches.allocations.upsert(retaken);
  t.same(await stage.calls(planned), ['stale'], 'we know already');
});

t.test('record: the place is written down, or its absence', async (t) => {
  const { client, calls, version } = await startStage(t, (it) => it.put(ALLOCATIONS, releasing()));
  const record = (node: string | undefined, interfaceId: string | undefined): Action => {
    return { kind: 'record', ip: IP, node, interfaceId, resourceVersion: version(ALLOCATIONS, TEXT) };
  };
  t.same(await calls(record('n2', 'eni-n2')), [`patch egressipallocations/${TEXT}`]);
  t.match(client.stored(ALLOCATIONS, TEXT)?.status, { node: 'n2', interface: 'eni-n2', phase: 'Releasing' });
  await calls(record(undefined, undefined));
  t.same(Object.keys(client.stored(ALLOCATIONS, TEXT)?.status ?? {}).sort(), ['namespaceUID', 'phase']);
});

t.test('assign: without moving anything', async (t) => {
  const { calls } = await startStage(t);
  const action: Action = { kind: 'assign', node: 'n1', interfaceId: 'eni-n1', ips: [IP], lane: 'grant' };
  t.same(await calls(action), ['assign 1 to eni-n1 for grant']);
});

t.test('reassign: only IPs that a look made for the move shows where they are recorded', async (t) => {
  const { calls, cloud, looks } = await startStage(t);
  const [first, second, third] = [ip('10.0.1.10'), ip('10.0.1.11'), ip('10.0.1.12')];
  const ips = [first, second, third];
  const from = new Map(ips.map((it) => [it, 'eni-old']));
  const move: Action = { kind: 'reassign', node: 'n1', interfaceId: 'eni-n1', ips, from, lane: 'failover' };

  cloud.whereabouts = { holders: from, unknown: [] };
  t.same(await calls(move), ['locate', 'assign 3 to eni-n1 for failover, moving']);
  t.equal(looks.count, 0);

  cloud.whereabouts = {
    holders: new Map([
      [first, 'eni-old'],
      [second, 'eni-of-a-stranger'],
    ]),
    unknown: [],
  };
  t.same(await calls(move), ['locate', 'assign 1 to eni-n1 for failover, moving']);
  t.equal(looks.count, 1, 'the inventory is wrong');

  cloud.whereabouts = { holders: new Map(), unknown: ips };
  t.same(await calls(move), ['locate', 'stale']);
});

t.test('HostSubnets and NetNamespaces: one patch each, unless they have changed', async (t) => {
  const { client, calls, version } = await startStage(t);
  const steps: [Action, string][] = [
    [
      {
        kind: 'patchHostSubnet',
        node: 'n1',
        resourceVersion: version(HOST_SUBNETS, 'n1'),
        add: [IP],
        remove: [],
        egressIPs: ['10.0.1.99', TEXT],
        checks: [],
      },
      'patch hostsubnets/n1',
    ],
    [
      {
        kind: 'patchNetNamespace',
        namespace: 'a',
        resourceVersion: version(NET_NAMESPACES, 'a'),
        add: [IP],
        remove: [],
        egressIPs: [TEXT],
        checks: [],
      },
      'patch netnamespaces/a',
    ],
  ];
  for (const [action, call] of steps) {
    t.same(await calls(action), [call]);
    t.same(await calls(action), [call, 'conflict']);
  }
  t.same(client.stored(HOST_SUBNETS, 'n1')?.egressIPs, ['10.0.1.99', TEXT]);
  t.same(client.stored(NET_NAMESPACES, 'a')?.egressIPs, [TEXT]);
});

t.test('own writes visible, or live reads before `Resting`: replies are in the caches at once', async (t) => {
  const stage = await startStage(t);
  const { caches, calls, version } = stage;
  const seen = () => [
    caches.allocations.store.get(TEXT)?.metadata.resourceVersion,
    caches.allocations.store.get('10.0.1.11')?.metadata.resourceVersion ?? '',
    caches.namespaces.store.get('a')?.metadata.resourceVersion,
    caches.hostSubnets.store.get('n1')?.metadata.resourceVersion,
    caches.netNamespaces.store.get('a')?.metadata.resourceVersion,
  ];
  const stored = () => [
    version(ALLOCATIONS, TEXT),
    version(ALLOCATIONS, '10.0.1.11'),
    version(NAMESPACES, 'a'),
    version(HOST_SUBNETS, 'n1'),
    version(NET_NAMESPACES, 'a'),
  ];
  // Watches tell of nothing: what the caches know, they know from replies.
  await caches.stop();
  const lists = { add: [IP], remove: [], egressIPs: [TEXT], checks: [] };
  const actions: (() => Action)[] = [
    () => CLAIM,
    () => bind(stage),
    () => ({
      kind: 'record',
      ip: IP,
      node: 'n2',
      interfaceId: 'eni-n2',
      resourceVersion: version(ALLOCATIONS, TEXT),
    }),
    () => ({
      kind: 'annotate',
      namespace: 'a',
      resourceVersion: version(NAMESPACES, 'a'),
      egressIPs: '10.0.1.5',
      why: '',
    }),
    () => ({ kind: 'patchHostSubnet', node: 'n1', resourceVersion: version(HOST_SUBNETS, 'n1'), ...lists }),
    () => ({
      kind: 'patchNetNamespace',
      namespace: 'a',
      resourceVersion: version(NET_NAMESPACES, 'a'),
      ...lists,
    }),
    () => ({ kind: 'release', ip: IP, checks: [stage.check()] }),
  ];
  for (const make of actions) {
    const action = make();
    t.notMatch((await calls(action)).at(-1), /stale|conflict/, action.kind);
    t.same(seen(), stored(), `after ${action.kind}`);
  }
});

t.test('finalizeEgressIPAM: the last finalizer takes the EgressIPAM out of the caches', async (t) => {
  const { client, caches, calls, version } = await startStage(t, (it) =>
    it.put(EGRESSIPAMS, {
      metadata: { name: 'pool', finalizers: ['EgressIPAM_controller'] },
      spec: { topologyLabel: 'zone', cidrAssignments: [{ CIDR: '10.0.1.0/24', labelValue: 'a' }] },
    }),
  );
  const finalize = (...finalizers: string[]): Action => {
    const resourceVersion = version(EGRESSIPAMS, 'pool');
    return { kind: 'finalizeEgressIPAM', name: 'pool', resourceVersion, finalizers };
  };
  const old = finalize();
  t.same(await calls(finalize(FINALIZER)), ['patch egressipams/pool']);
  t.same(client.stored(EGRESSIPAMS, 'pool')?.metadata.finalizers, [FINALIZER]);
  t.same(await calls(old), ['patch egressipams/pool', 'conflict']);
  await client.delete(EGRESSIPAMS, 'pool', {});
  t.same(await calls(finalize()), ['patch egressipams/pool']);
  t.equal(client.stored(EGRESSIPAMS, 'pool'), undefined);
  t.notOk(caches.egressIPAMs.store.has('pool'));
});

t.test('a call to EC2 where there is no EC2 is a bug, and says so', async (t) => {
  const { calls } = await startStage(t, () => {}, { withCloud: false });
  const action: Action = { kind: 'assign', node: 'n1', interfaceId: 'eni-n1', ips: [IP], lane: 'grant' };
  await t.rejects(calls(action), { message: 'an EC2 call was planned where there is no EC2' });
});
