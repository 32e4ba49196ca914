// Which certificate is served, now and after it was renewed? Waits for the first one and follows its source from then on;
// the source is a pair of files, or our own making (main.ts).
import { readFile } from 'node:fs/promises';
import { type Clock, sleep } from '../shared/process/clock.ts';
import type { ServingCertificate } from './tls.ts';

/** Where certificates come from: resolves with the one to begin with, rejects when there is none to be had now. */
export type CertificateSource = () => Promise<Sourced>;

/** A certificate, and how its successors are learned of. */
export interface Sourced {
  readonly certificate: ServingCertificate;
  /** Passes on each new one; resolves when the signal is aborted. */
  follow(options: Following): Promise<void>;
}

export interface Following {
  readonly onChange: (certificate: ServingCertificate) => void;
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface CertificatesOptions {
  readonly source: CertificateSource;
  readonly use: (certificate: ServingCertificate) => void;
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
}

/** Milliseconds before the first certificate is asked for again. */
const RETRY = 2_000;

/** Runs from start() to stop(), once. */
export class Certificates {
  readonly #options: CertificatesOptions;
  readonly #stopping = new AbortController();
  #following: Promise<void> | undefined;

  constructor(options: CertificatesOptions) {
    this.#options = options;
  }

  /** Resolves when there is a certificate in use, or `signal` was aborted before. */
  async start(signal: AbortSignal): Promise<void> {
    const { source, use, onError, clock } = this.#options;
    while (!signal.aborted) {
      try {
        const { certificate, follow } = await source();
        use(certificate);
        this.#following = follow({ onChange: use, onError, clock, signal: this.#stopping.signal });
        return;
      } catch (error) {
        onError(error);
        await sleep(clock, RETRY, signal);
      }
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#following;
  }
}

/** PEM. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Milliseconds; the kubelet takes about a minute to bring a renewed Secret anyway. */
const INTERVAL = 10_000;

/**
 * Files that somebody else renews. They are read again and again rather than watched: the kubelet swaps directories by
 * symbolic links, of which a file watcher sees nothing.
 */
export function fileCertificates(files: CertificateFiles): CertificateSource {
  return async () => {
    const certificate = await read(files);
    return { certificate, follow: (options) => followFiles(files, certificate, options) };
  };
}

async function followFiles(
  files: CertificateFiles,
  first: ServingCertificate,
  { onChange, onError, clock, signal }: Following,
): Promise<void> {
  let served = first;
  await sleep(clock, INTERVAL, signal);
  while (!signal.aborted) {
    try {
      const next = await read(files);
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

async function read({ certFile, keyFile }: CertificateFiles): Promise<ServingCertificate> {
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  return { cert, key };
}
