import t from 'tap';
import { NAMESPACES } from '../../../../shared/kube/resources.ts';
import { type Received, serverFor, statusOf } from '../testing/exchange.ts';
import { CRDS, openCrd } from '../testing/scene.ts';

const PATH = '/api/v1/namespaces';

interface List {
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

function list({ body }: Received): List {
  return body as List;
}

function names(received: Received): string[] {
  return list(received).items.map(({ metadata }) => metadata.name);
}

t.test('pages show the moment of the first page', async (t) => {
  const { api, exchange } = await serverFor(t, { namespaceController: false });
  const first = await exchange({ path: `${PATH}?limit=3` });
  t.same(names(first), ['default', 'kube-node-lease', 'kube-public']);
  t.equal(list(first).metadata.remainingItemCount, 1);
  await api.client.create(NAMESPACES, { metadata: { name: 'zzz' } });
  const second = await exchange({ path: `${PATH}?limit=3&continue=${list(first).metadata.continue}` });
  t.same(names(second), ['kube-system'], 'what came later is not on it');
  t.equal(list(second).metadata.resourceVersion, list(first).metadata.resourceVersion);
  t.equal(list(second).metadata.continue, undefined);
});

t.test('a page whose moment is forgotten is 410, with a token to go on regardless', async (t) => {
  const { api, exchange } = await serverFor(t);
  const first = await exchange({ path: `${PATH}?limit=2` });
  api.faults.forgetWatchHistory();
  const gone = await exchange({ path: `${PATH}?limit=2&continue=${list(first).metadata.continue}` });
  t.equal(gone.status, 410);
  t.equal(statusOf(gone).reason, 'Expired');
  t.match(
    statusOf(gone).message,
    'The provided continue parameter is too old to display a consistent list result.',
  );
  await api.client.create(NAMESPACES, { metadata: { name: 'zzz' } });
  const rest = await exchange({ path: `${PATH}?continue=${list(gone).metadata.continue}` });
  t.same(names(rest), ['kube-public', 'kube-system', 'zzz']);
});

t.test('what cannot be a list is refused with a sentence', async (t) => {
  const { exchange } = await serverFor(t);
  const token = (fields: object) => Buffer.from(JSON.stringify(fields)).toString('base64url');
  const v = 'meta.k8s.io/v1';
  const invalid = 'invalid continue token: continue key is not valid: ';
  const options = 'ListOptions.meta.k8s.io "" is invalid: ';
  const match = 'resourceVersionMatch: Forbidden: resourceVersionMatch';
  const rv = 'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax';
  const rows: readonly (readonly [query: string, code: number, message: string])[] = [
    ['limit=abc', 400, 'strconv.ParseInt: parsing "abc": invalid syntax'],
    ['continue=a.b', 400, `${invalid}illegal base64 data at input byte 1`],
    ['continue=YWJj', 400, `${invalid}invalid character 'a' looking for beginning of value`],
    [`continue=${token({})}`, 400, `${invalid}server does not recognize this encoded version ""`],
    [`continue=${token({ v })}`, 400, `${invalid}incorrect encoded start resourceVersion (version ${v})`],
    [`continue=${token({ v, rv: 1 })}`, 400, `${invalid}encoded start key empty (version ${v})`],
    [
      `continue=${token({ v, rv: 1, start: 'a' })}&resourceVersion=1`,
      400,
      'specifying resource version is not allowed when using continue',
    ],
    ['resourceVersion=abc', 500, rv],
    ['resourceVersion=abc&limit=1', 400, `invalid resource version: ${rv}`],
    ['resourceVersionMatch=Exact', 422, `${options}${match} is forbidden unless resourceVersion is provided`],
    [
      'resourceVersionMatch=Exact&resourceVersion=0',
      422,
      `${options}${match} "exact" is forbidden for resourceVersion "0"`,
    ],
    [
      'resourceVersionMatch=No&resourceVersion=1',
      422,
      `${options}resourceVersionMatch: Unsupported value: "No": supported values: "Exact", "NotOlderThan", ""`,
    ],
    [
      'sendInitialEvents=true',
      422,
      `${options}sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list`,
    ],
    [
      'labelSelector=a%3D-1',
      400,
      "unable to parse requirement: values[0][a]: Invalid value: \"-1\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    ],
    ['fieldSelector=abc', 400, "invalid selector: 'abc'; can't understand 'abc'"],
  ];
  for (const [query, code, message] of rows) {
    const refused = await exchange({ path: `${PATH}?${query}` });
    t.equal(refused.status, code, query);
    t.match(statusOf(refused), { message, code });
  }
  const one = await exchange({ path: `${PATH}/default?resourceVersion=999999` });
  t.equal(one.status, 504, 'nor can one object be read in the future');
});

t.test('selectors choose, and what cannot be selected by is refused', async (t) => {
  const { exchange } = await serverFor(t);
  const rows: readonly (readonly [query: string, names: readonly string[]])[] = [
    ['fieldSelector=metadata.name%3Ddefault', ['default']],
    ['fieldSelector=metadata.name!%3Ddefault', ['kube-node-lease', 'kube-public', 'kube-system']],
    ['fieldSelector=status.phase%3DTerminating', []],
    ['labelSelector=kubernetes.io/metadata.name%20in%20(default,kube-public)', ['default', 'kube-public']],
    ['labelSelector=!kubernetes.io/metadata.name', []],
    ['labelSelector=kubernetes.io/metadata.name&limit=1', ['default']],
  ];
  for (const [query, expected] of rows)
    t.same(names(await exchange({ path: `${PATH}?${query}` })), expected, query);
  const some = await exchange({ path: `${PATH}?labelSelector=kubernetes.io/metadata.name&limit=1` });
  t.equal(list(some).metadata.remainingItemCount, undefined, 'nobody counts what a selector leaves');
  const unknown = await exchange({ path: `${PATH}?fieldSelector=spec.x%3Dy` });
  t.equal(unknown.status, 400);
  t.equal(statusOf(unknown).message, 'field label not supported: spec.x');
  t.equal((await exchange({ path: `${PATH}?labelSelector=a%3D%3D%3Db` })).status, 400);
});

t.test('custom resources are selected by name alone', async (t) => {
  const { api, exchange } = await serverFor(t);
  await api.client.create(CRDS, openCrd('example.com', 'Thing'));
  const things = '/apis/example.com/v1/things';
  for (const name of ['a', 'b']) {
    const body = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name }, spec: { x: 'y' } };
    await exchange({ method: 'POST', path: things, body });
  }
  const chosen = await exchange({ path: `${things}?fieldSelector=metadata.name%3Db` });
  t.same(names(chosen), ['b']);
  t.equal(list(chosen).metadata.continue, '', 'their lists always have the field');
  for (const field of ['spec.x', 'metadata.namespace']) {
    const refused = await exchange({ path: `${things}?fieldSelector=${field}%3Dy` });
    t.equal(statusOf(refused).message, `field label not supported: ${field}`);
  }
});

t.test('a list can be asked for at a revision', async (t) => {
  const { api, exchange } = await serverFor(t);
  const { resourceVersion } = await api.client.list(NAMESPACES);
  const exact = (revision: number | string) =>
    exchange({ path: `${PATH}?resourceVersionMatch=Exact&resourceVersion=${revision}` });
  t.equal((await exact(resourceVersion)).status, 200);
  await api.client.create(NAMESPACES, { metadata: { name: 'a' } });
  const gone = await exact(resourceVersion);
  t.equal(gone.status, 410);
  t.equal(statusOf(gone).message, 'The resourceVersion for the provided list is too old.');
  const page = await exchange({ path: `${PATH}?limit=9&resourceVersion=${resourceVersion}` });
  t.equal(page.status, 410, 'a page is of that revision, whether one says so or not');
  const any = await exchange({ path: `${PATH}?limit=1&resourceVersion=0` });
  t.equal(names(any).length, 5, 'the watch cache knows no pages');
  const future = await exchange({ path: `${PATH}?resourceVersion=999999` });
  t.equal(future.status, 504);
  t.match(statusOf(future).message, /^Timeout: Too large resource version: 999999, current: \d+$/);
  t.equal(future.headers['retry-after'], '1');
});

t.test('a namespaced kind is listed in one namespace or in all', async (t) => {
  const { exchange } = await serverFor(t);
  for (const namespace of ['kube-system', 'default']) {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `in-${namespace}` } };
    await exchange({ method: 'POST', path: `${PATH}/${namespace}/configmaps`, body });
  }
  t.same(names(await exchange({ path: '/api/v1/configmaps' })), ['in-default', 'in-kube-system']);
  t.same(names(await exchange({ path: `${PATH}/default/configmaps` })), ['in-default']);
  t.same(names(await exchange({ path: `${PATH}/none/configmaps` })), []);
  t.equal((await exchange({ path: `${PATH}/default/configmaps/in-kube-system` })).status, 404);
});
