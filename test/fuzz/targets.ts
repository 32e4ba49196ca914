// Which targets are there? Those over the webhook share one, which is closed in the end.
import { PARSERS } from './parsers.ts';
import { egressIPAMReviews, namespaceReviews } from './reviews.ts';
import type { Target } from './target.ts';
import { WebhookUnderFuzz } from './webhook-under-fuzz.ts';

export interface Targets {
  readonly all: readonly Target[];
  close(): Promise<void>;
}

/** Those whose name contains `text`. */
export function targetsNamed(text: string): Targets {
  const webhook = new WebhookUnderFuzz();
  const all = [namespaceReviews(webhook), egressIPAMReviews(webhook), ...PARSERS];
  return { all: all.filter(({ name }) => name.includes(text)), close: () => webhook.close() };
}
