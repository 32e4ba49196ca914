// What gives back: every step looks live, right before it writes, whether it may.
import t from 'tap';
import { CLOUD_PRIVATE_IP_CONFIGS } from '../../reconciler/platform-assigns/resource.ts';
import { ALLOCATIONS, HOST_SUBNETS, NAMESPACES, NET_NAMESPACES } from '../../shared/kube/resources.ts';
import { FINALIZER } from '../../shared/names.ts';
import type { Action } from '../../shared/plan/actions.ts';
import {
  allocation,
  IP,
  inventoryWith,
  namespace,
  releasing,
  type Stage,
  startStage,
  TEXT,
} from './execute-stage.ts';

const PATCH = `patch egressipallocations/${TEXT}`;
const DELETE = `delete egressipallocations/${TEXT}`;
const LOOKS = [`get egressipallocations/${TEXT}`, 'get namespaces/a'];

/** Each step of a release, as decided on what is stored now, and what it writes. */
const STEPS: Record<string, { action: (stage: Stage) => Action; writes: readonly string[] }> = {
  'begin to release': {
    action: (stage) => ({ kind: 'release', ip: IP, checks: [stage.check()] }),
    writes: [PATCH],
  },
  'off the NetNamespace': {
    action: (stage) => ({
      kind: 'patchNetNamespace',
      namespace: 'a',
      resourceVersion: stage.version(NET_NAMESPACES, 'a'),
      add: [],
      remove: [IP],
      egressIPs: [],
      checks: [stage.check()],
    }),
    writes: ['patch netnamespaces/a'],
  },
  'off the HostSubnet': {
    action: (stage) => ({
      kind: 'patchHostSubnet',
      node: 'n1',
      resourceVersion: stage.version(HOST_SUBNETS, 'n1'),
      add: [],
      remove: [IP],
      egressIPs: [],
      checks: [stage.check()],
    }),
    writes: ['patch hostsubnets/n1'],
  },
  'off the interface': {
    action: (stage) => ({
      kind: 'unassign',
      interfaceId: 'eni-n1',
      ips: [IP],
      checks: [stage.check()],
      lane: 'cleanup',
    }),
    writes: ['unassign 1 from eni-n1 for cleanup'],
  },
  'to rest': { action: rest, writes: ['list netnamespaces', 'list hostsubnets', PATCH, PATCH, 'locate'] },
};

function rest(stage: Stage): Action {
  return { kind: 'rest', ip: IP, checks: [stage.check()] };
}

function remove({ client, version }: Stage, namespace = 'a'): Action {
  const uid = client.stored(ALLOCATIONS, TEXT)?.metadata.uid ?? '';
  return { kind: 'delete', ip: IP, uid, resourceVersion: version(ALLOCATIONS, TEXT), namespace };
}

for (const [title, { action, writes }] of Object.entries(STEPS)) {
  t.test(`${title}: after a live look at the allocation and its namespace`, async (t) => {
    const stage = await startStage(t, (it) => it.put(ALLOCATIONS, releasing()));
    t.same(await stage.calls(action(stage)), [...LOOKS, ...writes]);
  });

  t.test(
    `${title}: not when its own namespace lists the IP again, though the caches do not say so`,
    async (t) => {
      const stage = await startStage(t, (it) => it.put(ALLOCATIONS, releasing()));
      const planned = action(stage);
      await stage.caches.stop();
      const listing = stage.client.put(NAMESPACES, namespace('10.0.1.5', TEXT));
      t.same(await stage.calls(planned), [...LOOKS, 'stale']);
      const cached = stage.caches.namespaces.store.get('a')?.metadata.resourceVersion;
      t.equal(cached, listing.metadata.resourceVersion, 'the next plan knows');
    },
  );

  t.test(`${title}: not when the allocation was retaken meanwhile`, async (t) => {
    const stage = await startStage(t, (it) => it.put(ALLOCATIONS, releasing()));
    const planned = action(stage);
    await stage.caches.stop();
    const { spec, ...stored } = stage.client.stored(ALLOCATIONS, TEXT) ?? {};
    stage.client.put(ALLOCATIONS, { ...stored, spec: { ...spec, claim: 'another token' } });
    t.same(await stage.calls(planned), [...LOOKS, 'stale']);
    t.equal(stage.caches.allocations.store.get(TEXT)?.spec.claim, 'another token', 'the next plan knows');
  });

  t.test(`${title}: not when somebody has deleted the allocation`, async (t) => {
    const stage = await startStage(t, (it) => it.put(ALLOCATIONS, releasing()));
    const planned = action(stage);
    stage.client.remove(ALLOCATIONS, TEXT);
    t.same(await stage.calls(planned), [...LOOKS, 'stale']);
  });
}

t.test('«its own namespace»: that another one lists the IP stops no release', async (t) => {
  const stage = await startStage(t, (it) => {
    it.put(ALLOCATIONS, releasing());
    const { metadata } = namespace(TEXT) as { metadata: object };
    it.put(NAMESPACES, { metadata: { ...metadata, name: 'b' } });
  });
  t.equal((await stage.calls(rest(stage))).at(-1), 'locate');
  t.equal(stage.client.stored(ALLOCATIONS, TEXT)?.status?.phase, 'Resting');
});

t.test('rest: the phase first, then the finalizer, and nobody else is forgotten', async (t) => {
  const stage = await startStage(t, (it) => it.put(ALLOCATIONS, releasing()));
  const states: unknown[] = [];
  stage.client.underWay = ({ verb }) => {
    const { metadata, status } = stage.client.stored(ALLOCATIONS, TEXT) ?? {};
    if (verb === 'patch') states.push([status?.phase, metadata?.finalizers]);
  };
  await stage.calls(rest(stage));
  t.same(states, [
    ['Resting', [FINALIZER, 'somebody/else']],
    ['Resting', ['somebody/else']],
  ]);
  t.match(stage.client.stored(ALLOCATIONS, TEXT)?.status?.conditions, [
    { type: 'Released', status: 'True', lastTransitionTime: '2026-11-22T08:00:00Z' },
  ]);
});

t.test(
  'own writes visible, or live reads before `Resting`: not while a live read finds the IP',
  async (t) => {
    const cases: Record<string, (stage: Stage) => void> = {
      'on its NetNamespace': ({ client }) =>
        client.put(NET_NAMESPACES, { metadata: { name: 'a' }, netname: 'a', netid: 1, egressIPs: [TEXT] }),
      'on another NetNamespace': ({ client }) =>
        client.put(NET_NAMESPACES, { metadata: { name: 'b' }, netname: 'b', netid: 2, egressIPs: [TEXT] }),
      'on a HostSubnet': ({ client }) =>
        client.put(HOST_SUBNETS, {
          metadata: { name: 'n2' },
          host: 'n2',
          hostIP: '',
          subnet: '',
          egressIPs: [TEXT],
        }),
      'on the interface of a node': ({ cloud }) => {
        cloud.whereabouts = { holders: new Map([[IP, 'eni-n1']]), unknown: [] };
      },
      'on an interface that may be that of a node that cannot be read': ({ cloud }) => {
        cloud.inventory = inventoryWith({ n2: 'EC2 did not answer' });
        cloud.whereabouts = { holders: new Map([[IP, 'eni-n2']]), unknown: [] };
      },
      'in no subnet that could be looked at, while a node cannot be read': ({ cloud }) => {
        cloud.inventory = inventoryWith({ n2: 'EC2 did not answer' });
        cloud.whereabouts = { holders: new Map(), unknown: [IP] };
      },
    };
    for (const [where, happens] of Object.entries(cases)) {
      const stage = await startStage(t, (it) => it.put(ALLOCATIONS, releasing()));
      await stage.caches.stop();
      happens(stage);
      const calls = await stage.calls(rest(stage));
      t.equal(calls.at(-1), 'stale', where);
      t.notOk(calls.includes(PATCH), where);
    }
  },
);

t.test("rest: an address that somebody else's interface has by now is not ours to wait for", async (t) => {
  const stage = await startStage(t, (it) => it.put(ALLOCATIONS, releasing()));
  stage.cloud.whereabouts = { holders: new Map([[IP, 'eni-of-a-load-balancer']]), unknown: [] };
  await stage.calls(rest(stage));
  t.equal(stage.client.stored(ALLOCATIONS, TEXT)?.status?.phase, 'Resting');
});

t.test('rest: an address that a node has as its own by now is not ours to wait for', async (t) => {
  const stage = await startStage(t, (it) => it.put(ALLOCATIONS, releasing()));
  const host = stage.cloud.inventory?.hosts.get('n1');
  if (host !== undefined)
    stage.cloud.inventory = { ...inventoryWith({}), hosts: new Map([['n1', { ...host, primary: IP }]]) };
  stage.cloud.whereabouts = { holders: new Map([[IP, 'eni-n1']]), unknown: [] };
  await stage.calls(rest(stage));
  t.equal(stage.client.stored(ALLOCATIONS, TEXT)?.status?.phase, 'Resting');
});

t.test('rest: an address in a zone that has lost its last node is on no interface of ours', async (t) => {
  const stage = await startStage(t, (it) => it.put(ALLOCATIONS, releasing()));
  stage.cloud.whereabouts = { holders: new Map(), unknown: [IP] };
  await stage.calls(rest(stage));
  t.equal(stage.client.stored(ALLOCATIONS, TEXT)?.status?.phase, 'Resting');
});

t.test('rest: where the platform assigns, not before it has unassigned', async (t) => {
  const config = { metadata: { name: TEXT }, spec: { node: 'n1' } };
  const stage = await startStage(
    t,
    (it) => {
      it.put(ALLOCATIONS, releasing());
      it.put(CLOUD_PRIVATE_IP_CONFIGS, config);
    },
    { platform: 'assigns', withCloud: false },
  );
  t.equal((await stage.calls(rest(stage))).at(-1), 'stale');
  stage.client.remove(CLOUD_PRIVATE_IP_CONFIGS, TEXT);
  await stage.calls(rest(stage));
  t.equal(stage.client.stored(ALLOCATIONS, TEXT)?.status?.phase, 'Resting');
});

t.test(
  'hand-deleted stays in force: its release takes the finalizer off last, and then it is gone',
  async (t) => {
    const stage = await startStage(t, (it) =>
      it.put(
        ALLOCATIONS,
        allocation({ metadata: { finalizers: [FINALIZER] }, status: { phase: 'Releasing' } }),
      ),
    );
    await stage.client.delete(ALLOCATIONS, TEXT, {});
    await stage.caches.stop();
    t.ok(stage.client.stored(ALLOCATIONS, TEXT), 'it is still there');
    await stage.calls(rest(stage));
    t.equal(stage.client.stored(ALLOCATIONS, TEXT), undefined);
    t.notOk(stage.caches.allocations.store.has(TEXT), 'the caches know');
  },
);

t.test(
  'the live GET after the 120 s: what its namespace lists is not deleted, whatever the caches say',
  async (t) => {
    const stage = await startStage(t);
    const planned = remove(stage);
    await stage.caches.stop();
    stage.client.put(NAMESPACES, namespace(TEXT));
    t.same(await stage.calls(planned), ['get namespaces/a', 'stale']);
    stage.client.put(NAMESPACES, namespace());
    t.same(await stage.calls(planned), ['get namespaces/a', DELETE], 'and otherwise it is');
    t.equal(stage.client.stored(ALLOCATIONS, TEXT), undefined);
    t.notOk(stage.caches.allocations.store.has(TEXT), 'the caches know');
  },
);

t.test('the live GET after the 120 s: a namespace that is gone lists nothing', async (t) => {
  const stage = await startStage(t);
  stage.client.remove(NAMESPACES, 'a');
  t.same(await stage.calls(remove(stage)), ['get namespaces/a', DELETE]);
});

t.test('the live LIST for nameless claims: what any namespace lists is not deleted', async (t) => {
  const nameless = allocation({ spec: { namespace: '' } });
  const stage = await startStage(t, (it) => it.put(ALLOCATIONS, nameless));
  const planned = remove(stage, '');
  await stage.caches.stop();
  stage.client.put(NAMESPACES, namespace(TEXT));
  t.same(await stage.calls(planned), ['list namespaces', 'stale']);
  stage.client.put(NAMESPACES, namespace('10.0.1.5'));
  t.same(await stage.calls(planned), ['list namespaces', DELETE]);
});

t.test('delete by resourceVersion: a retake wins', async (t) => {
  const stage = await startStage(t);
  const planned = remove(stage);
  stage.client.put(ALLOCATIONS, allocation({ spec: { claim: 'another token' } }));
  t.same(await stage.calls(planned), ['get namespaces/a', DELETE, 'conflict']);
  t.ok(stage.client.stored(ALLOCATIONS, TEXT));
});

t.test('delete by resourceVersion: another object of the same name stays', async (t) => {
  const stage = await startStage(t);
  const planned = { ...remove(stage), resourceVersion: '' };
  stage.client.remove(ALLOCATIONS, TEXT);
  stage.client.put(ALLOCATIONS, allocation());
  t.same(await stage.calls(planned), ['get namespaces/a', DELETE, 'conflict']);
  t.ok(stage.client.stored(ALLOCATIONS, TEXT));
});
