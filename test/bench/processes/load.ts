// Asks a server as an API server asks a webhook: POSTs over kept TLS connections, the next one as soon as the last is
// answered. Written on the socket, because a client library costs as much as the server that it is to keep busy.
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { quantile } from '../rounds.ts';
import { COUNTER, type LoadRequest, type LoadResult } from './load-request.ts';
import { serveParent } from './worker.ts';

const HEADER_END = '\r\n\r\n';

let counter = 0;

async function run(load: LoadRequest): Promise<LoadResult> {
  const connections = await Promise.all(Array.from({ length: load.connections }, () => open(load)));
  const latencies: number[] = [];
  const started = performance.now();
  const until = started + load.milliseconds;
  const rest = stayAwake();
  try {
    await Promise.all(connections.map((one) => one.keepAsking(until, latencies)));
  } finally {
    rest();
  }
  const milliseconds = performance.now() - started;
  for (const one of connections) one.close();
  return {
    requests: latencies.length,
    milliseconds,
    median: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
  };
}

/**
 * Keeps this process from sleeping until the function returned is called. To wake it costs whoever writes to it as much as
 * half an answer, on virtual machines above all, and a server that is a little slower pays that much more often.
 */
function stayAwake(): () => void {
  let isOver = false;
  const spin = () => {
    if (!isOver) setImmediate(spin);
  };
  spin();
  return () => {
    isOver = true;
  };
}

async function open({ port, ca, path, body }: LoadRequest): Promise<Asker> {
  const socket = connect({ port, host: '127.0.0.1', ca, servername: 'localhost' });
  await once(socket, 'secureConnect');
  return new Asker(socket, requestText(path, body));
}

function requestText(path: string, body: string): string {
  const lines = [
    `POST ${path} HTTP/1.1`,
    'Host: localhost',
    'User-Agent: kube-apiserver-admission',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Accept: application/json, */*',
    'Content-Type: application/json',
  ];
  return `${lines.join('\r\n')}${HEADER_END}${body}`;
}

/** One connection. */
class Asker {
  readonly #socket: TLSSocket;
  readonly #request: Buffer;
  /** Where the counters are. */
  readonly #places: readonly number[];
  #answer = '';
  #answered: (() => void) | undefined;
  #failed: ((error: Error) => void) | undefined;

  constructor(socket: TLSSocket, request: string) {
    this.#socket = socket;
    this.#request = Buffer.from(request);
    this.#places = placesOf(this.#request);
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#take(text));
    socket.on('error', (error) => this.#failed?.(error));
    socket.on('close', () => this.#failed?.(new Error('the server closed the connection')));
  }

  keepAsking(until: number, latencies: number[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#failed = reject;
      const ask = () => {
        const sent = performance.now();
        this.#answered = () => {
          const now = performance.now();
          latencies.push(now - sent);
          if (now < until) ask();
          else resolve();
        };
        this.#send();
      };
      ask();
    });
  }

  close(): void {
    this.#failed = undefined;
    this.#socket.destroy();
  }

  #send(): void {
    counter += 1;
    const digits = String(counter).padStart(COUNTER.length, '0');
    // Not while the last one is still being sent: it has been answered.
    for (const place of this.#places) this.#request.write(digits, place, 'latin1');
    this.#socket.write(this.#request);
  }

  #take(text: string): void {
    this.#answer += text;
    const end = this.#answer.indexOf(HEADER_END);
    if (end < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(this.#answer)?.[1]);
    if (this.#answer.length < end + HEADER_END.length + length) return;
    const answer = this.#answer;
    this.#answer = '';
    if (answer.includes('"allowed":true')) this.#answered?.();
    else this.#failed?.(new Error(`not allowed: ${answer}`));
  }
}

function placesOf(request: Buffer): number[] {
  const places: number[] = [];
  for (let at = request.indexOf(COUNTER); at >= 0; at = request.indexOf(COUNTER, at + 1)) places.push(at);
  return places;
}

serveParent(undefined, run);
