import t from 'tap';
import { serverFor, statusOf } from './testing/exchange.ts';
import { createNamespace, hookEntry, register, webhookFor } from './testing/hooks.ts';

t.test('options that do not exist are refused', async (t) => {
  const { exchange } = await serverFor(t);
  const rows: readonly (readonly [query: string, message: string])[] = [
    [
      '?dryRun=Some',
      'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: "Some": supported values: "All"',
    ],
    [
      '?fieldValidation=Loose',
      'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Loose": supported values: "", "Ignore", "Strict", "Warn"',
    ],
  ];
  for (const [query, message] of rows) {
    const refused = await createNamespace(exchange, 'a', {}, query);
    t.equal(refused.status, 422);
    t.equal(statusOf(refused).message, message);
  }
  t.equal((await createNamespace(exchange, 'a', {}, '?dryRun=All&fieldValidation=')).status, 201);
});

t.test('a client may give up sooner than the server would', async (t) => {
  const { exchange } = await serverFor(t);
  const webhook = await webhookFor(t, () => new Promise(() => {}));
  await register(exchange, 'mutating', 'm', hookEntry(webhook));
  const start = performance.now();
  const late = await createNamespace(exchange, 'a', {}, '?timeout=200ms');
  t.equal(late.status, 504);
  t.ok(performance.now() - start < 5000);
});

t.test('deletion options come in the body or in the query', async (t) => {
  const { exchange } = await serverFor(t);
  const webhook = await webhookFor(t);
  const rules = [{ apiGroups: [''], apiVersions: ['v1'], resources: ['namespaces'], operations: ['DELETE'] }];
  await register(exchange, 'validating', 'v', hookEntry(webhook, { rules }));
  const path = '/api/v1/namespaces/kube-node-lease';
  await exchange({
    method: 'DELETE',
    path: `${path}?dryRun=All&propagationPolicy=Background&gracePeriodSeconds=0`,
  });
  await exchange({ method: 'DELETE', path, body: { dryRun: ['All'], propagationPolicy: 'Orphan' } });
  const seen = webhook.calls.map(({ review }) => review.request.options);
  const options = { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', dryRun: ['All'] };
  t.match(seen, [
    { ...options, propagationPolicy: 'Background', gracePeriodSeconds: 0 },
    { ...options, propagationPolicy: 'Orphan' },
  ]);
  t.match(
    webhook.calls.map(({ review }) => review.request.dryRun),
    [true, true],
  );
});

t.test('deletion options that do not exist are refused, and nothing is deleted', async (t) => {
  const { exchange } = await serverFor(t);
  const path = '/api/v1/namespaces/kube-node-lease';
  const remove = (query: string, body?: unknown) => exchange({ method: 'DELETE', path: path + query, body });
  const supported = 'supported values: "Foreground", "Background", "Orphan", "nil"';
  const rows: readonly (readonly [query: string, body: unknown, code: number, message: string])[] = [
    ['', '{', 500, "couldn't get version/kind; json parse error: unexpected end of JSON input"],
    ['', { kind: 'Pod', apiVersion: 'v1' }, 500, 'no kind "Pod" is registered for version "v1" in scheme '],
    ['', { propagationPolicy: 'Foo' }, 422, `propagationPolicy: Unsupported value: "Foo": ${supported}`],
    ['?propagationPolicy=Foo', undefined, 422, `propagationPolicy: Unsupported value: "Foo": ${supported}`],
    ['', { dryRun: ['foo'] }, 422, 'dryRun: Unsupported value: "foo": supported values: "All"'],
    ['?gracePeriodSeconds=x', undefined, 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
  ];
  for (const [query, body, code, message] of rows) {
    const refused = await remove(query, body);
    t.equal(refused.status, code, message);
    const { message: said = '' } = refused.body as { message?: string };
    t.ok(
      said.startsWith(code === 422 ? `DeleteOptions.meta.k8s.io "" is invalid: ${message}` : message),
      said,
    );
  }
  t.match((await exchange({ path })).body, { status: { phase: 'Active' } });
});
