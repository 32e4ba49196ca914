// Puts answers on the wire: headers, bodies, warnings, and the lines of a watch as they come.
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Sink, WatchLine } from '../request.ts';
import { badRequest, internalError, PlainRefusal, Refusal } from '../status.ts';

/** A watcher this far behind is cut off, as kube-apiserver does with those that do not read. */
const LARGEST_BACKLOG = 64 * 1024 * 1024;

/** Whatever a handler threw, as an answer. */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof URIError) return badRequest('invalid URL escape');
  // A bug of ours: the client gets its text, since nobody reads a log of the sandbox.
  return internalError(error instanceof Error ? (error.stack ?? error.message) : String(error));
}

/** How JSON is laid out. */
export type Layout = 'compact' | 'pretty';

/** A body in that layout. */
export function laid(body: string, type: string, layout: Layout): string {
  return layout === 'pretty' && type === 'application/json'
    ? JSON.stringify(JSON.parse(body), null, 2)
    : body;
}

export function sendRefusal(
  response: ServerResponse,
  refused: Refusal,
  layout: Layout,
  warnings: readonly string[],
): void {
  const { code, status } = refused;
  if (response.headersSent || response.destroyed) return void response.destroy();
  const retryAfter = status.details?.retryAfterSeconds;
  if (retryAfter !== undefined) response.setHeader('Retry-After', String(retryAfter));
  if (refused instanceof PlainRefusal) send(response, code, PLAIN_TEXT, refused.text, warnings);
  else send(response, code, JSON_TYPE, laid(`${JSON.stringify(status)}\n`, JSON_TYPE, layout), warnings);
}

const JSON_TYPE = 'application/json';
const PLAIN_TEXT = 'text/plain; charset=utf-8';

export function send(
  response: ServerResponse,
  code: number,
  type: string,
  body: string | Uint8Array,
  warnings: readonly string[],
): void {
  if (warnings.length > 0) response.setHeader('Warning', warnings.map(warningHeader));
  response.writeHead(code, {
    'Audit-Id': randomUUID(),
    'Cache-Control': 'no-cache, private',
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}

/** RFC 7234: code, agent, quoted text. */
function warningHeader(text: string): string {
  const printable = text.replaceAll(/[^\x20-\x7e\x80-\uffff]/g, ' ').replaceAll(/["\\]/g, '\\$&');
  return Buffer.from(`299 - "${printable}"`).toString('latin1');
}

/** A watch on its way to the client. */
export interface Stream extends Sink {
  /** Nothing is sent any more, not even the end, and the connection stays. */
  mute(): void;
}

/** Lines of one tick go out in one piece: under load that saves most of the cost of a watcher. */
export function streamTo(response: ServerResponse, type: string): Stream {
  response.writeHead(200, {
    'Audit-Id': randomUUID(),
    'Cache-Control': 'no-cache, private',
    'Content-Type': type,
    'Transfer-Encoding': 'chunked',
  });
  response.flushHeaders();
  let pending: string[] = [];
  let muted = false;
  const flush = () => {
    if (pending.length === 0 || response.destroyed) return;
    const text = pending.join('');
    pending = [];
    response.write(text);
    if (response.writableLength > LARGEST_BACKLOG) response.destroy();
  };
  return {
    send({ line }: WatchLine) {
      if (muted) return;
      if (pending.length === 0) setImmediate(flush);
      pending.push(line);
    },
    end() {
      if (muted) return;
      flush();
      response.end();
    },
    mute() {
      muted = true;
    },
  };
}
