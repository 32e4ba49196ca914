// What do the schemas take and refuse? Everything that the Go operator's v1alpha1 takes must be taken, and
// every field that the product reads or writes must be known, or the API server would drop it.
import fc from 'fast-check';
import t from 'tap';
import { parseIPv4 } from '../../shared/ip.ts';
import type { AllocationObject, Condition, EgressIPAMObject } from '../../shared/kinds.ts';
import type { Manifest } from './read.ts';
import { printerColumns, unknownFields, validator } from './schema.ts';

const egressIPAMFault = validator('egressipams');
const allocationFault = validator('egressipallocations');

/** Every optional field as well: what is left out of these examples is a type error. */
type Whole<T> = T extends readonly (infer U)[]
  ? readonly Whole<U>[]
  : T extends object
    ? { [K in keyof T]-?: Whole<T[K]> }
    : T;
type Written<T> = {
  readonly [K in 'spec' | ('status' & keyof T)]-?: K extends keyof T ? Whole<T[K]> : never;
};

const condition: Whole<Condition> = {
  type: 'Ready',
  status: 'True',
  reason: 'AsExpected',
  message: '3 namespaces are served.',
  lastTransitionTime: '2026-03-01T10:00:00Z',
  observedGeneration: 1,
};

const egressIPAM: Written<EgressIPAMObject> = {
  spec: {
    cidrAssignments: [
      {
        CIDR: '10.0.128.0/20',
        labelValue: 'eu-central-1a',
        reservedIPs: ['10.0.128.7', '10.0.128.5-10.0.128.9', '10.0.129.0/28'],
      },
    ],
    topologyLabel: 'topology.kubernetes.io/zone',
    nodeSelector: {
      matchLabels: { 'node-role.kubernetes.io/worker': '' },
      matchExpressions: [{ key: 'egressGW', operator: 'In', values: ['true'] }],
    },
    reuseGracePeriod: '1h30m',
    capacityPolicy: 'Warn',
  },
  status: {
    observedGeneration: 1,
    cloud: 'aws',
    cidrs: [
      {
        CIDR: '10.0.128.0/20',
        labelValue: 'eu-central-1a',
        size: 4096,
        usable: 4080,
        allocated: 3,
        resting: 1,
        free: 4076,
        freeHostSlots: 27,
        inUse: ['10.0.128.0-10.0.128.3', '10.0.143.255'],
      },
    ],
    allocated: 3,
    free: 4076,
    conditions: [condition],
  },
};

const allocation: Written<AllocationObject> = {
  spec: { egressIPAM: 'egressipam-aws', cidr: '10.0.128.0/20', namespace: 'team-a', claim: 'f3a1' },
  status: {
    namespaceUID: '0c6f8d1e-7b53-4a86-9a57-5d6f1c1f4a11',
    node: 'worker-1',
    interface: 'eni-0123456789abcdef0',
    phase: 'Bound',
    conditions: [condition],
  },
};

const named = (name: string, rest: object) => ({ metadata: { name }, ...rest });

/** The EgressIPAMs that the Go operator's documentation and tests show, by what they show. */
const GO_OPERATOR: Record<string, Manifest> = {
  'a reserved address outside its CIDR': {
    cidrAssignments: [{ labelValue: 'true', CIDR: '192.169.0.0/24', reservedIPs: ['192.159.0.5'] }],
    topologyLabel: 'egressGateway',
    nodeSelector: { matchLabels: { 'node-role.kubernetes.io/worker': '' } },
  },
  'three zones of AWS, by the deprecated label': {
    cidrAssignments: [
      { labelValue: 'eu-central-1a', CIDR: '10.0.128.0/20' },
      { labelValue: 'eu-central-1b', CIDR: '10.0.144.0/20' },
      { labelValue: 'eu-central-1c', CIDR: '10.0.160.0/20' },
    ],
    topologyLabel: 'failure-domain.beta.kubernetes.io/zone',
    nodeSelector: { matchLabels: { 'node-role.kubernetes.io/worker': '' } },
  },
  'an empty label value': {
    cidrAssignments: [{ labelValue: '', CIDR: '10.0.32.0/19', reservedIPs: ['10.0.32.8'] }],
    topologyLabel: 'node-role.kubernetes.io/worker',
    nodeSelector: { matchLabels: { 'node-role.kubernetes.io/worker': '' } },
  },
  'host bits, which its pattern lets through': {
    cidrAssignments: [{ labelValue: 'true', CIDR: '10.0.128.7/20' }],
    topologyLabel: 'egressGateway',
  },
  'no CIDR at all': { topologyLabel: 'egressGateway' },
};

/** IPv4 addresses, most of them with one part that no address has. */
const almostIPv4 = fc
  .tuple(
    fc.ipV4(),
    fc.integer({ min: 0, max: 3 }),
    fc.constantFrom('', '00', '07', '0x7', ' 7', '256', '1000', '7.7', '7'),
  )
  .map(([address, index, part]) => address.split('.').with(index, part).join('.'));

t.test('an EgressIPAM that the Go operator takes is taken', async (t) => {
  for (const [what, spec] of Object.entries(GO_OPERATOR)) {
    t.equal(egressIPAMFault(named('example', { spec })), null, what);
    t.same(unknownFields('egressipams', { spec }), [], what);
  }
});

t.test('an EgressIPAM without a spec is taken, as the Go operator takes it', async (t) => {
  t.equal(egressIPAMFault(named('example', {})), null);
});

t.test('a CIDR is refused exactly when the Go operator refuses it', async (t) => {
  const byte = '([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])';
  const goOperator = new RegExp(`^(${byte}\\.){3}${byte}(\\/(3[0-2]|[1-2][0-9]|[0-9]))$`);
  const fault = (CIDR: string) =>
    egressIPAMFault(
      named('e', { spec: { topologyLabel: 'l', cidrAssignments: [{ CIDR, labelValue: '' }] } }),
    );
  const text = fc
    .tuple(almostIPv4, fc.constantFrom('/', '/', '', '/0', '//'), fc.integer({ min: 0, max: 40 }))
    .map((parts) => parts.join(''));
  const agree = fc.property(text, (cidr) => (fault(cidr) === null) === goOperator.test(cidr));
  t.doesNotThrow(() => fc.assert(agree, { numRuns: 500 }));
});

t.test(
  'a status that an operator before us left behind does not stand in the way of an update',
  async (t) => {
    const conditions = [
      {
        type: 'ReconcileError',
        status: 'True',
        reason: '',
        message: '',
        lastTransitionTime: '2023-01-01T00:00:00Z',
      },
    ];
    t.equal(egressIPAMFault(named('e', { spec: { topologyLabel: 'l' }, status: { conditions } })), null);
  },
);

t.test('a faulty EgressIPAM is refused with the path of the fault', async (t) => {
  const spec = { topologyLabel: 'l', cidrAssignments: [{ CIDR: '10.0.0.0/24', labelValue: 'a' }] };
  const rows: [string, object, RegExp][] = [
    ['no topologyLabel', { cidrAssignments: [] }, /\/spec must have required property 'topologyLabel'/],
    ['no labelValue', { ...spec, cidrAssignments: [{ CIDR: '10.0.0.0/24' }] }, /labelValue/],
    ['no CIDR', { ...spec, cidrAssignments: [{ labelValue: 'a' }] }, /'CIDR'/],
    [
      'a CIDR without prefix',
      { ...spec, cidrAssignments: [{ CIDR: '10.0.0.0', labelValue: 'a' }] },
      /CIDR must match/,
    ],
    [
      'a number as labelValue',
      { ...spec, cidrAssignments: [{ CIDR: '10.0.0.0/24', labelValue: true }] },
      /labelValue must be string/,
    ],
    [
      'an unknown capacityPolicy',
      { ...spec, capacityPolicy: 'Maybe' },
      /capacityPolicy must be equal to one of/,
    ],
    ['a number as reuseGracePeriod', { ...spec, reuseGracePeriod: 5 }, /reuseGracePeriod must be string/],
    [
      'a selector without operator',
      { ...spec, nodeSelector: { matchExpressions: [{ key: 'a' }] } },
      /'operator'/,
    ],
  ];
  t.equal(egressIPAMFault(named('e', { spec })), null, 'the one without fault');
  for (const [what, faulty, fault] of rows)
    t.match(egressIPAMFault(named('e', { spec: faulty })), fault, what);
});

t.test('every field that the product reads or writes is known and of the right type', async (t) => {
  t.equal(egressIPAMFault(named('e', egressIPAM)), null);
  t.same(unknownFields('egressipams', egressIPAM), []);
  t.equal(allocationFault(named('10.0.128.7', allocation)), null);
  t.same(unknownFields('egressipallocations', allocation), []);
  t.same(unknownFields('egressipams', { spec: { cidrAssignment: [] } }), ['.spec.cidrAssignment'], 'control');
});

t.test('every phase is known, and no other', async (t) => {
  const fault = (phase: string) => allocationFault(named('10.0.0.7', { ...allocation, status: { phase } }));
  for (const phase of ['Claimed', 'Bound', 'Releasing', 'Resting']) t.equal(fault(phase), null);
  t.match(fault('Gone'), /phase must be equal to one of/);
});

t.test('a claim may be nameless, but never without token, CIDR or EgressIPAM', async (t) => {
  const { spec } = allocation;
  t.equal(allocationFault(named('10.0.0.7', { spec: { ...spec, namespace: '' } })), null);
  for (const key of ['egressIPAM', 'cidr', 'claim']) {
    t.match(allocationFault(named('10.0.0.7', { spec: { ...spec, [key]: '' } })), key, `empty ${key}`);
  }
  t.match(allocationFault(named('10.0.0.7', {})), /'spec'/);
});

t.test('an allocation is named by an IP in its one canonical spelling', async (t) => {
  const agree = fc.property(almostIPv4, (text) => {
    return (allocationFault(named(text, allocation)) === null) === (parseIPv4(text) !== undefined);
  });
  t.doesNotThrow(() => fc.assert(agree, { numRuns: 500 }));
});

t.test('every column shows a field that the schema knows', async (t) => {
  for (const plural of ['egressipams', 'egressipallocations']) {
    for (const { name, jsonPath } of printerColumns(plural)) {
      if (jsonPath.startsWith('.metadata')) continue;
      const fields = jsonPath
        .replace(/\[\?\(.*?\)\]/, '.0')
        .split('.')
        .slice(1);
      const object = fields.reduceRight(
        (inner: unknown, field: string) => (field === '0' ? [inner] : { [field]: inner }),
        'x',
      );
      t.same(unknownFields(plural, object), [], `${plural} ${name}`);
    }
  }
});

t.test('kubectl get shows who has an IP, and with -o wide where it is', async (t) => {
  const columns = (plural: string, priority: number) =>
    printerColumns(plural)
      .filter((column) => (column.priority ?? 0) === priority)
      .map((column) => column.name);
  t.same(columns('egressipallocations', 0), ['EgressIPAM', 'Namespace', 'Node', 'Phase', 'Age']);
  t.same(columns('egressipallocations', 1), ['CIDR', 'Interface']);
  t.same(columns('egressipams', 0), ['Topology', 'Ready', 'Reason', 'Allocated', 'Free', 'Age']);
});
