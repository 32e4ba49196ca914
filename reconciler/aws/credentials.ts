// Credentials from a mounted Secret with the platform's keys, read anew now and then so that a rotated key is taken up
// without a restart. Everything else (environment, web identity, profiles, instance role) is the SDK's default chain.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Static keys; after `expiration` the SDK asks again. */
export interface StaticKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly expiration: Date;
}

/** The SDK asks again from five minutes before `expiration` on. */
const TRUSTED_MS = 6 * 60_000;

/** Its message names the file and never what is in it. */
export class CredentialsUnreadable extends Error {
  // The SDK's own name for it, so that both are told apart from refused calls by one name.
  override readonly name = 'CredentialsProviderError';
}

/** Reads `aws_access_key_id` and `aws_secret_access_key` from the directory; `now` is the wall clock. */
export function mountedKeys(directory: string, now: () => number): () => Promise<StaticKeys> {
  return async () => {
    const [accessKeyId, secretAccessKey] = await Promise.all([
      readKey(join(directory, 'aws_access_key_id')),
      readKey(join(directory, 'aws_secret_access_key')),
    ]);
    return { accessKeyId, secretAccessKey, expiration: new Date(now() + TRUSTED_MS) };
  };
}

async function readKey(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new CredentialsUnreadable(`${path} cannot be read`);
  });
  const key = text.trim();
  if (key === '') throw new CredentialsUnreadable(`${path} is empty`);
  return key;
}
