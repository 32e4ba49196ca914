// Token buckets, as AWS documents them.
import t from 'tap';
import { Buckets, CHANGES, DESCRIBES, UNFILTERED_DESCRIBES, usualBucket } from './throttle.ts';

t.test('a bucket gives what it holds, then what flows in, and never more than it holds', async (t) => {
  const clock = { now: 0 };
  const buckets = new Buckets(() => clock.now);
  const granted = (calls: number) => {
    let count = 0;
    for (let i = 0; i < calls; i += 1) if (buckets.take('Assign', { capacity: 50, refill: 5 })) count += 1;
    return count;
  };
  t.equal(granted(60), 50);
  clock.now = 199;
  t.equal(granted(1), 0);
  clock.now = 200;
  t.equal(granted(5), 1);
  clock.now = 1200;
  t.equal(granted(10), 5);
  clock.now = 1_000_000;
  t.equal(granted(100), 50);
});

t.test('each action has its own bucket', async (t) => {
  const buckets = new Buckets(() => 0);
  const one = { capacity: 1, refill: 1 };
  t.strictSame([buckets.take('A', one), buckets.take('A', one), buckets.take('B', one)], [true, false, true]);
});

t.test('describes get more than changes, unfiltered ones less', async (t) => {
  t.equal(usualBucket('DescribeInstances', 'filtered'), DESCRIBES);
  t.equal(usualBucket('GetSubnetCidrReservations', 'filtered'), DESCRIBES);
  t.equal(usualBucket('DescribeInstances', 'unfiltered'), UNFILTERED_DESCRIBES);
  t.equal(usualBucket('AssignPrivateIpAddresses', 'filtered'), CHANGES);
});
