import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { mountedKeys } from '../../../reconciler/aws/credentials.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');

t.test("the platform's Secret is read, without the newline that editors leave", async (t) => {
  const directory = t.testdir({ aws_access_key_id: 'AKID\n', aws_secret_access_key: 'secret \n' });
  t.strictSame(await mountedKeys(directory, () => NOW)(), {
    accessKeyId: 'AKID',
    secretAccessKey: 'secret',
    expiration: new Date('2026-01-01T00:06:00Z'),
  });
});

t.test('it is read again each time', async (t) => {
  const directory = t.testdir({ aws_access_key_id: 'AKID', aws_secret_access_key: 'secret' });
  const keys = mountedKeys(directory, () => NOW);
  await keys();
  await writeFile(join(directory, 'aws_secret_access_key'), 'rotated');
  t.equal((await keys()).secretAccessKey, 'rotated');
});

t.test('a file that is missing or empty is named, and nothing that is in the other', async (t) => {
  const directory = t.testdir({ aws_access_key_id: 'AKID', aws_secret_access_key: '\n' });
  const keys = mountedKeys(directory, () => NOW);
  await t.rejects(keys(), {
    name: 'CredentialsProviderError',
    message: /aws_secret_access_key is empty$/,
  });
  await rm(join(directory, 'aws_secret_access_key'));
  await t.rejects(keys(), { message: /aws_secret_access_key cannot be read$/ });
});
