// One zone of a cluster on EC2 and the cloud under test in front of it: over the fake, with a clock that the test turns,
// or over the sandbox's EC2 through the real SDK.
import { devNull } from 'node:os';
import { Cloud, type CloudOptions } from '../../../reconciler/aws/cloud.ts';
import { Limiter } from '../../../reconciler/aws/limiter.ts';
import type { NodeRef } from '../../../reconciler/aws/node-instances.ts';
import { type SdkOptions, sdkEc2 } from '../../../reconciler/aws/sdk.ts';
import { formatIPv4, type IPv4, parseIPv4 } from '../../../shared/ip.ts';
import { type Clock, systemClock } from '../../../shared/process/clock.ts';
import type { Account } from '../../sandbox/ec2/account.ts';
import { addSubnet, addVpc, launch } from '../../sandbox/ec2/lifecycle.ts';
import { type Ec2, type Ec2Options, startEc2 } from '../../sandbox/ec2/server.ts';
import { address, cidr } from '../../sandbox/ipv4.ts';
import { ManualClock } from '../../shared/manual-clock.ts';
import { FakeEc2 } from './fake-ec2.ts';

/** What is in the account: nodes `n1`, `n2` … with primary addresses from 10.0.128.11 on, in 10.0.128.0/20. */
export interface Layout {
  readonly vpcId: string;
  readonly subnetId: string;
  readonly nodes: readonly NodeRef[];
  /** The instance of a node. */
  instance(node: string): string;
  /** The primary interface of a node. */
  eni(node: string): string;
}

export interface Zone extends Layout {
  readonly cloud: Cloud;
  readonly clock: ManualClock;
  readonly ec2: FakeEc2;
  /** Delays reported, as `assign grant 200`. */
  readonly delays: readonly string[];
}

/** What tap's tests have that is needed here. */
export interface Teardown {
  teardown(handler: () => unknown): unknown;
}

const NOBODY_WATCHES: CloudOptions['observer'] = { called: () => {}, delayed: () => {} };

export function fakeZone(count: number, options: Partial<CloudOptions> & { type?: string } = {}): Zone {
  const clock = new ManualClock();
  const ec2 = new FakeEc2(clock);
  const delays: string[] = [];
  const cloud = new Cloud({
    ec2,
    limiter: new Limiter(clock),
    observer: {
      called: () => {},
      delayed: (action, lane, milliseconds) => delays.push(`${action} ${lane} ${milliseconds}`),
    },
    clock,
    signal: new AbortController().signal,
    mayWrite: () => true,
    ...options,
  });
  return { ...layOut(ec2.account, count, options.type), cloud, clock, ec2, delays };
}

export interface RealZone extends Layout {
  readonly ec2: Ec2;
  readonly cloud: Cloud;
}

export async function startZone(
  t: Teardown,
  count: number,
  options: Ec2Options & SdkOptions = {},
): Promise<RealZone> {
  const ec2 = await startEc2(options);
  t.teardown(() => ec2.close());
  return { ...layOut(ec2.model, count), ec2, cloud: cloudAt(t, ec2.url, options) };
}

/** Credentials that are good enough for the sandbox. */
export const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'not-a-secret' };

/** For the rest of the test these are AWS's only variables, whatever account somebody uses on this machine otherwise. */
export function setAwsEnvironment(t: Teardown, variables: Readonly<Record<string, string>>): void {
  const before = { ...process.env };
  t.teardown(() => {
    process.env = before;
  });
  const others = Object.entries(before).filter(([name]) => !name.startsWith('AWS_'));
  const files = { AWS_CONFIG_FILE: devNull, AWS_SHARED_CREDENTIALS_FILE: devNull };
  process.env = { ...Object.fromEntries(others), ...files, ...variables };
}

/** A cloud whose SDK goes to that URL. */
export function cloudAt(
  t: Teardown,
  url: string,
  options: SdkOptions = {},
  clock: Clock = systemClock,
): Cloud {
  setAwsEnvironment(t, { AWS_ENDPOINT_URL: url, ...CREDENTIALS });
  const ec2 = sdkEc2({ region: 'eu-central-1', ...options });
  const stop = new AbortController();
  t.teardown(() => {
    stop.abort();
    ec2.close();
  });
  return new Cloud({
    ec2,
    limiter: new Limiter(clock),
    observer: NOBODY_WATCHES,
    clock,
    signal: stop.signal,
    mayWrite: () => true,
  });
}

export function layOut(account: Account, count: number, type = 'm5.large'): Layout {
  const vpc = account.apply((s) => addVpc(s, cidr('10.0.0.0/16')));
  const spec = { vpcId: vpc.id, zone: 'eu-central-1a', cidr: cidr('10.0.128.0/20') };
  const subnet = account.apply((s) => addSubnet(s, spec));
  const made = Array.from({ length: count }, (_, i): [string, { instance: string; eni: string }] => {
    const wanted = { subnetId: subnet.id, type, address: address('10.0.128.11') + i };
    const { instance, eni } = account.apply((s, now) => launch(s, wanted, now));
    return [`n${i + 1}`, { instance: instance.id, eni: eni.id }];
  });
  const byNode = new Map(made);
  return {
    vpcId: vpc.id,
    subnetId: subnet.id,
    nodes: made.map(([name, { instance }]) => nodeRef(name, instance)),
    instance: (node) => byNode.get(node)?.instance ?? '',
    eni: (node) => byNode.get(node)?.eni ?? '',
  };
}

export function nodeRef(name: string, instance: string): NodeRef {
  return { name, providerID: `aws:///eu-central-1a/${instance}`, ready: true };
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
