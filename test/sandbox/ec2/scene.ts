// A small account for tests: two subnets, and an instance with its interface for each address named.
import { address, cidr, within } from '../ipv4.ts';
import { addSubnet, addVpc, launch } from './lifecycle.ts';
import type { Change, Ec2State } from './model.ts';
import { EMPTY } from './model.ts';

export interface SceneSpec {
  readonly type: string;
  /** Primary addresses, in 10.0.128.0 or 10.0.144.0. */
  readonly nodes: readonly string[];
  /** Of both subnets; 20 if absent. */
  readonly prefix?: number;
}

export interface Scene {
  readonly state: Ec2State;
  /** Of the nodes, in their order. */
  readonly enis: readonly string[];
  readonly instances: readonly string[];
  readonly subnets: readonly string[];
}

export function scene({ type, nodes, prefix = 20 }: SceneSpec): Scene {
  let state = EMPTY;
  const step = <T>(change: Change<T>): T => {
    state = done(change);
    return change.ok ? change.value.value : (undefined as never);
  };
  const vpc = step(addVpc(state, cidr('10.0.0.0/16')));
  const subnets = ['10.0.128.0', '10.0.144.0'].map((base, i) => {
    const zone = `eu-central-1${i === 0 ? 'a' : 'b'}`;
    return step(addSubnet(state, { vpcId: vpc.id, zone, cidr: cidr(`${base}/${prefix}`) }));
  });
  const launched = nodes.map((ip) => {
    const subnet = subnets.find((it) => within(it.cidr, address(ip)));
    return step(launch(state, { subnetId: subnet?.id ?? '', type, address: address(ip) }, 0));
  });
  return {
    state,
    enis: launched.map(({ eni }) => eni.id),
    instances: launched.map(({ instance }) => instance.id),
    subnets: subnets.map((it) => it.id),
  };
}

/** The state after a change that must not be refused. */
export function done<T>(change: Change<T>): Ec2State {
  if (!change.ok) throw new Error(`${change.error.code}: ${change.error.message}`);
  return change.value.state;
}
