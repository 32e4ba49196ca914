// How do requests reach the API server? Over kept-alive connections of one dispatcher, which is replaced only when the
// TLS material has changed; headers follow the credentials request by request. The only product file that knows undici.
import { Agent, type Dispatcher, errors, ProxyAgent, Socks5ProxyAgent } from 'undici';
import type { Authentication, Credentials } from './authentication.ts';
import type { KubeConfig } from './kubeconfig.ts';

/** One request; the path starts after the server's address. */
export interface Outgoing {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** An answer whose body was not read yet. */
export type Incoming = Dispatcher.ResponseData;

/** How many calls are under way at most; more wait for a connection. Watches do not count: they have their own pool. */
const MOST_CONNECTIONS = 64;
/** Go's servers, kube-apiserver among them, keep idle connections for longer than this. */
const IDLE = 30_000;

type Tls = Credentials['tls'];

interface Pools {
  tls: Tls;
  readonly calls: Dispatcher;
  readonly watches: Dispatcher;
}

/** Owns the connections of one process to one API server. */
export class Transport {
  readonly #config: KubeConfig;
  readonly #authentication: Authentication;
  readonly #origin: string;
  readonly #prefix: string;
  #pools: Pools | undefined;
  #closed = false;

  constructor(config: KubeConfig, authentication: Authentication) {
    const server = new URL(config.cluster.server);
    this.#config = config;
    this.#authentication = authentication;
    this.#origin = server.origin;
    this.#prefix = server.pathname.replace(/\/$/, '');
  }

  /** A request whose body comes at once. */
  call(request: Outgoing): Promise<Incoming> {
    return this.#authenticated(request, 'calls');
  }

  /** A request whose body is a stream that may be silent for minutes. */
  stream(request: Outgoing): Promise<Incoming> {
    return this.#authenticated(request, 'watches');
  }

  /** Ends every connection, whatever is under way on it. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#pools?.calls.destroy(), this.#pools?.watches.destroy()]);
  }

  /** Sends once more when the credentials were refused: they may have been rotated a moment ago. */
  async #authenticated(request: Outgoing, pool: 'calls' | 'watches'): Promise<Incoming> {
    const answer = await this.#send(request, pool);
    if (answer.statusCode !== 401) return answer;
    this.#authentication.refused();
    await answer.body.dump();
    return this.#send(request, pool);
  }

  async #send(request: Outgoing, pool: 'calls' | 'watches'): Promise<Incoming> {
    const credentials = await unlessAborted(this.#authentication.current(), request.signal);
    const dispatcher = this.#poolsFor(credentials)[pool];
    const outgoing = {
      origin: this.#origin,
      path: this.#prefix + request.path,
      method: request.method,
      headers: { ...request.headers, ...credentials.headers },
      body: request.body ?? null,
      signal: request.signal,
      // The caller's signal is the one clock of a call.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    try {
      return await dispatcher.request(outgoing);
    } catch (error) {
      // The server may close an idle connection just when we use it. What changes nothing is asked again.
      if (request.method !== 'GET' || !isLostConnection(error)) throw error;
      return dispatcher.request(outgoing);
    }
  }

  #poolsFor(credentials: Credentials): Pools {
    if (this.#closed) throw new errors.ClientClosedError('the connection is closed');
    const { tls } = credentials;
    if (this.#pools === undefined || !isSame(this.#pools.tls, tls)) {
      const old = this.#pools;
      this.#pools = {
        tls,
        calls: dispatcherFor(this.#config, tls, MOST_CONNECTIONS),
        watches: dispatcherFor(this.#config, tls, null),
      };
      // Waits for what is under way and takes nothing new.
      void old?.calls.close();
      void old?.watches.close();
    }
    // Credentials that were read again are compared by their text once, and by identity from then on.
    this.#pools.tls = tls;
    return this.#pools;
  }
}

function dispatcherFor({ cluster }: KubeConfig, tls: Tls, connections: number | null): Dispatcher {
  // HTTP/1.1: a watch that is cut, or a packet that is lost, then concerns one connection and not every call.
  const pool = { connections, keepAliveTimeout: IDLE, allowH2: false };
  const socket = { keepAlive: true, keepAliveInitialDelay: IDLE };
  if (!cluster.proxyUrl) return new Agent({ ...pool, connect: { ...tls, ...socket } });
  if (cluster.proxyUrl.startsWith('socks5:')) {
    return new Socks5ProxyAgent(cluster.proxyUrl, { ...pool, requestTls: tls });
  }
  return new ProxyAgent({ ...pool, uri: cluster.proxyUrl, requestTls: { ...tls, ...socket } });
}

function isSame(a: Tls, b: Tls): boolean {
  return a === b || (isSameText(a.ca, b.ca) && isSameText(a.cert, b.cert) && isSameText(a.key, b.key));
}

function isSameText(a: string | Buffer | undefined, b: string | Buffer | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && Buffer.from(a).equals(Buffer.from(b)));
}

function isLostConnection(error: unknown): boolean {
  return error instanceof Error && 'code' in error && LOST.has(error.code);
}

const LOST: ReadonlySet<unknown> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** Credential plugins have no time limit of their own. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
