// What administrators do with EgressIPAMs: make wrong ones, let them grow, take them away. On AWS.
import t from 'tap';
import { EGRESSIPAMS, NAMESPACES } from '../../shared/kube/resources.ts';
import { RELEASE_ALL_ANNOTATION } from '../../shared/names.ts';
import { startCluster } from './cluster.ts';
import {
  conditionOf,
  createEgressIPAM,
  egressIPAM,
  type Spec,
  sliceOf,
  untilReady,
  zonedSpec,
} from './egressipams.ts';
import { eventually } from './eventually.ts';
import { allocationsOf, createNamespace, egressIPsOf, refusal, untilLeavesFrom } from './namespaces.ts';
import { rightsSuffice } from './rights.ts';

const cluster = await startCluster({ platform: 'aws', nodes: 6 });
t.teardown(() => cluster.stop());

const MERGE = 'application/merge-patch+json';

function patchSpec(name: string, spec: Partial<Spec>) {
  return cluster.client.patch(EGRESSIPAMS, name, MERGE, { spec });
}

t.test('an EgressIPAM that cannot be is refused with every fault and where it is', async (t) => {
  const wrong = {
    ...zonedSpec(cluster, 6),
    cidrAssignments: [
      { CIDR: '10.0.128.1/24', labelValue: 'a' },
      { CIDR: '10.0.140.0/24', labelValue: 'b', reservedIPs: ['10.9.9.9'] },
    ],
  };
  const { status, message } = await refusal(() =>
    cluster.client.create(EGRESSIPAMS, egressIPAM('e2e-wrong', wrong)),
  );
  t.equal(status, 422);
  t.match(message, 'spec.cidrAssignments[0].CIDR: ');
  t.match(message, 'spec.cidrAssignments[1].reservedIPs[0]: ');
  t.equal(await cluster.client.get(EGRESSIPAMS, 'e2e-wrong'), undefined);
});

t.test('an EgressIPAM that overlaps another one is refused, naming it', async (t) => {
  await createEgressIPAM(cluster, 'e2e-first', zonedSpec(cluster, 7));
  const { status, message } = await refusal(() =>
    cluster.client.create(EGRESSIPAMS, egressIPAM('e2e-second', zonedSpec(cluster, 7))),
  );
  t.equal(status, 422);
  t.match(message, '"e2e-first"');
  await cluster.client.delete(EGRESSIPAMS, 'e2e-first', {});
  await eventually(
    'an EgressIPAM that nobody uses is gone when it is deleted',
    () => cluster.client.get(EGRESSIPAMS, 'e2e-first'),
    (object) => object === undefined,
  );
});

t.test('an EgressIPAM says how it stands', async (t) => {
  await createEgressIPAM(cluster, 'e2e-status', zonedSpec(cluster, 8));
  await createNamespace(cluster, 'e2e-counted', { egressIPAM: 'e2e-status' });
  const object = await eventually(
    'one IP of each CIDR is counted as allocated',
    () => cluster.client.get(EGRESSIPAMS, 'e2e-status'),
    (found) => found?.status?.cidrs?.every(({ allocated }) => allocated === 1) === true,
  );
  for (const type of ['Ready', 'CapacityOK', 'InventoryFresh']) {
    t.equal(conditionOf(object, type)?.status, 'True', type);
  }
  for (const cidr of object?.status?.cidrs ?? []) {
    t.equal(cidr.size, 64);
    t.equal(cidr.free, cidr.usable - 1);
  }
});

t.test('an EgressIPAM that grows gives its namespaces the IP that they lack', async (t) => {
  const name = 'e2e-grows';
  const whole = zonedSpec(cluster, 9);
  const [first, second, ...more] = whole.cidrAssignments;
  if (first === undefined || second === undefined) throw new RangeError('several zones are needed');
  await createEgressIPAM(cluster, name, { ...whole, cidrAssignments: [first, second] });
  const before = egressIPsOf(await createNamespace(cluster, 'e2e-grown', { egressIPAM: name }));
  t.equal(before.length, 2);
  await untilLeavesFrom(cluster, 'e2e-grown', before);
  await patchSpec(name, { cidrAssignments: [first, second, ...more] });
  const stored = await eventually(
    'the namespace lists an IP of each CIDR',
    () => cluster.client.get(NAMESPACES, 'e2e-grown'),
    (namespace) => egressIPsOf(namespace).length === whole.cidrAssignments.length,
  );
  const after = egressIPsOf(stored);
  t.strictSame(after.slice(0, 2), before, 'those that it had stay');
  await untilLeavesFrom(cluster, 'e2e-grown', after);
});

t.test('a CIDR in use cannot be taken away, nor an IP in use reserved', async (t) => {
  const name = 'e2e-used';
  const whole = zonedSpec(cluster, 10);
  await createEgressIPAM(cluster, name, whole);
  const ips = egressIPsOf(await createNamespace(cluster, 'e2e-user', { egressIPAM: name }));
  const [first, ...rest] = whole.cidrAssignments;
  const shrunk = await refusal(() => patchSpec(name, { cidrAssignments: rest }));
  t.match(shrunk.message, `namespace "e2e-user" (${ips[0]})`);
  const reserving = [{ CIDR: '', labelValue: '', ...first, reservedIPs: ips.slice(0, 1) }, ...rest];
  const reserved = await refusal(() => patchSpec(name, { cidrAssignments: reserving }));
  t.match(reserved.message, `namespace "e2e-user" (${ips[0]})`);
  const unused = sliceOf(cluster.zones[0]?.addresses ?? '', 10).ip(60);
  const other = ips[0] === unused ? sliceOf(cluster.zones[0]?.addresses ?? '', 10).ip(61) : unused;
  await patchSpec(name, {
    cidrAssignments: [
      { ...reserving[0], CIDR: first?.CIDR ?? '', labelValue: first?.labelValue ?? '', reservedIPs: [other] },
      ...rest,
    ],
  });
  await untilReady(cluster, name);
  await untilLeavesFrom(cluster, 'e2e-user', ips);
});

t.test('an EgressIPAM in use is deleted only with everything released', async (t) => {
  const name = 'e2e-drained';
  await createEgressIPAM(cluster, name, zonedSpec(cluster, 11));
  const ips = egressIPsOf(await createNamespace(cluster, 'e2e-drains', { egressIPAM: name }));
  await untilLeavesFrom(cluster, 'e2e-drains', ips);
  const { status, message } = await refusal(() => cluster.client.delete(EGRESSIPAMS, name, {}));
  t.equal(status, 422);
  t.match(message, 'in use by namespace "e2e-drains"');
  t.match(message, RELEASE_ALL_ANNOTATION);
  await cluster.client.patch(EGRESSIPAMS, name, MERGE, {
    metadata: { annotations: { [RELEASE_ALL_ANNOTATION]: 'true' } },
  });
  await cluster.client.delete(EGRESSIPAMS, name, {});
  await untilLeavesFrom(cluster, 'e2e-drains', []);
  await eventually(
    `EgressIPAM ${name} is gone`,
    () => cluster.client.get(EGRESSIPAMS, name),
    (object) => object === undefined,
  );
  t.strictSame(
    (await allocationsOf(cluster, ips)).filter((allocation) => !allocation.endsWith(' Resting')),
    [],
    'its IPs rest: nobody has told for how long, so it is as long as usual',
  );
  const interfaces = await cluster.cloud?.interfaces();
  t.notOk(
    ips.some((ip) => interfaces?.has(ip)),
    'they are on no interface',
  );
});

rightsSuffice(t, cluster);
