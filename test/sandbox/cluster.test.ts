// The sandbox as a whole: what is in it when it is ready, and what the SDN makes of later changes.
import t from 'tap';
import type { KubeClient } from '../../shared/kube/client.ts';
import type { Resource } from '../../shared/kube/resources.ts';
import {
  HOST_SUBNETS,
  INFRASTRUCTURES,
  NAMESPACES,
  NET_NAMESPACES,
  NODES,
} from '../../shared/kube/resources.ts';
import type { Sandbox, SandboxOptions } from './cluster.ts';
import { startSandbox } from './cluster.ts';
import { assign } from './ec2/assign.ts';
import { setReady } from './nodes.ts';
import { EGRESS_IPCONFIG_ANNOTATION } from './sdn/accept.ts';
import { CLOUD_PRIVATE_IP_CONFIGS } from './sdn/platform.ts';

const MERGE = 'application/merge-patch+json';

async function start(
  test: { teardown(handler: () => Promise<void>): unknown },
  options: SandboxOptions,
): Promise<Sandbox & { client: KubeClient }> {
  const sandbox = await startSandbox(options);
  test.teardown(() => sandbox.close());
  return { ...sandbox, client: sandbox.kube.client };
}

async function names(client: KubeClient, resource: Resource): Promise<string[]> {
  return (await client.list(resource)).items.map((it) => it.metadata.name).sort();
}

function host(client: KubeClient, node: string, egressIPs: readonly string[]) {
  return client.patch(HOST_SUBNETS, node, MERGE, { egressIPs });
}

async function namespaceWith(sandbox: Sandbox & { client: KubeClient }, name: string, egressIPs: string[]) {
  await sandbox.client.create(NAMESPACES, { metadata: { name } });
  await sandbox.sdn.settled();
  await sandbox.client.patch(NET_NAMESPACES, name, MERGE, { egressIPs });
}

async function egressOf({ sdn }: Sandbox, name: string): Promise<string> {
  await sdn.settled();
  const verdict = sdn.verdicts().namespaces.get(name);
  return `${verdict?.egress}: ${verdict?.reason}`;
}

t.test(
  'on AWS nodes are spread over three zones, each with an instance, a HostSubnet and what says so',
  async (t) => {
    const { client, ec2, kubeconfig } = await start(t, { platform: 'aws', nodes: 4 });
    const { items } = await client.list(NODES);
    t.strictSame(items.map((node) => node.metadata.labels?.['topology.kubernetes.io/zone']).sort(), [
      'eu-central-1a',
      'eu-central-1a',
      'eu-central-1b',
      'eu-central-1c',
    ]);
    const hostSubnets = (await client.list(HOST_SUBNETS)).items;
    t.strictSame(
      hostSubnets.map((it) => `${it.metadata.name} ${it.hostIP}`).sort(),
      items.map((node) => `${node.metadata.name} ${node.status?.addresses?.[0]?.address}`).sort(),
    );
    t.equal(new Set(hostSubnets.map((it) => it.subnet)).size, 4);
    const instances = ec2?.model.state.instances;
    t.ok(items.every((node) => instances?.has(node.spec?.providerID?.split('/').at(-1) ?? '')));
    const infrastructure = await client.get(INFRASTRUCTURES, 'cluster');
    t.match(infrastructure?.status?.platformStatus, { type: 'AWS', aws: { region: 'eu-central-1' } });
    t.match(
      kubeconfig('reconciler'),
      'system:serviceaccount:egressip-ipam-operator:egressip-ipam-reconciler',
    );
  },
);

t.test('on bare metal there is no EC2', async (t) => {
  const sandbox = await start(t, { platform: 'baremetal', nodes: 2, rackNodes: 2 });
  t.equal(sandbox.ec2, undefined);
  t.strictSame(await names(sandbox.client, NODES), ['rack-1-0', 'rack-2-0', 'worker-0', 'worker-1']);
  const infrastructure = await sandbox.client.get(INFRASTRUCTURES, 'cluster');
  t.equal(infrastructure?.status?.platformStatus?.type, 'BareMetal');
});

t.test('NetNamespaces come and go with namespaces, HostSubnets with nodes', async (t) => {
  const { client, sdn } = await start(t, { platform: 'baremetal', nodes: 2 });
  await client.create(NAMESPACES, { metadata: { name: 'team-a' } });
  await sdn.settled();
  const all = (await client.list(NET_NAMESPACES)).items;
  t.ok(all.some((it) => it.metadata.name === 'team-a' && it.netname === 'team-a'));
  t.equal(new Set(all.map((it) => it.netid)).size, all.length, 'each has a net id of its own');
  await client.delete(NAMESPACES, 'team-a', {});
  await client.delete(NODES, 'worker-1', {});
  for (;;) {
    await sdn.settled();
    if ((await client.get(NAMESPACES, 'team-a')) === undefined) break;
  }
  await sdn.settled();
  t.notOk((await names(client, NET_NAMESPACES)).includes('team-a'));
  t.strictSame(
    (await client.list(HOST_SUBNETS)).items.map((it) => it.metadata.name),
    ['worker-0'],
  );
});

t.test('traffic follows HostSubnet, NetNamespace and interface', async (t) => {
  const sandbox = await start(t, { platform: 'aws', nodes: 3 });
  const [node] = (await sandbox.client.list(NODES)).items;
  const name = node?.metadata.name ?? '';
  await namespaceWith(sandbox, 'team-a', ['10.0.128.20']);
  t.match(await egressOf(sandbox, 'team-a'), 'dropped: 10.0.128.20: no node hosts it');
  await host(sandbox.client, name, ['10.0.128.20']);
  t.match(await egressOf(sandbox, 'team-a'), 'dropped: 10.0.128.20: it is not on the interface');
  const instanceId = node?.spec?.providerID?.split('/').at(-1);
  const model = sandbox.ec2?.model;
  const eni = [...(model?.state.interfaces.values() ?? [])].find(
    (it) => it.attachment?.instanceId === instanceId,
  );
  const input = { networkInterfaceId: eni?.id ?? '', addresses: ['10.0.128.20'], allowReassignment: false };
  model?.apply((state, now) => assign(state, input, now, 0));
  t.match(await egressOf(sandbox, 'team-a'), 'active: 10.0.128.20: it is active on');
  await setReady(sandbox.client, name, 'notReady');
  t.match(await egressOf(sandbox, 'team-a'), /^dropped: .* is offline/);
});

t.test('in automatic mode the SDN places IPs, and moves them off a node that fails', async (t) => {
  const sandbox = await start(t, { platform: 'baremetal', nodes: 2 });
  const { client } = sandbox;
  for (const node of ['worker-0', 'worker-1']) {
    await client.patch(HOST_SUBNETS, node, MERGE, { egressCIDRs: ['192.168.100.0/24'] });
  }
  await namespaceWith(sandbox, 'team-a', ['192.168.100.100']);
  t.match(await egressOf(sandbox, 'team-a'), 'active: 192.168.100.100: it is active on worker-0');
  await setReady(client, 'worker-0', 'notReady');
  t.match(await egressOf(sandbox, 'team-a'), 'active: 192.168.100.100: it is active on worker-1');
  t.strictSame((await client.get(HOST_SUBNETS, 'worker-0'))?.egressIPs, []);
});

t.test('where the platform assigns, a CloudPrivateIPConfig per IP is made and carried out', async (t) => {
  const sandbox = await start(t, { platform: 'aws', nodes: 3, assigns: 'platform' });
  const { client, ec2 } = sandbox;
  const [node, other] = (await client.list(NODES)).items;
  const name = node?.metadata.name ?? '';
  t.match(node?.metadata.annotations?.[EGRESS_IPCONFIG_ANNOTATION], '"capacity":{"ipv4":9,"ipv6":10}');
  await namespaceWith(sandbox, 'team-a', ['10.0.128.20']);
  await host(client, name, ['10.0.128.20']);
  t.match(await egressOf(sandbox, 'team-a'), /^active/);
  const config = await client.get(CLOUD_PRIVATE_IP_CONFIGS, '10.0.128.20');
  t.match(config?.status, { node: name, conditions: [{ type: 'Assigned', status: 'True' }] });
  t.strictSame(ec2?.counts(), {}, 'the platform is not counted with the product');

  await host(client, name, []);
  await sandbox.sdn.settled();
  t.equal(await client.get(CLOUD_PRIVATE_IP_CONFIGS, '10.0.128.20'), undefined);
  const held = [...(ec2?.model.state.interfaces.values() ?? [])].flatMap((eni) => eni.secondary);
  t.strictSame(held, []);

  const otherName = other?.metadata.name ?? '';
  await host(client, otherName, ['10.0.128.20']);
  t.match(await egressOf(sandbox, 'team-a'), 'dropped: 10.0.128.20: no node hosts it');
  t.match(sandbox.sdn.ignored().get(otherName), 'egress IP 10.0.128.20 is not within');
});
