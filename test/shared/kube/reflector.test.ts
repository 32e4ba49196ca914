import t, { type Test } from 'tap';
import type { NamespaceObject } from '../../../shared/kinds.ts';
import { ApiError, type KubeList, type WatchEvent } from '../../../shared/kube/client.ts';
import { Reflector, type ReflectorOptions } from '../../../shared/kube/reflector.ts';
import { NAMESPACES } from '../../../shared/kube/resources.ts';
import { ManualClock, settled } from '../manual-clock.ts';
import { ScriptedClient } from './scripted-client.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

function namespace(name: string, resourceVersion: number, uid = `uid-${name}`): NamespaceObject {
  return { metadata: { name, uid, resourceVersion: String(resourceVersion) } };
}

function list(resourceVersion: number, ...items: NamespaceObject[]): KubeList<NamespaceObject> {
  return { resourceVersion: String(resourceVersion), items };
}

function event(
  type: WatchEvent<NamespaceObject>['type'],
  object: NamespaceObject,
): WatchEvent<NamespaceObject> {
  return { type, object };
}

const bookmark = (version: number) => event('BOOKMARK', namespace('', version, ''));
const unavailable = new ApiError('unavailable', 'connection refused');
const expired = new ApiError('expired', 'too old resource version');

function setUp(t: Test, options: Partial<ReflectorOptions<NamespaceObject>> = {}) {
  const client = new ScriptedClient();
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const changes: string[] = [];
  const reflector = new Reflector({
    client: client.port,
    resource: NAMESPACES,
    clock,
    random: () => 0,
    onError: (error) => errors.push(error),
    ...options,
  });
  reflector.onChange((key, object, previous) => {
    const version = (o: NamespaceObject | undefined) => o?.metadata.resourceVersion ?? '-';
    changes.push(`${key} ${version(previous)}>${version(object)}`);
  });
  t.teardown(() => reflector.stop());
  return { client, clock, errors, changes, reflector };
}

/** Listed at version 10 with namespaces a and b, watching. */
async function watching(t: Test, options: Partial<ReflectorOptions<NamespaceObject>> = {}) {
  const all = setUp(t, options);
  all.client.answerList(list(10, namespace('a', 5), namespace('b', 7)));
  all.reflector.start();
  await all.reflector.synced;
  await settled();
  all.changes.length = 0;
  return all;
}

function versions({ store }: Reflector<NamespaceObject>): object {
  return Object.fromEntries(
    [...store].map(([key, object]) => [key, Number(object.metadata.resourceVersion)]),
  );
}

t.test('it lists, then watches from the version of the list', async (t) => {
  const { client, reflector, changes } = setUp(t);
  t.equal(reflector.hasSynced, false);
  t.equal(reflector.lastContact, Number.NEGATIVE_INFINITY);
  client.answerList(list(10, namespace('a', 5), namespace('b', 7)));
  reflector.start();
  reflector.start();
  await reflector.synced;
  await settled();
  t.equal(reflector.hasSynced, true);
  t.same(versions(reflector), { a: 5, b: 7 });
  t.same(changes, ['a ->5', 'b ->7']);
  t.equal(client.lists, 1);
  t.same(
    client.watches.map(({ from }) => from),
    [{ resourceVersion: '10', timeoutSeconds: 300 }],
  );
});

t.test('watches last between five and ten minutes, differently each', async (t) => {
  const seconds = [];
  for (const random of [0, 0.5, 0.999999]) {
    const { client } = await watching(t, { random: () => random });
    seconds.push(client.lastWatch.from.timeoutSeconds);
  }
  t.same(seconds, [300, 450, 600]);
});

t.test('events change the store and are told of, bookmarks only move the version', async (t) => {
  const { client, clock, reflector, changes } = await watching(t);
  await clock.advance(5 * SECOND);
  client.lastWatch.push(
    event('ADDED', namespace('c', 11)),
    event('MODIFIED', namespace('a', 12)),
    event('DELETED', namespace('b', 13)),
    bookmark(40),
  );
  await settled();
  t.same(versions(reflector), { a: 12, c: 11 });
  t.same(changes, ['c ->11', 'a 5>12', 'b 7>-']);
  t.equal(reflector.lastContact, 5 * SECOND);
  client.lastWatch.end();
  await settled();
  t.equal(client.lastWatch.from.resourceVersion, '40');
});

t.test('a watch that the server ends is resumed at once, without a list', async (t) => {
  const { client, clock, errors, reflector } = await watching(t);
  client.lastWatch.push(event('ADDED', namespace('c', 11)));
  await clock.advance(50 * SECOND);
  client.lastWatch.end();
  await settled();
  t.equal(client.watches.length, 2);
  t.equal(client.lastWatch.from.resourceVersion, '11');
  t.equal(client.lists, 1);
  t.equal(reflector.lastContact, 50 * SECOND);
  t.same(errors, []);
});

t.test('an event after ten quiet minutes arrives', async (t) => {
  const { client, clock, changes } = await watching(t);
  for (let minute = 1; minute <= 10; minute++) {
    await clock.advance(MINUTE);
    client.lastWatch.push(bookmark(10 + minute));
    await settled();
    if (minute % 5 === 0) client.lastWatch.end();
  }
  await settled();
  t.equal(client.watches.length, 3);
  client.lastWatch.push(event('MODIFIED', namespace('a', 30)));
  await settled();
  t.same(changes, ['a 5>30']);
});

t.test('an API server that restarts is asked again with growing pauses, and the watch goes on', async (t) => {
  const { client, clock, errors, changes } = await watching(t, { random: () => 1 });
  client.refuseWatches(unavailable);
  client.lastWatch.fail(unavailable);
  const pauses: number[] = [];
  for (let known = client.watches.length; pauses.length < 8; known = client.watches.length) {
    const before = clock.now();
    while (client.watches.length === known) await clock.advance(250);
    pauses.push(clock.now() - before);
  }
  t.same(pauses, [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  t.equal(errors.length, 9);
  t.equal(client.lists, 1, 'not listed again for a short absence');
  client.refuseWatches(undefined);
  await clock.advance(10 * SECOND);
  client.lastWatch.push(event('ADDED', namespace('c', 11)));
  await settled();
  t.same(changes, ['c ->11']);
  client.lastWatch.fail(unavailable);
  const watches = client.watches.length;
  await clock.advance(250);
  t.equal(client.watches.length, watches + 1, 'an event makes the pauses short again');
});

t.test('pauses have jitter of one half', async (t) => {
  const { client, clock } = await watching(t, { random: () => 0 });
  client.lastWatch.fail(unavailable);
  await clock.advance(124);
  t.equal(client.watches.length, 1);
  await clock.advance(1);
  t.equal(client.watches.length, 2);
});

t.test('the server may ask for a longer pause', async (t) => {
  const { client, clock } = await watching(t);
  client.lastWatch.fail(new ApiError('throttled', 'slow down', { retryAfterSeconds: 7 }));
  await clock.advance(6_999);
  t.equal(client.watches.length, 1);
  await clock.advance(1);
  t.equal(client.watches.length, 2);
});

t.test('after ten failures in a row it lists again', async (t) => {
  const { client, clock, reflector } = await watching(t);
  client.refuseWatches(unavailable);
  client.answerList(list(90, namespace('a', 80)));
  client.lastWatch.fail(unavailable);
  await clock.advance(30 * SECOND);
  t.equal(client.lists, 2);
  t.same(versions(reflector), { a: 80 });
});

t.test('a version that is too old is answered by a list, which tells of changes and deletions', async (t) => {
  const { client, reflector, changes } = await watching(t);
  client.answerList(list(90, namespace('a', 5), namespace('c', 60)));
  client.lastWatch.fail(expired);
  await settled();
  t.same(versions(reflector), { a: 5, c: 60 });
  t.same(changes, ['c ->60', 'b 7>-']);
  t.equal(client.lastWatch.from.resourceVersion, '90');
});

t.test('versions that are too old time and again do not make it spin', async (t) => {
  const { client, clock } = await watching(t);
  client.refuseWatches(expired);
  for (let i = 0; i < 50; i++) client.answerList(list(90 + i));
  client.lastWatch.fail(expired);
  await clock.advance(10 * SECOND);
  t.ok(client.lists >= 3 && client.lists <= 10, `${client.lists} lists in ten seconds`);
});

t.test('watches that end as soon as they begin do not make it spin', async (t) => {
  const { client, clock, errors } = await watching(t);
  for (let i = 0; i < 40; i++) {
    client.lastWatch.end();
    await clock.advance(250);
  }
  t.ok(client.watches.length < 12, `${client.watches.length} watches in ten seconds`);
  t.match(errors[0], { message: 'a watch of namespaces ended as soon as it began' });
});

t.test('a connection that is silent for a minute and a half is cut and the watch resumed', async (t) => {
  const { client, clock, errors } = await watching(t);
  await clock.advance(50 * SECOND);
  client.lastWatch.push(event('ADDED', namespace('c', 11)));
  await clock.advance(90 * SECOND - 1);
  t.equal(client.watches.length, 1);
  await clock.advance(1);
  t.equal(client.watches.length, 2);
  t.equal(client.lastWatch.from.resourceVersion, '11');
  t.equal(client.openWatches.length, 1);
  t.same(errors, []);
  t.equal(client.lists, 1);
});

t.test(
  'that the server has taken up the watch counts as contact, and not as a sign of life for good',
  async (t) => {
    const { client, clock, reflector } = await watching(t);
    await clock.advance(7 * SECOND);
    client.lastWatch.push(bookmark(10));
    await settled();
    t.equal(reflector.lastContact, 7 * SECOND);
    client.refuseWatches(unavailable);
    client.lastWatch.fail(unavailable);
    await clock.advance(125 + 250);
    const { length } = client.watches;
    client.refuseWatches(undefined);
    await clock.advance(500);
    client.lastWatch.push(bookmark(10));
    client.lastWatch.fail(unavailable);
    await clock.advance(999);
    t.equal(client.watches.length, length + 1, 'the pause goes on growing');
  },
);

t.test('how long it may be silent can be chosen', async (t) => {
  const { client, clock } = await watching(t, { silence: 5 * SECOND });
  await clock.advance(5 * SECOND);
  t.equal(client.watches.length, 2);
});

t.test(
  'a server that stays silent may have gone back in time: it is listed again, also what is older',
  async (t) => {
    const { client, clock, reflector } = await watching(t);
    client.answerList(list(4, namespace('a', 3)));
    client.lastWatch.push(bookmark(10));
    await clock.advance(90 * SECOND);
    t.equal(client.lists, 1);
    client.lastWatch.push(bookmark(10));
    await clock.advance(90 * SECOND);
    t.equal(client.lists, 2);
    t.same(versions(reflector), { a: 3 });
    t.equal(client.lastWatch.from.resourceVersion, '4');
  },
);

t.test('a watch that the server does not end is cut after its time and half a minute', async (t) => {
  const { client, clock } = await watching(t);
  for (let i = 0; i < 329; i++) {
    await clock.advance(SECOND);
    client.lastWatch.push(bookmark(10 + i));
  }
  t.equal(client.watches.length, 1);
  await clock.advance(SECOND);
  t.equal(client.watches.length, 2);
});

t.test('a list that fails is asked for again until it is answered', async (t) => {
  const { client, clock, reflector, errors } = setUp(t);
  client
    .answerList(unavailable)
    .answerList(new ApiError('forbidden', 'may not'))
    .answerList(list(3, namespace('a', 2)));
  reflector.start();
  await clock.advance(250);
  t.equal(reflector.hasSynced, false);
  await clock.advance(SECOND);
  t.equal(reflector.hasSynced, true);
  t.same(errors, [unavailable, new ApiError('forbidden', 'may not')]);
});

t.test('our own writes are visible before their events, and events do not set them back', async (t) => {
  const { client, reflector, changes } = await watching(t);
  reflector.upsert(namespace('a', 15));
  reflector.upsert(namespace('new', 16));
  t.same(versions(reflector), { a: 15, b: 7, new: 16 });
  client.lastWatch.push(
    event('MODIFIED', namespace('a', 14)),
    event('MODIFIED', namespace('a', 15)),
    event('ADDED', namespace('new', 16)),
    event('MODIFIED', namespace('a', 100)),
  );
  await settled();
  t.same(versions(reflector), { a: 100, b: 7, new: 16 });
  t.same(changes, ['a 5>15', 'new ->16', 'a 15>100']);
});

t.test('versions are compared as numbers of any length', async (t) => {
  const { reflector } = await watching(t);
  reflector.upsert(namespace('a', 99));
  reflector.upsert(namespace('a', 100));
  reflector.upsert(namespace('a', 99));
  t.match(versions(reflector), { a: 100 });
  const huge = (digit: string) => ({
    metadata: { ...namespace('a', 0).metadata, resourceVersion: `900719925474099${digit}` },
  });
  reflector.upsert(huge('3'));
  reflector.upsert(huge('2'));
  t.equal(reflector.store.get('a')?.metadata.resourceVersion, '9007199254740993');
});

t.test('what we deleted is not brought back by a late event or reply', async (t) => {
  const { client, reflector, changes } = await watching(t);
  const a = namespace('a', 5);
  reflector.remove(a);
  t.same(versions(reflector), { b: 7 });
  client.lastWatch.push(event('MODIFIED', namespace('a', 14)), event('DELETED', namespace('a', 15)));
  await settled();
  reflector.upsert(namespace('a', 14));
  t.same(versions(reflector), { b: 7 });
  t.same(changes, ['a 5>-']);
});

t.test('what others deleted is not brought back by a late reply to a write of ours', async (t) => {
  const { client, reflector } = await watching(t);
  client.lastWatch.push(event('DELETED', namespace('a', 15)));
  await settled();
  reflector.upsert(namespace('a', 14));
  t.same(versions(reflector), { b: 7 });
});

t.test('a successor of the same name is another object', async (t) => {
  const { client, reflector, changes } = await watching(t);
  reflector.remove(namespace('a', 5));
  reflector.upsert(namespace('a', 20, 'second'));
  client.lastWatch.push(event('DELETED', namespace('a', 19)), event('ADDED', namespace('a', 20, 'second')));
  await settled();
  t.same(versions(reflector), { a: 20, b: 7 });
  t.same(changes, ['a 5>-', 'a ->20']);
});

t.test('a list that was under way while we wrote does not undo what we wrote', async (t) => {
  const { client, reflector, changes } = await watching(t);
  const slow = Promise.withResolvers<KubeList<NamespaceObject>>();
  client.answerList(slow.promise);
  client.lastWatch.fail(expired);
  await settled();
  reflector.upsert(namespace('a', 55));
  reflector.upsert(namespace('created', 56));
  reflector.upsert(namespace('gone', 40));
  reflector.remove(namespace('b', 7));
  slow.resolve(list(50, namespace('a', 30), namespace('b', 7), namespace('d', 45)));
  await settled();
  t.same(versions(reflector), { a: 55, created: 56, d: 45 }, 'gone was deleted by others before the list');
  t.same(changes, ['a 5>55', 'created ->56', 'gone ->40', 'b 7>-', 'd ->45', 'gone 40>-']);
});

t.test('a list that was begun after a removal knows better', async (t) => {
  const { client, reflector } = await watching(t);
  reflector.remove(namespace('a', 5));
  client.answerList(list(50, namespace('a', 30)));
  client.lastWatch.fail(expired);
  await settled();
  t.same(versions(reflector), { a: 30 });
  client.lastWatch.push(event('MODIFIED', namespace('a', 51)));
  await settled();
  t.same(versions(reflector), { a: 51 });
});

t.test('managedFields are not kept, and the caller may drop more', async (t) => {
  const fat = {
    ...namespace('a', 5),
    metadata: { ...namespace('a', 5).metadata, managedFields: [{}], labels: { x: 'y' } },
  };
  const { client, reflector } = setUp(t);
  client.answerList(list(10, fat));
  reflector.start();
  await reflector.synced;
  t.same(reflector.store.get('a'), { metadata: { ...namespace('a', 5).metadata, labels: { x: 'y' } } });
  t.ok('managedFields' in fat.metadata, 'the argument is as it was');

  const slim = setUp(t, { transform: ({ metadata }) => ({ metadata: { ...metadata, labels: {} } }) });
  slim.client.answerList(list(10, fat));
  slim.reflector.start();
  await slim.reflector.synced;
  t.same(slim.reflector.store.get('a')?.metadata.labels, {});
});

t.test('objects of several namespaces have keys of their own', async (t) => {
  const { reflector } = setUp(t);
  const inNamespace = (name: string) => ({
    metadata: { ...namespace('x', 1, name).metadata, namespace: name },
  });
  reflector.upsert(inNamespace('one'));
  reflector.upsert(inNamespace('two'));
  t.same([...reflector.store.keys()], ['one/x', 'two/x']);
});

t.test('a listener that fails is reported and the others go on being served', async (t) => {
  const { client, clock, reflector, errors, changes } = await watching(t);
  const bug = new Error('bug');
  const unsubscribe = reflector.onChange(() => {
    throw bug;
  });
  client.lastWatch.push(event('MODIFIED', namespace('a', 11)));
  await settled();
  t.same(errors, [bug]);
  unsubscribe();
  await clock.advance(SECOND);
  client.lastWatch.push(event('MODIFIED', namespace('b', 12)));
  await settled();
  t.same(changes, ['a 5>11', 'b 7>12']);
});

t.test('after stop nothing is watched, waited for or told any more', async (t) => {
  const states: ((all: Awaited<ReturnType<typeof watching>>) => Promise<void>)[] = [
    async () => {},
    async ({ client }) => client.lastWatch.fail(unavailable),
    async ({ client, clock }) => {
      client.lastWatch.end();
      await clock.advance(60 * SECOND);
    },
  ];
  for (const prepare of states) {
    const all = await watching(t);
    await prepare(all);
    await settled();
    await all.reflector.stop();
    t.same(all.client.openWatches, []);
    t.equal(all.clock.waiting, 0);
    const { watches, lists } = all.client;
    const asked = [watches.length, lists];
    await all.clock.advance(60 * MINUTE);
    t.same([all.client.watches.length, all.client.lists], asked);
  }
});

t.test('it can be stopped before it was started, and twice', async (t) => {
  const { reflector, client } = setUp(t);
  await reflector.stop();
  reflector.start();
  await reflector.stop();
  t.equal(client.lists, 0);
});

t.test('it can be stopped in the moment in which its first list arrives', async (t) => {
  const { reflector, client, clock } = setUp(t);
  client.answerList(list(10, namespace('a', 5)));
  reflector.start();
  await reflector.synced;
  await reflector.stop();
  t.same(client.openWatches, []);
  t.equal(clock.waiting, 0);
});
