// How are the calls of client.ts carried out? As requests to an API server, with a time limit each, every failure an
// ApiError. Connections are transport.ts's concern, credentials authentication.ts's.
import type { KubeObject } from '../kinds.ts';
import { authenticate } from './authentication.ts';
import {
  ApiError,
  type CallOptions,
  type KubeClient,
  type KubeList,
  type ListOptions,
  type PatchType,
  type WatchEvent,
} from './client.ts';
import { fromAnswer, fromSilence, isMissingObject } from './failure.ts';
import type { KubeConfig } from './kubeconfig.ts';
import type { Resource } from './resources.ts';
import { TimeLimit } from './time-limit.ts';
import { type Incoming, type Outgoing, Transport } from './transport.ts';
import { readEvents } from './watch-stream.ts';

export interface ConnectionOptions {
  /** Sent with each request; audit logs and `managedFields` show it: `egressip-ipam-webhook/0.1.0`. */
  readonly userAgent: string;
  /** Milliseconds for a call that says nothing else; 10 s by default. Pages of a list and the start of a watch count apart. */
  readonly timeout?: number;
  /** Monotonic clock in milliseconds. */
  readonly now?: () => number;
}

/** A client, until it is closed. */
export type Connection = KubeClient & { close(): Promise<void> };

const TIMEOUT = 10_000;
const PAGE = 500;
/** How often a list whose pages have expired is begun again before it is asked for in one piece. */
const RESTARTS = 2;

/** Connects lazily: nothing is read or sent before the first call. */
export function connect(config: KubeConfig, options: ConnectionOptions): Connection {
  const now = options.now ?? (() => performance.now());
  return new HttpConnection(new Transport(config, authenticate(config, now)), options);
}

type Subresource = { readonly subresource?: 'status' };

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

class HttpConnection implements Connection {
  readonly #transport: Transport;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeout: number;

  constructor(transport: Transport, options: ConnectionOptions) {
    this.#transport = transport;
    this.#headers = { Accept: 'application/json', 'User-Agent': options.userAgent };
    this.#timeout = options.timeout ?? TIMEOUT;
  }

  async get<T extends KubeObject>(resource: Resource<T>, name: string, options: CallOptions = {}) {
    const answer = await this.#call(
      'GET',
      pathOf(resource, options, name),
      options,
      undefined,
      isMissingObject,
    );
    return answer.status === 404 ? undefined : (answer.body as T);
  }

  async list<T extends KubeObject>(
    resource: Resource<T>,
    options: ListOptions<T> = {},
  ): Promise<KubeList<T>> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#pages(resource, options, attempt < RESTARTS ? PAGE : undefined);
      } catch (error) {
        // The snapshot behind the pages is gone; pages of different snapshots would not be consistent.
        if (!(error instanceof ApiError && error.code === 'expired') || attempt >= RESTARTS) throw error;
      }
    }
  }

  async create<T extends KubeObject>(
    resource: Resource<T>,
    object: object,
    options: CallOptions = {},
  ): Promise<T> {
    const answer = await this.#call('POST', pathOf(resource, options), options, {
      body: typed(resource, object),
    });
    return answer.body as T;
  }

  async replace<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: CallOptions & Subresource = {},
  ) {
    const path = pathOf(resource, options, object.metadata.name, options.subresource);
    const answer = await this.#call('PUT', path, options, { body: typed(resource, object) });
    return answer.body as T;
  }

  async patch<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    type: PatchType,
    patch: unknown,
    options: CallOptions & Subresource = {},
  ): Promise<T> {
    const path = pathOf(resource, options, name, options.subresource);
    const answer = await this.#call('PATCH', path, options, { body: patch, type });
    return answer.body as T;
  }

  async delete(
    resource: Resource,
    name: string,
    preconditions: { readonly uid?: string; readonly resourceVersion?: string },
    options: CallOptions = {},
  ): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions };
    await this.#call('DELETE', pathOf(resource, options, name), options, { body }, isMissingObject);
  }

  /** Its first event is a bookmark of our own, at the version it starts from, as soon as the server has agreed to it. */
  async *watch<T extends KubeObject>(
    resource: Resource<T>,
    from: { readonly resourceVersion: string; readonly timeoutSeconds: number },
    options: CallOptions = {},
  ): AsyncGenerator<WatchEvent<T>, void> {
    const query = new URLSearchParams({
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion: from.resourceVersion,
      timeoutSeconds: String(from.timeoutSeconds),
    });
    const path = pathOf(resource, options);
    const what = `watch ${path}`;
    const limit = new TimeLimit(this.#timeoutOf(options), options.signal);
    try {
      const request = this.#request('GET', `${path}?${query}`, limit.signal);
      const incoming = await this.#transport.stream(request);
      if (incoming.statusCode !== 200) throw await failure(what, incoming);
      limit.lift();
      yield started(from.resourceVersion);
      yield* readEvents<T>(what, incoming.body);
    } catch (error) {
      throw asApiError(what, error, limit);
    } finally {
      // Also ends the request when the reader has had enough.
      limit.end();
    }
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  async #pages<T extends KubeObject>(
    resource: Resource<T>,
    options: ListOptions<T>,
    limit: number | undefined,
  ): Promise<KubeList<T>> {
    const { keep = (object) => object } = options;
    const items: T[] = [];
    let token = '';
    for (;;) {
      const query = new URLSearchParams(limit === undefined ? {} : { limit: String(limit) });
      if (token !== '') query.set('continue', token);
      const { body } = await this.#call('GET', `${pathOf(resource, options)}?${query}`, options);
      const page = body as { metadata: { resourceVersion: string; continue?: string }; items?: T[] | null };
      for (const item of page.items ?? []) items.push(keep(item));
      token = page.metadata.continue ?? '';
      if (token === '') return { resourceVersion: page.metadata.resourceVersion, items };
    }
  }

  async #call(
    method: Outgoing['method'],
    path: string,
    options: CallOptions,
    content?: { readonly body: unknown; readonly type?: string },
    tolerates: (status: number, body: unknown) => boolean = () => false,
  ): Promise<Answer> {
    const what = `${method} ${path.split('?')[0]}`;
    const limit = new TimeLimit(this.#timeoutOf(options), options.signal);
    try {
      const incoming = await this.#transport.call(this.#request(method, path, limit.signal, content));
      const status = incoming.statusCode;
      const body = parse(await incoming.body.text());
      if (tolerates(status, body)) return { status, body };
      if (status < 200 || status > 299) throw fromAnswer(what, status, body, retryAfter(incoming));
      if (body === undefined) throw fromSilence(what, 'the answer is not JSON');
      return { status, body };
    } catch (error) {
      throw asApiError(what, error, limit);
    } finally {
      limit.end();
    }
  }

  #request(
    method: Outgoing['method'],
    path: string,
    signal: AbortSignal,
    content?: { readonly body: unknown; readonly type?: string },
  ): Outgoing {
    if (content === undefined) return { method, path, signal, headers: this.#headers };
    const headers = { ...this.#headers, 'Content-Type': content.type ?? 'application/json' };
    return { method, path, signal, headers, body: JSON.stringify(content.body) };
  }

  #timeoutOf(options: CallOptions): number {
    return options.timeout ?? this.#timeout;
  }
}

/** The API server wants both in what it is sent, and leaves both out in the items of most lists. */
function typed({ group, version, kind }: Resource, object: object): object {
  return { apiVersion: group === '' ? version : `${group}/${version}`, kind, ...object };
}

/** A server is silent while nothing happens; that it has taken up the watch is worth knowing. */
function started<T extends KubeObject>(resourceVersion: string): WatchEvent<T> {
  return { type: 'BOOKMARK', object: { metadata: { name: '', uid: '', resourceVersion } } as T };
}

function pathOf(resource: Resource, options: CallOptions, name?: string, subresource?: string): string {
  const root = resource.group === '' ? '/api' : `/apis/${resource.group}`;
  const scope =
    resource.namespaced && options.namespace !== undefined ? ['namespaces', options.namespace] : [];
  const rest = [resource.version, ...scope, resource.plural, name, subresource];
  return [root, ...rest.filter((part) => part !== undefined).map(encodeURIComponent)].join('/');
}

async function failure(what: string, incoming: Incoming): Promise<ApiError> {
  return fromAnswer(what, incoming.statusCode, parse(await incoming.body.text()), retryAfter(incoming));
}

function retryAfter(incoming: Incoming): string | undefined {
  const value = incoming.headers['retry-after'];
  return Array.isArray(value) ? value[0] : value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function asApiError(what: string, error: unknown, limit: TimeLimit): ApiError {
  if (error instanceof ApiError) return error;
  const why = limit.reason ?? (error instanceof Error ? error.message : 'failed');
  return fromSilence(what, why, error);
}
