import t from 'tap';
import type { KubeClient } from '../../../../shared/kube/client.ts';
import { NAMESPACES } from '../../../../shared/kube/resources.ts';
import { type Received, serverFor, statusOf } from '../testing/exchange.ts';

const PATH = '/api/v1/namespaces?watch=1&timeoutSeconds=1';

interface Line {
  readonly type: string;
  readonly object: {
    readonly kind: string;
    readonly metadata: {
      readonly name?: string;
      readonly resourceVersion: string;
      readonly annotations?: Readonly<Record<string, string>>;
    };
  };
}

function told({ body }: Received): string[] {
  const lines = (Array.isArray(body) ? body : body === '' ? [] : [body]) as Line[];
  return lines.map(({ type, object }) => [type, object.metadata.name].filter(Boolean).join(' '));
}

async function label(client: KubeClient, name: string, labels: object): Promise<void> {
  await client.patch(NAMESPACES, name, 'application/merge-patch+json', { metadata: { labels } });
}

t.test('a watch tells what happened since its revision and goes on until its time is up', async (t) => {
  const { api, exchange } = await serverFor(t, { namespaceController: false });
  const { resourceVersion } = await api.client.list(NAMESPACES);
  await api.client.create(NAMESPACES, { metadata: { name: 'a' } });
  const watching = exchange({ path: `${PATH}&resourceVersion=${resourceVersion}` });
  await label(api.client, 'a', { x: 'y' });
  await api.client.delete(NAMESPACES, 'a', {});
  t.same(told(await watching), ['ADDED a', 'MODIFIED a', 'MODIFIED a']);
});

t.test('without a revision a watch begins with what is there', async (t) => {
  const { exchange } = await serverFor(t);
  const all = ['default', 'kube-node-lease', 'kube-public', 'kube-system'].map((name) => `ADDED ${name}`);
  const [none, zero] = await Promise.all([
    exchange({ path: PATH }),
    exchange({ path: `${PATH}&resourceVersion=0` }),
  ]);
  t.same(told(none), all);
  t.same(told(zero), all);
});

t.test('a client that wants the present first is told where it ends', async (t) => {
  const { exchange } = await serverFor(t);
  const query = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
  const received = await exchange({ path: `${PATH}&${query}` });
  t.equal(told(received).length, 5);
  const [last] = (received.body as Line[]).slice(-1);
  t.equal(last?.type, 'BOOKMARK');
  t.same(last?.object.metadata.annotations, { 'k8s.io/initial-events-end': 'true' });
});

t.test('a watch that says of its beginning what does not fit together is refused', async (t) => {
  const { exchange } = await serverFor(t);
  const options = 'ListOptions.meta.k8s.io "" is invalid: ';
  const rows: readonly (readonly [query: string, code: number, message: string])[] = [
    [
      'sendInitialEvents=true',
      422,
      `${options}resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan`,
    ],
    [
      'resourceVersionMatch=NotOlderThan',
      422,
      `${options}resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided`,
    ],
    ['timeoutSeconds=abc', 400, 'strconv.ParseInt: parsing "abc": invalid syntax'],
    [
      'resourceVersion=abc',
      500,
      'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    ],
  ];
  for (const [query, code, message] of rows) {
    const refused = await exchange({ path: `/api/v1/namespaces?watch=1&${query}` });
    t.equal(refused.status, code, query);
    t.match(statusOf(refused), { message, code });
  }
});

t.test('an object that comes to match is added, one that ceases to match is deleted', async (t) => {
  const { api, exchange } = await serverFor(t);
  const { resourceVersion } = await api.client.list(NAMESPACES);
  await label(api.client, 'default', { team: 'a' });
  await label(api.client, 'default', { team: 'a', other: 'x' });
  await label(api.client, 'default', { team: 'b' });
  await label(api.client, 'kube-public', { other: 'x' });
  const path = `${PATH}&labelSelector=team%3Da&resourceVersion=${resourceVersion}`;
  t.same(told(await exchange({ path })), ['ADDED default', 'MODIFIED default', 'DELETED default']);
  const one = `${PATH}&fieldSelector=metadata.name%3Dkube-public&resourceVersion=${resourceVersion}`;
  t.same(told(await exchange({ path: one })), ['MODIFIED kube-public']);
});

t.test('a watch of one namespace does not see the others', async (t) => {
  const { api, exchange } = await serverFor(t);
  const maps = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true };
  const { resourceVersion } = await api.client.list(NAMESPACES);
  for (const namespace of ['default', 'kube-system']) {
    await api.client.create(maps, { metadata: { name: `in-${namespace}` } }, { namespace });
  }
  const query = `watch=1&timeoutSeconds=1&resourceVersion=${resourceVersion}`;
  const received = await exchange({ path: `/api/v1/namespaces/default/configmaps?${query}` });
  t.same(told(received), ['ADDED in-default']);
});

t.test('a bookmark comes before the end, without any write, when it is asked for', async (t) => {
  const { api, exchange } = await serverFor(t);
  const { resourceVersion } = await api.client.list(NAMESPACES);
  const path = `/api/v1/namespaces?watch=1&timeoutSeconds=3&resourceVersion=${resourceVersion}`;
  const [asked, plain] = await Promise.all([
    exchange({ path: `${path}&allowWatchBookmarks=true` }),
    exchange({ path }),
  ]);
  t.match(asked.body, {
    type: 'BOOKMARK',
    object: { kind: 'Namespace', apiVersion: 'v1', metadata: { resourceVersion } },
  });
  t.equal(plain.text, '');
});

t.test('history that is gone is 410 in the stream, and the stream ends', async (t) => {
  const { api, exchange } = await serverFor(t);
  const { resourceVersion } = await api.client.list(NAMESPACES);
  await label(api.client, 'default', { x: 'y' });
  api.faults.forgetWatchHistory();
  const received = await exchange({ path: `/api/v1/namespaces?watch=1&resourceVersion=${resourceVersion}` });
  t.equal(received.status, 200);
  t.match(received.body, { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
});

t.test('a watch as a table describes its columns once', async (t) => {
  const { api, exchange } = await serverFor(t);
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
  const { resourceVersion } = await api.client.list(NAMESPACES);
  await label(api.client, 'default', { x: 'y' });
  await label(api.client, 'default', { x: 'z' });
  const received = await exchange({
    path: `${PATH}&resourceVersion=${resourceVersion}`,
    headers: { accept },
  });
  t.match(received.body, [
    { type: 'MODIFIED', object: { kind: 'Table', columnDefinitions: Array, rows: [{ cells: Array }] } },
    { type: 'MODIFIED', object: { kind: 'Table', columnDefinitions: null, rows: [{ cells: Array }] } },
  ]);
});
