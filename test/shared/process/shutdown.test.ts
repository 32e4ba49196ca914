import { EventEmitter } from 'node:events';
import t from 'tap';
import { closeInReverse, untilSignal } from '../../../shared/process/shutdown.ts';
import { ManualClock, settled } from '../manual-clock.ts';

function setUp() {
  const source = new EventEmitter();
  const clock = new ManualClock();
  const exits: number[] = [];
  const signal = untilSignal(source, (status) => exits.push(status), clock);
  return { source, clock, exits, signal };
}

t.test('the first signal asks the process to end, once', async (t) => {
  for (const name of ['SIGINT', 'SIGTERM']) {
    const { source, signal, exits } = setUp();
    t.equal(signal.aborted, false);
    source.emit(name, name);
    t.equal(signal.aborted, true);
    t.equal(signal.reason, name);
    t.same(exits, []);
  }
});

t.test('a second signal ends it at once', async (t) => {
  const { source, clock, exits } = setUp();
  source.emit('SIGTERM', 'SIGTERM');
  await clock.advance(1_000);
  source.emit('SIGINT', 'SIGINT');
  t.same(exits, [1]);
});

t.test('a signal that npm passes on is not a second one', async (t) => {
  const { source, clock, exits } = setUp();
  source.emit('SIGINT', 'SIGINT');
  await clock.advance(20);
  source.emit('SIGINT', 'SIGINT');
  t.same(exits, []);
});

t.test('what was opened last is closed first, one after the other', async (t) => {
  const steps: string[] = [];
  const closer = (name: string) => ({
    name,
    async close() {
      steps.push(`${name} begins`);
      await settled();
      steps.push(`${name} ends`);
    },
  });
  t.same(await closeInReverse([closer('client'), closer('caches'), closer('server')], 10_000), []);
  t.same(steps, [
    'server begins',
    'server ends',
    'caches begins',
    'caches ends',
    'client begins',
    'client ends',
  ]);
});

t.test('one that fails is named, and the others are closed all the same', async (t) => {
  const closed: string[] = [];
  const unclosed = await closeInReverse(
    [
      { name: 'client', close: () => closed.push('client') },
      { name: 'server', close: () => Promise.reject(new Error('stuck')) },
    ],
    10_000,
  );
  t.same(closed, ['client']);
  t.match(unclosed, [{ name: 'server', error: { message: 'stuck' } }]);
});

t.test('when the time is up it waits no longer, and names what is left', async (t) => {
  const clock = new ManualClock();
  const closing = closeInReverse(
    [
      { name: 'client', close: () => {} },
      { name: 'server', close: () => new Promise(() => {}) },
    ],
    5_000,
    clock,
  );
  await clock.advance(5_000);
  t.match(await closing, [
    { name: 'server', error: { message: 'not closed within 5000 ms' } },
    { name: 'client', error: { message: 'not closed within 5000 ms' } },
  ]);
  t.equal(clock.waiting, 0);
});

t.test('no timer is left when everything was closed in time', async (t) => {
  const clock = new ManualClock();
  await closeInReverse([{ name: 'server', close: () => {} }], 5_000, clock);
  t.equal(clock.waiting, 0);
});
