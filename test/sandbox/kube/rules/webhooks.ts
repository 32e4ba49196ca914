// Webhook configurations as objects: what the API server refuses in them, conditions that cannot be compiled included.
import { type JsonObject, listOf, objectOf, textOf } from '../json.ts';
import { compileMatchConditions } from '../match-conditions.ts';
import { invalidValue } from '../metadata.ts';
import type { FieldError } from '../status.ts';
import type { Rules } from './rules.ts';

export const WEBHOOK_CONFIGURATION: Rules = {
  names: 'subdomain',
  update: 'conditional',
  faults: (configuration) => listOf(configuration.webhooks).flatMap(webhookFaults),
};

function webhookFaults(entry: unknown, index: number): FieldError[] {
  const webhook = objectOf(entry);
  const at = `webhooks[${index}]`;
  const faults: FieldError[] = [];
  if (textOf(webhook.name).split('.').length < 3) {
    const why = 'should be a domain with at least three segments separated by dots';
    faults.push(invalidValue(`${at}.name`, textOf(webhook.name), why));
  }
  const { timeoutSeconds = 10, admissionReviewVersions } = webhook;
  if (typeof timeoutSeconds === 'number' && (timeoutSeconds < 1 || timeoutSeconds > 30)) {
    const message = `Invalid value: ${timeoutSeconds}: the timeout value must be between 1 and 30 seconds`;
    faults.push({ reason: 'FieldValueInvalid', message, field: `${at}.timeoutSeconds` });
  }
  const versions = listOf(admissionReviewVersions).map(textOf);
  if (versions.length > 0 && !versions.some((version) => version === 'v1' || version === 'v1beta1')) {
    const shown = `[]string{${versions.map((version) => JSON.stringify(version)).join(', ')}}`;
    const message = `Invalid value: ${shown}: must include at least one of v1, v1beta1`;
    faults.push({ reason: 'FieldValueInvalid', message, field: `${at}.admissionReviewVersions` });
  }
  const client = objectOf(webhook.clientConfig);
  if ((client.url === undefined) === (client.service === undefined)) {
    const message = 'Required value: exactly one of url or service is required';
    faults.push({ reason: 'FieldValueRequired', message, field: `${at}.clientConfig` });
  }
  const url = textOf(client.url);
  if (url !== '' && !url.startsWith('https://')) {
    const why = `'https' is the only allowed URL scheme; desired format: https://host[/path]`;
    faults.push(invalidValue(`${at}.clientConfig.url`, url, why));
  }
  const conditions = compileMatchConditions(webhook.matchConditions);
  if (conditions.ok) return faults;
  return [
    ...faults,
    ...conditions.faults.map(({ path, message }) => ({
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(fieldAt(webhook, path))}: ${message}`,
      field: `${at}.${path}`,
    })),
  ];
}

/** `matchConditions[0].expression` of a webhook. */
function fieldAt(webhook: JsonObject, path: string): unknown {
  const [list = '', index = '', field = ''] = path.split(/[[\].]+/);
  return objectOf(listOf(webhook[list])[Number(index)])[field];
}
