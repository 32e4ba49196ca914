// The real kubectl against the sandbox, where one is installed: the commands that people use on our objects.
import t from 'tap';
import { NAMESPACES } from '../../../shared/kube/resources.ts';
import { serverFor } from './testing/exchange.ts';
import { hookEntry, register } from './testing/hooks.ts';
import { hasKubectl, kubectlFor, type Outcome } from './testing/kubectl.ts';
import { CRDS, HOST_SUBNET_CRD } from './testing/scene.ts';
import { startWebhook } from './testing/webhook.ts';

const OPTIONS = { skip: hasKubectl() ? false : 'kubectl is not installed here' };

const SUBNET = {
  apiVersion: 'network.openshift.io/v1',
  kind: 'HostSubnet',
  metadata: { name: 'n1' },
  host: 'n1',
  hostIP: '10.0.0.1',
  subnet: '10.128.0.0/23',
};

function namespace(name: string, rest: object = {}): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...rest } };
}

/** Standard output, or what went wrong. */
function said({ out, err, code }: Outcome): string {
  return code === 0 ? out : `${code}: ${err}`;
}

t.test('namespaces: create, get, annotate, label, patch, edit, delete', OPTIONS, async (t) => {
  const { api } = await serverFor(t);
  const { run, editWith } = kubectlFor(t, api);
  const rows: readonly (readonly [command: string, said: string | RegExp])[] = [
    ['create namespace a', 'namespace/a created'],
    ['create namespace a', '1: Error from server (AlreadyExists): namespaces "a" already exists'],
    ['create namespace dry --dry-run=server', 'namespace/dry created (server dry run)'],
    ['get namespace dry', '1: Error from server (NotFound): namespaces "dry" not found'],
    ['annotate namespace a x=y', 'namespace/a annotated'],
    ['label namespace a team=one', 'namespace/a labeled'],
    ['patch namespace a -p {"metadata":{"labels":{"p":"q"}}}', 'namespace/a patched'],
    ['patch namespace a --type=json -p [{"op":"remove","path":"/metadata/labels/p"}]', 'namespace/a patched'],
    ['get namespaces -l team=one -o name', 'namespace/a'],
    ['get namespace a -o wide', /^NAME +STATUS +AGE\na +Active +\d+s$/],
    ['get namespace a -o jsonpath={.metadata.annotations.x}', 'y'],
    [
      'get namespace a -o yaml',
      /^apiVersion: v1\nkind: Namespace\nmetadata:\n {2}annotations:\n {4}x: "y"\n/,
    ],
    ['wait --for=jsonpath={.status.phase}=Active namespace/a', 'namespace/a condition met'],
    [
      'describe namespace a',
      /^Name: +a\nLabels: +kubernetes.io\/metadata.name=a\n +team=one\nAnnotations: +x: y\nStatus: +Active\n\nNo resource quota.\n\nNo LimitRange resource.$/,
    ],
    ['edit namespace a', 'namespace/a edited'],
    ['get namespace a --show-labels --no-headers', /edited=yes,kubernetes.io\/metadata.name=a,team=one$/],
    ['delete namespace a', 'namespace "a" deleted'],
    ['get namespace a', '1: Error from server (NotFound): namespaces "a" not found'],
  ];
  editWith('sed -i "s/^    team: one/    team: one\\n    edited: \\"yes\\"/" "$1"');
  for (const [command, expected] of rows) {
    const outcome = said(await run(command));
    if (typeof expected === 'string') t.equal(outcome, expected, command);
    else t.match(outcome, expected, command);
  }
});

t.test('custom resources: apply, diff, explain, columns, server-side apply', OPTIONS, async (t) => {
  const { api } = await serverFor(t);
  const { run } = kubectlFor(t, api);
  await api.client.create(CRDS, HOST_SUBNET_CRD);
  const changed = { ...SUBNET, egressIPs: ['10.0.0.7'] };
  const rows: readonly (readonly [command: string, input: object | undefined, said: string | RegExp])[] = [
    ['wait --for=condition=established crd/hostsubnets.network.openshift.io', undefined, /condition met$/],
    ['apply -f -', SUBNET, 'hostsubnet.network.openshift.io/n1 created'],
    ['apply -f -', SUBNET, 'hostsubnet.network.openshift.io/n1 unchanged'],
    ['diff -f -', SUBNET, ''],
    ['diff -f -', changed, /^1: /],
    ['apply -f -', changed, 'hostsubnet.network.openshift.io/n1 configured'],
    [
      'get hostsubnets',
      undefined,
      /^NAME +HOST +HOST IP +SUBNET +EGRESS CIDRS +EGRESS IPS\nn1 +n1 +10\.0\.0\.1 +10\.128\.0\.0\/23 +\["10\.0\.0\.7"\]$/,
    ],
    ['explain hostsubnets', undefined, /KIND: +HostSubnet[\s\S]*egressIPs\s+<\[\]string>/],
    [
      'api-resources --api-group=network.openshift.io --no-headers',
      undefined,
      /^hostsubnets +network.openshift.io\/v1 +false +HostSubnet$/,
    ],
    ['describe hostsubnet n1', undefined, /^Name: +n1\n[\s\S]*Egress I Ps:\n +10\.0\.0\.7\n/],
    ['apply -f -', { ...SUBNET, nonsense: 1 }, /^1: [\s\S]*strict decoding error: unknown field "nonsense"/],
    [
      'apply -f -',
      { ...SUBNET, hostIP: 'x' },
      /^1: The HostSubnet "n1" is invalid: hostIP: Invalid value: "x": hostIP in body should match /,
    ],
    ['apply --server-side --field-manager=one -f -', changed, /serverside-applied$/],
    [
      'apply --server-side --field-manager=two -f -',
      { ...changed, egressIPs: ['10.0.0.8'] },
      /^1: error: Apply failed with [\s\S]*conflict[\s\S]*\.egressIPs/,
    ],
    [
      'apply --server-side --field-manager=two --force-conflicts -f -',
      { ...changed, egressIPs: ['10.0.0.8'] },
      /serverside-applied$/,
    ],
    [
      'patch hostsubnet n1 -p {}',
      undefined,
      /^1: error: application\/strategic-merge-patch\+json is not supported/,
    ],
    ['delete -f -', SUBNET, 'hostsubnet.network.openshift.io "n1" deleted'],
  ];
  for (const [command, input, expected] of rows) {
    const outcome = said(await run(command, input));
    if (typeof expected === 'string') t.equal(outcome, expected, command);
    else t.match(outcome, expected, command);
  }
});

t.test('get -w shows what happens', OPTIONS, async (t) => {
  const { api } = await serverFor(t, { namespaceController: false });
  const { run } = kubectlFor(t, api);
  api.audit.clear();
  const watching = run('get namespaces -w --output-watch-events --request-timeout=3s --no-headers');
  const isWatched = () => api.audit.entries({ verb: 'watch', resource: 'namespaces' }).length > 0;
  for (; !isWatched(); await new Promise((resolve) => setImmediate(resolve)));
  await api.client.create(NAMESPACES, { metadata: { name: 'a' } });
  await api.client.delete(NAMESPACES, 'a', {});
  const lines = (await watching).out.split('\n').map((line) => line.split(/\s+/).slice(0, 3).join(' '));
  t.same(lines.slice(-2), ['ADDED a Active', 'MODIFIED a Terminating']);
});

t.test('rights: who may what, and as whom', OPTIONS, async (t) => {
  const { api } = await serverFor(t);
  api.addUser({ token: 'bob', name: 'bob' });
  const [admin, bob] = [kubectlFor(t, api), kubectlFor(t, api, 'bob')];
  t.equal(said(await admin.run('auth can-i create namespaces')), 'yes');
  t.match((await bob.run('auth can-i create namespaces')).out, /^no$/);
  t.match(
    said(await admin.run('get namespaces --as=bob')),
    /^1: Error from server \(Forbidden\): namespaces is forbidden: User "bob"/,
  );
  t.equal(
    said(await admin.run('create clusterrolebinding v --clusterrole=view --user=bob')),
    'clusterrolebinding.rbac.authorization.k8s.io/v created',
  );
  t.match(said(await bob.run('get namespaces -o name')), 'namespace/default');
  t.match(said(await bob.run('auth whoami -o jsonpath={.status.userInfo.username}')), 'bob');
});

t.test('a webhook’s warnings and denials reach the terminal', OPTIONS, async (t) => {
  const { api, exchange } = await serverFor(t);
  const webhook = await startWebhook(({ request }) =>
    request.name === 'full'
      ? { allowed: false, status: { code: 422, reason: 'Invalid', message: 'no free address' } }
      : { allowed: true, warnings: ['pool is 93% full'] },
  );
  t.teardown(() => webhook.close());
  await register(exchange, 'mutating', 'm', hookEntry(webhook));
  const { run } = kubectlFor(t, api);
  t.equal((await run('create -f -', namespace('a'))).err, 'Warning: pool is 93% full');
  t.match(
    said(await run('create -f -', namespace('full'))),
    /admission webhook "hook\.example\.com" denied the request: no free address$/,
  );
});

t.test('apply prunes what the file does not have any more', OPTIONS, async (t) => {
  const { api } = await serverFor(t);
  const { run } = kubectlFor(t, api);
  const configMap = (name: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels: { app: 'x' } },
  });
  const apply = (...names: string[]) =>
    run('apply -f - --prune -l app=x', { apiVersion: 'v1', kind: 'List', items: names.map(configMap) });
  t.equal(said(await apply('a', 'b')), 'configmap/a created\nconfigmap/b created');
  t.equal(said(await apply('b')), 'configmap/b unchanged\nconfigmap/a pruned');
});
