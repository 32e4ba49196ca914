// A VPC with one zone on the sandbox's EC2, and the cloud under test in front of it through the real SDK.
import { setTimeout as sleep } from 'node:timers/promises';
import { Cloud, type CloudOptions } from '../../../reconciler/aws/cloud.ts';
import type { NodeRef } from '../../../reconciler/aws/inventory.ts';
import { Limiter } from '../../../reconciler/aws/limiter.ts';
import { sdkEc2 } from '../../../reconciler/aws/sdk.ts';
import { formatIPv4, type IPv4, parseIPv4 } from '../../../shared/ip.ts';
import { addSubnet, addVpc, launch } from '../../sandbox/ec2/lifecycle.ts';
import { type Ec2, type Ec2Options, startEc2 } from '../../sandbox/ec2/server.ts';
import { address, cidr } from '../../sandbox/ipv4.ts';

export interface Zone {
  readonly ec2: Ec2;
  readonly cloud: Cloud;
  readonly subnetId: string;
  readonly nodes: readonly NodeRef[];
  /** Instance and interface of each node. */
  readonly of: Readonly<Record<string, { readonly instance: string; readonly eni: string }>>;
}

/** What tap's tests have that is needed here. */
export interface Teardown {
  teardown(handler: () => unknown): unknown;
}

export const NOBODY_WATCHES: CloudOptions['observer'] = { called: () => {}, delayed: () => {} };

/** Nodes `n1` to `n<count>`, m5.large, with primary addresses from 10.0.128.11 on in 10.0.128.0/20. */
export async function startZone(
  t: Teardown,
  count: number,
  options: Ec2Options & Partial<CloudOptions> & { readonly type?: string } = {},
): Promise<Zone> {
  const ec2 = await startEc2(options);
  const vpc = ec2.model.apply((s) => addVpc(s, cidr('10.0.0.0/16')));
  const spec = { vpcId: vpc.id, zone: 'eu-central-1a', cidr: cidr('10.0.128.0/20') };
  const subnet = ec2.model.apply((s) => addSubnet(s, spec));
  const of: Record<string, { instance: string; eni: string }> = {};
  const nodes: NodeRef[] = [];
  for (let n = 1; n <= count; n += 1) {
    const wanted = {
      subnetId: subnet.id,
      type: options.type ?? 'm5.large',
      address: address('10.0.128.10') + n,
    };
    const { instance, eni } = ec2.model.apply((s, now) => launch(s, wanted, now));
    of[`n${n}`] = { instance: instance.id, eni: eni.id };
    nodes.push(nodeRef(`n${n}`, instance.id));
  }
  const cloud = cloudAt(t, ec2, options);
  t.teardown(() => ec2.close());
  return { ec2, cloud, subnetId: subnet.id, nodes, of };
}

/** A cloud whose SDK client goes to the sandbox. */
export function cloudAt(t: Teardown, ec2: Ec2, options: Partial<CloudOptions> = {}): Cloud {
  process.env.AWS_ENDPOINT_URL = ec2.url;
  process.env.AWS_ACCESS_KEY_ID = 'AKIDEXAMPLE';
  process.env.AWS_SECRET_ACCESS_KEY = 'not-a-secret';
  const clock = options.clock ?? (() => performance.now());
  const client = sdkEc2({ region: 'eu-central-1' });
  t.teardown(() => client.close());
  return new Cloud({
    ec2: client,
    limiter: new Limiter(clock),
    observer: NOBODY_WATCHES,
    clock,
    sleep,
    mayWrite: () => true,
    ...options,
  });
}

export function nodeRef(name: string, instance: string): NodeRef {
  return { name, providerID: `aws:///eu-central-1a/${instance}` };
}

/** The address that `text` is known to be. */
export function ip(text: string): IPv4 {
  const parsed = parseIPv4(text);
  if (parsed === undefined) throw new Error(`${text} is not an address`);
  return parsed;
}

/** `10.0.128.<first>` to `10.0.128.<last>`. */
export function ips(first: number, last: number): IPv4[] {
  return Array.from({ length: last - first + 1 }, (_, i) => ip(`10.0.128.${first + i}`));
}

export function texts(addresses: Iterable<IPv4>): string[] {
  return [...addresses].map(formatIPv4);
}
