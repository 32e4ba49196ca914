// The HTTPS side: reads requests, authenticates them, sends answers and streams. Knows nothing of objects. HTTP/1.1
// only, which every client speaks.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { type ApiRequest, dispatch, type Reply, type Services } from '../dispatch.ts';
import type { FaultInjector } from '../faults.ts';
import { refusal } from '../status.ts';
import { identify } from './identity.ts';
import { fromProtobuf, PROTOBUF } from './protobuf.ts';
import { bodyOf, viewedSink, type Wish, wishOf } from './represent.ts';
import { asRefusal, type Layout, laid, type Stream, send, sendRefusal, streamTo } from './respond.ts';

const NOTHING = Buffer.alloc(0);
const LONGEST_BODY = 3 * 1024 * 1024;

export class Listener {
  readonly #services: Services;
  readonly #faults: FaultInjector;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Open watches, by who watches. */
  readonly #streams = new Map<Stream, string>();

  constructor(services: Services, faults: FaultInjector, tls: { cert: string; key: string }) {
    this.#services = services;
    this.#faults = faults;
    this.#server = createServer({ ...tls, keepAliveTimeout: 60_000 }, (request, response) => {
      void this.#serve(request, response);
    });
    this.#server.on('secureConnection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** The port that is listened on. */
  listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', () => resolve((this.#server.address() as AddressInfo).port));
    });
  }

  /** Cuts every connection, as a crash does. */
  cutConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Lets the watches that are open now fall silent. */
  muteWatches(): void {
    for (const stream of this.#streams.keys()) stream.mute();
  }

  /** How many watches each user has open. */
  openWatches(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const user of this.#streams.values()) counts[user] = (counts[user] ?? 0) + 1;
    return counts;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.cutConnections();
    });
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const warnings: string[] = [];
    const layout = layoutFor(incoming);
    try {
      const request = await this.#read(incoming, warnings);
      const fault = await this.#faults.before(request);
      if (fault === 'drop') return void incoming.socket.destroy();
      if (fault === 'silence') return;
      const wish = wishOf(request.path.startsWith('/api') ? objectTypes(request.accept) : '');
      const reply = await dispatch(this.#services, request);
      const lost = this.#faults.after(request);
      if (lost === 'drop') return void incoming.socket.destroy();
      if (lost === 'silence') return;
      this.#send(response, reply, wish, layout, warnings);
    } catch (error) {
      sendRefusal(response, asRefusal(error), layout, warnings);
    }
  }

  async #read(incoming: IncomingMessage, warnings: string[]): Promise<ApiRequest> {
    const { headers, method = 'GET', url = '/' } = incoming;
    const mark = url.indexOf('?');
    const content = readable(headers['content-type'], await bodyOfRequest(incoming));
    const { users, authorizer } = this.#services;
    return {
      method,
      path: mark === -1 ? url : url.slice(0, mark),
      query: new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1)),
      user: identify(users, authorizer, headers),
      accept: headers.accept ?? '',
      agent: (headers['user-agent'] ?? '').split('/')[0] ?? '',
      ...content,
      warnings,
    };
  }

  #send(
    response: ServerResponse,
    reply: Reply,
    wish: Wish,
    layout: Layout,
    warnings: readonly string[],
  ): void {
    if (reply.about !== undefined && reply.answer.form === 'watch') {
      const { request, answer } = reply;
      const stream = streamTo(response, wish.type);
      this.#streams.set(stream, request.user.name);
      const stop = answer.open(viewedSink(request, wish, stream, this.#services.cluster.now));
      response.on('close', () => {
        this.#streams.delete(stream);
        stop();
      });
      return;
    }
    const { now } = this.#services.cluster;
    const body = bodyOf(reply, wish, now());
    const [code, type] =
      reply.about === undefined ? [reply.page.code, reply.page.type] : [reply.answer.code, wish.type];
    const laidOut = typeof body === 'string' ? laid(body, type, layout) : body;
    send(response, code, type, laidOut, warnings);
  }
}

/** Tools that people type at are answered for people, unless they say otherwise. */
function layoutFor({ url = '', headers }: IncomingMessage): Layout {
  const asked = /[?&]pretty=([^&]*)/.exec(url)?.[1];
  if (asked !== undefined && asked !== '') return /^(1|t|true)$/i.test(asked) ? 'pretty' : 'compact';
  return /^(curl|Wget|Mozilla\/5\.0)/.test(headers['user-agent'] ?? '') ? 'pretty' : 'compact';
}

// Discovery has representations of its own; information.ts chooses among them.
function objectTypes(accept: string): string {
  return accept.includes('APIGroupDiscoveryList') ? '' : accept;
}

async function bodyOfRequest(incoming: IncomingMessage): Promise<Buffer> {
  if (incoming.method === 'GET') return NOTHING;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LONGEST_BODY) {
      const message = `Request entity too large: limit is ${LONGEST_BODY}`;
      throw refusal(413, 'RequestEntityTooLarge', message);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Protobuf becomes JSON where it can be read; elsewhere it keeps its type and is refused by that. */
function readable(type = 'application/json', body: Buffer): Pick<ApiRequest, 'contentType' | 'body'> {
  const contentType = type.split(';')[0]?.trim().toLowerCase() ?? '';
  const object = contentType === PROTOBUF ? fromProtobuf(body) : undefined;
  if (object === undefined) return { contentType, body: body.toString() };
  return { contentType: 'application/json', body: JSON.stringify(object) };
}
