import t from 'tap';
import { Unserved } from '../../reconciler/unserved.ts';
import { ApiError } from '../../shared/kube/client.ts';
import { EGRESSIPAMS } from '../../shared/kube/resources.ts';
import { FakeKubeClient } from '../fakes/kube-client.ts';
import { ManualClock } from '../shared/manual-clock.ts';

const MESSAGE = 'Platform Azure is not supported';
const SPEC = { topologyLabel: 'zone', cidrAssignments: [{ CIDR: '10.0.1.0/24', labelValue: 'a' }] };

function start(t: { teardown(handler: () => Promise<void>): unknown }, client = new FakeKubeClient()) {
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const wallClock = () => new Date('2026-11-22T08:00:00.5Z');
  const onError = (error: unknown) => errors.push(error);
  client.put(EGRESSIPAMS, { metadata: { name: 'pool' }, spec: SPEC });
  const unserved = new Unserved({ client, message: MESSAGE, clock, wallClock, onError });
  unserved.start();
  t.teardown(() => unserved.stop());
  const writes = () => client.calls.filter((call) => call.startsWith('patch'));
  const conditions = (name: string) => client.stored(EGRESSIPAMS, name)?.status?.conditions;
  return { client, clock, errors, unserved, writes, conditions };
}

t.test('D28: a cloud that cannot be served is told of in a condition, once', async (t) => {
  const { client, clock, writes, conditions } = start(t);
  await clock.advance(1_000);
  t.match(conditions('pool'), [
    {
      type: 'Ready',
      status: 'False',
      reason: 'PlatformUnsupported',
      message: MESSAGE,
      observedGeneration: 1,
      lastTransitionTime: '2026-11-22T08:00:00Z',
    },
  ]);
  await clock.advance(3_600_000);
  t.same(writes(), ['patch egressipams/pool']);
  client.put(EGRESSIPAMS, { metadata: { name: 'other' }, spec: SPEC });
  await clock.advance(1_000);
  t.equal(conditions('other')?.[0]?.reason, 'PlatformUnsupported');
});

t.test('an EgressIPAM that is edited is told again, and the transition is where it was', async (t) => {
  const { client, clock, conditions } = start(t);
  await clock.advance(1_000);
  const stored = client.stored(EGRESSIPAMS, 'pool');
  client.put(EGRESSIPAMS, { ...stored, spec: { ...SPEC, topologyLabel: 'rack' } });
  await clock.advance(1_000);
  t.match(conditions('pool'), [{ observedGeneration: 2, lastTransitionTime: '2026-11-22T08:00:00Z' }]);
});

t.test('what could not be written is written later', async (t) => {
  const client = new FakeKubeClient();
  let left = 2;
  client.fault = ({ verb }) => {
    if (verb !== 'patch' || left === 0) return undefined;
    left -= 1;
    return new ApiError('unavailable', 'no answer');
  };
  const { clock, errors, conditions } = start(t, client);
  await clock.advance(12_000);
  t.equal(errors.length, 2);
  t.equal(conditions('pool')?.length, 1);
});

t.test('nothing is written after the end', async (t) => {
  const { client, clock, unserved, writes } = start(t);
  await unserved.stop();
  client.put(EGRESSIPAMS, { metadata: { name: 'other' }, spec: SPEC });
  await clock.advance(10_000);
  t.same(writes(), []);
});
