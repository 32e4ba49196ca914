// The SDN's own copy of a kind: kept through ended watches, lost history and failures.
import t from 'tap';
import type { NamespaceObject } from '../../../shared/kinds.ts';
import type { KubeClient, WatchEvent } from '../../../shared/kube/client.ts';
import { ApiError } from '../../../shared/kube/client.ts';
import { NAMESPACES } from '../../../shared/kube/resources.ts';
import { follow } from './follow.ts';

type Event = WatchEvent<NamespaceObject>;

function namespace(name: string, version: number, uid = `uid-${name}`): NamespaceObject {
  return { metadata: { name, uid, resourceVersion: String(version) } };
}

/** Plays the API server: the next list, and what each watch brings. */
class Script {
  lists: { readonly version: number; readonly items: readonly NamespaceObject[] }[];
  watches: (readonly (Event | Error)[])[];
  readonly calls: string[] = [];

  constructor(lists: Script['lists'], watches: Script['watches']) {
    this.lists = lists;
    this.watches = watches;
  }

  async list() {
    this.calls.push('list');
    const { version, items } = this.lists.shift() ?? { version: 0, items: [] };
    return { resourceVersion: String(version), items };
  }

  async *watch(
    _: unknown,
    { resourceVersion }: { resourceVersion: string },
    { signal }: { signal: AbortSignal },
  ): AsyncGenerator<Event> {
    this.calls.push(`watch from ${resourceVersion}`);
    const events = this.watches.shift();
    for (const event of events ?? []) {
      if (event instanceof Error) throw event;
      yield event;
    }
    // The script is over: silence.
    if (events === undefined) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }
}

async function run(test: { teardown(handler: () => void): unknown }, script: Script, until: string) {
  const stop = new AbortController();
  test.teardown(() => stop.abort());
  const changes: string[] = [];
  const reached = Promise.withResolvers<void>();
  const followed = await follow(
    script as unknown as KubeClient,
    NAMESPACES,
    stop.signal,
    ({ type, object }) => {
      const change = `${type} ${object.metadata.name} ${object.metadata.resourceVersion}`;
      changes.push(change);
      if (change === until) reached.resolve();
    },
  );
  await reached.promise;
  return { changes, names: [...followed.objects.keys()], followed };
}

t.test('a watch that ends goes on where it was', async (t) => {
  const script = new Script(
    [{ version: 5, items: [namespace('a', 3)] }],
    [
      [
        { type: 'ADDED', object: namespace('b', 6) },
        { type: 'BOOKMARK', object: namespace('', 9) },
      ],
      [{ type: 'DELETED', object: namespace('a', 10) }],
    ],
  );
  const { changes, names } = await run(t, script, 'deleted a 10');
  t.strictSame(changes, ['set a 3', 'set b 6', 'deleted a 10']);
  t.strictSame(names, ['b']);
  t.strictSame(script.calls.slice(0, 3), ['list', 'watch from 5', 'watch from 9']);
});

t.test('after lost history everything is listed again, and what has gone meanwhile is told', async (t) => {
  const script = new Script(
    [
      { version: 5, items: [namespace('a', 3), namespace('b', 4)] },
      { version: 20, items: [namespace('b', 15), namespace('c', 16)] },
    ],
    [[new ApiError('expired', 'too old')]],
  );
  const { changes, names } = await run(t, script, 'set c 16');
  t.strictSame(changes, ['set a 3', 'set b 4', 'deleted a 3', 'set b 15', 'set c 16']);
  t.strictSame(names, ['b', 'c']);
});

t.test('a failure is followed by another try', async (t) => {
  const script = new Script(
    [
      { version: 5, items: [] },
      { version: 6, items: [namespace('a', 6)] },
    ],
    [[new ApiError('unavailable', 'cut')]],
  );
  const { changes } = await run(t, script, 'set a 6');
  t.strictSame(changes, ['set a 6']);
});

t.test('an older version is not taken, unless the object is another one', async (t) => {
  const script = new Script([{ version: 5, items: [namespace('a', 5)] }], []);
  const { followed } = await run(t, script, 'set a 5');
  followed.put(namespace('a', 4));
  t.equal(followed.objects.get('a')?.metadata.resourceVersion, '5');
  followed.put(namespace('a', 4, 'another'));
  t.equal(followed.objects.get('a')?.metadata.resourceVersion, '4');
});
