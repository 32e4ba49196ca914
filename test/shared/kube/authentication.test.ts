import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { authenticate } from '../../../shared/kube/authentication.ts';
import type { KubeUser } from '../../../shared/kube/kubeconfig.ts';

const cluster = { name: 'c', server: 'https://h', skipTLSVerify: false };

function setUp(user: Partial<KubeUser>, changes: object = {}) {
  const clock = { now: 0 };
  const config = { cluster: { ...cluster, ...changes }, user: { name: 'u', ...user }, namespace: undefined };
  return { clock, authentication: authenticate(config, () => clock.now) };
}

async function temporary(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'auth-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

/** A credential plugin that counts its runs in a file and answers with what it counted. */
async function plugin(t: Test, status: string): Promise<{ exec: object; runs: () => Promise<number> }> {
  const folder = await temporary(t);
  const count = join(folder, 'count');
  await writeFile(count, '');
  const script = `
    const fs = require('node:fs');
    fs.appendFileSync(${JSON.stringify(count)}, '.');
    const n = fs.readFileSync(${JSON.stringify(count)}).length;
    const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
    console.log(JSON.stringify({ apiVersion: info.apiVersion, kind: 'ExecCredential', status: ${status} }));`;
  return {
    exec: { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: ['-e', script] },
    runs: async () => (await readFile(count, 'utf8')).length,
  };
}

t.test('inline material and tokens are used as they are', async (t) => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const { authentication } = setUp(
    { token: 'tok', certData: base64('cert'), keyData: base64('key'), impersonateUser: 'other' },
    { caData: base64('ca'), tlsServerName: 'n', skipTLSVerify: true },
  );
  t.same(await authentication.current(), {
    tls: {
      ca: Buffer.from('ca'),
      cert: Buffer.from('cert'),
      key: Buffer.from('key'),
      servername: 'n',
      rejectUnauthorized: false,
    },
    headers: { Authorization: 'Bearer tok', 'Impersonate-User': 'other' },
  });
});

t.test('a user with a password is sent as one', async (t) => {
  const { authentication } = setUp({ username: 'aladdin', password: 'sesame' });
  t.same(await authentication.current(), {
    tls: {},
    headers: { Authorization: 'Basic YWxhZGRpbjpzZXNhbWU=' },
  });
});

t.test('a token file is read again after ten seconds, and at once when refused', async (t) => {
  const tokenFile = join(await temporary(t), 'token');
  await writeFile(tokenFile, 'one\n');
  const { authentication, clock } = setUp({ tokenFile });
  const token = async () => (await authentication.current()).headers.Authorization;
  t.equal(await token(), 'Bearer one');
  await writeFile(tokenFile, 'two');
  clock.now = 9_999;
  t.equal(await token(), 'Bearer one');
  clock.now = 10_000;
  t.equal(await token(), 'Bearer two');
  await writeFile(tokenFile, 'three');
  authentication.refused();
  t.equal(await token(), 'Bearer three');
});

t.test('a file that cannot be read is named, and tried again with the next request', async (t) => {
  const tokenFile = join(await temporary(t), 'token');
  const { authentication } = setUp({ tokenFile });
  await t.rejects(authentication.current(), { message: `cannot read ${tokenFile} (ENOENT)` });
  await writeFile(tokenFile, ' \n');
  await t.rejects(authentication.current(), { message: `${tokenFile} is empty` });
  await writeFile(tokenFile, 'one');
  t.match(await authentication.current(), { headers: { Authorization: 'Bearer one' } });
});

t.test('requests at the same time read files once', async (t) => {
  const { exec, runs } = await plugin(t, '{ token: "t" + n }');
  const { authentication } = setUp({ exec });
  const all = await Promise.all([1, 2, 3].map(() => authentication.current()));
  t.same(new Set(all.map(({ headers }) => headers.Authorization)), new Set(['Bearer t1']));
  t.equal(await runs(), 1);
});

t.test(
  'a credential plugin runs once, and again when its credential was refused or has expired',
  async (t) => {
    const { exec, runs } = await plugin(
      t,
      '{ token: "t" + n, clientCertificateData: "C", clientKeyData: "K" }',
    );
    const { authentication, clock } = setUp({ exec });
    t.same(await authentication.current(), {
      tls: { cert: 'C', key: 'K' },
      headers: { Authorization: 'Bearer t1' },
    });
    clock.now = 60_000;
    await authentication.current();
    t.equal(await runs(), 1);
    authentication.refused();
    t.match(await authentication.current(), { headers: { Authorization: 'Bearer t2' } });

    const past = await plugin(t, '{ token: "t" + n, expirationTimestamp: "2020-01-01T00:00:00Z" }');
    const shortLived = setUp({ exec: past.exec });
    await shortLived.authentication.current();
    shortLived.clock.now = 60_000;
    t.match(await shortLived.authentication.current(), { headers: { Authorization: 'Bearer t2' } });
  },
);

t.test('what a failing credential plugin prints goes nowhere', async (t) => {
  const args = ['-e', 'console.error("secret-word"); process.exit(1)'];
  const { authentication } = setUp({ exec: { command: process.execPath, args } });
  const error = await authentication.current().catch((e: Error) => e);
  t.match(error, { message: 'the credential provider of user "u" failed' });
  t.notMatch(JSON.stringify([error, String((error as Error).cause), (error as Error).stack]), /secret-word/);
});
