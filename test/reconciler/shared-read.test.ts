import t from 'tap';
import { SharedRead } from '../../reconciler/shared-read.ts';
import { settled } from '../shared/manual-clock.ts';

/** Reads that the test answers, with the number of the read. */
function gatedRead() {
  const answers: { answer(): void; fail(): void }[] = [];
  const read = new SharedRead(() => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const number = answers.length;
    answers.push({ answer: () => resolve(number), fail: () => reject(new Error(`read ${number}`)) });
    return promise;
  });
  return { read, answers };
}

t.test('those who ask at the same time share one read', async (t) => {
  const { read, answers } = gatedRead();
  const asked = [read.ask(), read.ask(), read.ask()];
  await settled();
  answers[0]?.answer();
  t.same(await Promise.all(asked), [0, 0, 0]);
  t.equal(answers.length, 1);
});

t.test('who asks while a read is under way gets one that began after the question', async (t) => {
  const { read, answers } = gatedRead();
  const first = read.ask();
  await settled();
  const late = [read.ask(), read.ask()];
  await settled();
  t.equal(answers.length, 1, 'the second read waits for the first one');
  answers[0]?.answer();
  t.equal(await first, 0);
  await settled();
  answers[1]?.answer();
  t.same(await Promise.all(late), [1, 1]);
});

t.test('a read that fails is told to those who asked for it, and to nobody else', async (t) => {
  const { read, answers } = gatedRead();
  const first = read.ask();
  await settled();
  const second = read.ask();
  answers[0]?.fail();
  await t.rejects(first, { message: 'read 0' });
  await settled();
  answers[1]?.answer();
  t.equal(await second, 1);
});
