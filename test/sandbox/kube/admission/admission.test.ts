import t from 'tap';
import { NAMESPACES } from '../../../../shared/kube/resources.ts';
import { serverFor, statusOf } from '../testing/exchange.ts';
import { createNamespace as create, hookEntry, register, webhookFor } from '../testing/hooks.ts';
import { ALLOW, type Answer, jsonPatch } from '../testing/webhook.ts';

function annotate(key: string, value: string): Answer {
  return {
    allowed: true,
    ...jsonPatch({ op: 'add', path: '/metadata/annotations', value: { [key]: value } }),
  };
}

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
