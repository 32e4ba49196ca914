// One request for objects on its way through the handlers, and what they answer. The same for HTTPS and for the
// in-process client: neither sockets nor headers are known past this point.
import type { JsonObject } from './json.ts';
import type { ApiObject } from './object.ts';
import type { ServedKind } from './registry.ts';
import type { Verb } from './route.ts';
import type { StatusObject } from './status.ts';
import type { ChangeType, Version } from './storage.ts';
import type { User } from './users.ts';

export interface ResourceRequest {
  readonly verb: Verb;
  readonly kind: ServedKind;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly user: User;
  readonly query: URLSearchParams;
  /** Media type without parameters. */
  readonly contentType: string;
  readonly body: string;
  /** First part of the User-Agent: who owns the fields when nobody says. */
  readonly agent: string;
  /** When the request is given up, on the clock of performance.now(). */
  readonly deadline: number;
  /** Sent as Warning headers. */
  readonly warnings: string[];
  /** A change that turns out to be a creation needs that right, too. */
  readonly mayCreate: () => boolean;
}

/** What a handler answers; how it is represented (JSON, Table) is decided after it. */
export type Answer =
  | { readonly form: 'object'; readonly code: number; readonly object: ApiObject; readonly stored?: Version }
  | {
      readonly form: 'list';
      readonly code: number;
      readonly metadata: JsonObject;
      readonly items: readonly Version[];
    }
  | { readonly form: 'status'; readonly code: number; readonly status: StatusObject }
  | { readonly form: 'watch'; readonly code: 200; readonly open: (sink: Sink) => () => void };

/** One line of a watch. Stored changes have their line spelled already. */
export interface WatchLine {
  readonly type: ChangeType | 'BOOKMARK' | 'ERROR';
  readonly object: JsonObject | StatusObject;
  readonly line: string;
}

/** Where a watch goes. */
export interface Sink {
  send(line: WatchLine): void;
  end(): void;
}

/** The answer about an object that is stored. */
export function stored(code: number, version: Version): Answer {
  return { form: 'object', code, object: version.object, stored: version };
}

export function isDryRun(request: ResourceRequest): boolean {
  return request.query.getAll('dryRun').includes('All');
}

/** What is answered about no object: discovery, OpenAPI, health, version. */
export interface Page {
  readonly code: number;
  readonly type: string;
  readonly body: string | Uint8Array;
}
