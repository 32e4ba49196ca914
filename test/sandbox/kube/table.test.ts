import t from 'tap';
import { BUILTINS, type KindSpec, kindFromCRD } from './builtins.ts';
import { DEFAULT_COLUMNS } from './group-columns.ts';
import type { JsonObject } from './json.ts';
import { toTable } from './table.ts';
import { recorded } from './testing/recorded.ts';

const NOW = new Date('2026-11-22T07:09:06Z');

function builtin(kind: string): KindSpec {
  const found = BUILTINS.find((spec) => spec.kind === kind && spec.group !== 'events.k8s.io');
  if (found === undefined) throw new Error(kind);
  return found;
}

function cells(kind: KindSpec, item: JsonObject): unknown {
  const table = toTable(kind, [item], { includeObject: 'None', now: NOW, listMetadata: {} });
  return (table.rows as { cells: unknown }[])[0]?.cells;
}

const HOST_SUBNET_CRD = {
  spec: {
    group: 'network.openshift.io',
    scope: 'Cluster',
    names: { kind: 'HostSubnet', plural: 'hostsubnets' },
    versions: [
      {
        name: 'v1',
        served: true,
        additionalPrinterColumns: [
          { name: 'Host', type: 'string', jsonPath: '.host', description: 'The name of the node' },
          {
            name: 'Host IP',
            type: 'string',
            jsonPath: '.hostIP',
            description: 'The IP address to be used as a VTEP by other nodes in the overlay network',
          },
          {
            name: 'Subnet',
            type: 'string',
            jsonPath: '.subnet',
            description: 'The CIDR range of the overlay network assigned to the node for its pods',
          },
          {
            name: 'Egress CIDRs',
            type: 'string',
            jsonPath: '.egressCIDRs',
            description: 'The network egress CIDRs',
          },
          {
            name: 'Egress IPs',
            type: 'string',
            jsonPath: '.egressIPs',
            description: 'The network egress IP addresses',
          },
        ],
      },
    ],
  },
};

t.test('a table of namespaces is the recorded one', async (t) => {
  const { body } = recorded(27).response;
  const namespaces = (body.rows as { object: JsonObject }[]).map(({ object }) => ({
    ...object,
    kind: 'Namespace',
    apiVersion: 'v1',
    status: { phase: 'Active' },
  }));
  const listMetadata = body.metadata as JsonObject;
  const table = toTable(builtin('Namespace'), namespaces, {
    includeObject: 'Metadata',
    now: NOW,
    listMetadata,
  });
  t.strictSame(table, body);
});

t.test('a table of custom resources is the recorded one', async (t) => {
  const { body } = recorded(26).response;
  const hostSubnet = recorded(20).response.body;
  const [kind] = kindFromCRD(HOST_SUBNET_CRD);
  const listMetadata = body.metadata as JsonObject;
  if (kind === undefined) throw new Error('the definition serves no version');
  t.strictSame(toTable(kind, [hostSubnet], { includeObject: 'Metadata', now: NOW, listMetadata }), body);
});

t.test('rows carry as much of the object as was asked for', async (t) => {
  const item = { metadata: { name: 'a' }, spec: {} };
  const row = (includeObject: 'Metadata' | 'Object' | 'None') =>
    toTable(builtin('Namespace'), [item], { includeObject, now: NOW, listMetadata: {} }).rows;
  t.match(row('Object'), [{ object: { metadata: { name: 'a' }, spec: {} } }]);
  t.match(row('Metadata'), [{ object: { kind: 'PartialObjectMetadata', metadata: { name: 'a' } } }]);
  t.match(row('None'), [{ object: null }]);
});

t.test('declared columns are shown by their type', async (t) => {
  const column = (type: string) => ({ name: 'X', type, jsonPath: '.x' });
  const rows: readonly (readonly [string, unknown, unknown])[] = [
    ['string', 'text', 'text'],
    ['string', ['a', 1], '["a",1]'],
    ['string', { a: true }, '{"a":true}'],
    ['string', 7, '7'],
    ['string', undefined, null],
    ['integer', 7, 7],
    ['integer', 'seven', null],
    ['number', 1.5, 1.5],
    ['boolean', false, false],
    ['boolean', 'yes', null],
    ['date', '2026-11-22T07:08:06Z', '60s'],
    ['date', 5, '<invalid>'],
    ['date', undefined, null],
    ['binary', 'x', null],
  ];
  for (const [type, x, shown] of rows) {
    const versions = [{ name: 'v1', served: true, additionalPrinterColumns: [column(type)] }];
    const [kind] = kindFromCRD({ spec: { names: { kind: 'X' }, versions } });
    if (kind === undefined) throw new Error('the definition serves no version');
    t.strictSame(cells(kind, { metadata: { name: 'n' }, x }), ['n', shown], `${type} ${JSON.stringify(x)}`);
  }
});

t.test('a custom resource without columns shows its age', async (t) => {
  const [kind] = kindFromCRD({ spec: { names: { kind: 'X' }, versions: [{ name: 'v1', served: true }] } });
  t.strictSame(
    kind?.columns.map(({ name, type }) => [name, type]),
    [
      ['Name', 'string'],
      ['Age', 'date'],
    ],
  );
});

t.test('built-in kinds show what kubectl users know', async (t) => {
  const metadata = { name: 'x', creationTimestamp: '2026-11-22T07:08:06Z' };
  const rows: readonly (readonly [string, JsonObject, readonly unknown[]])[] = [
    ['Namespace', { status: { phase: 'Terminating' } }, ['x', 'Terminating', '60s']],
    [
      'Node',
      {
        metadata: {
          ...metadata,
          labels: { 'node-role.kubernetes.io/worker': '', 'node-role.kubernetes.io/infra': '' },
        },
        spec: { unschedulable: true },
        status: {
          conditions: [{ type: 'Ready', status: 'True' }],
          addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
          nodeInfo: { kubeletVersion: 'v1.27.1', osImage: 'os' },
        },
      },
      [
        'x',
        'Ready,SchedulingDisabled',
        'infra,worker',
        '60s',
        'v1.27.1',
        '10.0.0.1',
        '<none>',
        'os',
        '<unknown>',
        '<unknown>',
      ],
    ],
    [
      'Node',
      { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } },
      ['x', 'NotReady', '<none>', '60s', '', '<none>', '<none>', '<unknown>', '<unknown>', '<unknown>'],
    ],
    ['Secret', { type: 'Opaque', data: { a: '', b: '' } }, ['x', 'Opaque', 2, '60s']],
    ['ConfigMap', { data: { a: '' }, binaryData: { b: '' } }, ['x', 2, '60s']],
    ['ServiceAccount', {}, ['x', 0, '60s']],
    [
      'Service',
      {
        spec: {
          type: 'NodePort',
          clusterIP: '1.2.3.4',
          ports: [{ port: 443, nodePort: 30443 }],
          selector: { a: 'b' },
        },
      },
      ['x', 'NodePort', '1.2.3.4', '<none>', '443:30443/TCP', '60s', 'a=b'],
    ],
    [
      'Endpoints',
      { subsets: [{ addresses: [1, 2, 3, 4].map((n) => ({ ip: `10.0.0.${n}` })), ports: [{ port: 80 }] }] },
      ['x', '10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 1 more...', '60s'],
    ],
    [
      'Event',
      {
        type: 'Warning',
        reason: 'PoolExhausted',
        message: 'no address is free\n',
        involvedObject: { kind: 'Namespace', name: 'team-a' },
        lastTimestamp: '2026-11-22T07:09:01Z',
        firstTimestamp: '2026-11-22T07:08:01Z',
        count: 3,
        source: { component: 'reconciler' },
      },
      [
        '5s',
        'Warning',
        'PoolExhausted',
        'namespace/team-a',
        '',
        'reconciler',
        'no address is free',
        '65s',
        3,
        'x',
      ],
    ],
    [
      'Pod',
      { spec: { containers: [{}] }, status: { phase: 'Running' } },
      ['x', '0/1', 'Running', '0', '60s', '<none>', '<none>', '<none>'],
    ],
    [
      'Deployment',
      {
        spec: {
          replicas: 2,
          selector: { matchLabels: { a: 'b' } },
          template: { spec: { containers: [{ name: 'c', image: 'i' }] } },
        },
      },
      ['x', '0/2', 0, 0, '60s', 'c', 'i', 'a=b'],
    ],
    [
      'ClusterRoleBinding',
      {
        roleRef: { kind: 'ClusterRole', name: 'view' },
        subjects: [
          { kind: 'User', name: 'eve' },
          { kind: 'ServiceAccount', name: 'sa', namespace: 'ns' },
        ],
      },
      ['x', 'ClusterRole/view', '60s', 'eve', '', 'ns/sa'],
    ],
    ['Lease', { spec: { holderIdentity: 'pod-1' } }, ['x', 'pod-1', '60s']],
    ['MutatingWebhookConfiguration', { webhooks: [{}, {}] }, ['x', 2, '60s']],
    ['PodDisruptionBudget', { spec: { minAvailable: '50%' } }, ['x', '50%', 'N/A', 0, '60s']],
    ['NetworkPolicy', { spec: { podSelector: {} } }, ['x', '<none>', '60s']],
  ];
  for (const [kind, item, shown] of rows)
    t.strictSame(cells(builtin(kind), { metadata, ...item }), shown, kind);
});

t.test('a kind without columns of its own shows when it was created', async (t) => {
  t.strictSame(
    DEFAULT_COLUMNS.map((column) => column.cell({ metadata: { name: 'x', creationTimestamp: '2026' } }, NOW)),
    ['x', '2026'],
  );
});
