import t from 'tap';
import { NAMESPACES } from '../../../../shared/kube/resources.ts';
import { type Exchange, type Received, serverFor, statusOf } from '../testing/exchange.ts';
import { hookEntry, register } from '../testing/hooks.ts';
import {
  ALLOW,
  type Answer,
  jsonPatch,
  type Review,
  startWebhook,
  type TestWebhook,
} from '../testing/webhook.ts';

type Test = Parameters<typeof serverFor>[0];

async function webhookFor(
  t: Test,
  answer: (review: Review, path: string) => Answer | Promise<Answer> = () => ALLOW,
): Promise<TestWebhook> {
  const webhook = await startWebhook(answer);
  t.teardown(() => webhook.close());
  return webhook;
}

function create(exchange: Exchange, name: string, metadata: object = {}, query = ''): Promise<Received> {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...metadata } };
  return exchange({ method: 'POST', path: `/api/v1/namespaces${query}`, body });
}

function annotate(key: string, value: string): Answer {
  return {
    allowed: true,
    ...jsonPatch({ op: 'add', path: '/metadata/annotations', value: { [key]: value } }),
  };
}

const INTERNAL = 'Internal error occurred: failed calling webhook "hook.example.com": ';

t.test('a webhook that fails refuses or is passed over, as its failure policy says', async (t) => {
  const { exchange } = await serverFor(t);
  const failures: readonly (readonly [what: string, answer: () => Answer | Promise<Answer>, why: RegExp])[] =
    [
      [
        'hangs',
        () => new Promise(() => {}),
        /^failed to call webhook: Post "https:.*\/hook\?timeout=1s": context deadline exceeded$/,
      ],
      [
        'is unavailable',
        () => ({ http: 503, body: 'x' }),
        /^failed to call webhook: the server is currently unable to handle the request$/,
      ],
      [
        'has no such path',
        () => ({ http: 404, body: '' }),
        /^failed to call webhook: the server could not find the requested resource$/,
      ],
      [
        'talks nonsense',
        () => ({ http: 200, body: 'nonsense' }),
        /^failed to call webhook: couldn't get version\/kind; json parse error/,
      ],
      [
        'says nothing',
        () => ({ http: 200, body: '{}' }),
        /^received invalid webhook response: webhook response was absent$/,
      ],
    ];
  let answer: () => Answer | Promise<Answer> = () => ALLOW;
  const webhook = await webhookFor(t, () => answer());
  await register(
    exchange,
    'mutating',
    'fail',
    hookEntry(webhook, { timeoutSeconds: 1, objectSelector: { matchLabels: { policy: 'fail' } } }),
  );
  await register(
    exchange,
    'mutating',
    'ignore',
    hookEntry(webhook, {
      timeoutSeconds: 1,
      failurePolicy: 'Ignore',
      objectSelector: { matchLabels: { policy: 'ignore' } },
    }),
  );
  for (const [index, [what, failing, why]] of failures.entries()) {
    answer = failing;
    const refused = await create(exchange, `fail-${index}`, { labels: { policy: 'fail' } });
    t.equal(refused.status, 500, what);
    const { message = '' } = statusOf(refused);
    t.ok(message.startsWith(INTERNAL), message);
    t.match(message.slice(INTERNAL.length), why);
    t.equal((await create(exchange, `ignore-${index}`, { labels: { policy: 'ignore' } })).status, 201, what);
  }
});

t.test('a webhook that cannot be reached or trusted is told in the words of Go', async (t) => {
  const { exchange } = await serverFor(t);
  const [webhook, other] = [await webhookFor(t), await webhookFor(t)];
  const closed = await startWebhook(() => ALLOW);
  await closed.close();
  const rows: readonly (readonly [name: string, clientConfig: object, why: RegExp])[] = [
    ['closed', { url: `${closed.url}/hook` }, /dial tcp 127\.0\.0\.1:\d+: connect: connection refused$/],
    [
      'untrusted',
      { url: `${webhook.url}/hook`, caBundle: other.caBundle },
      /tls: failed to verify certificate: x509: certificate signed by unknown authority$/,
    ],
    [
      'nowhere',
      { service: { name: 'none', namespace: 'default' } },
      /^.*failed to call webhook: service "none" not found$/,
    ],
  ];
  for (const [name, clientConfig, why] of rows) {
    const objectSelector = { matchLabels: { to: name } };
    await register(exchange, 'validating', name, hookEntry(webhook, { clientConfig, objectSelector }));
    t.match(statusOf(await create(exchange, name, { labels: { to: name } })).message, why);
  }
});

t.test('the request as a whole has a time limit, too', async (t) => {
  const { exchange } = await serverFor(t, { requestTimeoutMs: 300 });
  const webhook = await webhookFor(t, () => new Promise(() => {}));
  await register(exchange, 'mutating', 'slow', hookEntry(webhook, { failurePolicy: 'Ignore' }));
  const late = await create(exchange, 'a');
  t.equal(late.status, 504);
  t.equal(statusOf(late).reason, 'Timeout');
});

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

t.test(
  'mutating webhooks see each other’s work, and once more what came after them if they wish',
  async (t) => {
    const { exchange } = await serverFor(t);
    const webhook = await webhookFor(t, ({ request }, path) => {
      const name = path.slice(1, 2);
      const annotations = (request.object?.metadata.annotations ?? {}) as Record<string, string>;
      if (name in annotations) return ALLOW;
      return addAnnotation(annotations, name);
    });
    const entry = (name: string, reinvocationPolicy: string) =>
      hookEntry(webhook, {
        name: `${name}.example.com`,
        clientConfig: { url: `${webhook.url}/${name}`, caBundle: webhook.caBundle },
        reinvocationPolicy,
      });
    await register(exchange, 'mutating', 'two', entry('c', 'IfNeeded'));
    await register(exchange, 'mutating', 'one', entry('a', 'IfNeeded'), entry('b', 'Never'));
    const { body } = await create(exchange, 'x');
    t.match(body, { metadata: { annotations: { a: '', b: 'a', c: 'ab' } } });
    const order = webhook.calls.map(({ path }) => path.slice(1, 2));
    t.same(
      order,
      ['a', 'b', 'c', 'a'],
      'by configuration name; only a wants to see it again, and c saw the last',
    );
  },
);

function addAnnotation(annotations: Readonly<Record<string, string>>, name: string): Answer {
  const value = { ...annotations, [name]: Object.keys(annotations).sort().join('') };
  return { allowed: true, ...jsonPatch({ op: 'add', path: '/metadata/annotations', value }) };
}

t.test('validating webhooks see what the mutating ones made, under its final name', async (t) => {
  const { exchange } = await serverFor(t);
  const [mutating, validating] = [
    await webhookFor(t, () => annotate('by', 'webhook')),
    await webhookFor(t, ({ request }) => ({ allowed: false, status: { message: String(request.name) } })),
  ];
  await register(exchange, 'mutating', 'm', hookEntry(mutating));
  await register(exchange, 'validating', 'v', hookEntry(validating, { name: 'v.example.com' }));
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { generateName: 'g-' } };
  const refused = await exchange({ method: 'POST', path: '/api/v1/namespaces', body });
  t.match(
    statusOf(refused).message,
    /^admission webhook "v\.example\.com" denied the request: g-[a-z0-9]{5}$/,
  );
  t.match(validating.calls[0]?.review.request.object, {
    metadata: { annotations: { by: 'webhook' }, uid: String, creationTimestamp: String },
    spec: { finalizers: ['kubernetes'] },
  });
});

t.test('denials reach the client with their code, reason and details', async (t) => {
  const { exchange } = await serverFor(t);
  const statuses: Readonly<Record<string, object | undefined>> = {
    teapot: { code: 418, reason: 'Teapot', message: 'short and stout', details: { retryAfterSeconds: 7 } },
    fine: { code: 200, message: 'not really' },
    reason: { reason: 'Because' },
    silent: undefined,
  };
  const webhook = await webhookFor(t, ({ request }) => {
    const status = statuses[String(request.name)];
    return status === undefined ? { allowed: false } : { allowed: false, status };
  });
  await register(exchange, 'mutating', 'm', hookEntry(webhook));
  const denied = 'admission webhook "hook.example.com" denied the request';
  const teapot = await create(exchange, 'teapot');
  t.equal(teapot.status, 418);
  t.equal(teapot.headers['retry-after'], '7');
  t.match(statusOf(teapot), { message: `${denied}: short and stout`, reason: 'Teapot', code: 418 });
  t.match(statusOf(await create(exchange, 'fine')), { message: `${denied}: not really`, code: 400 });
  t.match(statusOf(await create(exchange, 'reason')), { message: `${denied}: Because`, reason: 'Because' });
  t.match(statusOf(await create(exchange, 'silent')), {
    message: `${denied} without explanation`,
    code: 400,
  });
});

t.test('a dry run asks only those that promise to have no effect', async (t) => {
  const { exchange } = await serverFor(t);
  const webhook = await webhookFor(t);
  await register(exchange, 'mutating', 'm', hookEntry(webhook, { sideEffects: 'NoneOnDryRun' }));
  t.equal((await create(exchange, 'a', {}, '?dryRun=All')).status, 201);
  t.match(webhook.calls[0]?.review, { request: { dryRun: true, options: { dryRun: ['All'] } } });
});

t.test('an update that meets another one is admitted again with the fresher object', async (t) => {
  const { api, exchange } = await serverFor(t);
  const merge = 'application/merge-patch+json';
  let interfered = false;
  const webhook = await webhookFor(t, async ({ request }) => {
    if (!interfered && request.operation === 'UPDATE') {
      interfered = true;
      await exchange({
        method: 'PATCH',
        path: '/api/v1/namespaces/default/status',
        headers: { 'content-type': merge },
        body: { metadata: { labels: { meanwhile: 'yes' } } },
      });
    }
    return ALLOW;
  });
  await register(exchange, 'mutating', 'm', hookEntry(webhook));
  await api.client.patch(NAMESPACES, 'default', merge, { metadata: { annotations: { a: 'b' } } });
  t.equal(webhook.calls.length, 2);
  t.match(webhook.calls[1]?.review.request.oldObject, { metadata: { labels: { meanwhile: 'yes' } } });
  t.match(await api.client.get(NAMESPACES, 'default'), {
    metadata: { labels: { meanwhile: 'yes' }, annotations: { a: 'b' } },
  });
});

t.test('webhooks are asked before anybody knows whether the name is taken', async (t) => {
  const { exchange } = await serverFor(t);
  const webhook = await webhookFor(t);
  await register(exchange, 'mutating', 'm', hookEntry(webhook));
  t.equal((await create(exchange, 'default')).status, 409);
  t.equal(webhook.calls.length, 1);
});

t.test('configurations are checked when they are written', async (t) => {
  const { exchange } = await serverFor(t);
  const webhook = await webhookFor(t);
  const rows: readonly (readonly [fields: object, why: RegExp])[] = [
    [
      { name: 'short' },
      /webhooks\[0\]\.name: Invalid value: "short": should be a domain with at least three segments/,
    ],
    [
      { clientConfig: {} },
      /webhooks\[0\]\.clientConfig: Required value: exactly one of url or service is required/,
    ],
    [{ clientConfig: { url: 'http://x' } }, /'https' is the only allowed URL scheme/],
    [
      { matchConditions: [{ name: 'c', expression: 'object.' }] },
      /webhooks\[0\]\.matchConditions\[0\]\.expression: Invalid value: "object\.": compilation failed: /,
    ],
    [{ sideEffects: 'Some' }, /webhooks\[0\]\.sideEffects: Unsupported value: "Some"/],
  ];
  for (const [fields, why] of rows) {
    await t.rejects(register(exchange, 'mutating', 'm', hookEntry(webhook, fields)), why);
  }
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
