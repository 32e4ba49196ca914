// Certificates from their first day to their successors: served over real TLS, replaced without a dropped connection.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import { issueCA, issueServing } from '../../certs/issue.ts';
import type { Clock } from '../../shared/process/clock.ts';
import { buildApp } from '../../webhook/app.ts';
import { Certificates, fileCertificates } from '../../webhook/certificates.ts';
import { TlsServers } from '../../webhook/tls.ts';

const CA = issueCA({ commonName: 'ca', validFor: 3_600_000, now: new Date() });

function serving(commonName: string) {
  return issueServing(CA, {
    commonName,
    validFor: 3_600_000,
    now: new Date(),
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  });
}

const FIRST = serving('first');
const SECOND = serving('second');

/** A clock that stands until it is turned. */
function handClock() {
  let now = 0;
  const due = new Set<{ at: number; ring: () => void }>();
  const clock: Clock = {
    now: () => now,
    after(milliseconds, ring) {
      const timer = { at: now + milliseconds, ring };
      due.add(timer);
      return () => due.delete(timer);
    },
  };
  const turn = (milliseconds: number) => {
    now += milliseconds;
    for (const timer of [...due]) if (timer.at <= now && due.delete(timer)) timer.ring();
  };
  return { clock, turn, waiting: () => due.size };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

async function listen(t: Test, servers: TlsServers): Promise<number> {
  return (await served(t, servers)).port;
}

async function served(t: Test, servers: TlsServers) {
  const app = buildApp({
    admission: { namespace: () => ({ allowed: true }), egressIPAM: () => ({ allowed: true }) },
    answered: () => {},
    onBug: () => {},
    isReady: () => true,
    now: () => 0,
    serverFactory: servers.create,
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  t.teardown(() => app.close());
  return { app, port: (app.server.address() as AddressInfo).port };
}

/** Common name of the certificate that is served, or why there was no handshake. */
function handshake(port: number, options: object = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket: TLSSocket = connect({ port, host: '127.0.0.1', ca: CA.cert, ...options }, () => {
      const name = socket.getPeerCertificate().subject.CN;
      socket.end();
      resolve(`${name} ${socket.getProtocol()}`);
    });
    socket.on('error', () => resolve('refused'));
  });
}

t.test('TLS 1.2 and newer, and nothing older', async (t) => {
  const servers = new TlsServers();
  servers.use(FIRST);
  const port = await listen(t, servers);
  t.equal(await handshake(port), 'first TLSv1.3');
  t.equal(await handshake(port, { maxVersion: 'TLSv1.2' }), 'first TLSv1.2');
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
  t.equal(await handshake(port, old), 'refused');
});

t.test('a renewed certificate is taken over, and connections stay', async (t) => {
  const servers = new TlsServers();
  const port = await listen(t, servers);
  t.equal(await handshake(port), 'refused', 'nothing to serve with yet');
  servers.use(FIRST);
  const socket = connect({ port, host: '127.0.0.1', ca: CA.cert });
  t.teardown(() => socket.destroy());
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  servers.use(SECOND);
  t.equal(await handshake(port), 'second TLSv1.3');
  t.throws(() => servers.use({ cert: FIRST.cert, key: SECOND.key }));
  t.equal(await handshake(port), 'second TLSv1.3', 'a pair that does not belong together is not taken');
  const answer = new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))));
  socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  t.match(await answer, /^HTTP\/1.1 200/);
  t.match(await answer, /keep-alive: timeout=120/i, 'longer than API servers keep idle connections');
});

t.test('a request that is on its way when the server closes is answered like any other', async (t) => {
  const servers = new TlsServers();
  servers.use(FIRST);
  const { app, port } = await served(t, servers);
  const socket = connect({ port, host: '127.0.0.1', ca: CA.cert });
  t.teardown(() => socket.destroy());
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  socket.write('GET /healthz HTTP/1.1\r\n');
  await new Promise((resolve) => setImmediate(resolve));
  const closed = app.close();
  const answer = new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))));
  socket.write('Host: localhost\r\n\r\n');
  t.match(await answer, /^HTTP\/1.1 200/);
  await closed;
});

t.test('files are followed', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'certificates-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const files = { certFile: join(directory, 'tls.crt'), keyFile: join(directory, 'tls.key') };
  const { clock, turn, waiting } = handClock();
  const used: string[] = [];
  const errors: unknown[] = [];
  const certificates = new Certificates({
    source: fileCertificates(files),
    use: ({ cert }) => used.push(cert === FIRST.cert ? 'first' : 'second'),
    onError: (error) => errors.push(error),
    clock,
  });
  const started = certificates.start(new AbortController().signal);
  await until(() => errors.length === 1 && waiting() === 1);
  await writeFile(files.certFile, FIRST.cert);
  await writeFile(files.keyFile, FIRST.key);
  turn(2_000);
  await started;
  t.same(used, ['first']);
  turn(10_000);
  await until(() => waiting() === 1);
  t.same(used, ['first'], 'nothing new');
  await rm(files.keyFile);
  turn(10_000);
  await until(() => errors.length === 2 && waiting() === 1);
  await writeFile(files.certFile, SECOND.cert);
  await writeFile(files.keyFile, SECOND.key);
  turn(10_000);
  await until(() => used.length === 2);
  t.same(used, ['first', 'second']);
  await certificates.stop();
});

t.test('who is stopped before there is a certificate does not wait for one', async (t) => {
  const { clock } = handClock();
  const stop = new AbortController();
  const certificates = new Certificates({
    source: async () => {
      throw new Error('none');
    },
    use: () => t.fail('there is none'),
    onError: () => stop.abort(),
    clock,
  });
  await certificates.start(stop.signal);
  await certificates.stop();
  t.pass('it ends');
});

t.test('requests are answered over TLS', async (t) => {
  const servers = new TlsServers();
  servers.use(FIRST);
  const port = await listen(t, servers);
  const status = await new Promise((resolve, reject) => {
    const call = request({ port, host: '127.0.0.1', path: '/readyz', ca: CA.cert, agent: false }, (reply) => {
      reply.resume();
      resolve(reply.statusCode);
    });
    call.on('error', reject);
    call.end();
  });
  t.equal(status, 200);
});
