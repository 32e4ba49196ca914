// Is this process alive, can it do its work, and what does it count? Small plain HTTP servers for the kubelet and for
// Prometheus, on addresses of their own, apart from what the process serves to the API server.
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BindAddress } from './flag-kinds.ts';
import type { Metrics } from './metrics.ts';

/** Says why not, or undefined when all is well. Must answer from memory. */
export type Check = () => string | undefined;

/** Checks by the name under which they are reported. */
export type Checks = Readonly<Record<string, Check>>;

/** A server that listens; `port` is undefined when it was switched off. */
export interface Listening {
  readonly port: number | undefined;
  close(): Promise<void>;
}

/** `/healthz` and `/readyz`: 200 and `ok`, or 503 and a line for each check. Rejects when the address is taken. */
export function serveHealth(
  address: BindAddress | 'off',
  checks: { readonly healthz: Checks; readonly readyz: Checks },
): Promise<Listening> {
  return serve(address, {
    '/healthz': () => verdict(checks.healthz),
    '/readyz': () => verdict(checks.readyz),
  });
}

/** `/metrics` in Prometheus' text format. */
export function serveMetrics(address: BindAddress | 'off', metrics: Metrics): Promise<Listening> {
  const page = async () => ({ status: 200, type: metrics.contentType, text: await metrics.text() });
  return serve(address, { '/metrics': page });
}

interface Page {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

type Pages = Readonly<Record<string, () => Page | Promise<Page>>>;

async function serve(address: BindAddress | 'off', pages: Pages): Promise<Listening> {
  if (address === 'off') return { port: undefined, close: async () => {} };
  const server = createServer(answerFrom(pages));
  server.listen({ port: address.port, ...(address.host === undefined ? {} : { host: address.host }) });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answerFrom(pages: Pages): RequestListener {
  return async (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const page = pages[path];
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const { status, type, text } =
      page === undefined ? plain(404, 'not found') : isRead ? await attempt(page) : plain(405, 'GET only');
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
    response.end(text);
  };
}

async function attempt(page: () => Page | Promise<Page>): Promise<Page> {
  try {
    return await page();
  } catch {
    return plain(500, 'internal error');
  }
}

function verdict(checks: Checks): Page {
  const lines = Object.entries(checks).map(([name, check]) => ({ name, why: check() }));
  if (lines.every(({ why }) => why === undefined)) return plain(200, 'ok');
  return plain(
    503,
    lines.map(({ name, why }) => (why === undefined ? `[+] ${name}` : `[-] ${name}: ${why}`)).join('\n'),
  );
}

function plain(status: number, text: string): Page {
  return { status, type: 'text/plain; charset=utf-8', text: `${text}\n` };
}
