// Are there certificates that work, everywhere where they must be? Reads the Secret, renews what is due, tells the API
// server whom to trust. Safe in any number of replicas at once, and does nothing when there is nothing to do.
import type { KubeClient } from '../shared/kube/client.ts';
import { WEBHOOK_CONFIGURATION, WEBHOOK_SECRET } from '../shared/names.ts';
import { joinBundles, splitBundle, withoutExpired } from './bundle.ts';
import { injectBundle } from './inject.ts';
import { issueCA, issueServing, type KeyedCertificate } from './issue.ts';
import { decideRenewal, type Renewal, type ServingNames, type StoredCertificates } from './renewal.ts';
import { readCertificates, writeCertificates } from './secret.ts';

export interface EnsureOptions {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'patch'>;
  /** Of the Service and the Secret. */
  readonly namespace: string;
  /** Under whose names the API server calls us. */
  readonly service: string;
  readonly now: () => Date;
  /** Told what is renewed, and why, before it is. */
  readonly onRenewal?: (renewal: Exclude<Renewal, { kind: 'Keep' }>) => void;
}

/** What to serve with. */
export interface ServedCertificates {
  readonly cert: string;
  readonly key: string;
  /** Trusted by the API server, where there are webhook configurations. */
  readonly caBundle: string;
  /** Kinds of webhook configurations that are not installed. */
  readonly missingConfigurations: readonly string[];
}

const DAY = 86_400_000;
const CA_LIFE = 365 * DAY;
const SERVING_LIFE = 90 * DAY;
/** Each lost race means that another replica has written; more than these are no race. */
const MOST_TRIES = 10;

/** When it resolves, the Secret holds these certificates and the API server has been told to trust them. */
export async function ensureCertificates(options: EnsureOptions): Promise<ServedCertificates> {
  const location = { namespace: options.namespace, name: WEBHOOK_SECRET };
  const stored = await ensureStored(options);
  let latest = stored;
  const missingConfigurations = await injectBundle(options.client, WEBHOOK_CONFIGURATION, async () => {
    latest = (await readCertificates(options.client, location)).stored;
    return latest.caBundle;
  });
  return { cert: latest.cert, key: latest.key, caBundle: latest.caBundle, missingConfigurations };
}

async function ensureStored(options: EnsureOptions): Promise<StoredCertificates> {
  const { client, namespace, service } = options;
  const location = { namespace, name: WEBHOOK_SECRET };
  const names = servingNames(service, namespace);
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    const { stored, resourceVersion } = await readCertificates(client, location);
    const renewal = decideRenewal(stored, names, options.now());
    if (renewal.kind === 'Keep') return stored;
    options.onRenewal?.(renewal);
    const renewed = renew(renewal.kind, stored, service, names, options.now());
    if (await writeCertificates(client, location, renewed, resourceVersion)) return renewed;
  }
  throw new Error(`Secret ${namespace}/${location.name} is written by others all the time`);
}

function renew(
  kind: 'IssueServing' | 'RotateCA',
  stored: StoredCertificates,
  service: string,
  names: ServingNames,
  now: Date,
): StoredCertificates {
  const ca = kind === 'RotateCA' ? newCA(service, now) : signingCA(stored);
  const commonName = names.dnsNames[0] ?? '';
  const serving = issueServing(ca, { ...names, commonName, validFor: SERVING_LIFE, now });
  const caBundle = withoutExpired(joinBundles(ca.cert, stored.caBundle), now);
  return { caBundle, caKey: ca.key, cert: serving.cert, key: serving.key };
}

/** Its name says when it was made: CAs that share a name are hard to tell apart in a bundle. */
function newCA(service: string, now: Date): KeyedCertificate {
  const commonName = `${service} CA ${now.toISOString().slice(0, 10)}`;
  return issueCA({ commonName, validFor: CA_LIFE, now });
}

function signingCA({ caBundle, caKey }: StoredCertificates): KeyedCertificate {
  return { cert: splitBundle(caBundle)[0] ?? '', key: caKey };
}

/** The API server asks for `SERVICE.NAMESPACE.svc`; a configuration with a URL on loopback, as in tests, for the rest. */
function servingNames(service: string, namespace: string): ServingNames {
  const svc = `${service}.${namespace}.svc`;
  return { dnsNames: [svc, `${svc}.cluster.local`, 'localhost'], ipAddresses: ['127.0.0.1'] };
}
