// Whether anybody is still looking: a terminal that is closed, a pipe that nobody reads.
import { EventEmitter } from 'node:events';
import t from 'tap';
import { untilUnwatched } from './unwatched.ts';

class Stream extends EventEmitter {
  isTTY = false;
}

class Source extends EventEmitter {
  readonly stdin = new Stream();
  readonly stdout = new Stream();
  readonly stderr = new Stream();
}

t.test('a reader that has gone ends it, and its error nothing else', async (t) => {
  for (const name of ['stdout', 'stderr'] as const) {
    const source = new Source();
    const signal = untilUnwatched(source);
    t.notOk(signal.aborted);
    source[name].emit('error', new Error('write EPIPE'));
    t.ok(signal.aborted, name);
  }
});

t.test('the hang-up of its terminal ends it, however much of it is redirected', async (t) => {
  for (const name of ['stdin', 'stdout', 'stderr'] as const) {
    const source = new Source();
    source[name].isTTY = true;
    const signal = untilUnwatched(source);
    t.notOk(signal.aborted);
    source.emit('SIGHUP');
    t.ok(signal.aborted, name);
  }
});

t.test('without a terminal nobody listens for hang-ups: nohup has them ignored', async (t) => {
  const source = new Source();
  untilUnwatched(source);
  t.equal(source.listenerCount('SIGHUP'), 0);
});
