// The manifests repeat the names of shared/names.ts by hand; here they are compared.
import t from 'tap';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  MUTATING_WEBHOOK_CONFIGURATIONS,
  type Resource,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
} from '../../shared/kube/resources.ts';
import {
  EGRESSIPAM_ANNOTATION,
  OPERATOR_NAMESPACE,
  RECONCILER_LEASE,
  WEBHOOK_CONFIGURATION,
  WEBHOOK_SECRET,
  WEBHOOK_SERVICE,
} from '../../shared/names.ts';
import { find, type Manifest, objectsOf } from './read.ts';

t.test(
  'namespace, Secret, Service and webhook configurations have the names the processes look for',
  async (t) => {
    t.ok(find('Namespace', OPERATOR_NAMESPACE));
    t.equal(find('Secret', WEBHOOK_SECRET).metadata.namespace, OPERATOR_NAMESPACE);
    t.equal(find('Service', WEBHOOK_SERVICE).metadata.namespace, OPERATOR_NAMESPACE);
    for (const { kind } of [MUTATING_WEBHOOK_CONFIGURATIONS, VALIDATING_WEBHOOK_CONFIGURATIONS]) {
      for (const webhook of find(kind, WEBHOOK_CONFIGURATION).webhooks) {
        t.match(webhook.clientConfig.service, {
          name: WEBHOOK_SERVICE,
          namespace: OPERATOR_NAMESPACE,
          port: 443,
        });
      }
    }
  },
);

t.test('the CRDs define the resources that the processes read and write', async (t) => {
  const expected: Resource[] = [EGRESSIPAMS, ALLOCATIONS];
  const crds = objectsOf('.').filter((object) => object.kind === 'CustomResourceDefinition');
  t.equal(crds.length, expected.length);
  for (const { group, version, plural, kind, namespaced } of expected) {
    const { spec } = find('CustomResourceDefinition', `${plural}.${group}`);
    t.match(spec, { group, scope: namespaced ? 'Namespaced' : 'Cluster', names: { plural, kind } });
    t.same(
      spec.versions.map((v: Manifest) => v.name),
      [version],
    );
    t.same(spec.versions[0].subresources, { status: {} });
  }
});

t.test('the roles name the Lease and the Secret by their names', async (t) => {
  const names = (role: string) => find('Role', role).rules.flatMap((r: Manifest) => r.resourceNames ?? []);
  t.same(names('egressip-ipam-webhook'), [WEBHOOK_SECRET, RECONCILER_LEASE]);
  t.ok(names('egressip-ipam-reconciler').includes(RECONCILER_LEASE));
});

t.test('the conditions and the samples spell the annotation as the processes do', async (t) => {
  const [webhook] = find('MutatingWebhookConfiguration', WEBHOOK_CONFIGURATION).webhooks;
  const expressions = webhook.matchConditions.map((condition: Manifest) => condition.expression).join();
  t.match(expressions, `'${EGRESSIPAM_ANNOTATION}' in object.metadata.annotations`);
  t.match(expressions, `'${EGRESSIPAM_ANNOTATION}' in oldObject.metadata.annotations`);
});

t.test('the Secret is empty and of a type that may stay so', async (t) => {
  const { type, data, stringData } = find('Secret', WEBHOOK_SECRET);
  t.same({ type, data, stringData }, { type: 'Opaque', data: undefined, stringData: undefined });
});
