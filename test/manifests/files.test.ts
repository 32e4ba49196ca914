// Does everything under manifests/ parse, is nothing forgotten, and does kubectl make of it what we mean?
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { loadAll } from 'js-yaml';
import t from 'tap';
import {
  find,
  kustomizations,
  MANIFESTS,
  type Manifest,
  objectsIn,
  objectsOf,
  resourceFiles,
  yamlFiles,
} from './read.ts';

const kubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
if (!kubectl) t.comment('kubectl is not on PATH: rendering by kubectl kustomize is left out');

function render(folder: string): Manifest[] {
  const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return loadAll(stdout);
}

const named = (objects: Manifest[]) => objects.map((o) => `${o.kind} ${o.metadata.name}`).sort();

t.test('every YAML file holds objects with a kind', async (t) => {
  for (const file of yamlFiles()) {
    const objects = objectsIn(file);
    t.not(objects.length, 0, file);
    for (const object of objects) {
      t.type(object.apiVersion, 'string', file);
      t.type(object.kind, 'string', file);
      if (object.kind !== 'Kustomization') t.type(object.metadata.name, 'string', file);
    }
  }
});

t.test('every file opens with a comment that says what it is for', async (t) => {
  for (const file of yamlFiles().filter((name) => !name.endsWith('kustomization.yaml'))) {
    const [first = ''] = readFileSync(file, 'utf8').split('\n');
    t.match(first, /^# \S/, relative(MANIFESTS, file));
  }
});

t.test('every file is named by a kustomization, but for the samples', async (t) => {
  const listed = new Set(kustomizations().flatMap(resourceFiles));
  const forgotten = yamlFiles().filter(
    (file) => !listed.has(file) && !file.endsWith('/kustomization.yaml') && !file.includes('/samples/'),
  );
  t.same(forgotten, []);
});

t.test('the base has no object twice, and none of a kind that a cluster may not know', async (t) => {
  const objects = objectsOf('.');
  t.equal(new Set(named(objects)).size, objects.length);
  const foreign = objects.filter((o) => /openshift\.io|coreos\.com/.test(o.apiVersion));
  t.same(named(foreign), []);
});

t.test('every object of a namespace is in ours, which the manifests make', async (t) => {
  const { name } = find('Namespace', 'egressip-ipam-operator').metadata;
  const elsewhere = objectsOf('.').filter((o) => 'namespace' in o.metadata && o.metadata.namespace !== name);
  t.same(named(elsewhere), []);
});

t.test('kubectl renders the base as it stands in the files', { skip: !kubectl }, async (t) => {
  t.same(named(render(MANIFESTS)), named(objectsOf('.')));
  const images = render(MANIFESTS).flatMap((o) => o.spec?.template?.spec.containers ?? []);
  t.same(new Set(images.map((container: Manifest) => container.image)), new Set(['egressip-ipam:0.1.0']));
});

t.test('every kustomization renders', { skip: !kubectl }, async (t) => {
  for (const folder of kustomizations()) t.not(render(folder).length, 0, folder);
});

t.test(
  'the overlay for older API servers asks without conditions and blocks nobody',
  { skip: !kubectl },
  async (t) => {
    const objects = render(`${MANIFESTS}/overlays/older`);
    const [webhook] = objects.find((o) => o.kind === 'MutatingWebhookConfiguration').webhooks;
    t.equal(webhook.matchConditions, undefined);
    t.equal(webhook.failurePolicy, 'Ignore');
    const exempt = webhook.namespaceSelector.matchExpressions.flatMap((e: Manifest) => e.values);
    t.same(
      ['default', 'kube-system', 'openshift', 'egressip-ipam-operator'].filter((n) => !exempt.includes(n)),
      [],
    );
    t.same(named(objects.filter((o) => o.apiVersion.startsWith('flowcontrol'))), []);
  },
);

t.test(
  'the overlay for 1.28 differs from the base in the version of flow control',
  { skip: !kubectl },
  async (t) => {
    const base = render(MANIFESTS);
    const expected = base.map((object) =>
      object.apiVersion === 'flowcontrol.apiserver.k8s.io/v1'
        ? { ...object, apiVersion: 'flowcontrol.apiserver.k8s.io/v1beta3' }
        : object,
    );
    t.notSame(expected, base);
    t.same(render(`${MANIFESTS}/overlays/1.28`), expected);
  },
);
