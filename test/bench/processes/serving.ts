// What both admission servers of the suite have in common: a certificate of their own, loopback, a port of the kernel's
// choice.
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { issueCA, issueServing } from '../../../certs/issue.ts';
import { TlsServers } from '../../../webhook/tls.ts';

/** Where it listens. */
export interface Serving {
  readonly port: number;
  /** PEM. */
  readonly ca: string;
}

/** Listens with the TLS settings of the webhook. */
export async function listen(build: (servers: TlsServers) => FastifyInstance): Promise<Serving> {
  const validity = { validFor: 86_400_000, now: new Date() };
  const ca = issueCA({ commonName: 'bench-ca', ...validity });
  const names = { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] };
  const servers = new TlsServers();
  servers.use(issueServing(ca, { commonName: 'bench', ...names, ...validity }));
  const app = build(servers);
  await app.listen({ host: '127.0.0.1', port: 0 });
  return { port: (app.server.address() as AddressInfo).port, ca: ca.cert };
}
