// A webhook for tests: TLS on loopback, answers as the test says, remembers what it was asked.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { issueCA, issueServing } from '../../../../certs/issue.ts';

export interface Review {
  readonly request: {
    readonly uid: string;
    readonly operation: string;
    readonly object: { readonly metadata: Readonly<Record<string, unknown>> } | null;
    readonly oldObject: object | null;
    readonly [field: string]: unknown;
  };
}

export interface Call {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly review: Review;
}

/** The response of the review, or what is sent instead; never resolving is a webhook that hangs. */
export type Answer =
  | { readonly allowed: boolean; readonly [field: string]: unknown }
  | { readonly http: number; readonly body: string };

export interface TestWebhook {
  readonly url: string;
  readonly port: number;
  /** Base64, as in clientConfig. */
  readonly caBundle: string;
  readonly calls: readonly Call[];
  /** TLS connections accepted so far. */
  readonly connections: () => number;
  close(): Promise<void>;
}

export const ALLOW: Answer = { allowed: true };

export async function startWebhook(
  answer: (review: Review, path: string) => Answer | Promise<Answer>,
  dnsNames: readonly string[] = ['localhost'],
): Promise<TestWebhook> {
  const validity = { validFor: 3_600_000, now: new Date() };
  const ca = issueCA({ commonName: 'webhook-ca', ...validity });
  const serving = issueServing(ca, {
    commonName: 'webhook',
    dnsNames,
    ipAddresses: ['127.0.0.1'],
    ...validity,
  });
  const calls: Call[] = [];
  let connections = 0;
  const server = createServer({ cert: serving.cert, key: serving.key }, async (request, response) => {
    const review = JSON.parse(await bodyOf(request)) as Review;
    calls.push({ path: request.url ?? '', headers: request.headers, review });
    const given = await answer(review, request.url ?? '');
    if ('http' in given) response.writeHead(Number(given.http)).end(given.body);
    else response.end(JSON.stringify(answered(review, given)));
  });
  server.on('secureConnection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}`,
    port,
    caBundle: Buffer.from(ca.cert).toString('base64'),
    calls,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** As the `patch` and `patchType` of an answer. */
export function jsonPatch(...operations: readonly object[]): { patch: string; patchType: string } {
  return { patch: Buffer.from(JSON.stringify(operations)).toString('base64'), patchType: 'JSONPatch' };
}

function answered({ request }: Review, response: object): object {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: request.uid, ...response },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  return (await request.setEncoding('utf8').toArray()).join('');
}
