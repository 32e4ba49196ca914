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
    [{ sideEffects: 'Some' }, /webhooks\[0\]\.sideEffects: Unsupported value: "Some"/],
  ];
  for (const [fields, why] of rows) {
    await t.rejects(register(exchange, 'mutating', 'm', hookEntry(webhook, fields)), why);
  }
});
