// Which requests reach the webhook? The conditions are evaluated as the API server does, by a CEL library.
import { evaluate } from '@marcbachmann/cel-js';
import t from 'tap';
import {
  EGRESSIPAM_ANNOTATION,
  EGRESSIPS_ANNOTATION,
  OPERATOR_NAMESPACE,
  WEBHOOK_CONFIGURATION,
} from '../../shared/names.ts';
import { isSystemNamespace } from '../../shared/system-namespaces.ts';
import { find, type Manifest } from './read.ts';

const [namespaces] = find('MutatingWebhookConfiguration', WEBHOOK_CONFIGURATION).webhooks;
const [egressIPAMs] = find('ValidatingWebhookConfiguration', WEBHOOK_CONFIGURATION).webhooks;

const rule = (apiGroup: string, version: string, resource: string, operations: string[]) => [
  { apiGroups: [apiGroup], apiVersions: [version], resources: [resource], operations, scope: 'Cluster' },
];

t.test('the webhook is asked about namespaces, never about a subresource of theirs', async (t) => {
  t.same(namespaces.rules, rule('', 'v1', 'namespaces', ['CREATE', 'UPDATE']));
  t.equal(namespaces.clientConfig.service.path, '/mutate/namespaces');
});

t.test('the webhook is asked about EgressIPAMs, never about their status', async (t) => {
  t.same(
    egressIPAMs.rules,
    rule('redhatcop.redhat.io', 'v1alpha1', 'egressipams', ['CREATE', 'UPDATE', 'DELETE']),
  );
  t.equal(egressIPAMs.clientConfig.service.path, '/validate/egressipams');
});

t.test('nothing passes unasked, and a dry run has no side effects', async (t) => {
  const common = {
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    timeoutSeconds: 10,
    admissionReviewVersions: ['v1'],
  };
  t.match(namespaces, { ...common, sideEffects: 'NoneOnDryRun', reinvocationPolicy: 'Never' });
  t.match(egressIPAMs, { ...common, sideEffects: 'None' });
});

t.test('the certificate authority is left to the webhook', async (t) => {
  for (const { clientConfig } of [namespaces, egressIPAMs]) t.notOk('caBundle' in clientConfig);
});

interface Asked {
  readonly object: object;
  readonly oldObject: object | null;
}

function isAsked(request: Asked): boolean {
  return namespaces.matchConditions.every(
    ({ expression }: Manifest) => evaluate(expression, { ...request }) === true,
  );
}

const namespace = (name: string | undefined, annotations?: object) => ({
  metadata: {
    ...(name === undefined ? { generateName: 'team-' } : { name }),
    ...(annotations && { annotations }),
  },
});
const optedIn = { [EGRESSIPAM_ANNOTATION]: 'egressipam-aws' };
const plain = namespace('team-a', { owner: 'somebody' });

t.test('a namespace is asked about if it has opted in before or after the change', async (t) => {
  const rows: [string, Asked, boolean][] = [
    ['is created plain', { object: namespace('team-a'), oldObject: null }, false],
    ['is created with other annotations', { object: plain, oldObject: null }, false],
    ['is created and opts in', { object: namespace('team-a', optedIn), oldObject: null }, true],
    ['has no name yet and opts in', { object: namespace(undefined, optedIn), oldObject: null }, true],
    ['has no name yet and does not', { object: namespace(undefined), oldObject: null }, false],
    ['opts in later', { object: namespace('team-a', optedIn), oldObject: namespace('team-a') }, true],
    [
      'stays opted in',
      { object: namespace('team-a', optedIn), oldObject: namespace('team-a', optedIn) },
      true,
    ],
    ['opts out', { object: plain, oldObject: namespace('team-a', optedIn) }, true],
    [
      'opts out with its last annotation',
      { object: namespace('team-a'), oldObject: namespace('team-a', optedIn) },
      true,
    ],
    ['is labelled, never opted in', { object: plain, oldObject: plain }, false],
    [
      'is labelled, without annotations',
      { object: namespace('team-a'), oldObject: namespace('team-a') },
      false,
    ],
    [
      'lists IPs, but names no EgressIPAM',
      { object: namespace('team-a', { [EGRESSIPS_ANNOTATION]: '10.0.0.7' }), oldObject: null },
      false,
    ],
  ];
  for (const [what, request, expected] of rows)
    t.equal(isAsked(request), expected, `a namespace that ${what}`);
});

t.test('the namespaces that are never asked about are those that both processes leave alone', async (t) => {
  const asked = (name: string) => isAsked({ object: namespace(name, optedIn), oldObject: null });
  const system = ['default', 'kube-system', 'kube-public', 'openshift', 'openshift-sdn', OPERATOR_NAMESPACE];
  const likeIt = ['kubeflow', 'openshifters', 'my-kube-system', 'default-team', 'team-a'];
  t.same(
    [...system, ...likeIt].filter((name) => !asked(name)),
    system,
  );
  for (const name of [...system, ...likeIt])
    t.equal(asked(name), !isSystemNamespace(name, OPERATOR_NAMESPACE), name);
});

t.test('the claims have a lane of their own, ahead of other service accounts', async (t) => {
  const { spec } = find('FlowSchema', 'egressip-ipam-webhook');
  t.ok(find('PriorityLevelConfiguration', spec.priorityLevelConfiguration.name));
  t.ok(spec.matchingPrecedence < 9000);
  const [{ subjects, resourceRules }] = spec.rules;
  t.match(subjects, [
    { serviceAccount: { name: 'egressip-ipam-webhook', namespace: 'egressip-ipam-operator' } },
  ]);
  t.match(resourceRules, [
    { resources: ['egressipams', 'egressipallocations'], verbs: ['get', 'create', 'update'] },
  ]);
});
