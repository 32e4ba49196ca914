// Which webhooks are asked about a request.
import t from 'tap';
import { type Received, serverFor, statusOf } from '../testing/exchange.ts';
import { createNamespace as create, hookEntry, register, webhookFor } from '../testing/hooks.ts';

t.test('rules, selectors and conditions say who is asked', async (t) => {
  const { exchange } = await serverFor(t, { namespaceController: false });
  const webhook = await webhookFor(t);
  const rows: readonly (readonly [name: string, fields: object])[] = [
    [
      'rules-star',
      { rules: [{ apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['*'] }] },
    ],
    [
      'rules-status',
      {
        rules: [
          { apiGroups: [''], apiVersions: ['v1'], resources: ['namespaces/status'], operations: ['*'] },
        ],
      },
    ],
    [
      'rules-all-subresources',
      {
        rules: [
          { apiGroups: [''], apiVersions: ['v1'], resources: ['namespaces/*'], operations: ['UPDATE'] },
        ],
      },
    ],
    [
      'rules-namespaced',
      {
        rules: [
          { apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['*'], scope: 'Namespaced' },
        ],
      },
    ],
    [
      'rules-delete',
      {
        rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['namespaces'], operations: ['DELETE'] }],
      },
    ],
    ['by-namespace', { namespaceSelector: { matchLabels: { team: 'a' } } }],
    ['by-object', { objectSelector: { matchExpressions: [{ key: 'team', operator: 'Exists' }] } }],
    [
      'by-condition',
      {
        matchConditions: [
          { name: 'c', expression: "has(object.metadata.annotations) && 'x' in object.metadata.annotations" },
        ],
      },
    ],
  ];
  for (const [name, fields] of rows) {
    const clientConfig = { url: `${webhook.url}/${name}`, caBundle: webhook.caBundle };
    await register(exchange, 'validating', name, hookEntry(webhook, { clientConfig, ...fields }));
  }
  const asked = async (request: () => Promise<Received>): Promise<string[]> => {
    const before = webhook.calls.length;
    await request();
    return webhook.calls
      .slice(before)
      .map(({ path }) => /^\/([^?]+)/.exec(path)?.[1] ?? '')
      .sort();
  };
  const patch = (path: string, body: object) => {
    const headers = { 'content-type': 'application/merge-patch+json' };
    return exchange({ method: 'PATCH', path: `/api/v1/namespaces/${path}`, headers, body });
  };
  t.same(await asked(() => create(exchange, 'plain')), ['rules-star']);
  t.same(await asked(() => create(exchange, 'teamed', { labels: { team: 'a' } })), [
    'by-namespace',
    'by-object',
    'rules-star',
  ]);
  t.same(await asked(() => create(exchange, 'noted', { annotations: { x: '' } })), [
    'by-condition',
    'rules-star',
  ]);
  t.same(await asked(() => patch('teamed', { metadata: { labels: { team: null } } })), [
    'by-object',
    'rules-all-subresources',
    'rules-star',
  ]);
  t.same(await asked(() => patch('plain/status', { metadata: { labels: { a: 'b' } } })), [
    'rules-all-subresources',
    'rules-status',
  ]);
  t.same(await asked(() => exchange({ method: 'DELETE', path: '/api/v1/namespaces/plain' })), [
    'rules-delete',
    'rules-star',
  ]);
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } };
  t.same(
    await asked(() => exchange({ method: 'POST', path: '/api/v1/namespaces/teamed/configmaps', body: map })),
    ['rules-namespaced', 'rules-star'],
  );
  t.same(await asked(() => exchange({ path: '/api/v1/namespaces' })), [], 'nobody is asked about reads');
});

t.test('a condition that fails decides by the failure policy', async (t) => {
  const { exchange } = await serverFor(t);
  const webhook = await webhookFor(t);
  const expression = "object.metadata.annotations['x'] == 'y'";
  const matchConditions = [{ name: 'c', expression }];
  await register(
    exchange,
    'validating',
    'fail',
    hookEntry(webhook, { matchConditions, objectSelector: { matchLabels: { policy: 'fail' } } }),
  );
  await register(
    exchange,
    'validating',
    'ignore',
    hookEntry(webhook, {
      matchConditions,
      failurePolicy: 'Ignore',
      objectSelector: { matchLabels: { policy: 'ignore' } },
    }),
  );
  const refused = await create(exchange, 'a', { labels: { policy: 'fail' } });
  t.equal(refused.status, 403);
  t.match(
    statusOf(refused).message,
    `namespaces "a" is forbidden: expression '${expression}' resulted in error: `,
  );
  t.equal((await create(exchange, 'b', { labels: { policy: 'ignore' } })).status, 201);
  t.equal(webhook.calls.length, 0);
});

t.test('an API server before 1.28 does not know conditions', async (t) => {
  const { exchange } = await serverFor(t, { minorVersion: 26 });
  const webhook = await webhookFor(t);
  const matchConditions = [{ name: 'never', expression: 'false' }];
  const body = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'm' },
    webhooks: [hookEntry(webhook, { matchConditions })],
  };
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
  const strict = await exchange({ method: 'POST', path: `${path}?fieldValidation=Strict`, body });
  t.match(statusOf(strict).message, 'unknown field "webhooks[0].matchConditions"');
  t.equal((await exchange({ method: 'POST', path, body })).status, 201);
  await create(exchange, 'a');
  t.equal(webhook.calls.length, 1, 'the condition is gone, so the webhook is asked');
  t.match((await exchange({ path: '/version' })).body, { minor: '26' });
});
