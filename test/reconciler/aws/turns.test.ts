import t from 'tap';
import { Limiter } from '../../../reconciler/aws/limiter.ts';
import { Turns } from '../../../reconciler/aws/turns.ts';
import { ManualClock } from '../../shared/manual-clock.ts';

function fixture() {
  const clock = new ManualClock();
  const limiter = new Limiter(clock);
  const delays: string[] = [];
  const turns = new Turns({
    limiter,
    clock,
    observer: {
      called: () => {},
      delayed: (action, lane, milliseconds) => delays.push(`${action} ${lane} ${milliseconds}`),
    },
  });
  return { clock, limiter, turns, delays };
}

t.test('a turn that comes at once is no delay', async (t) => {
  const { turns, delays } = fixture();
  t.ok(turns.take('assign', 'grant', 'eni-1'));
  t.strictSame(delays, []);
});

t.test('a delay lasts from the first refusal to the turn, per interface and lane', async (t) => {
  const { clock, limiter, turns, delays } = fixture();
  while (limiter.tryTake('assign', 'grant'));
  t.notOk(turns.take('assign', 'grant', 'eni-1'));
  await clock.advance(100);
  t.notOk(turns.take('assign', 'grant', 'eni-1'));
  t.ok(turns.take('assign', 'failover', 'eni-1'), 'a failover does not wait, and ends no other wait');
  await clock.advance(300);
  t.ok(turns.take('assign', 'grant', 'eni-1'));
  t.strictSame(delays, ['assign grant 400']);
});

t.test('a wait that nobody asks for any more is forgotten', async (t) => {
  const { clock, limiter, turns, delays } = fixture();
  while (limiter.tryTake('assign', 'grant'));
  t.notOk(turns.take('assign', 'grant', 'eni-1'));
  t.notOk(turns.take('assign', 'grant', 'eni-2'));
  await clock.advance(59_999);
  turns.forget();
  t.ok(turns.take('assign', 'grant', 'eni-2'));
  await clock.advance(1);
  turns.forget();
  t.ok(turns.take('assign', 'grant', 'eni-1'));
  t.strictSame(delays, ['assign grant 59999']);
});
