// How is TLS spoken? 1.2 and newer, and a new certificate is taken over without closing a connection. Where certificates
// come from is certificates.ts's concern.
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';

/** PEM, the certificate with its chain. */
export interface ServingCertificate {
  readonly cert: string;
  readonly key: string;
}

const OPTIONS = { minVersion: 'TLSv1.2' } as const;

/** Makes HTTPS servers; no handshake succeeds before there is a certificate. */
export class TlsServers {
  readonly #servers: Server[] = [];
  #certificate: ServingCertificate | undefined;

  /** As fastify's `serverFactory`. */
  readonly create = (listener: RequestListener): Server => {
    const server = createServer({ ...OPTIONS, ...this.#certificate }, listener);
    this.#servers.push(server);
    return server;
  };

  /** For all handshakes from now on. Throws, and keeps the old one, when certificate and key do not belong together. */
  use({ cert, key }: ServingCertificate): void {
    this.#certificate = { cert, key };
    for (const server of this.#servers) server.setSecureContext({ ...OPTIONS, cert, key });
  }
}
