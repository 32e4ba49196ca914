// The nodes of the sandbox's cluster, as OpenShift's installer makes them on AWS and on bare metal.
import type { NodeObject } from '../../shared/kinds.ts';
import type { KubeClient } from '../../shared/kube/client.ts';
import { NODES } from '../../shared/kube/resources.ts';
import type { Account } from './ec2/account.ts';
import { addSubnet, addVpc, launch } from './ec2/lifecycle.ts';
import { cidr, formatAddress } from './ipv4.ts';

export interface NodeSpec {
  readonly name: string;
  readonly internalIP: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly providerID?: string;
}

export const REGION = 'eu-central-1';
const VPC = '10.0.0.0/16';

export interface Zone {
  readonly zone: string;
  /** CIDR. */
  readonly subnet: string;
}

export const ZONES: readonly Zone[] = [
  { zone: 'eu-central-1a', subnet: '10.0.128.0/20' },
  { zone: 'eu-central-1b', subnet: '10.0.144.0/20' },
  { zone: 'eu-central-1c', subnet: '10.0.160.0/20' },
];
/** For more IPs than a /20 has. */
export const LARGE_ZONES: readonly Zone[] = [
  { zone: 'eu-central-1a', subnet: '10.0.0.0/18' },
  { zone: 'eu-central-1b', subnet: '10.0.64.0/18' },
  { zone: 'eu-central-1c', subnet: '10.0.128.0/18' },
];
/** Nodes' own addresses start here in their subnet, out of the way of those that people like to write by hand. */
const FIRST_NODE = 8 * 256 + 10;

/** Workers in turn in the zones, each with an instance and its interface. */
export function awsNodes(
  account: Account,
  zones: readonly Zone[],
  count: number,
  instanceType: string,
): NodeSpec[] {
  const vpc = account.apply((state) => addVpc(state, cidr(VPC)));
  const subnets = zones.map(({ zone, subnet }) =>
    account.apply((state) =>
      addSubnet(state, {
        vpcId: vpc.id,
        zone,
        cidr: cidr(subnet),
        tags: { Name: `sandbox-private-${zone}` },
      }),
    ),
  );
  return Array.from({ length: count }, (_, i) => {
    const subnet = subnets[i % subnets.length];
    if (subnet === undefined) throw new RangeError('no zone');
    const address = subnet.cidr.first + FIRST_NODE + Math.floor(i / subnets.length);
    const internalIP = formatAddress(address);
    const name = `ip-${internalIP.replaceAll('.', '-')}.${REGION}.compute.internal`;
    const spec = { subnetId: subnet.id, type: instanceType, address, tags: { Name: name } };
    const { instance } = account.apply((state, now) => launch(state, spec, now));
    return {
      name,
      internalIP,
      providerID: `aws:///${subnet.zone}/${instance.id}`,
      labels: {
        'topology.kubernetes.io/region': REGION,
        'topology.kubernetes.io/zone': subnet.zone,
        'node.kubernetes.io/instance-type': instanceType,
        egressGW: 'true',
      },
    };
  });
}

/** The nodes that one CIDR's egress IPs are on, in its network. */
export function bareMetalNodes(count: number): NodeSpec[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `worker-${i}`,
    internalIP: bareMetalAddress(i),
    labels: { egressGW: 'true' },
  }));
}

/** Nodes in turn in two racks, for an EgressIPAM with several CIDRs. */
export function rackNodes(count: number): NodeSpec[] {
  return Array.from({ length: count }, (_, i) => {
    const rack = 1 + (i % 2);
    const internalIP = formatAddress(cidr(`192.168.${100 + rack}.0/24`).first + 10 + Math.floor(i / 2));
    return {
      name: `rack-${rack}-${Math.floor(i / 2)}`,
      internalIP,
      labels: { 'example.com/rack': `rack-${rack}` },
    };
  });
}

/** The first in 192.168.100.0/24 from .10; more than fit below .100 go on in 192.168.104.0/22. */
function bareMetalAddress(i: number): string {
  const near = 90;
  return i < near
    ? formatAddress(cidr('192.168.100.0/24').first + 10 + i)
    : formatAddress(cidr('192.168.104.0/22').first + 10 + i - near);
}

/** A worker that is Ready. */
export async function createNode(client: KubeClient, spec: NodeSpec): Promise<NodeObject> {
  const { name, internalIP, providerID } = spec;
  const labels = {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
    'node-role.kubernetes.io/worker': '',
    ...spec.labels,
  };
  await client.create(NODES, {
    metadata: { name, labels },
    spec: providerID === undefined ? {} : { providerID },
  });
  const addresses = [
    { type: 'InternalIP', address: internalIP },
    { type: 'Hostname', address: name },
  ];
  return patchStatus(client, name, { addresses, conditions: [readyCondition('ready')], nodeInfo: NODE_INFO });
}

/** What `kubectl get nodes -o wide` shows of every node. */
const NODE_INFO = {
  architecture: 'amd64',
  bootID: '',
  containerRuntimeVersion: 'cri-o://1.32.3',
  kernelVersion: '5.14.0',
  kubeProxyVersion: 'v1.32.4',
  kubeletVersion: 'v1.32.4',
  machineID: '',
  operatingSystem: 'linux',
  osImage: 'Red Hat Enterprise Linux CoreOS',
  systemUUID: '',
};

/** What the kubelet, or the node controller in its place, would write. */
export function setReady(client: KubeClient, name: string, state: 'ready' | 'notReady'): Promise<NodeObject> {
  return patchStatus(client, name, { conditions: [readyCondition(state)] });
}

function patchStatus(client: KubeClient, name: string, status: object): Promise<NodeObject> {
  return client.patch(NODES, name, 'application/merge-patch+json', { status }, { subresource: 'status' });
}

function readyCondition(state: 'ready' | 'notReady'): object {
  const at = `${new Date().toISOString().slice(0, 19)}Z`;
  const times = { lastHeartbeatTime: at, lastTransitionTime: at };
  return state === 'ready'
    ? {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'kubelet is posting ready status',
        ...times,
      }
    : {
        type: 'Ready',
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
        ...times,
      };
}
