// The real processes where the platform assigns (OpenShift 4.10 and newer in a cloud): the same promises, no call to EC2.
import t from 'tap';
import { CLOUD_PRIVATE_IP_CONFIGS } from '../../../reconciler/platform-assigns/resource.ts';
import type { KubeObject } from '../../../shared/kinds.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  EVENTS,
  HOST_SUBNETS,
  NAMESPACES,
} from '../../../shared/kube/resources.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION } from '../../../shared/names.ts';
import { eventually } from '../../e2e/eventually.ts';
import { setReady } from '../../sandbox/nodes.ts';
import { Stack } from '../../stack/stack.ts';

const ZONE = 'eu-central-1a';

interface Verdicts {
  readonly namespaces: readonly { readonly namespace: string; readonly from: readonly string[] }[];
  /** HostSubnets of which the SDN ignores the latest state. */
  readonly ignored: object;
}

// A node has room for one egress IP, and zone a has two nodes.
const stack = await Stack.start({
  platform: 'aws',
  nodes: 6,
  sandboxArgs: ['--platform-assigns', '--request-timeout=4s', '--instance-type=t3.micro'],
  reconcilerArgs: ['--api-server-request-timeout=2500ms'],
});
t.teardown(() => stack.stop());
const { client } = stack;
await client.create(EGRESSIPAMS, {
  apiVersion: 'redhatcop.redhat.io/v1alpha1',
  kind: 'EgressIPAM',
  metadata: { name: 'pool' },
  spec: {
    topologyLabel: 'topology.kubernetes.io/zone',
    reuseGracePeriod: '1s',
    cidrAssignments: [{ CIDR: '10.0.129.0/26', labelValue: ZONE }],
  },
});
await eventually(
  'the EgressIPAM was looked at',
  () => client.get(EGRESSIPAMS, 'pool'),
  (it) => it?.status?.conditions?.some(({ reason }) => reason === 'PlatformAssigns') === true,
);

/** Opted in; with this IP, where one is given. */
async function create(name: string, ip?: string): Promise<string> {
  const annotations = {
    [EGRESSIPAM_ANNOTATION]: 'pool',
    ...(ip === undefined ? {} : { [EGRESSIPS_ANNOTATION]: ip }),
  };
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, annotations } };
  const { metadata } = await client.create(NAMESPACES, object);
  return metadata.annotations?.[EGRESSIPS_ANNOTATION] ?? '';
}

async function untilLeavesFrom(name: string, ...ips: readonly string[]): Promise<void> {
  await eventually(
    `traffic of ${name} leaves from ${ips.join() || 'its nodes'}`,
    async () =>
      (await stack.ask<Verdicts>('verdicts')).namespaces.find(({ namespace }) => namespace === name)?.from,
    (from) => from?.join() === ips.join(),
  );
}

async function allocatedTo(name: string): Promise<string[]> {
  const { items } = await client.list(ALLOCATIONS);
  return items.filter(({ spec }) => spec.namespace === name).map(({ metadata }) => metadata.name);
}

async function hostsOf(ip: string): Promise<string[]> {
  const { items } = await client.list(HOST_SUBNETS);
  return items.filter(({ egressIPs }) => egressIPs?.includes(ip)).map(({ metadata }) => metadata.name);
}

/** The webhook gives out as many IPs as nodes have room for, as far as the reconciler has told. */
async function untilThereIsRoomFor(count: number): Promise<void> {
  await eventually(
    `there is room for ${count}`,
    () => client.get(EGRESSIPAMS, 'pool'),
    (it) => it?.status?.cidrs?.[0]?.freeHostSlots === count,
  );
}

interface Told extends KubeObject {
  readonly reason: string;
  readonly message: string;
}

async function untilTold(name: string, reason: string): Promise<string> {
  const told = async () =>
    (await client.list(EVENTS, { namespace: name })).items as unknown as readonly Told[];
  const is = (event: Told) => event.reason === reason;
  const events = await eventually(`${name} is told ${reason}`, told, (all) => all.some(is));
  return events.find(is)?.message ?? '';
}

t.test('a namespace is served, and called so when the platform has assigned its IP', async (t) => {
  const ip = await create('a');
  await untilLeavesFrom('a', ip);
  t.equal(await untilTold('a', 'EgressIPsActive'), `Traffic of this namespace leaves the cluster from ${ip}`);
});

t.test('an IP leaves a node that fails', async (t) => {
  const [ip = ''] = await allocatedTo('a');
  const [node = ''] = await hostsOf(ip);
  await setReady(client, node, 'notReady');
  await eventually(
    `${ip} is hosted elsewhere`,
    () => hostsOf(ip),
    ([host]) => host !== undefined && host !== node,
  );
  await untilLeavesFrom('a', ip);
  await setReady(client, node, 'ready');
  await untilThereIsRoomFor(1);
  t.same((await hostsOf(ip)).length, 1);
});

t.test('what the platform cannot assign is told of, and disturbs nobody', async (t) => {
  const taken = '10.0.129.50';
  await stack.tell('ec2/taken', { ip: taken });
  await create('b', taken);
  t.match(await untilTold('b', 'NotAssigned'), /^The platform could not assign 10\.0\.129\.50: /);
  const [ip = ''] = await allocatedTo('a');
  await untilLeavesFrom('a', ip);
});

t.test('no node is given more than the platform says it can carry', async (t) => {
  await untilThereIsRoomFor(0);
  await t.rejects(create('c'), { message: /room for 0 more egress IPs/ });
  t.same((await stack.ask<Verdicts>('verdicts')).ignored, {}, 'the SDN ignores no HostSubnet');
});

t.test('what is given back leaves nothing behind', async (t) => {
  for (const name of ['a', 'b'])
    await client.patch(NAMESPACES, name, 'application/merge-patch+json', {
      metadata: { annotations: { [EGRESSIPAM_ANNOTATION]: null, [EGRESSIPS_ANNOTATION]: null } },
    });
  await untilLeavesFrom('a');
  await eventually(
    'nothing is allocated any more',
    async () => (await client.list(ALLOCATIONS)).items.length,
    (count) => count === 0,
  );
  t.same((await client.list(CLOUD_PRIVATE_IP_CONFIGS)).items, []);
  t.same(
    (await client.list(HOST_SUBNETS)).items.flatMap(({ egressIPs }) => egressIPs ?? []),
    [],
  );
});

t.test('EC2 was never called', async (t) => {
  t.same((await stack.ask<{ counts: object }>('ec2')).counts, {});
});
