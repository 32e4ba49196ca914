// A raw HTTPS request to the sandbox's API server, for tests that look at status, headers and body as they are sent.
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { type KubeApi, type KubeApiOptions, startKubeApi } from '../server.ts';

export interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string goes out as it is, everything else as JSON. */
  readonly body?: unknown;
  /** `admin`, a member of system:masters, unless said otherwise. */
  readonly token?: string;
}

export interface Received {
  readonly status: number;
  /** Repeated headers are joined by a comma. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body, parsed; of a watch its lines. */
  readonly body: unknown;
}

export type Exchange = (sent: Sent) => Promise<Received>;

/** Keeps its connections until `close`. */
export function exchangeWith(api: KubeApi): { exchange: Exchange; close: () => void } {
  api.addUser({ token: 'admin', name: 'admin', groups: ['system:masters'] });
  const agent = new Agent({ keepAlive: true, ca: api.ca });
  return { exchange: (sent) => send(api, agent, sent), close: () => agent.destroy() };
}

async function send(api: KubeApi, agent: Agent, sent: Sent): Promise<Received> {
  const body = typeof sent.body === 'string' ? sent.body : JSON.stringify(sent.body);
  const headers: Record<string, string> = {
    authorization: `Bearer ${sent.token ?? 'admin'}`,
    ...sent.headers,
  };
  if (body !== undefined) {
    headers['content-length'] = String(Buffer.byteLength(body));
    headers['content-type'] ??= 'application/json';
  }
  const outgoing = request(`${api.url}${sent.path}`, { agent, method: sent.method ?? 'GET', headers });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on('response', resolve);
    outgoing.on('error', reject);
    outgoing.end(body);
  });
  const text = (await response.setEncoding('utf8').toArray()).join('');
  return { status: response.statusCode ?? 0, headers: response.headers, text, body: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return parsedLines(text);
  }
}

function parsedLines(text: string): unknown {
  const lines = text.split('\n').filter((line) => line !== '');
  try {
    return lines.map((line): unknown => JSON.parse(line));
  } catch {
    return text;
  }
}

/** A server of its own for one test, stopped with it. */
export async function serverFor(
  t: { teardown(fn: () => Promise<void>): void },
  options: KubeApiOptions = {},
): Promise<{ api: KubeApi; exchange: Exchange }> {
  const api = await startKubeApi(options);
  const { exchange, close } = exchangeWith(api);
  t.teardown(async () => {
    close();
    await api.close();
  });
  return { api, exchange };
}

/** The Status in a refusal. */
export interface ReceivedStatus {
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: object;
}

export function statusOf({ body }: Received): ReceivedStatus {
  return body as ReceivedStatus;
}
