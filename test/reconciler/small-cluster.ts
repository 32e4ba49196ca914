// A small OpenShift cluster in memory, on AWS or on bare metal, with a clock that the test turns: API server, SDN and EC2 as
// far as the reconciler meets them, and everybody else who changes something: users, the webhook, other tenants of the VPC.
import { randomUUID } from 'node:crypto';
import { claimObject } from '../../shared/allocation.ts';
import { formatIPv4, type IPv4, parseIPv4 } from '../../shared/ip.ts';
import type { HostSubnetObject, KubeObject, NamespaceObject, NodeObject } from '../../shared/kinds.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  HOST_SUBNETS,
  NAMESPACES,
  NET_NAMESPACES,
  NODES,
  type Resource,
} from '../../shared/kube/resources.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION, FINALIZER } from '../../shared/names.ts';
import { FakeKubeClient } from '../fakes/kube-client.ts';
import { assign } from '../sandbox/ec2/assign.ts';
import { addSubnet, addVpc, launch, setInstanceState, takeAddress } from '../sandbox/ec2/lifecycle.ts';
import type { NetworkInterface } from '../sandbox/ec2/model.ts';
import { address, cidr } from '../sandbox/ipv4.ts';
import { placeAutomatically } from '../sandbox/sdn/automatic.ts';
import { judge, type Verdicts } from '../sandbox/sdn/verdict.ts';
import { ManualClock, onceRound } from '../shared/manual-clock.ts';
import { FakeEc2 } from './aws/fake-ec2.ts';

const ZONE_LABEL = 'topology.kubernetes.io/zone';
const BEGIN = Date.parse('2026-11-22T08:00:00Z');

export interface SmallClusterOptions {
  readonly cloud: 'aws' | 'none';
  /** Zone `a` is 10.0.1.0/24, `b` 10.0.2.0/24; by node. */
  readonly nodes: Readonly<Record<string, 'a' | 'b'>>;
  readonly instanceType?: string;
}

export class SmallCluster {
  readonly cloud: 'aws' | 'none';
  readonly clock = new ManualClock(onceRound);
  readonly kube = new FakeKubeClient();
  readonly ec2 = new FakeEc2(this.clock);
  /** Promises broken so far, as sentences. */
  readonly faults: string[] = [];
  /** Called by `look`. */
  judges: ((cluster: SmallCluster) => readonly string[])[] = [];
  readonly #subnets = new Map<string, string>();
  readonly #instances = new Map<string, { readonly id: string; readonly eni: string }>();
  readonly #type: string;
  #hosts = 0;

  constructor({ cloud, nodes, instanceType = 'm5.large' }: SmallClusterOptions) {
    this.cloud = cloud;
    this.#type = instanceType;
    const vpc = this.ec2.account.apply((state) => addVpc(state, cidr('10.0.0.0/16')));
    for (const zone of ['a', 'b']) {
      const spec = { vpcId: vpc.id, zone, cidr: cidr(`10.0.${zone === 'a' ? 1 : 2}.0/24`) };
      this.#subnets.set(zone, this.ec2.account.apply((state) => addSubnet(state, spec)).id);
    }
    for (const [name, zone] of Object.entries(nodes)) this.addNode(name, zone);
  }

  wallClock(): Date {
    return new Date(BEGIN + this.clock.now());
  }

  addNode(name: string, zone: 'a' | 'b'): void {
    this.#hosts += 1;
    const hostIP = `10.0.${zone === 'a' ? 1 : 2}.${200 + this.#hosts}`;
    let spec = {};
    if (this.cloud === 'aws') {
      const wanted = {
        subnetId: this.#subnets.get(zone) ?? '',
        type: this.#type,
        address: address(hostIP),
      };
      const { instance, eni } = this.ec2.account.apply((state, now) => launch(state, wanted, now));
      this.#instances.set(name, { id: instance.id, eni: eni.id });
      spec = { providerID: `aws:///${zone}/${instance.id}` };
    }
    const status = { conditions: [{ type: 'Ready', status: 'True' }] };
    this.kube.put(NODES, { metadata: { name, labels: { [ZONE_LABEL]: zone } }, spec, status });
    this.kube.put(HOST_SUBNETS, { metadata: { name }, host: name, hostIP, subnet: '10.128.0.0/23' });
  }

  /** The primary interface of a node. */
  eni(node: string): string {
    return this.#instances.get(node)?.eni ?? '';
  }

  /** Zone by CIDR. */
  addEgressIPAM(name: string, cidrs: Readonly<Record<string, 'a' | 'b'>>, more: object = {}): void {
    const cidrAssignments = Object.entries(cidrs).map(([CIDR, labelValue]) => ({ CIDR, labelValue }));
    this.kube.put(EGRESSIPAMS, {
      metadata: { name, finalizers: [FINALIZER] },
      spec: { topologyLabel: ZONE_LABEL, cidrAssignments, reuseGracePeriod: '10s', ...more },
    });
  }

  /** A namespace as it comes through the webhook: the IPs are claimed, then listed. */
  admit(
    name: string,
    egressIPAM: string,
    ips: readonly string[],
    origin: 'explicit' | 'automatic' = 'explicit',
  ): void {
    for (const ip of ips) {
      if (this.kube.stored(ALLOCATIONS, ip) !== undefined) continue;
      const spec = { ip: ipOf(ip), namespace: name, egressIPAM, cidr: this.#cidrOf(ip) };
      this.kube.put(ALLOCATIONS, claimObject({ ...spec, origin }, randomUUID()));
    }
    this.annotate(name, { egressIPAM, egressIPs: ips.join(',') });
  }

  /** A write to the namespace that no webhook has seen; what is left out is taken off. */
  annotate(name: string, { egressIPAM, egressIPs }: { egressIPAM?: string; egressIPs?: string }): void {
    const annotations = {
      ...(egressIPAM === undefined ? {} : { [EGRESSIPAM_ANNOTATION]: egressIPAM }),
      ...(egressIPs === undefined ? {} : { [EGRESSIPS_ANNOTATION]: egressIPs }),
    };
    this.kube.put<NamespaceObject>(NAMESPACES, { metadata: { name, annotations } });
    if (this.kube.stored(NET_NAMESPACES, name) !== undefined) return;
    this.kube.put(NET_NAMESPACES, { metadata: { name }, netname: name, netid: 1 });
  }

  deleteNamespace(name: string): void {
    this.kube.remove(NAMESPACES, name);
    this.kube.remove(NET_NAMESPACES, name);
  }

  /** As if it had been served for long: node by IP. */
  serve(name: string, egressIPAM: string, hosts: Readonly<Record<string, string>>): void {
    this.admit(name, egressIPAM, Object.keys(hosts));
    const namespaceUID = this.kube.stored(NAMESPACES, name)?.metadata.uid;
    for (const [ip, node] of Object.entries(hosts)) {
      this.#change(ALLOCATIONS, ip, (stored) => ({
        ...stored,
        metadata: { ...stored.metadata, finalizers: [FINALIZER] },
        status: {
          phase: 'Bound',
          namespaceUID,
          node,
          ...(this.cloud === 'aws' ? { interface: this.eni(node) } : {}),
        },
      }));
      this.host(node, ip);
      if (this.cloud === 'aws') this.assign(node, ip);
    }
    this.use(name, ...Object.keys(hosts));
  }

  /** Adds to a HostSubnet, whoever does it. */
  host(node: string, ip: string): void {
    this.#change(HOST_SUBNETS, node, (it) => ({ ...it, egressIPs: [...(it.egressIPs ?? []), ip] }));
  }

  /** Adds to a NetNamespace, whoever does it. */
  use(namespace: string, ...ips: string[]): void {
    this.#change(NET_NAMESPACES, namespace, (it) => ({
      ...it,
      egressIPs: [...(it.egressIPs ?? []), ...ips],
    }));
  }

  /** Adds to a node's interface, whoever does it. */
  assign(node: string, ip: string): void {
    const request = { networkInterfaceId: this.eni(node), addresses: [ip], allowReassignment: true };
    this.ec2.account.apply((state, now) => assign(state, request, now, 0));
  }

  /** A load balancer takes the address. */
  steal(ip: string): void {
    const subnet = this.#subnets.get(ip.startsWith('10.0.1.') ? 'a' : 'b') ?? '';
    this.ec2.account.change((state) => takeAddress(state, subnet, address(ip)));
  }

  /** Whether any interface has the address. */
  isAssigned(ip: string): boolean {
    const wanted = address(ip);
    return [...this.ec2.account.state.interfaces.values()].some(
      ({ primary, secondary }) => primary === wanted || secondary.includes(wanted),
    );
  }

  setNode(name: string, change: { readonly ready?: boolean; readonly cordoned?: boolean }): void {
    this.#change(NODES, name, (node): NodeObject => {
      const conditions = [{ type: 'Ready', status: change.ready === false ? 'False' : 'True' }];
      return {
        ...node,
        ...(change.ready === undefined ? {} : { status: { ...node.status, conditions } }),
        ...(change.cordoned === undefined ? {} : { spec: { ...node.spec, unschedulable: change.cordoned } }),
      };
    });
  }

  /** Its instance is terminated; the node object stays until somebody deletes it. */
  terminate(name: string): void {
    const { id } = this.#instances.get(name) ?? { id: '' };
    this.ec2.account.apply((state, now) => setInstanceState(state, id, 'terminated', now));
  }

  deleteNode(name: string): void {
    this.kube.remove(NODES, name);
    this.kube.remove(HOST_SUBNETS, name);
  }

  /** What the SDN does by itself, and then what everybody promised: to be called after each write. */
  look(): void {
    this.#placeAutomatically();
    for (const judge of this.judges) {
      for (const fault of judge(this)) if (!this.faults.includes(fault)) this.faults.push(fault);
    }
  }

  verdicts(): Verdicts {
    const interfaces = new Map<string, ReadonlySet<string>>();
    for (const [node, { eni }] of this.#instances) {
      const { secondary } = this.ec2.account.inForce.interfaces.get(eni) ?? { secondary: [] };
      interfaces.set(node, new Set(secondary.map((it) => formatIPv4(it as IPv4))));
    }
    return judge({
      hostSubnets: this.kube.all(HOST_SUBNETS),
      netNamespaces: this.kube.all(NET_NAMESPACES),
      offline: this.#offline(),
      ...(this.cloud === 'aws' ? { interfaces } : {}),
    });
  }

  /** The primary interfaces of nodes whose instances are there. */
  get nodeInterfaces(): NetworkInterface[] {
    const { interfaces } = this.ec2.account.state;
    return [...this.#instances.values()].flatMap(({ eni }) => interfaces.get(eni) ?? []);
  }

  #placeAutomatically(): void {
    for (let rounds = 0; rounds < 10; rounds += 1) {
      const hostSubnets = this.kube.all(HOST_SUBNETS);
      const placed = placeAutomatically({
        hostSubnets,
        netNamespaces: this.kube.all(NET_NAMESPACES),
        offline: this.#offline(),
      });
      const changed = hostSubnets.filter((it) => differs(it, placed.get(it.metadata.name)));
      for (const it of changed) {
        this.kube.put(HOST_SUBNETS, { ...it, egressIPs: placed.get(it.metadata.name) });
      }
      if (changed.length === 0) return;
    }
  }

  #offline(): ReadonlySet<string> {
    const ready = this.kube
      .all(NODES)
      .filter((node) => node.status?.conditions?.some((it) => it.type === 'Ready' && it.status === 'True'));
    const names = new Set(ready.map((node) => node.metadata.name));
    return new Set(
      this.kube
        .all(HOST_SUBNETS)
        .map((it) => it.metadata.name)
        .filter((name) => !names.has(name)),
    );
  }

  #cidrOf(ip: string): string {
    const cidrs = this.kube.all(EGRESSIPAMS).flatMap(({ spec }) => spec.cidrAssignments.map((it) => it.CIDR));
    const found = cidrs.find((text) => {
      const { first, last } = cidr(text);
      return first <= address(ip) && address(ip) <= last;
    });
    return found ?? '';
  }

  #change<T extends KubeObject>(resource: Resource<T>, name: string, change: (stored: T) => object): void {
    const stored = this.kube.stored(resource, name);
    if (stored !== undefined) this.kube.put(resource, change(stored));
  }
}

function differs(stored: HostSubnetObject, placed: readonly string[] | undefined): boolean {
  if (placed === undefined) return false;
  return [...(stored.egressIPs ?? [])].sort().join() !== [...placed].sort().join();
}

function ipOf(text: string): IPv4 {
  const ip = parseIPv4(text);
  if (ip === undefined) throw new TypeError(`${text} is no address`);
  return ip;
}
