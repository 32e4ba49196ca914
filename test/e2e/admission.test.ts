// What comes back from creating a namespace, on AWS.
import t from 'tap';
import type { NamespaceObject } from '../../shared/kinds.ts';
import { ALLOCATIONS, NAMESPACES } from '../../shared/kube/resources.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION } from '../../shared/names.ts';
import { cidr, parseAddress, within } from '../sandbox/ipv4.ts';
import { startCluster } from './cluster.ts';
import { createEgressIPAM, ipsOf, type Spec, zonedSpec } from './egressipams.ts';
import {
  createNamespace,
  deleteNamespace,
  egressIPsOf,
  namespace,
  refusal,
  untilLeavesFrom,
  untilReleased,
  verdictOf,
} from './namespaces.ts';
import { rightsSuffice } from './rights.ts';

const cluster = await startCluster({ platform: 'aws', nodes: 6 });
t.teardown(() => cluster.stop());

const EGRESSIPAM = 'e2e-admission';
const SLICE = 1;
const spec = zonedSpec(cluster, SLICE);
const [, second, third] = ipsOf(cluster, SLICE, 40) as [string, string, string];
await createEgressIPAM(cluster, EGRESSIPAM, reserving(spec, second));

/** The same with an address of the second pool that nobody may have. */
function reserving(plain: Spec, ip: string): Spec {
  const [one, two, ...rest] = plain.cidrAssignments;
  if (one === undefined || two === undefined) throw new RangeError('three zones are needed');
  return { ...plain, cidrAssignments: [one, { ...two, reservedIPs: [ip] }, ...rest] };
}

/** Whether there is one IP of each pool, in the order of the pools. */
function isOneOfEach(ips: readonly string[]): boolean {
  const pools = spec.cidrAssignments.map(({ CIDR }) => cidr(CIDR));
  return (
    ips.length === pools.length && pools.every((pool, i) => within(pool, parseAddress(ips[i] ?? '') ?? -1))
  );
}

t.test(
  'a namespace that opts in has its IPs in the answer to create, and its traffic leaves from them',
  async (t) => {
    const created = await createNamespace(cluster, 'e2e-opts-in', { egressIPAM: EGRESSIPAM });
    const ips = egressIPsOf(created);
    t.ok(isOneOfEach(ips), `one IP of each CIDR: ${ips}`);
    await untilLeavesFrom(cluster, 'e2e-opts-in', ips);
    const { items } = await cluster.client.list(ALLOCATIONS);
    const own = items.filter((allocation) => allocation.spec.namespace === 'e2e-opts-in');
    t.strictSame(own.map(({ metadata }) => metadata.name).sort(), [...ips].sort());
    t.ok(
      own.every(({ status }) => status?.phase === 'Bound' && status.namespaceUID === created.metadata.uid),
      'its allocations are Bound to it',
    );
  },
);

t.test('a list of IPs is honoured as it was written, in any order', async (t) => {
  const [one = '', two = '', three = ''] = ipsOf(cluster, SLICE, 41);
  const egressIPs = [three, one, two].join();
  const created = await createNamespace(cluster, 'e2e-lists', { egressIPAM: EGRESSIPAM, egressIPs });
  t.equal(created.metadata.annotations?.[EGRESSIPS_ANNOTATION], egressIPs);
  await untilLeavesFrom(cluster, 'e2e-lists', [one, two, three]);
});

t.test('an invalid list is refused with every fault in one sentence', async (t) => {
  const [held = '', , also = ''] = ipsOf(cluster, SLICE, 41);
  const asked = {
    egressIPAM: EGRESSIPAM,
    egressIPs: ['10.0.0.300', '10.9.9.9', held, second, also, third].join(),
  };
  const { status, message } = await refusal(() => createNamespace(cluster, 'e2e-mistaken', asked));
  t.equal(status, 422);
  t.match(
    message,
    /^admission webhook "namespaces\.egressip-ipam-operator\.redhat-cop\.io" denied the request: /,
  );
  t.match(message, '"10.0.0.300" is not an IPv4 address');
  t.match(message, '10.9.9.9 is in no CIDR of EgressIPAM "e2e-admission"');
  t.match(message, new RegExp(`${held} is (allocated to|listed by) namespace "e2e-lists"`));
  t.match(message, `${second} is in reservedIPs of `);
  t.match(message, `${also} and ${third} are both of `);
  t.equal(await cluster.client.get(NAMESPACES, 'e2e-mistaken'), undefined);
  t.equal(await cluster.client.get(ALLOCATIONS, third), undefined, 'nothing was claimed');
});

t.test('an EgressIPAM that does not exist is refused with those that do', async (t) => {
  const asked = { egressIPAM: 'e2e-none' };
  const { status, message } = await refusal(() => createNamespace(cluster, 'e2e-nowhere', asked));
  t.equal(status, 422);
  t.match(message, /EgressIPAM "e2e-none" does not exist; use one of .*"e2e-admission"/);
});

t.test('a dry run shows IPs and creates nothing', async (t) => {
  const before = (await cluster.client.list(ALLOCATIONS)).items.map(({ metadata }) => metadata.name);
  const object = namespace({ name: 'e2e-dry' }, { egressIPAM: EGRESSIPAM });
  const { body } = await cluster.raw.request('POST', '/api/v1/namespaces?dryRun=All', object);
  t.ok(isOneOfEach(egressIPsOf(body as NamespaceObject)), 'one IP of each CIDR is shown');
  t.equal(await cluster.client.get(NAMESPACES, 'e2e-dry'), undefined);
  const after = (await cluster.client.list(ALLOCATIONS)).items.map(({ metadata }) => metadata.name);
  t.strictSame(after, before, 'nothing was claimed');
});

t.test('a namespace that does not opt in is left alone', async (t) => {
  const metadata = { name: 'e2e-plain', annotations: { 'example.com/note': 'mine' } };
  const created = await cluster.client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata });
  t.strictSame(created.metadata.annotations, { 'example.com/note': 'mine' });
  await untilLeavesFrom(cluster, 'e2e-plain', []);
  t.equal((await verdictOf(cluster, 'e2e-plain'))?.egress, 'node');
});

t.test('an IP of a namespace that was never created is free again', async (t) => {
  // The API server asks the webhook, which claims, and then refuses what others object to: here, a name that is taken.
  const listed = ipsOf(cluster, SLICE, 50);
  await cluster.client.create(NAMESPACES, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'e2e-taken' },
  });
  const asked = { egressIPAM: EGRESSIPAM, egressIPs: listed.join() };
  const { code } = await refusal(() => createNamespace(cluster, 'e2e-taken', asked));
  t.equal(code, 'alreadyExists');
  await untilReleased(cluster, listed);
});

// After all stories that ask for certain IPs: chance decides which ones this namespace is given.
t.test('a namespace whose name the API server makes up gets IPs, too', async (t) => {
  const object = namespace({ generateName: 'e2e-made-up-' }, { egressIPAM: EGRESSIPAM });
  const created = await cluster.client.create(NAMESPACES, object);
  const ips = egressIPsOf(created);
  t.ok(isOneOfEach(ips), `one IP of each CIDR: ${ips}`);
  await untilLeavesFrom(cluster, created.metadata.name, ips);
  const allocation = await cluster.client.get(ALLOCATIONS, ips[0] ?? '');
  t.equal(allocation?.spec.namespace, created.metadata.name, 'the claim was given the name');
});

t.test('a namespace that is deleted gives its IPs back', async (t) => {
  const created = await createNamespace(cluster, 'e2e-deleted', { egressIPAM: EGRESSIPAM });
  const ips = egressIPsOf(created);
  await untilLeavesFrom(cluster, 'e2e-deleted', ips);
  await deleteNamespace(cluster, 'e2e-deleted');
  await untilReleased(cluster, ips);
  t.equal(await verdictOf(cluster, 'e2e-deleted'), undefined);
  t.notOk(created.metadata.annotations?.[EGRESSIPAM_ANNOTATION] === undefined);
});

rightsSuffice(t, cluster);
