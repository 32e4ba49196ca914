// Creating namespaces as kubectl does: who is put off comes back, and gives up when told to stop.
import t from 'tap';
import { ApiError, type KubeClient } from '../../shared/kube/client.ts';
import { createAll } from './create.ts';

const NAMESPACES = ['team-a', 'team-b', 'team-c'].map((name) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
}));

/** Answers with what `answer` throws. */
function client(answer: (name: string) => void): Pick<KubeClient, 'create'> {
  return {
    create: async (_, object) => {
      answer((object as (typeof NAMESPACES)[number]).metadata.name);
      return object as never;
    },
  };
}

t.test('who is refused is named with the reason, and the others are created', async (t) => {
  const created: string[] = [];
  const rejected = await createAll(
    client((name) => {
      if (name === 'team-b') throw new ApiError('invalid', 'denied the request', { status: 422 });
      created.push(name);
    }) as KubeClient,
    NAMESPACES,
    new AbortController().signal,
  );
  t.same(created, ['team-a', 'team-c']);
  t.same(rejected, [{ name: 'team-b', message: 'denied the request' }]);
});

t.test('who is put off comes back when told, and is created then', async (t) => {
  let calls = 0;
  const rejected = await createAll(
    client(() => {
      calls += 1;
      if (calls <= 3) throw new ApiError('unavailable', 'not yet', { status: 503, retryAfterSeconds: 0 });
    }) as KubeClient,
    NAMESPACES,
    new AbortController().signal,
  );
  t.equal(calls, 6);
  t.same(rejected, []);
});

t.test('nobody waits for another try once it has to stop', async (t) => {
  const stop = new AbortController();
  const creating = createAll(
    client(() => {
      queueMicrotask(() => stop.abort());
      throw new ApiError('unavailable', 'not yet', { status: 503, retryAfterSeconds: 3_600 });
    }) as KubeClient,
    NAMESPACES,
    stop.signal,
  );
  const late = NAMESPACES.map(({ metadata }) => ({ name: metadata.name, message: 'not yet' }));
  t.same(await creating, late);
});
