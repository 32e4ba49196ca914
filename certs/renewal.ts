// Do the stored certificates still serve? Pure: from what is stored and the time to what is to be done, and why.
//
//   CA missing, unreadable, without its key, not valid yet,
//     or past two thirds of its life                                              RotateCA (brings a serving certificate)
//   serving certificate likewise, of another CA, or not for all names             IssueServing
//   otherwise                                                                     Keep
//
// The last third of the CA's life is the overlap in which both the old and the new one are trusted.
import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { parseCertificate, splitBundle } from './bundle.ts';

/** The Secret's content, decoded. Empty texts where there is nothing; nothing in it was checked. */
export interface StoredCertificates {
  /** The CA that signs now, then those that are still trusted. */
  readonly caBundle: string;
  /** Of the first certificate in the bundle. */
  readonly caKey: string;
  readonly cert: string;
  readonly key: string;
}

/** For whom the serving certificate must be. */
export interface ServingNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

/** What to do; reasons are words for logs. */
export type Renewal =
  | { readonly kind: 'Keep' }
  | { readonly kind: 'IssueServing'; readonly reason: string }
  | { readonly kind: 'RotateCA'; readonly reason: string };

/** Part of its life after which a certificate is replaced. */
const RENEW_AFTER = 2 / 3;

/** See the table above. */
export function decideRenewal(stored: StoredCertificates, names: ServingNames, now: Date): Renewal {
  const ca = parseCertificate(splitBundle(stored.caBundle)[0] ?? '');
  if (ca === undefined) return { kind: 'RotateCA', reason: 'there is no CA' };
  if (!belongs(stored.caKey, ca)) return { kind: 'RotateCA', reason: 'the key of the CA is missing' };
  if (isEarly(ca, now)) return { kind: 'RotateCA', reason: 'the CA is not valid yet' };
  if (isDue(ca, now)) return { kind: 'RotateCA', reason: 'the CA is past two thirds of its life' };
  const reason = reasonToIssue(stored, ca, names, now);
  return reason === undefined ? { kind: 'Keep' } : { kind: 'IssueServing', reason };
}

function reasonToIssue(
  stored: StoredCertificates,
  ca: X509Certificate,
  names: ServingNames,
  now: Date,
): string | undefined {
  const cert = parseCertificate(stored.cert);
  if (cert === undefined) return 'there is no serving certificate';
  if (!belongs(stored.key, cert)) return 'the key of the serving certificate is missing';
  if (!cert.checkIssued(ca) || !cert.verify(ca.publicKey)) return 'the serving certificate is of another CA';
  const isNamed =
    names.dnsNames.every((name) => cert.checkHost(name) !== undefined) &&
    names.ipAddresses.every((ip) => cert.checkIP(ip) !== undefined);
  if (!isNamed) return 'the serving certificate is for other names';
  if (isEarly(cert, now)) return 'the serving certificate is not valid yet';
  return isDue(cert, now) ? 'the serving certificate is past two thirds of its life' : undefined;
}

/** Made by a replica whose clock is ahead: API servers would not believe us until then. */
function isEarly(certificate: X509Certificate, now: Date): boolean {
  return now < certificate.validFromDate;
}

function isDue(certificate: X509Certificate, now: Date): boolean {
  const from = certificate.validFromDate.getTime();
  const to = certificate.validToDate.getTime();
  return now.getTime() >= from + (to - from) * RENEW_AFTER;
}

function belongs(key: string, certificate: X509Certificate): boolean {
  const parsed = parseKey(key);
  return parsed !== undefined && certificate.checkPrivateKey(parsed);
}

function parseKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
