import t from 'tap';
import { Caches } from '../../reconciler/caches.ts';
import { NODES } from '../../shared/kube/resources.ts';
import { FakeKubeClient } from '../fakes/kube-client.ts';
import { ManualClock } from '../shared/manual-clock.ts';

async function cachesOver(client: FakeKubeClient, onChange: () => void): Promise<Caches> {
  const clock = new ManualClock();
  const caches = new Caches({ client, platform: 'does not assign', clock, onChange, onError: () => {} });
  await caches.start();
  return caches;
}

const node = (ready: string, images: readonly string[] = []) => ({
  metadata: { name: 'n1', labels: { zone: 'a' } },
  spec: { providerID: 'aws:///eu-central-1a/i-1', podCIDR: '10.128.0.0/23' },
  status: {
    conditions: [
      { type: 'MemoryPressure', status: 'False' },
      { type: 'Ready', status: ready, message: 'kubelet is posting ready status' },
    ],
    images: images.map((name) => ({ names: [name], sizeBytes: 1 })),
  },
});

t.test('of a node no more is kept than is read, and its heartbeats are no change', async (t) => {
  const client = new FakeKubeClient();
  client.put(NODES, node('True', ['registry.example.com/a:1']));
  let changes = 0;
  const caches = await cachesOver(client, () => {
    changes += 1;
  });
  t.teardown(() => caches.stop());
  const kept = caches.nodes.store.get('n1');
  t.strictSame(kept?.status, { conditions: [{ type: 'Ready', status: 'True' }] });
  t.strictSame(kept?.spec, { providerID: 'aws:///eu-central-1a/i-1' });
  t.strictSame(kept?.metadata.labels, { zone: 'a' });
  client.put(NODES, node('True', ['registry.example.com/a:1', 'registry.example.com/b:2']));
  await new Promise(setImmediate);
  t.equal(changes, 0);
  client.put(NODES, node('False'));
  await new Promise(setImmediate);
  t.equal(changes, 1, 'the control: a node that fails is one');
});
