// The machines beneath the nodes that the suite makes on somebody's API server: on bare metal none; on AWS instances of the
// sandbox's EC2, started here, or of the one at AWS_ENDPOINT_URL.
import type { NodeObject } from '../../shared/kinds.ts';
import { takeAddress } from '../sandbox/ec2/lifecycle.ts';
import { addressesOf } from '../sandbox/ec2/model.ts';
import { type Ec2, startEc2 } from '../sandbox/ec2/server.ts';
import { formatAddress, parseAddress, within } from '../sandbox/ipv4.ts';
import { awsNodes, bareMetalNodes, type NodeSpec, REGION, rackNodes, ZONES } from '../sandbox/nodes.ts';
import { ec2Cloud, type SdnCloud } from '../sandbox/sdn/cloud.ts';
import { type Environment, sandboxAws } from '../stack/aws-environment.ts';
import type { CloudView, ClusterOptions, Zone } from './cluster.ts';
import { askedEc2 } from './config.ts';
import { givenMachines } from './given-ec2.ts';
import type { NodeAddresses } from './verdicts.ts';

export interface Machines {
  readonly nodes: readonly NodeSpec[];
  readonly zones: readonly Zone[];
  readonly region: string | undefined;
  /** For the reconciler. */
  readonly env: Environment;
  /** How many namespaces they can host. */
  readonly room: number;
  readonly view: CloudView | undefined;
  /** What the SDN of the sandbox can work with. */
  readonly sdnCloud: SdnCloud | undefined;
  addressesOf(nodes: readonly NodeObject[]): ReturnType<NodeAddresses>;
  /** Takes these off the nodes' interfaces, if any are still there. */
  release(ips: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export const RACKS: readonly Zone[] = [
  { name: 'rack-1', addresses: '192.168.101.0/24' },
  { name: 'rack-2', addresses: '192.168.102.0/24' },
];

export const AWS_ZONES: readonly Zone[] = ZONES.map(({ zone, subnet }) => ({
  name: zone,
  addresses: subnet,
}));

export async function machinesFor(options: ClusterOptions): Promise<Machines> {
  if (options.platform === 'baremetal') return bareMetal(options);
  const given = askedEc2();
  return given === undefined ? await sandboxed(options) : await givenMachines(given);
}

function bareMetal({ nodes, rackNodes: racks = 0 }: ClusterOptions): Machines {
  return {
    nodes: [...bareMetalNodes(nodes), ...rackNodes(racks)],
    zones: RACKS,
    region: undefined,
    env: {},
    room: Number.POSITIVE_INFINITY,
    view: undefined,
    sdnCloud: undefined,
    addressesOf: async () => undefined,
    release: async () => {},
    close: async () => {},
  };
}

async function sandboxed({ nodes, instanceType = 'm5.large' }: ClusterOptions): Promise<Machines> {
  const ec2 = await startEc2();
  const sdnCloud = ec2Cloud(ec2.model);
  return {
    nodes: awsNodes(ec2.model, ZONES, nodes, instanceType),
    zones: AWS_ZONES,
    region: REGION,
    env: sandboxAws(ec2.url),
    room: Number.POSITIVE_INFINITY,
    view: viewOf(ec2),
    sdnCloud,
    addressesOf: async (objects) => sdnCloud.interfaces(objects),
    release: async () => {},
    close: () => ec2.close(),
  };
}

function viewOf({ model }: Ec2): CloudView {
  return {
    async interfaces() {
      const interfaces = [...model.inForce.interfaces.values()];
      return new Map(
        interfaces.flatMap((eni) => addressesOf(eni).map((ip) => [formatAddress(ip), eni.id] as const)),
      );
    },
    async take(ip) {
      const address = parseAddress(ip) ?? -1;
      const subnet = [...model.state.subnets.values()].find((it) => within(it.cidr, address));
      model.apply((state) => takeAddress(state, subnet?.id ?? '', address));
    },
  };
}
