import t from 'tap';
import { Predecessor } from '../../reconciler/predecessor.ts';
import { ApiError } from '../../shared/kube/client.ts';
import type { Resource } from '../../shared/kube/resources.ts';
import { FakeKubeClient } from '../fakes/kube-client.ts';

const CONFIG_MAPS: Resource = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
  namespaced: true,
};
const LOCK = { name: '9ae943bf.redhat.io', namespace: 'operator' };

function watching() {
  const client = new FakeKubeClient();
  const clock = { now: 0 };
  const predecessor = new Predecessor({ client, namespace: 'operator', now: () => clock.now });
  const renew = (record: string) => {
    const annotations = { 'control-plane.alpha.kubernetes.io/leader': record };
    client.put(CONFIG_MAPS, { metadata: { ...LOCK, annotations } });
  };
  return { client, clock, predecessor, renew };
}

t.test('without a lock there was never one', async (t) => {
  const { predecessor } = watching();
  t.equal(await predecessor.isAlive(), false);
});

t.test('a lock without a record is nobody’s', async (t) => {
  const { client, predecessor } = watching();
  client.put(CONFIG_MAPS, { metadata: LOCK });
  t.equal(await predecessor.isAlive(), false);
});

t.test('it is alive while its lock changes, and for 30 s after we saw the last change', async (t) => {
  const { clock, predecessor, renew } = watching();
  renew('at 1');
  t.equal(await predecessor.isAlive(), true, 'seen for the first time');
  clock.now = 29_000;
  t.equal(await predecessor.isAlive(), true);
  renew('at 2');
  t.equal(await predecessor.isAlive(), true);
  clock.now = 58_000;
  t.equal(await predecessor.isAlive(), true);
  clock.now = 59_000;
  t.equal(await predecessor.isAlive(), false);
});

t.test('who may not look sees nobody, and any other failure is passed on', async (t) => {
  const { client, predecessor } = watching();
  client.fault = () => new ApiError('forbidden', 'no');
  t.equal(await predecessor.isAlive(), false);
  client.fault = () => new ApiError('unavailable', 'no answer');
  await t.rejects(predecessor.isAlive(), { code: 'unavailable' });
});
