import t from 'tap';
import type { ApiObject } from './object.ts';
import { type Change, Storage } from './storage.ts';

function object(name: string, namespace?: string): ApiObject {
  const metadata = namespace === undefined ? { name } : { name, namespace };
  return { kind: 'Thing', apiVersion: 'v1', metadata };
}

function storage(watchHistory = 100): Storage {
  return new Storage({ firstRevision: 100, watchHistory });
}

function told(changes: readonly Change[]): string[] {
  return changes.map(({ type, version }) => `${type} ${version.name}@${version.revision}`);
}

t.test('one revision counts the writes of all collections', async (t) => {
  const all = storage();
  const [things, others] = [all.collection('things'), all.collection('others')];
  t.equal(things.insert(object('a')).revision, 101);
  t.equal(others.insert(object('b')).revision, 102);
  t.equal(things.get('', 'a')?.object.metadata.resourceVersion, '101');
  t.equal(all.revision, 102);
  t.equal(things.changed, 101);
});

t.test('a write that lost its race is refused', async (t) => {
  const things = storage().collection('things');
  const first = things.insert(object('a'));
  t.throws(() => things.insert(object('a')), { name: 'StaleWrite' });
  const second = things.replace(first, object('a'));
  t.throws(() => things.replace(first, object('a')), { name: 'StaleWrite' });
  t.throws(() => things.remove(first), { name: 'StaleWrite' });
  things.remove(second);
  t.throws(() => things.remove(second), { name: 'StaleWrite' });
  t.equal(things.get('', 'a'), undefined);
});

t.test('a collection is listed in the order of namespace and name', async (t) => {
  const things = storage().collection('things');
  for (const [name, namespace] of [
    ['b', 'y'],
    ['a', 'y'],
    ['c', 'x'],
  ] as const) {
    things.insert(object(name, namespace));
  }
  t.same(
    things.list().map(({ namespace, name }) => `${namespace}/${name}`),
    ['x/c', 'y/a', 'y/b'],
  );
  t.same(
    things.list('y').map(({ name }) => name),
    ['a', 'b'],
  );
  t.same(things.list('z'), []);
  things.insert(object('0', 'a'));
  t.equal(things.list()[0]?.name, '0', 'also after it was listed once');
});

t.test('history tells what happened since a revision', async (t) => {
  const things = storage().collection('things');
  const a = things.insert(object('a'));
  const b = things.replace(a, object('a'));
  things.remove(b);
  t.same(told(things.since(100)), ['ADDED a@101', 'MODIFIED a@102', 'DELETED a@103']);
  t.same(told(things.since(101)), ['MODIFIED a@102', 'DELETED a@103']);
  t.same(told(things.since(103)), []);
});

t.test('history is bounded, and older revisions are refused', async (t) => {
  const things = storage(2).collection('things');
  for (const name of ['a', 'b', 'c', 'd']) things.insert(object(name));
  t.same(told(things.since(102)), ['ADDED c@103', 'ADDED d@104']);
  t.throws(() => things.since(101), { message: 'too old resource version: 101 (102)' });
});

t.test('history can be forgotten, also for collections that nobody has asked for yet', async (t) => {
  const all = storage();
  const things = all.collection('things');
  things.insert(object('a'));
  t.same(told(things.since(100)), ['ADDED a@101']);
  all.forgetHistory();
  t.throws(() => things.since(100), { name: 'HistoryLost' });
  t.throws(() => all.collection('new').since(100), { name: 'HistoryLost' });
  t.same(things.since(101), []);
});

t.test('listeners hear of writes while they are made, until they stop', async (t) => {
  const things = storage().collection('things');
  const heard: Change[] = [];
  const stop = things.listen((change) => heard.push(change));
  const a = things.insert(object('a'));
  things.remove(a, { ...a.object, last: 'words' });
  stop();
  things.insert(object('b'));
  t.same(told(heard), ['ADDED a@101', 'DELETED a@102']);
  t.equal(heard[1]?.object.last, 'words');
  t.equal(heard[1]?.before, a);
});

t.test('a version is spelled once, and so is its line in a watch', async (t) => {
  const things = storage().collection('things');
  const stored = things.insert(object('a'));
  const text = '{"kind":"Thing","apiVersion":"v1","metadata":{"name":"a","resourceVersion":"101"}}';
  t.equal(stored.text, text);
  stored.object.extra = 'too late';
  t.equal(stored.text, text);
  t.equal(things.since(100)[0]?.line, `{"type":"ADDED","object":${text}}\n`);
});
