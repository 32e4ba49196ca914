// How old is what was observed? No clock of another machine is compared with ours, whatever it says.
import t from 'tap';
import type { LeaseObject } from '../../shared/kinds.ts';
import { OBSERVED_ANNOTATION } from '../../shared/names.ts';
import { ObservedTimes } from '../../webhook/observed.ts';

function lease(renewTime: string | undefined, observed: unknown): LeaseObject {
  const text = typeof observed === 'string' ? observed : JSON.stringify(observed);
  const spec = renewTime === undefined ? {} : { renewTime };
  return {
    metadata: { name: 'l', uid: 'u', resourceVersion: '1', annotations: { [OBSERVED_ANNOTATION]: text } },
    spec,
  };
}

function setUp() {
  const clock = { now: 0 };
  return { clock, times: new ObservedTimes(() => clock.now) };
}

t.test('the age is what the leader says, and what has passed here since its Lease was renewed', async (t) => {
  const { clock, times } = setUp();
  // The leader's clock is years away from ours, and that does not matter.
  times.seen(lease('1999-01-01T00:00:10Z', { pool: '1999-01-01T00:00:00Z' }), 0);
  clock.now = 1_000;
  times.seen(lease('1999-01-01T00:00:20Z', { pool: '1999-01-01T00:00:15Z' }), 1_000);
  t.equal(times.age('pool'), 6_000, 'five seconds at the renewal, which was after the first look');
  clock.now = 61_000;
  t.equal(times.age('pool'), 66_000);
  t.equal(times.age('other'), undefined, 'never observed');
});

t.test('of the first Lease nobody can tell how old it is', async (t) => {
  const { clock, times } = setUp();
  t.equal(times.age('pool'), undefined);
  const old = lease('2026-11-22T07:00:00Z', { pool: '2026-11-22T07:00:00Z' });
  times.seen(old, 0);
  clock.now = 5_000;
  times.seen(old, 5_000);
  t.equal(times.age('pool'), undefined, 'its leader may be long dead');
  t.equal(times.isKnown, false);
  times.seen(lease('2026-11-22T09:00:00Z', { pool: '2026-11-22T09:00:00Z' }), 5_000);
  t.equal(times.age('pool'), 0);
  t.equal(times.isKnown, true);
});

t.test('a leader that is gone makes everything grow old', async (t) => {
  const { clock, times } = setUp();
  times.seen(lease('2026-11-22T07:00:00Z', {}), 0);
  const last = lease('2026-11-22T07:00:01Z', { pool: '2026-11-22T07:00:01Z' });
  times.seen(last, 0);
  for (clock.now = 5_000; clock.now < 600_000; clock.now += 5_000) times.seen(last, clock.now);
  t.equal(times.age('pool'), 600_000);
});

t.test('a Lease that is gone, or comes back, tells nothing until it is renewed', async (t) => {
  const { times } = setUp();
  times.seen(lease('2026-11-22T07:00:00Z', { pool: '2026-11-22T07:00:00Z' }), 0);
  times.seen(lease('2026-11-22T07:00:01Z', { pool: '2026-11-22T07:00:01Z' }), 0);
  times.seen(undefined, 0);
  t.equal(times.age('pool'), undefined);
  times.seen(lease('2026-11-22T08:00:00Z', { pool: '2026-11-22T08:00:00Z' }), 0);
  t.equal(times.age('pool'), undefined);
});

t.test('an annotation that makes no sense tells nothing', async (t) => {
  for (const text of ['', '{', 'null', '[]', '7', '"x"', { pool: 5 }, { pool: 'yesterday' }]) {
    const { times } = setUp();
    times.seen(lease('2026-11-22T07:00:00Z', {}), 0);
    times.seen(lease('2026-11-22T07:00:01Z', text), 0);
    t.equal(times.age('pool'), undefined, JSON.stringify(text));
  }
  const { times } = setUp();
  times.seen(lease('x', {}), 0);
  times.seen(lease('y', { pool: '2026-11-22T07:00:01Z' }), 0);
  t.equal(times.age('pool'), undefined);
});
