import t from 'tap';
import { findPlatform } from '../../reconciler/find-platform.ts';
import { ApiError } from '../../shared/kube/client.ts';
import { INFRASTRUCTURES } from '../../shared/kube/resources.ts';
import { FakeKubeClient } from '../fakes/kube-client.ts';
import { ManualClock } from '../shared/manual-clock.ts';

/** Of an API server that does not answer. */
function asking() {
  const [client, clock, stopping] = [new FakeKubeClient(), new ManualClock(), new AbortController()];
  client.fault = () => new ApiError('unavailable', 'connection refused');
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const found = findPlatform(client, 'auto', { clock, stop: stopping.signal, onError });
  return { client, clock, stopping, errors, found };
}

t.test('the API server is asked until it answers', async (t) => {
  const { client, clock, errors, found } = asking();
  client.put(INFRASTRUCTURES, {
    metadata: { name: 'cluster' },
    status: { platformStatus: { type: 'AWS', aws: { region: 'eu-central-1' } } },
  });
  await clock.advance(60_000);
  t.ok(errors.length > 5 && errors.length < 20, `asked ${errors.length} times in a minute`);
  client.fault = () => undefined;
  await clock.advance(10_000);
  t.same(await found, { kind: 'aws', region: 'eu-central-1' });
});

t.test('it is not asked any more when the process is to stop', async (t) => {
  const { clock, stopping, errors, found } = asking();
  await clock.advance(1_000);
  const before = errors.length;
  stopping.abort();
  t.equal(await found, undefined);
  await clock.advance(60_000);
  t.ok(before > 0);
  t.equal(errors.length, before);
});
