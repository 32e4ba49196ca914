// Which CAs does a client trust? A bundle is PEM certificates one after the other, the one that signs now first. A new CA
// is put before the old ones, and these stay until they expire: whoever serves with a certificate of theirs is believed
// all the while.
import { X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** The certificates of a bundle, normalized, in order; what cannot be read is left out. */
export function splitBundle(pem: string): readonly string[] {
  return (pem.match(BLOCK) ?? []).flatMap((block) => {
    const certificate = parseCertificate(block);
    return certificate === undefined ? [] : [`${certificate.toString().trim()}\n`];
  });
}

/** All certificates of all bundles, each once, in order of first appearance. */
export function joinBundles(...bundles: readonly string[]): string {
  return [...new Set(bundles.flatMap(splitBundle))].join('');
}

/** The bundle without certificates that are over at `now`. */
export function withoutExpired(bundle: string, now: Date): string {
  return splitBundle(bundle)
    .filter((pem) => new X509Certificate(pem).validToDate > now)
    .join('');
}

/** undefined for what is no certificate. */
export function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
