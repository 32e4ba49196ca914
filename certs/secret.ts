// Where are the certificates kept? In one Secret that all replicas share. Whoever writes first wins; the others read what
// it wrote. The CA's private key is nowhere else.
import type { SecretObject } from '../shared/kinds.ts';
import { ApiError, isApiError, type KubeClient } from '../shared/kube/client.ts';
import { SECRETS } from '../shared/kube/resources.ts';
import type { StoredCertificates } from './renewal.ts';

export interface SecretLocation {
  readonly namespace: string;
  readonly name: string;
}

/** What is stored, and the version it was read at; none when there is no Secret. */
export interface ReadCertificates {
  readonly stored: StoredCertificates;
  readonly resourceVersion: string | undefined;
}

/** A Secret that is missing or empty holds empty texts. */
export async function readCertificates(
  client: Pick<KubeClient, 'get'>,
  { namespace, name }: SecretLocation,
): Promise<ReadCertificates> {
  const secret = await client.get(SECRETS, name, { namespace });
  const text = (key: string) => Buffer.from(secret?.data?.[key] ?? '', 'base64').toString('utf8');
  return {
    stored: { caBundle: text('ca.crt'), caKey: text('ca.key'), cert: text('tls.crt'), key: text('tls.key') },
    resourceVersion: secret?.metadata.resourceVersion,
  };
}

/** false when somebody else has written since `resourceVersion` was read: read again. */
export async function writeCertificates(
  client: Pick<KubeClient, 'create' | 'patch'>,
  { namespace, name }: SecretLocation,
  stored: StoredCertificates,
  resourceVersion: string | undefined,
): Promise<boolean> {
  const data = encode(stored);
  try {
    if (resourceVersion === undefined) {
      const secret = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name, namespace },
        type: 'Opaque',
        data,
      };
      await client.create(SECRETS, secret, { namespace });
    } else {
      const patch = { metadata: { resourceVersion }, data };
      await client.patch<SecretObject>(SECRETS, name, 'application/merge-patch+json', patch, { namespace });
    }
    return true;
  } catch (error) {
    if (isApiError(error, 'conflict', 'alreadyExists', 'notFound')) return false;
    if (resourceVersion === undefined && isApiError(error, 'forbidden')) {
      const message = `there is no Secret ${namespace}/${name} and we may not create it; apply the manifests, which do`;
      throw new ApiError('forbidden', message, { status: error.status, cause: error });
    }
    throw error;
  }
}

function encode({ caBundle, caKey, cert, key }: StoredCertificates): Record<string, string> {
  const texts = { 'ca.crt': caBundle, 'ca.key': caKey, 'tls.crt': cert, 'tls.key': key };
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, Buffer.from(text).toString('base64')]),
  );
}
