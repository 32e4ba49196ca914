import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { loadKubeConfig } from '../../../shared/kube/kubeconfig.ts';

async function folderWith(t: Test, files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
  t.teardown(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

const FULL = `
apiVersion: v1
kind: Config
current-context: main
contexts:
  - name: main
    context: { cluster: c1, user: u1, namespace: ns1 }
clusters:
  - name: c1
    cluster:
      server: https://api.example.com:6443/
      certificate-authority: ca.crt
      tls-server-name: other.example.com
      proxy-url: http://proxy:3128
users:
  - name: u1
    user: { client-certificate: pki/client.crt, client-key: /abs/client.key, tokenFile: token, as: root }
`;

const minimal = (extra: string) => `
current-context: x
contexts: [{ name: x, context: { cluster: x, user: x } }]
clusters: [{ name: x, cluster: { server: 'https://h' } }]
users: [{ name: x, user: {} }]
${extra}`;

async function problem(t: Test, text: string): Promise<string> {
  const folder = await folderWith(t, { config: text });
  const result = await loadKubeConfig({ kubeconfig: join(folder, 'config'), env: {} });
  return result.ok
    ? 'no problem'
    : result.problems.map(({ path, message }) => `${path}: ${message}`).join('\n');
}

t.test('a kubeconfig says which server and which user; paths in it start at its own folder', async (t) => {
  const folder = await folderWith(t, { config: FULL });
  const result = await loadKubeConfig({ kubeconfig: join(folder, 'config'), env: {} });
  t.match(result, {
    ok: true,
    value: {
      namespace: 'ns1',
      cluster: {
        server: 'https://api.example.com:6443',
        caFile: join(folder, 'ca.crt'),
        tlsServerName: 'other.example.com',
        proxyUrl: 'http://proxy:3128',
        skipTLSVerify: false,
      },
      user: {
        certFile: join(folder, 'pki/client.crt'),
        keyFile: '/abs/client.key',
        tokenFile: join(folder, 'token'),
        impersonateUser: 'root',
      },
    },
  });
});

t.test('several files in $KUBECONFIG are merged, and the first that says a thing wins', async (t) => {
  const folder = await folderWith(t, {
    a: 'current-context: x\ncontexts: [{ name: x, context: { cluster: b, user: b } }]',
    b: `${minimal('')}`.replaceAll(/\bx\b/g, 'b'),
    c: `${minimal('')}`.replaceAll(/\bx\b/g, 'b').replace('https://h', 'https://other'),
  });
  const KUBECONFIG = ['a', 'b', 'c'].map((name) => join(folder, name)).join(':');
  const result = await loadKubeConfig({ kubeconfig: '', env: { KUBECONFIG } });
  t.match(result, { ok: true, value: { cluster: { name: 'b', server: 'https://h' } } });
});

t.test('--kubeconfig comes before $KUBECONFIG, and that before the pod', async (t) => {
  const folder = await folderWith(t, {
    a: minimal('').replace('https://h', 'https://a'),
    b: minimal('').replace('https://h', 'https://b'),
  });
  const env = {
    KUBECONFIG: join(folder, 'b'),
    KUBERNETES_SERVICE_HOST: '10.0.0.1',
    KUBERNETES_SERVICE_PORT: '443',
  };
  const server = async (source: Parameters<typeof loadKubeConfig>[0]) => {
    const result = await loadKubeConfig(source);
    return result.ok ? result.value.cluster.server : result.problems;
  };
  t.equal(await server({ kubeconfig: join(folder, 'a'), env }), 'https://a');
  t.equal(await server({ kubeconfig: '', env }), 'https://b');
  t.equal(await server({ kubeconfig: '', env: { ...env, KUBECONFIG: '' } }), 'https://10.0.0.1:443');
});

t.test('in a pod the service account is used, and its namespace is known', async (t) => {
  const folder = await folderWith(t, { namespace: 'operators\n' });
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
  const result = await loadKubeConfig({ kubeconfig: '', env, serviceAccount: folder });
  t.match(result, {
    ok: true,
    value: {
      cluster: { server: 'https://[fd00::1]:443', caFile: `${folder}/ca.crt` },
      user: { tokenFile: `${folder}/token` },
      namespace: 'operators',
    },
  });
});

t.test('without any of them it says what to give', async (t) => {
  t.match(await loadKubeConfig({ kubeconfig: '', env: {} }), {
    ok: false,
    problems: [{ code: 'InvalidKubeConfig', path: '--kubeconfig', message: /give a kubeconfig/ }],
  });
});

t.test('what is wrong with a file is said, without quoting it', async (t) => {
  const rows: readonly [string, RegExp][] = [
    ['', /is not YAML/],
    ['[1]', /is not a kubeconfig/],
    ['users:\n - name: u\n   user: {token: secret-word', /is not YAML \(line 3\)/],
    [minimal('').replace('current-context: x', ''), /no current-context is set/],
    [minimal('').replace('current-context: x', 'current-context: y'), /there is no context "y"/],
    [minimal('').replace('cluster: x', 'cluster: y'), /there is no cluster "y"/],
    [minimal('').replace('user: x', 'user: y'), /there is no user "y"/],
    [minimal('').replace("server: 'https://h'", 'server: h'), /no http or https address/],
    [minimal('').replace("server: 'https://h'", ''), /server is missing/],
    [minimal('').replace("'https://h'", "'https://h', proxy-url: 'ftp://p'"), /proxy-url .* is not one of/],
    [
      minimal('').replace('user: {}', 'user: { auth-provider: { name: gcp } }'),
      /gcp is gone since Kubernetes 1.26/,
    ],
  ];
  for (const [text, expected] of rows) {
    const message = await problem(t, text);
    t.match(message, expected);
    t.notMatch(message, /secret-word/);
  }
  t.equal(await problem(t, minimal('')), 'no problem');
});

t.test('a file that cannot be read is named', async (t) => {
  const folder = await folderWith(t, {});
  await mkdir(join(folder, 'd'));
  const KUBECONFIG = `${join(folder, 'none')}:${join(folder, 'd')}`;
  t.match(await loadKubeConfig({ kubeconfig: '', env: { KUBECONFIG } }), {
    problems: [
      { path: '$KUBECONFIG', message: `${join(folder, 'none')} cannot be read (ENOENT)` },
      { path: '$KUBECONFIG', message: `${join(folder, 'd')} cannot be read (EISDIR)` },
    ],
  });
});
