import fc from 'fast-check';
import t from 'tap';
import { readEvents } from '../../../shared/kube/watch-stream.ts';

async function* cut(bytes: Uint8Array, at: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (const end of [...at, bytes.length].toSorted((a, b) => a - b)) {
    yield bytes.subarray(start, end);
    start = end;
  }
}

async function read(bytes: Uint8Array, at: readonly number[], longest?: number): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const event of readEvents('watch x', cut(bytes, at), longest)) events.push(event);
  return events;
}

function added(name: string) {
  return { type: 'ADDED', object: { metadata: { name, uid: name, resourceVersion: '1' } } };
}

function encode(events: readonly object[]): Uint8Array {
  return Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
}

t.test('events are the same wherever the stream is cut into chunks, also inside characters', async () => {
  const names = fc.array(fc.string({ unit: 'grapheme', maxLength: 8 }), { maxLength: 6 });
  const cuts = fc.array(fc.nat(800), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(names, cuts, async (given, at) => {
      const events = given.map(added);
      const bytes = encode(events);
      const seen = await read(
        bytes,
        at.map((index) => Math.min(index, bytes.length)),
      );
      return JSON.stringify(seen) === JSON.stringify(events);
    }),
  );
});

t.test('a stream cut at every byte is read', async (t) => {
  const events = [added('ü'), added('☃'), added('😀')];
  const bytes = encode(events);
  t.same(await read(bytes, Array.from(bytes.keys())), events);
});

t.test('empty lines between events are no events', async (t) => {
  const bytes = Buffer.from(`\n${JSON.stringify(added('a'))}\r\n\n${JSON.stringify(added('b'))}\n`);
  t.same(await read(bytes, []), [added('a'), added('b')]);
});

t.test('a stream that ends inside an event is an error, also at its very end', async (t) => {
  const bytes = encode([added('a')]);
  await t.rejects(read(bytes.subarray(0, -1), []), { code: 'unavailable', message: /ended inside an event/ });
  await t.rejects(read(bytes.subarray(0, 5), [2]), { code: 'unavailable' });
});

t.test('a line may be long, but not without end', async (t) => {
  const long = encode([added('x'.repeat(3_000))]);
  const everyHundred = Array.from({ length: 30 }, (_, i) => i * 100);
  t.equal((await read(long, everyHundred, 4_000)).length, 1);
  await t.rejects(read(long, everyHundred, 2_000), { code: 'unavailable', message: /more than 2000 bytes/ });
});

t.test('no message quotes what could not be read', async (t) => {
  const error = await read(Buffer.from('{"secret-word"\n'), []).catch((e: Error) => e);
  t.match(error, { message: 'watch x: a line that is not JSON' });
  t.notMatch(String((error as Error).cause), /secret-word/);
});
