// How are certificates made? A self-signed CA, and serving certificates signed by it: RSA 2048 and SHA-256, which
// every API server accepts. The only file that knows node-forge. Keys come from node:crypto, because forge searches
// primes in JavaScript, which takes seconds.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import forge from 'node-forge';

/** A certificate and its private key (PKCS #8), both PEM. */
export interface KeyedCertificate {
  readonly cert: string;
  readonly key: string;
}

/** What a CA is made from. */
export interface CARequest {
  readonly commonName: string;
  /** Milliseconds from `now` to the end. */
  readonly validFor: number;
  readonly now: Date;
}

/** What a serving certificate is made from; at least one name or address, since clients ignore the common name. */
export interface ServingRequest extends CARequest {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

interface Extension {
  readonly name: string;
  readonly [field: string]: unknown;
}

/** Validity starts a little earlier than now, for clients whose clock is behind ours. */
const BACKDATED = 5 * 60_000;

/** A self-signed CA that may sign serving certificates and no further CAs. */
export function issueCA(request: CARequest): KeyedCertificate {
  const { certificate, key } = draft(request);
  certificate.setIssuer(certificate.subject.attributes);
  certificate.setExtensions([
    { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
    { name: 'keyUsage', critical: true, digitalSignature: true, keyCertSign: true, cRLSign: true },
    { name: 'subjectKeyIdentifier' },
  ] satisfies Extension[]);
  return sign(certificate, key, key);
}

/** A certificate for a TLS server, signed by `ca`. It never outlives the CA. */
export function issueServing(ca: KeyedCertificate, request: ServingRequest): KeyedCertificate {
  const issuer = forge.pki.certificateFromPem(ca.cert);
  const { certificate, key } = draft(request);
  if (certificate.validity.notAfter > issuer.validity.notAfter) {
    certificate.validity.notAfter = issuer.validity.notAfter;
  }
  certificate.setIssuer(issuer.subject.attributes);
  certificate.setExtensions([
    { name: 'basicConstraints', critical: true, cA: false },
    { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
    { name: 'extKeyUsage', serverAuth: true },
    { name: 'subjectKeyIdentifier' },
    {
      name: 'authorityKeyIdentifier',
      keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes(),
    },
    { name: 'subjectAltName', altNames: alternativeNames(request) },
  ] satisfies Extension[]);
  return sign(certificate, key, ca.key);
}

function draft(request: CARequest): { certificate: forge.pki.Certificate; key: string } {
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(pair.publicKey);
  certificate.serialNumber = randomSerial();
  certificate.validity.notBefore = new Date(request.now.getTime() - BACKDATED);
  certificate.validity.notAfter = new Date(request.now.getTime() + request.validFor);
  // X.509 ends common names there; clients look at the alternative names.
  certificate.setSubject([{ name: 'commonName', value: request.commonName.slice(0, 64) }]);
  return { certificate, key: pair.privateKey };
}

function sign(certificate: forge.pki.Certificate, key: string, signerKey: string): KeyedCertificate {
  certificate.sign(forge.pki.privateKeyFromPem(signerKey), forge.md.sha256.create());
  // forge ends lines with CR LF, which is ugly in a Secret.
  return { cert: forge.pki.certificateToPem(certificate).replaceAll('\r\n', '\n'), key };
}

/** 128 random bits. The first hex digit is 4 to 7, which makes the DER integer positive and of full length. */
function randomSerial(): string {
  const serial = randomBytes(16);
  serial.writeUInt8((serial.readUInt8(0) & 0x3f) | 0x40, 0);
  return serial.toString('hex');
}

// Type numbers are those of GeneralName: 2 is dNSName, 7 iPAddress (https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.6).
function alternativeNames(request: ServingRequest): object[] {
  return [
    ...request.dnsNames.map((value) => ({ type: 2, value })),
    ...request.ipAddresses.map((ip) => ({ type: 7, ip })),
  ];
}
