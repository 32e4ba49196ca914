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
  t.equal((await exchange({ method: 'DELETE', path, body: '{' })).status, 400);
});
