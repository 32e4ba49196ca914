// The caches over an API server in memory: what they tell the view, and when they say that they are not to be relied on.
import t, { type Test } from 'tap';
import type { LeaseObject } from '../../shared/kinds.ts';
import { ApiError } from '../../shared/kube/client.ts';
import { EGRESSIPAMS, LEASES, NAMESPACES } from '../../shared/kube/resources.ts';
import { OBSERVED_ANNOTATION, RECONCILER_LEASE } from '../../shared/names.ts';
import { type Clock, systemClock } from '../../shared/process/clock.ts';
import { Caches } from '../../webhook/caches.ts';
import { View } from '../../webhook/view.ts';
import { FakeKubeClient } from '../fakes/kube-client.ts';
import { namespace, optedIn, pool } from './build.ts';

function setUp(t: Test, api = new FakeKubeClient()) {
  const state = { ahead: 0 };
  // The system's clock, which a test may put forward; back-offs are shortened.
  const clock: Clock = {
    now: () => systemClock.now() + state.ahead,
    after: (milliseconds, callback) => systemClock.after(Math.min(milliseconds, 5), callback),
  };
  const errors: string[] = [];
  const caches = new Caches({
    client: api,
    clock,
    namespace: 'ours',
    onError: (_, what) => errors.push(what),
  });
  const view = new View({
    outOfTouch: () => caches.outOfTouch(),
    observedAge: (name) => caches.observed.age(name),
    inventoryMaxAge: 300_000,
  });
  t.teardown(() => caches.stop());
  return { api, caches, view, errors, state };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

t.test('the view learns what is there and what changes', async (t) => {
  const { api, caches, view } = setUp(t);
  api.put(EGRESSIPAMS, pool());
  t.match(caches.outOfTouch(), /has not read all EgressIPAMs yet/);
  t.match(
    caches.whyNotSynced(),
    /^not read yet: EgressIPAMs, EgressIPAllocations, namespaces, NetNamespaces, HostSubnets$/,
  );
  caches.start(view);
  await until(() => caches.whyNotSynced() === undefined);
  t.equal(caches.outOfTouch(), undefined);
  t.ok(view.egressIPAM('pool'));
  api.put(NAMESPACES, optedIn('a', '10.0.128.7'));
  await until(() => [...view.uses('pool')].length === 1);
  t.same(
    [...view.uses('pool')].map(({ namespace: name, ips }) => `${name} ${ips.length}`),
    ['a 1'],
    'with its list',
  );
  api.put(NAMESPACES, namespace('a'));
  await until(() => [...view.uses('pool')].length === 0);
  t.same(
    [...caches.silences()].map(([cache]) => cache),
    ['EgressIPAMs', 'EgressIPAllocations', 'namespaces', 'NetNamespaces', 'HostSubnets'],
  );
});

t.test('a kind that cannot be read is named, and everything else goes on', async (t) => {
  const api = new FakeKubeClient();
  api.fault = ({ plural }) =>
    plural === 'netnamespaces' ? new ApiError('forbidden', 'no', { status: 403 }) : undefined;
  const { caches, view, errors } = setUp(t, api);
  caches.start(view);
  await until(() => caches.whyNotSynced() === 'not read yet: NetNamespaces' && errors.length > 2);
  t.match(caches.outOfTouch(), /has not read all NetNamespaces yet/);
  t.ok(errors.every((what) => what === 'netnamespaces'));
  api.fault = () => undefined;
  await until(() => caches.outOfTouch() === undefined);
});

t.test('caches that have heard nothing for too long are not relied on', async (t) => {
  const { caches, view, state } = setUp(t);
  caches.start(view);
  await until(() => caches.whyNotSynced() === undefined);
  state.ahead = 140_000;
  t.equal(caches.outOfTouch(), undefined);
  state.ahead = 151_000;
  t.match(caches.outOfTouch(), /has heard nothing of EgressIPAMs for 151 s/);
  t.equal(caches.whyNotSynced(), undefined, 'which is no reason to send requests elsewhere');
});

t.test("the leader's Lease is read by its name, again and again", async (t) => {
  const { api, caches, view } = setUp(t);
  const lease = (second: number): LeaseObject => ({
    metadata: {
      name: RECONCILER_LEASE,
      namespace: 'ours',
      uid: 'u',
      resourceVersion: '',
      annotations: { [OBSERVED_ANNOTATION]: JSON.stringify({ pool: `2026-11-22T07:00:0${second}Z` }) },
    },
    spec: { renewTime: `2026-11-22T07:00:0${second}.000000Z` },
  });
  api.put(LEASES, lease(1));
  caches.start(view);
  await until(() => api.calls.filter((call) => call === `get leases/${RECONCILER_LEASE}`).length > 2);
  t.equal(caches.observed.age('pool'), undefined);
  api.put(LEASES, lease(2));
  await until(() => caches.observed.age('pool') !== undefined);
  t.notOk(
    api.calls.some((call) => call === 'list leases'),
    'the others are none of its business',
  );
});

t.test('a Lease that cannot be read is reported, and asked for again', async (t) => {
  const api = new FakeKubeClient();
  api.fault = ({ plural }) => (plural === 'leases' ? new ApiError('unavailable', 'no answer') : undefined);
  const { caches, view, errors } = setUp(t, api);
  caches.start(view);
  await until(() => errors.filter((what) => what === 'leases').length > 2);
  t.pass('more than once');
});
