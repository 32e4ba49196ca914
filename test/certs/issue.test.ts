import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import t from 'tap';
import { issueCA, issueServing } from '../../certs/issue.ts';

const DAY = 86_400_000;
const now = new Date('2026-03-01T12:00:00Z');
const ca = issueCA({ commonName: 'test CA', validFor: 3650 * DAY, now });
const served = issueServing(ca, {
  commonName: 'hook.ns.svc',
  dnsNames: ['hook.ns.svc', 'hook.ns.svc.cluster.local', 'localhost'],
  ipAddresses: ['127.0.0.1', '::1'],
  validFor: 365 * DAY,
  now,
});

t.test('a CA is self-signed, may sign certificates and no further CAs', async (t) => {
  const cert = new X509Certificate(ca.cert);
  t.equal(cert.ca, true);
  t.equal(cert.subject, 'CN=test CA');
  t.equal(cert.issuer, 'CN=test CA');
  t.equal(cert.verify(cert.publicKey), true);
  t.equal(cert.checkIssued(cert), true);
  t.match(cert.signatureAlgorithm, /sha256/i);
});

t.test(
  'a serving certificate is issued by its CA for its names, its addresses and server authentication',
  async (t) => {
    const issuer = new X509Certificate(ca.cert);
    const cert = new X509Certificate(served.cert);
    t.equal(cert.ca, false);
    t.equal(cert.verify(issuer.publicKey), true);
    t.equal(cert.checkIssued(issuer), true);
    t.equal(cert.checkHost('hook.ns.svc'), 'hook.ns.svc');
    t.equal(cert.checkHost('other.ns.svc'), undefined);
    t.equal(cert.checkIP('127.0.0.1'), '127.0.0.1');
    t.equal(cert.checkIP('::1'), '::1');
    t.equal(cert.checkIP('127.0.0.2'), undefined);
    t.same(cert.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'extended key usage is serverAuth alone');
  },
);

t.test('the key belongs to the certificate', async (t) => {
  t.equal(new X509Certificate(served.cert).checkPrivateKey(createPrivateKey(served.key)), true);
  t.equal(new X509Certificate(served.cert).checkPrivateKey(createPrivateKey(ca.key)), false);
});

t.test('validity starts five minutes early and ends as asked', async (t) => {
  const cert = new X509Certificate(served.cert);
  t.same(cert.validFromDate, new Date('2026-03-01T11:55:00Z'));
  t.same(cert.validToDate, new Date('2027-03-01T12:00:00Z'));
});

t.test('an end after 2049 is still encoded as a date that others can read', async (t) => {
  const old = issueCA({ commonName: 'long', validFor: 36_500 * DAY, now });
  t.equal(new X509Certificate(old.cert).validToDate.getUTCFullYear(), 2126);
});

t.test('a serving certificate does not outlive its CA', async (t) => {
  const short = issueCA({ commonName: 'short', validFor: DAY, now });
  const cert = issueServing(short, {
    commonName: 'x',
    dnsNames: ['x'],
    ipAddresses: [],
    validFor: 365 * DAY,
    now,
  });
  t.same(new X509Certificate(cert.cert).validToDate, new Date('2026-03-02T12:00:00Z'));
});

t.test('serial numbers are positive, long and never the same', async (t) => {
  const serials = [ca, served, issueCA({ commonName: 'test CA', validFor: DAY, now })].map(
    ({ cert }) => new X509Certificate(cert).serialNumber,
  );
  t.equal(new Set(serials).size, 3);
  for (const serial of serials) t.match(serial, /^[4-7][0-9A-F]{31}$/);
});

t.test('a TLS client that trusts the CA accepts the server, and one that does not refuses it', async (t) => {
  const today = new Date();
  const root = issueCA({ commonName: 'root', validFor: DAY, now: today });
  const leaf = issueServing(root, {
    commonName: 'localhost',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
    validFor: DAY,
    now: today,
  });
  const server = createServer({ cert: leaf.cert, key: leaf.key }, (socket) => socket.end('hello'));
  server.listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const trusting = connect({ port, host: '127.0.0.1', ca: root.cert, minVersion: 'TLSv1.3' });
  await once(trusting, 'secureConnect');
  t.equal(trusting.authorized, true);
  trusting.destroy();

  const stranger = connect({ port, host: '127.0.0.1', ca: ca.cert });
  const [error] = await once(stranger, 'error').catch((e: unknown) => [e]);
  t.match(error, { code: /SELF_SIGNED|UNABLE_TO/ });
  stranger.destroy();
});
