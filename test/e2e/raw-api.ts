// Requests that the product never makes and the suite does: dry runs, warnings, finalizing, tokens, the server's version.
import { authenticate } from '../../shared/kube/authentication.ts';
import { fromAnswer } from '../../shared/kube/failure.ts';
import type { KubeConfig } from '../../shared/kube/kubeconfig.ts';
import { type Outgoing, Transport } from '../../shared/kube/transport.ts';

export interface RawAnswer {
  readonly body: unknown;
  /** What kubectl prints as `Warning: …`. */
  readonly warnings: readonly string[];
}

const TIMEOUT = 30_000;

export class RawApi {
  readonly #transport: Transport;

  constructor(config: KubeConfig) {
    const now = () => performance.now();
    this.#transport = new Transport(config, authenticate(config, now));
  }

  /** Rejects with ApiError when the answer is no success. */
  async request(method: Outgoing['method'], path: string, body?: unknown): Promise<RawAnswer> {
    const incoming = await this.#transport.call({
      method,
      path,
      headers: {
        Accept: 'application/json',
        'Content-Type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
        'User-Agent': 'egressip-ipam-e2e',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT),
    });
    const answer = parse(await incoming.body.text());
    const { statusCode, headers } = incoming;
    if (statusCode >= 300) {
      const retryAfter = headers['retry-after'];
      throw fromAnswer(`${method} ${path}`, statusCode, answer, retryAfter?.toString());
    }
    return { body: answer, warnings: warningsIn(headers.warning) };
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }
}

/** undefined: it is not JSON, as where nothing is served. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `299 - "text"`, of which there may be several. */
function warningsIn(header: string | string[] | undefined): string[] {
  const values = header === undefined ? [] : [header].flat();
  return values.flatMap((value) =>
    [...value.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text]) =>
      (text ?? '').replace(/\\(.)/g, '$1'),
    ),
  );
}
