// The few things we ask of the Kubernetes API, in our words. connection.ts carries them out over HTTPS; tests
// implement them over a map.
import type { KubeObject } from '../kinds.ts';
import type { Resource } from './resources.ts';

export interface CallOptions {
  /** For namespaced resources. */
  readonly namespace?: string;
  readonly signal?: AbortSignal;
  /** Milliseconds after which the call is given up; then its outcome is unknown. */
  readonly timeout?: number;
}

export interface ListOptions<T extends KubeObject> extends CallOptions {
  /** What of each object to keep, asked page by page: a large collection of whole objects takes much memory. All by default. */
  readonly keep?: (object: T) => T;
}

export interface WatchEvent<T extends KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

export interface KubeList<T extends KubeObject> {
  readonly resourceVersion: string;
  readonly items: readonly T[];
}

export type PatchType = 'application/merge-patch+json' | 'application/json-patch+json';

/** Rejects with ApiError and nothing else. */
export interface KubeClient {
  /** undefined when there is no such object. */
  get<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    options?: CallOptions,
  ): Promise<T | undefined>;
  /** The whole collection, consistent (never `resourceVersion=0`), page by page. */
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions<T>): Promise<KubeList<T>>;
  create<T extends KubeObject>(resource: Resource<T>, object: object, options?: CallOptions): Promise<T>;
  /** PUT; carry metadata.resourceVersion to make it conditional. `subresource`: `status`. */
  replace<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options?: CallOptions & { readonly subresource?: 'status' },
  ): Promise<T>;
  patch<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    type: PatchType,
    patch: unknown,
    options?: CallOptions & { readonly subresource?: 'status' },
  ): Promise<T>;
  /** Resolves also when the object was not there. A failed precondition rejects with a conflict. */
  delete(
    resource: Resource,
    name: string,
    preconditions: { readonly uid?: string; readonly resourceVersion?: string },
    options?: CallOptions,
  ): Promise<void>;
  /** Yields events until the server ends the stream; rejects with `expired` on 410, `unavailable` when cut. */
  watch<T extends KubeObject>(
    resource: Resource<T>,
    from: { readonly resourceVersion: string; readonly timeoutSeconds: number },
    options?: CallOptions,
  ): AsyncIterable<WatchEvent<T>>;
}

/**
 * Why a call failed, told apart by code.
 * `unavailable`: no answer, or one that does not say whether the call took effect (time-out, connection cut, 5xx).
 */
export type ApiErrorCode =
  | 'notFound'
  | 'alreadyExists'
  | 'conflict'
  | 'invalid'
  | 'forbidden'
  | 'unauthorized'
  | 'expired'
  | 'throttled'
  | 'unavailable'
  | 'rejected';

export class ApiError extends Error {
  readonly code: ApiErrorCode;
  /** HTTP status, 0 when none arrived. */
  readonly status: number;
  /** From `details.retryAfterSeconds` or the Retry-After header. */
  readonly retryAfterSeconds: number | undefined;

  /** `message` must hold no body, header, token or secret: the Status message of the server at most. */
  constructor(
    code: ApiErrorCode,
    message: string,
    options: { status?: number; retryAfterSeconds?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'ApiError';
    this.code = code;
    this.status = options.status ?? 0;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

export function isApiError(error: unknown, ...codes: readonly ApiErrorCode[]): error is ApiError {
  return error instanceof ApiError && (codes.length === 0 || codes.includes(error.code));
}
