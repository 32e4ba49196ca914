// Do the pods start where a cluster is strict, survive where it is not kind, and get the flags they know?
import t from 'tap';
import { configure as configureReconciler, RECONCILER_COMMAND } from '../../reconciler/config.ts';
import { OPERATOR_NAMESPACE } from '../../shared/names.ts';
import { parseFlags } from '../../shared/process/flags.ts';
import { configure as configureWebhook, WEBHOOK_COMMAND } from '../../webhook/config.ts';
import { nodeFlagsOf } from '../stack/node-flags.ts';
import { find, type Manifest } from './read.ts';

const PROCESSES = ['webhook', 'reconciler'] as const;
const deployment = (process: string): Manifest => find('Deployment', `egressip-ipam-${process}`);
const pod = (process: string): Manifest => deployment(process).spec.template.spec;
const container = (process: string): Manifest => pod(process).containers[0];

for (const process of PROCESSES) {
  t.test(`the ${process} passes the restricted pod security standard`, async (t) => {
    const { securityContext, hostNetwork, hostPID, containers, volumes = [] } = pod(process);
    t.same(securityContext, { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    t.same([hostNetwork, hostPID, containers.length], [undefined, undefined, 1]);
    t.same(container(process).securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    const kinds = volumes.flatMap(({ name: _, ...source }: Manifest) => Object.keys(source));
    t.same(
      kinds.filter((kind: string) => !['secret', 'projected', 'emptyDir'].includes(kind)),
      [],
    );
  });

  t.test(`the ${process} has two replicas, apart, of which one always stays`, async (t) => {
    const { replicas, selector } = deployment(process).spec;
    t.equal(replicas, 2);
    t.same(
      pod(process).topologySpreadConstraints.map((c: Manifest) => c.topologyKey),
      ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'],
    );
    for (const constraint of pod(process).topologySpreadConstraints)
      t.same(constraint.labelSelector, selector);
    t.same(find('PodDisruptionBudget', `egressip-ipam-${process}`).spec, { minAvailable: 1, selector });
    t.same(deployment(process).spec.template.metadata.labels, selector.matchLabels);
    t.equal(pod(process).priorityClassName, 'system-cluster-critical');
  });

  t.test(`the ${process} is probed and scraped where its flags say it listens`, async (t) => {
    const { args, ports, livenessProbe, readinessProbe, resources } = container(process);
    const listens = Object.fromEntries(ports.map((p: Manifest) => [p.name, p.containerPort]));
    t.equal(args[0], process);
    t.ok(args.includes(`--metrics-bind-address=:${listens.metrics}`));
    t.ok(args.includes(`--health-probe-bind-address=:${listens.health}`));
    t.match(
      [livenessProbe, readinessProbe],
      [{ httpGet: { path: '/healthz', port: 'health' } }, { httpGet: { path: '/readyz', port: 'health' } }],
    );
    t.match(resources, { requests: { cpu: String, memory: String }, limits: { memory: String } });
  });

  t.test(`the ${process} runs with the flags of Node that it is measured with`, async (t) => {
    const { env } = container(process);
    const { value } = env.find(({ name }: Manifest) => name === 'NODE_OPTIONS') ?? {};
    t.same(value?.split(' '), nodeFlagsOf(`${process}/main.ts`));
    t.match(value, /^--max-semi-space-size=\d+$/);
  });
}

t.test('the Service reaches the port that the webhook listens on', async (t) => {
  const { selector, ports } = find('Service', 'egressip-ipam-webhook').spec;
  t.same(selector, deployment('webhook').spec.selector.matchLabels);
  t.match(ports, [{ port: 443, targetPort: 'webhook' }]);
  t.match(container('webhook').ports, [{ name: 'webhook', containerPort: 9443 }]);
  t.ok(container('webhook').args.includes('--port=9443'));
});

t.test('only the reconciler sees the credentials of the cloud, and starts without them', async (t) => {
  const [credentials] = pod('reconciler').volumes;
  t.same(credentials.secret, { secretName: 'egress-ipam-operator-cloud-credentials', optional: true });
  t.equal(pod('webhook').volumes, undefined);
  t.notMatch(JSON.stringify(pod('webhook')), /AWS|credentials/);
  t.ok(container('reconciler').args.includes('--leader-elect'));
});

t.test('each process knows every flag that it is started with', async (t) => {
  const flags = (process: string) => container(process).args.slice(1);
  const reconcilerFlags = parseFlags(RECONCILER_COMMAND.flags, flags('reconciler'));
  const webhookFlags = parseFlags(WEBHOOK_COMMAND.flags, flags('webhook'));
  if (!reconcilerFlags.ok || !webhookFlags.ok)
    return t.fail('unknown flags', { reconcilerFlags, webhookFlags });
  const env = { POD_NAMESPACE: OPERATOR_NAMESPACE };
  t.match(configureReconciler(reconcilerFlags.value, env), {
    ok: true,
    value: { 'leader-elect': true, namespace: OPERATOR_NAMESPACE },
  });
  t.match(configureWebhook(webhookFlags.value, env), {
    ok: true,
    value: { port: 9443, tlsFiles: undefined, namespace: OPERATOR_NAMESPACE },
  });
});
