// A stand-in for an API server at the level of bytes: a real TLS server on loopback that answers what the test says and
// remembers what it was asked. What the calls mean is none of its business.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { issueCA, issueServing, type KeyedCertificate } from '../../../certs/issue.ts';
import type { KubeConfig } from '../../../shared/kube/kubeconfig.ts';

const DAY = 86_400_000;

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

export type Answerer = (asked: Asked, response: ServerResponse, request: IncomingMessage) => void;

export interface ApiServer {
  readonly asked: Asked[];
  readonly config: KubeConfig;
  readonly ca: KeyedCertificate;
  /** How many connections were ever made. */
  connections(): number;
  /** How many are open now. */
  open(): number;
  /** Serves with another certificate from now on. */
  serveWith(issuer: KeyedCertificate): void;
  dropConnections(): void;
  close(): Promise<void>;
}

export function makeCA(): KeyedCertificate {
  return issueCA({ commonName: 'api server CA', validFor: DAY, now: new Date() });
}

function serving(issuer: KeyedCertificate): KeyedCertificate {
  return issueServing(issuer, {
    commonName: 'api',
    dnsNames: ['localhost', 'kubernetes.default'],
    ipAddresses: ['127.0.0.1'],
    validFor: DAY,
    now: new Date(),
  });
}

export function reply(response: ServerResponse, status: number, body: unknown, headers: object = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** A metav1.Status as API servers send it. */
export function status(code: number, reason: string, message: string, details: object = {}): object {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    details,
    code,
  };
}

// Making keys takes a tenth of a second, so all servers of one test file are the same to their clients.
const ca = makeCA();
const certificate = serving(ca);

export async function startApiServer(answer: Answerer): Promise<ApiServer> {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer(certificate, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const seen = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: text === '' ? undefined : JSON.parse(text),
      };
      asked.push(seen);
      answer(seen, response, request);
    });
  });
  server.on('secureConnection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const dropConnections = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    asked,
    ca,
    config: {
      cluster: {
        name: 'test',
        server: `https://127.0.0.1:${port}`,
        caData: Buffer.from(ca.cert).toString('base64'),
        skipTLSVerify: false,
      },
      user: { name: 'tester', token: 'sesame' },
      namespace: undefined,
    },
    connections: () => connections,
    open: () => sockets.size,
    serveWith: (issuer) => server.setSecureContext(serving(issuer)),
    dropConnections,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      dropConnections();
      await closed;
    },
  };
}
