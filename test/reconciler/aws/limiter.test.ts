import fc from 'fast-check';
import t from 'tap';
import { Limiter } from '../../../reconciler/aws/limiter.ts';
import type { Lane } from '../../../shared/plan/actions.ts';
import { ManualClock } from '../../shared/manual-clock.ts';

function taken(limiter: Limiter, lane: Lane): number {
  let count = 0;
  while (limiter.tryTake('assign', lane)) count += 1;
  return count;
}

t.test('each lane leaves to the more urgent ones what is theirs', async (t) => {
  const limiter = new Limiter(new ManualClock());
  t.equal(taken(limiter, 'cleanup'), 20);
  t.equal(taken(limiter, 'grant'), 5);
  t.equal(taken(limiter, 'grant'), 0);
  t.equal(taken(limiter, 'failover'), 25);
  t.equal(taken(limiter, 'failover'), 0);
});

t.test('each action has a bucket of its own, and describes have a larger one', async (t) => {
  const limiter = new Limiter(new ManualClock());
  taken(limiter, 'failover');
  t.ok(limiter.tryTake('unassign', 'cleanup'));
  let describes = 0;
  while (limiter.tryTake('interfaces', 'failover')) describes += 1;
  t.equal(describes, 100);
});

t.test('tokens come back at the rate of the bucket, up to its size', async (t) => {
  const clock = new ManualClock();
  const limiter = new Limiter(clock);
  taken(limiter, 'failover');
  await clock.advance(199);
  t.notOk(limiter.tryTake('assign', 'failover'));
  await clock.advance(1);
  t.ok(limiter.tryTake('assign', 'failover'));
  await clock.advance(3_600_000);
  t.equal(taken(limiter, 'failover'), 50);
});

t.test('who is refused is told when to come back, and then gets a token', async (t) => {
  const clock = new ManualClock();
  const limiter = new Limiter(clock);
  t.equal(limiter.nextAvailableIn('assign', 'grant'), 0);
  taken(limiter, 'grant');
  t.equal(limiter.nextAvailableIn('assign', 'grant'), 200);
  t.equal(limiter.nextAvailableIn('assign', 'cleanup'), 1_200);
  t.equal(limiter.nextAvailableIn('assign', 'failover'), 0);
  await clock.advance(200);
  t.ok(limiter.tryTake('assign', 'grant'));
});

t.test('when EC2 refuses, the rate halves, and is whole again a minute later', async (t) => {
  const clock = new ManualClock();
  const limiter = new Limiter(clock);
  taken(limiter, 'failover');
  limiter.throttled('assign', 'failover', clock.now());
  t.equal(limiter.nextAvailableIn('assign', 'failover'), 400);
  await clock.advance(10_000);
  // 2.5 a second, climbing to 3.33 within these ten seconds: 29.2 on the whole.
  t.equal(taken(limiter, 'failover'), 29);
  await clock.advance(50_000);
  taken(limiter, 'failover');
  await clock.advance(1_000);
  t.equal(taken(limiter, 'failover'), 5);
});

t.test('refusals of calls that were on their way together count once', async (t) => {
  const clock = new ManualClock();
  const limiter = new Limiter(clock);
  await clock.advance(1_000);
  taken(limiter, 'failover');
  for (let i = 0; i < 10; i += 1) limiter.throttled('assign', 'failover', 900);
  t.equal(limiter.nextAvailableIn('assign', 'failover'), 400);
});

t.test('refused again and again, it slows down, but never to a standstill', async (t) => {
  const clock = new ManualClock();
  const limiter = new Limiter(clock);
  for (let i = 0; i < 20; i += 1) {
    await clock.advance(1);
    limiter.throttled('assign', 'failover', clock.now());
  }
  t.ok(limiter.nextAvailableIn('assign', 'failover') <= 4_000);
});

t.test('a refused grant takes nothing from failovers, a refused failover stops the grants', async (t) => {
  const clock = new ManualClock();
  const limiter = new Limiter(clock);
  limiter.throttled('assign', 'grant', 0);
  t.equal(taken(limiter, 'grant'), 0);
  t.equal(taken(limiter, 'failover'), 25);
  limiter.throttled('assign', 'failover', 0);
  t.ok(limiter.nextAvailableIn('assign', 'grant') > 5_000);
});

t.test(
  'no stretch of time sees more calls than EC2 allows, and who comes back as told is let in',
  async () => {
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 20_000 }),
      lane: fc.constantFrom<Lane>('failover', 'grant', 'cleanup'),
      refused: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
        let now = 0;
        const limiter = new Limiter({ now: () => now, after: () => () => {} });
        const at: number[] = [];
        for (const { wait, lane, refused } of steps) {
          now += wait;
          while (limiter.tryTake('assign', lane)) at.push(now);
          if (refused) limiter.throttled('assign', lane, now);
          now += limiter.nextAvailableIn('assign', lane);
          if (!limiter.tryTake('assign', lane)) return false;
          at.push(now);
        }
        return at.every((from, i) =>
          at.slice(i).every((to, n) => n + 1 <= 50 + ((to - from) / 1000) * 5 + 1e-6),
        );
      }),
      { numRuns: 200 },
    );
  },
);
