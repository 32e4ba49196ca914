import t from 'tap';
import { BUILTINS, kindFromCRD } from './builtins.ts';
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions } from './discovery.ts';
import type { JsonObject } from './json.ts';
import { recorded } from './testing/recorded.ts';

function definition(group: string, kind: string, ...versions: readonly string[]): JsonObject {
  const names = { kind, plural: `${kind.toLowerCase()}s` };
  return {
    spec: { group, scope: 'Cluster', names, versions: versions.map((name) => ({ name, served: true })) },
  };
}

const NETWORK = ['HostSubnet', 'NetNamespace'].flatMap((kind) =>
  kindFromCRD(definition('network.openshift.io', kind, 'v1')),
);

t.test('the resources of a group are listed as recorded', async (t) => {
  const { body } = recorded(32).response;
  t.strictSame(apiResourceList('network.openshift.io', 'v1', [...BUILTINS, ...NETWORK]), body);
});

t.test('a group or version that nobody serves is not there', async (t) => {
  t.equal(apiResourceList('network.openshift.io', 'v2', NETWORK), undefined);
  t.equal(apiGroup('apps', NETWORK), undefined);
});

t.test('the core group has its own root', async (t) => {
  t.match(apiVersions(), { kind: 'APIVersions', versions: ['v1'] });
  const { groups } = apiGroupList(BUILTINS) as { groups: { name: string }[] };
  t.notOk(groups.some(({ name }) => name === ''));
  t.ok(groups.some(({ name }) => name === 'apps'));
});

t.test('the preferred version comes first: stable, then higher', async (t) => {
  const kinds = kindFromCRD(
    definition('x.io', 'X', 'v1alpha1', 'v1beta2', 'v1', 'v2beta1', 'v2', 'v10', 'odd'),
  );
  t.match(apiGroup('x.io', kinds), {
    kind: 'APIGroup',
    name: 'x.io',
    preferredVersion: { groupVersion: 'x.io/v10', version: 'v10' },
    versions: ['v10', 'v2', 'v1', 'v2beta1', 'v1beta2', 'v1alpha1', 'odd'].map((version) => ({ version })),
  });
});

t.test('subresources follow their resource, with the kind they answer', async (t) => {
  const { resources } = apiResourceList('', 'v1', BUILTINS) as { resources: JsonObject[] };
  const about = (name: string) => resources.find((resource) => resource.name === name);
  t.match(about('namespaces/finalize'), { kind: 'Namespace', verbs: ['update'], namespaced: false });
  t.match(about('nodes/status'), { kind: 'Node', verbs: ['get', 'patch', 'update'] });
  t.match(about('serviceaccounts/token'), {
    group: 'authentication.k8s.io',
    version: 'v1',
    kind: 'TokenRequest',
    verbs: ['create'],
  });
  t.match(about('namespaces'), { shortNames: ['ns'], singularName: 'namespace' });
});

t.test('aggregated discovery says the same in one document', async (t) => {
  const kinds = [...BUILTINS, ...NETWORK];
  t.match(aggregatedDiscovery(kinds, '/api', 'v2'), {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    items: [{ versions: [{ version: 'v1', freshness: 'Current' }] }],
  });
  const { apiVersion, items } = aggregatedDiscovery(kinds, '/apis', 'v2beta1') as {
    apiVersion: string;
    items: { metadata: { name: string }; versions: { version: string; resources: JsonObject[] }[] }[];
  };
  t.equal(apiVersion, 'apidiscovery.k8s.io/v2beta1');
  for (const { metadata, versions } of items) {
    for (const { version, resources } of versions) {
      const list = apiResourceList(metadata.name, version, kinds) as { resources: { name: string }[] };
      const names = resources.flatMap((resource) => [
        resource.resource,
        ...((resource.subresources ?? []) as JsonObject[]).map(
          (s) => `${resource.resource}/${s.subresource}`,
        ),
      ]);
      t.strictSame(
        names,
        list.resources.map(({ name }) => name),
        `${metadata.name}/${version}`,
      );
    }
  }
});

t.test('aggregated discovery tells scope, verbs and short names', async (t) => {
  const { items } = aggregatedDiscovery(BUILTINS, '/api', 'v2') as {
    items: { versions: { resources: JsonObject[] }[] }[];
  };
  const namespaces = items[0]?.versions[0]?.resources.find(({ resource }) => resource === 'namespaces');
  t.match(namespaces, {
    scope: 'Cluster',
    singularResource: 'namespace',
    shortNames: ['ns'],
    responseKind: { group: '', version: 'v1', kind: 'Namespace' },
    subresources: [
      { subresource: 'finalize', verbs: ['update'] },
      { subresource: 'status', responseKind: { kind: 'Namespace' } },
    ],
  });
});
