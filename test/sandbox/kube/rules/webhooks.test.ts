import t from 'tap';
import { serverFor } from '../testing/exchange.ts';
import { hookEntry, register, webhookFor } from '../testing/hooks.ts';

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
    [
      { timeoutSeconds: 31 },
      /webhooks\[0\]\.timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds$/,
    ],
    [
      { admissionReviewVersions: ['v2'] },
      /webhooks\[0\]\.admissionReviewVersions: Invalid value: \[\]string\{"v2"\}: must include at least one of v1, v1beta1$/,
    ],
    [{ sideEffects: 'Some' }, /webhooks\[0\]\.sideEffects: Unsupported value: "Some"/],
  ];
  for (const [fields, why] of rows) {
    await t.rejects(register(exchange, 'mutating', 'm', hookEntry(webhook, fields)), why);
  }
});
