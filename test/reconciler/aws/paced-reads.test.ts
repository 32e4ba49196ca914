import t from 'tap';
import type { Ec2Action } from '../../../reconciler/aws/ec2.ts';
import { Limiter } from '../../../reconciler/aws/limiter.ts';
import { inChunks, pacedReads } from '../../../reconciler/aws/paced-reads.ts';
import { ManualClock, settled } from '../../shared/manual-clock.ts';
import { FakeEc2 } from './fake-ec2.ts';
import { ips, layOut } from './zone.ts';

function fixture() {
  const clock = new ManualClock();
  const ec2 = new FakeEc2(clock);
  const { subnetId } = layOut(ec2.account, 1);
  const stop = new AbortController();
  const seen: string[] = [];
  const calling = {
    ec2,
    limiter: new Limiter(clock),
    observer: {
      called: (action: Ec2Action, result: string) => seen.push(`${action} ${result}`),
      delayed: (action: Ec2Action, lane: string, ms: number) => seen.push(`${action} ${lane} waited ${ms}`),
    },
    clock,
    signal: stop.signal,
  };
  return { clock, ec2, calling, stop, seen, read: () => pacedReads(calling, 'grant').subnets([subnetId]) };
}

t.test('a read that fails in passing is tried again, with pauses that double', async (t) => {
  const { clock, ec2, seen, read } = fixture();
  ec2.fail('subnets', 'UnknownOutcome', 'Unreachable', 'Throttled');
  const reading = read();
  await clock.advance(249);
  t.equal(seen.length, 1);
  await clock.advance(1 + 499);
  t.equal(seen.length, 2);
  await clock.advance(1 + 999);
  t.equal(seen.length, 3);
  await clock.advance(1);
  t.equal((await reading).length, 1);
  t.strictSame(
    seen,
    ['UnknownOutcome', 'Unreachable', 'Throttled', 'Done'].map((how) => `subnets ${how}`),
  );
});

t.test('it is not tried for ever, and not at all where trying again cannot help', async (t) => {
  const { clock, ec2, seen, read } = fixture();
  ec2.refuses = () => 'UnknownOutcome';
  const failing = t.rejects(read(), { code: 'UnknownOutcome' });
  await clock.advance(60_000);
  await failing;
  t.equal(seen.length, 4);
  ec2.refuses = () => 'Forbidden';
  await t.rejects(read(), { code: 'Forbidden' });
  t.equal(seen.length, 5);
});

t.test('each page waits for its turn, and the wait is told', async (t) => {
  const { clock, calling, seen, read } = fixture();
  while (calling.limiter.tryTake('subnets', 'grant'));
  const reading = read();
  await clock.advance(49);
  t.strictSame(seen, []);
  await clock.advance(1);
  t.equal((await reading).length, 1);
  t.strictSame(seen, ['subnets grant waited 50', 'subnets Done']);
});

t.test('a wait ends when the process stops', async (t) => {
  const { calling, stop, seen, read, clock } = fixture();
  while (calling.limiter.tryTake('subnets', 'grant'));
  const reading = t.rejects(read(), { name: 'AbortError' });
  await settled();
  stop.abort();
  await reading;
  t.strictSame(seen, []);
  t.equal(clock.waiting, 0);
});

t.test('what one filter cannot hold is asked for in parts', async (t) => {
  t.strictSame(inChunks([]), []);
  t.strictSame(
    inChunks(Array.from({ length: 401 }, (_, i) => i)).map((chunk) => chunk.length),
    [200, 200, 1],
  );
  const { ec2, calling } = fixture();
  await pacedReads(calling, 'failover').interfaces({ subnetIds: ['subnet-x'], having: ips(20, 21) });
  t.equal(ec2.count('interfaces'), 1);
});
