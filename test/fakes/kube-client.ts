// An API server in memory behind the KubeClient port: as strict as the real one about resourceVersions, uids, names in
// use and finalizers, and able to fail, to lose answers and to delay on demand. No HTTP, no schemas, no RBAC: for those
// there is the sandbox.

import { applyPatch } from 'rfc6902';
import type { KubeObject } from '../../shared/kinds.ts';
import {
  ApiError,
  type CallOptions,
  type KubeClient,
  type KubeList,
  type ListOptions,
  type PatchType,
  type WatchEvent,
} from '../../shared/kube/client.ts';
import type { Resource } from '../../shared/kube/resources.ts';

type Json = { [key: string]: unknown };
/** A stored object, writable for tests that play another client. */
export type Stored = KubeObject & Json;

export interface Call {
  readonly verb: 'get' | 'list' | 'create' | 'replace' | 'patch' | 'delete' | 'watch';
  readonly plural: string;
  readonly name: string;
}

/**
 * What goes wrong with a call: `lost` carries it out and loses the answer; `late` gives up on it now and carries it out
 * when the test says so.
 */
export type Mishap = 'lost' | 'late' | ApiError | undefined;

/** Decides about a call before it is carried out. */
export type Fault = (call: Call) => Mishap | Promise<Mishap>;

export class FakeKubeClient implements KubeClient {
  /** Every call, as `verb plural/name`. */
  readonly calls: string[] = [];
  /** Asked before each call. */
  fault: Fault = () => undefined;
  /** Awaited before an answer arrives. */
  underWay: (call: Call) => Promise<void> | void = () => {};
  /** Calls that come late, to be carried out by the test. */
  readonly late: (() => void)[] = [];
  readonly #stores = new Map<string, Map<string, Stored>>();
  readonly #watchers = new Set<{ plural: string; push: (event: WatchEvent<KubeObject>) => void }>();
  /** Every event there ever was, by plural: a watch begins where its resourceVersion says. */
  readonly #history = new Map<string, WatchEvent<KubeObject>[]>();
  #version = 100;
  #uids = 0;

  /** What is stored now, not a copy that changes. */
  stored<T extends KubeObject>(resource: Resource<T>, name: string, namespace?: string): T | undefined {
    return this.#store(resource.plural).get(keyOf(name, namespace)) as T | undefined;
  }

  all<T extends KubeObject>(resource: Resource<T>): T[] {
    return [...this.#store(resource.plural).values()] as unknown as T[];
  }

  /** Writes without a precondition, as another client would; fills in uid and resourceVersion. */
  put<T extends KubeObject>(resource: Resource<T>, object: object): T {
    const given = structuredClone(object) as Stored;
    const { name, namespace } = given.metadata;
    const before = this.#store(resource.plural).get(keyOf(name, namespace));
    return this.#save(resource, before, given) as unknown as T;
  }

  /** Removes at once, whatever the finalizers. */
  remove(resource: Resource, name: string, namespace?: string): void {
    const stored = this.#store(resource.plural).get(keyOf(name, namespace));
    if (stored === undefined) return;
    this.#store(resource.plural).delete(keyOf(name, namespace));
    this.#emit(resource.plural, 'DELETED', this.#stamped(stored));
  }

  async get<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    options?: CallOptions,
  ): Promise<T | undefined> {
    return this.#call(
      'get',
      resource,
      name,
      () =>
        clone(this.#store(resource.plural).get(keyOf(name, options?.namespace))) as unknown as T | undefined,
    );
  }

  async list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions<T>): Promise<KubeList<T>> {
    const keep = options?.keep ?? ((object: T) => object);
    return this.#call('list', resource, '', () => {
      const items = [...this.#store(resource.plural).values()].filter(
        ({ metadata }) => options?.namespace === undefined || metadata.namespace === options.namespace,
      );
      return {
        resourceVersion: String(this.#version),
        items: (items.map(clone) as unknown as T[]).map(keep),
      };
    });
  }

  async create<T extends KubeObject>(
    resource: Resource<T>,
    object: object,
    options?: CallOptions,
  ): Promise<T> {
    const given = structuredClone(object) as Stored;
    const { name } = given.metadata;
    return this.#call('create', resource, name, () => {
      if (this.#store(resource.plural).has(keyOf(name, options?.namespace))) {
        throw failure('alreadyExists', 409, `${resource.plural} "${name}" already exists`);
      }
      const metadata = { ...given.metadata, ...namespaceOf(options) };
      return clone(
        this.#save(resource, undefined, { ...given, metadata, status: undefined }),
      ) as unknown as T;
    });
  }

  async replace<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options?: CallOptions & { readonly subresource?: 'status' },
  ): Promise<T> {
    const given = structuredClone(object) as unknown as Stored;
    const { name, resourceVersion } = given.metadata;
    return this.#call('replace', resource, name, () => {
      const stored = this.#present(resource, name, options);
      this.#checkVersion(resource, stored, resourceVersion);
      return clone(this.#save(resource, stored, merged(stored, given, options?.subresource))) as unknown as T;
    });
  }

  async patch<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    type: PatchType,
    patch: unknown,
    options?: CallOptions & { readonly subresource?: 'status' },
  ): Promise<T> {
    return this.#call('patch', resource, name, () => {
      const stored = this.#present(resource, name, options);
      const changed = patched(stored, type, structuredClone(patch));
      this.#checkVersion(resource, stored, changed.metadata.resourceVersion);
      return clone(
        this.#save(resource, stored, merged(stored, changed, options?.subresource)),
      ) as unknown as T;
    });
  }

  async delete(
    resource: Resource,
    name: string,
    preconditions: { readonly uid?: string; readonly resourceVersion?: string },
    options?: CallOptions,
  ): Promise<void> {
    return this.#call('delete', resource, name, () => {
      const stored = this.#store(resource.plural).get(keyOf(name, options?.namespace));
      if (stored === undefined) return;
      const { uid, resourceVersion } = preconditions;
      if (uid !== undefined && uid !== stored.metadata.uid) throw conflict(resource, name);
      this.#checkVersion(resource, stored, resourceVersion);
      if ((stored.metadata.finalizers ?? []).length === 0) {
        this.remove(resource, name, options?.namespace);
        return;
      }
      if (stored.metadata.deletionTimestamp !== undefined) return;
      const metadata = { ...stored.metadata, deletionTimestamp: '2026-11-22T08:00:00Z' };
      this.#save(resource, stored, { ...stored, metadata });
    });
  }

  async *watch<T extends KubeObject>(
    resource: Resource<T>,
    from: { readonly resourceVersion: string; readonly timeoutSeconds: number },
    options?: CallOptions,
  ): AsyncGenerator<WatchEvent<T>, void> {
    const queue = this.#since(resource.plural, Number(from.resourceVersion));
    let wake = () => {};
    const watcher = {
      plural: resource.plural,
      push: (event: WatchEvent<KubeObject>) => {
        queue.push(event);
        wake();
      },
    };
    this.#watchers.add(watcher);
    const stop = () => wake();
    options?.signal?.addEventListener('abort', stop);
    try {
      while (options?.signal?.aborted !== true) {
        const event = queue.shift();
        if (event !== undefined) yield event as unknown as WatchEvent<T>;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      options?.signal?.removeEventListener('abort', stop);
      this.#watchers.delete(watcher);
    }
  }

  async #call<R>(verb: Call['verb'], resource: Resource, name: string, act: () => R): Promise<R> {
    this.calls.push(name === '' ? `${verb} ${resource.plural}` : `${verb} ${resource.plural}/${name}`);
    const call = { verb, plural: resource.plural, name };
    const mishap = await this.fault(call);
    if (mishap instanceof ApiError) throw mishap;
    if (mishap === 'late') this.late.push(() => ignoringFailure(act));
    const result = mishap === 'late' ? undefined : act();
    await this.underWay(call);
    if (mishap === undefined) return result as R;
    throw new ApiError('unavailable', 'the answer was lost');
  }

  #store(plural: string): Map<string, Stored> {
    let store = this.#stores.get(plural);
    if (store === undefined) {
      store = new Map();
      this.#stores.set(plural, store);
    }
    return store;
  }

  #present(resource: Resource, name: string, options: CallOptions | undefined): Stored {
    const stored = this.#store(resource.plural).get(keyOf(name, options?.namespace));
    if (stored === undefined) throw failure('notFound', 404, `${resource.plural} "${name}" not found`);
    return stored;
  }

  #checkVersion(resource: Resource, stored: Stored, version: string | undefined): void {
    if (version === undefined || version === '' || version === stored.metadata.resourceVersion) return;
    throw conflict(resource, stored.metadata.name);
  }

  #save(resource: Resource, before: Stored | undefined, object: Stored): Stored {
    const stored = this.#stamped(object, before);
    const { name, namespace, deletionTimestamp, finalizers } = stored.metadata;
    if (deletionTimestamp !== undefined && (finalizers ?? []).length === 0 && before !== undefined) {
      this.#store(resource.plural).delete(keyOf(name, namespace));
      this.#emit(resource.plural, 'DELETED', stored);
      return stored;
    }
    this.#store(resource.plural).set(keyOf(name, namespace), stored);
    this.#emit(resource.plural, before === undefined ? 'ADDED' : 'MODIFIED', stored);
    return stored;
  }

  #stamped(object: Stored, before?: Stored): Stored {
    this.#version += 1;
    this.#uids += before === undefined ? 1 : 0;
    const specChanged = JSON.stringify(before?.spec) !== JSON.stringify(object.spec);
    const metadata = {
      ...object.metadata,
      uid: before?.metadata.uid ?? object.metadata.uid ?? `uid-${this.#uids}`,
      creationTimestamp:
        before?.metadata.creationTimestamp ?? object.metadata.creationTimestamp ?? '2026-11-22T07:00:00Z',
      generation:
        before === undefined
          ? (object.metadata.generation ?? 1)
          : (before.metadata.generation ?? 1) + (specChanged ? 1 : 0),
      resourceVersion: String(this.#version),
    };
    return { ...object, metadata };
  }

  #emit(plural: string, type: WatchEvent<KubeObject>['type'], object: Stored): void {
    const event = { type, object: structuredClone(object) };
    const history = this.#history.get(plural) ?? [];
    this.#history.set(plural, history);
    history.push(event);
    for (const watcher of this.#watchers) if (watcher.plural === plural) watcher.push(event);
  }

  #since(plural: string, version: number): WatchEvent<KubeObject>[] {
    const history = this.#history.get(plural) ?? [];
    const last = history.findLastIndex(({ object }) => Number(object.metadata.resourceVersion) <= version);
    return history.slice(last + 1);
  }
}

function keyOf(name: string, namespace: string | undefined): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function namespaceOf(options: CallOptions | undefined): { namespace?: string } {
  return options?.namespace === undefined ? {} : { namespace: options.namespace };
}

/** A write to the object leaves its status alone, and the other way round. */
function merged(stored: Stored, given: Stored, subresource: 'status' | undefined): Stored {
  if (subresource === 'status') return { ...stored, status: given.status };
  const metadata = { ...given.metadata, ...deletionOf(stored) };
  return { ...given, metadata, status: stored.status };
}

function deletionOf(stored: Stored): { deletionTimestamp?: string } {
  const { deletionTimestamp } = stored.metadata;
  return deletionTimestamp === undefined ? {} : { deletionTimestamp };
}

function patched(stored: Stored, type: PatchType, patch: unknown): Stored {
  const copy = structuredClone(stored);
  if (type === 'application/merge-patch+json') return mergePatch(copy, patch) as Stored;
  for (const fault of applyPatch(copy, patch as Parameters<typeof applyPatch>[1])) {
    if (fault !== null) throw failure('invalid', 422, 'the patch does not apply');
  }
  return copy;
}

/** RFC 7396. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Json = typeof target === 'object' && target !== null ? { ...(target as Json) } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

function conflict(resource: Resource, name: string): ApiError {
  return failure('conflict', 409, `Operation cannot be fulfilled on ${resource.plural} "${name}"`);
}

function failure(code: ApiError['code'], status: number, message: string): ApiError {
  return new ApiError(code, message, { status });
}

function clone<T>(value: T): T {
  return structuredClone(value);
}

/** Whoever would have been told is gone. */
function ignoringFailure(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}
