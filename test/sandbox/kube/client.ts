// The API server's own client: the same handlers without HTTP, as an administrator. For the parts of the sandbox that
// live in the same process, and for tests that arrange a scene.
import type { KubeObject } from '../../../shared/kinds.ts';
import {
  ApiError,
  type CallOptions,
  type KubeClient,
  type KubeList,
  type ListOptions,
  type PatchType,
  type WatchEvent,
} from '../../../shared/kube/client.ts';
import { fromAnswer, fromErrorEvent } from '../../../shared/kube/failure.ts';
import type { Resource } from '../../../shared/kube/resources.ts';
import { type ApiRequest, dispatch, type Services } from './dispatch.ts';
import type { Answer, Sink, WatchLine } from './request.ts';
import { Refusal } from './status.ts';
import { ADMINISTRATOR, type User } from './users.ts';

type Subresource = { readonly subresource?: 'status' };

export interface LocalClientOptions {
  readonly user?: User;
  /** Field manager of its writes. */
  readonly agent?: string;
}

/** Its objects are copies: the caller may do with them as it likes. */
export function localClient(services: Services, options: LocalClientOptions = {}): KubeClient {
  return new LocalClient(services, options.user ?? ADMINISTRATOR, options.agent ?? 'sandbox');
}

class LocalClient implements KubeClient {
  readonly #services: Services;
  readonly #user: User;
  readonly #agent: string;

  constructor(services: Services, user: User, agent: string) {
    this.#services = services;
    this.#user = user;
    this.#agent = agent;
  }

  async get<T extends KubeObject>(resource: Resource<T>, name: string, options: CallOptions = {}) {
    try {
      return copied<T>(await this.#call('GET', pathOf(resource, options, name)));
    } catch (error) {
      if (error instanceof ApiError && error.code === 'notFound') return undefined;
      throw error;
    }
  }

  async list<T extends KubeObject>(
    resource: Resource<T>,
    options: ListOptions<T> = {},
  ): Promise<KubeList<T>> {
    const { keep = (object) => object } = options;
    const answer = await this.#call('GET', pathOf(resource, options));
    if (answer.form !== 'list') throw new Error(`${answer.form} for a list`);
    const items = answer.items.map((item) => keep(JSON.parse(item.text) as T));
    return { resourceVersion: String(answer.metadata.resourceVersion), items };
  }

  async create<T extends KubeObject>(
    resource: Resource<T>,
    object: object,
    options: CallOptions = {},
  ): Promise<T> {
    return copied<T>(await this.#call('POST', pathOf(resource, options), typed(resource, object)));
  }

  async replace<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: CallOptions & Subresource = {},
  ) {
    const path = pathOf(resource, options, object.metadata.name, options.subresource);
    return copied<T>(await this.#call('PUT', path, typed(resource, object)));
  }

  async patch<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    type: PatchType,
    patch: unknown,
    options: CallOptions & Subresource = {},
  ): Promise<T> {
    const path = pathOf(resource, options, name, options.subresource);
    return copied<T>(await this.#call('PATCH', path, patch, type));
  }

  async delete(
    resource: Resource,
    name: string,
    preconditions: { readonly uid?: string; readonly resourceVersion?: string },
    options: CallOptions = {},
  ): Promise<void> {
    try {
      await this.#call('DELETE', pathOf(resource, options, name), { preconditions });
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 'notFound')) throw error;
    }
  }

  async *watch<T extends KubeObject>(
    resource: Resource<T>,
    from: { readonly resourceVersion: string; readonly timeoutSeconds: number },
    options: CallOptions = {},
  ): AsyncGenerator<WatchEvent<T>, void> {
    const path = pathOf(resource, options);
    const query = new URLSearchParams({
      watch: '1',
      allowWatchBookmarks: 'true',
      resourceVersion: from.resourceVersion,
      timeoutSeconds: String(from.timeoutSeconds),
    });
    const answer = await this.#call('GET', path, undefined, 'application/json', query);
    if (answer.form !== 'watch') throw new Error(`${answer.form} for a watch`);
    for await (const { type, line } of received(answer.open, options.signal)) {
      const { object } = JSON.parse(line) as { object: T };
      if (type === 'ERROR') throw fromErrorEvent(`GET ${path}`, object);
      yield { type, object };
    }
  }

  async #call(
    method: string,
    path: string,
    body?: unknown,
    contentType = 'application/json',
    query = new URLSearchParams(),
  ): Promise<Answer> {
    const request: ApiRequest = {
      method,
      path,
      query,
      user: this.#user,
      accept: '',
      contentType,
      agent: this.#agent,
      body: body === undefined ? '' : JSON.stringify(body),
      warnings: [],
    };
    try {
      const reply = await dispatch(this.#services, request);
      if (reply.about === undefined) throw new Error(`${path} is about no object`);
      return reply.answer;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw fromAnswer(`${method} ${path}`, error.code, error.status);
    }
  }
}

function typed(resource: Resource, object: object): object {
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  return { apiVersion, kind: resource.kind, ...object };
}

function copied<T>(answer: Answer): T {
  if (answer.form !== 'object') throw new Error(`${answer.form} for an object`);
  return JSON.parse(answer.stored?.text ?? JSON.stringify(answer.object)) as T;
}

function pathOf(resource: Resource, options: CallOptions, name?: string, subresource?: string): string {
  const root = resource.group === '' ? '/api' : `/apis/${resource.group}`;
  const scope =
    resource.namespaced && options.namespace !== undefined ? ['namespaces', options.namespace] : [];
  const rest = [resource.version, ...scope, resource.plural, name, subresource];
  return [root, ...rest.filter((part) => part !== undefined).map(encodeURIComponent)].join('/');
}

/** What a watch sends, one by one, until it ends or the reader has had enough. */
async function* received(
  open: (sink: Sink) => () => void,
  signal: AbortSignal | undefined,
): AsyncGenerator<WatchLine, void> {
  const queue: WatchLine[] = [];
  let ended = false;
  let wake = () => {};
  const end = () => {
    ended = true;
    wake();
  };
  const close = open({
    send(line) {
      queue.push(line);
      wake();
    },
    end,
  });
  signal?.addEventListener('abort', end);
  try {
    for (;;) {
      const next = queue.shift();
      if (next !== undefined) yield next;
      else if (ended || signal?.aborted) return;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    signal?.removeEventListener('abort', end);
    close();
  }
}
