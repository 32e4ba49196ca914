// How does the API server know that it talks to us, also after the certificate was renewed? TLS 1.2 and newer; a new
// certificate is taken over without closing a connection.
import { readFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type Clock, sleep } from '../shared/process/clock.ts';

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

/** A certificate and its key as files. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Reads both; rejects when one cannot be read. */
export async function readCertificate(files: CertificateFiles): Promise<ServingCertificate> {
  const [cert, key] = await Promise.all([readFile(files.certFile, 'utf8'), readFile(files.keyFile, 'utf8')]);
  return { cert, key };
}

export interface FollowOptions {
  readonly files: CertificateFiles;
  /** What is served now. */
  readonly served: ServingCertificate;
  readonly onChange: (certificate: ServingCertificate) => void;
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Milliseconds; the kubelet takes about a minute to bring a renewed Secret anyway. */
const INTERVAL = 10_000;

/**
 * Passes on each new pair until the signal is aborted. The files are read again and again rather than watched: the
 * kubelet swaps directories by symbolic links, of which a file watcher sees nothing.
 */
export async function followFiles(options: FollowOptions): Promise<void> {
  const { clock, signal, onChange, onError } = options;
  let { served } = options;
  await sleep(clock, INTERVAL, signal);
  while (!signal.aborted) {
    try {
      const next = await readCertificate(options.files);
      if (next.cert !== served.cert || next.key !== served.key) {
        onChange(next);
        served = next;
      }
    } catch (error) {
      onError(error);
    }
    await sleep(clock, INTERVAL, signal);
  }
}
