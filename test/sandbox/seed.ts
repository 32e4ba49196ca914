// A cluster that has been in use for a while, without waiting for it: namespaces that have opted in, their allocations
// bound, and everything in place for their traffic. For measuring what the product does with many of them.
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { load } from 'js-yaml';
import type { EgressIPAMObject, NodeObject, ObjectMeta } from '../../shared/kinds.ts';
import type { KubeClient } from '../../shared/kube/client.ts';
import {
  ALLOCATIONS,
  EGRESSIPAMS,
  HOST_SUBNETS,
  NAMESPACES,
  NET_NAMESPACES,
  NODES,
} from '../../shared/kube/resources.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION, FINALIZER } from '../../shared/names.ts';
import { CRDS } from './crds.ts';
import type { Account } from './ec2/account.ts';
import { assign } from './ec2/assign.ts';
import { limitOf } from './ec2/lifecycle.ts';
import type { NetworkInterface, Subnet } from './ec2/model.ts';
import { interfacesIn, isReservedByAws, slotsUsed } from './ec2/model.ts';
import { cidr, formatAddress, formatCidr } from './ipv4.ts';
import type { KubeApi } from './kube/server.ts';
import { upkeep } from './sdn/upkeep.ts';

export interface Seed {
  readonly namespaces: number;
}

const NAME = 'seed';
const FIRST_NETID = 1000;
const BARE_METAL_CIDR = '192.168.128.0/17';

/** One pool: its CIDR, and places for as many IPs as it has to give, in order. */
interface Pool {
  readonly cidr: string;
  readonly labelValue: string;
  readonly places: readonly Place[];
}

interface Place {
  readonly ip: string;
  readonly node: string;
  /** On AWS. */
  readonly interface?: string;
}

export interface SeedTarget {
  readonly kube: Pick<KubeApi, 'client' | 'restore'>;
  /** EC2, on AWS. */
  readonly account: Account | undefined;
}

/** For a cluster with nodes whose SDN has not been started. Throws if the nodes have no room for so many. */
export async function seed({ kube, account }: SeedTarget, wanted: Seed): Promise<void> {
  if (wanted.namespaces === 0) return;
  const { client } = kube;
  const nodes = (await client.list(NODES)).items;
  const pools =
    account === undefined
      ? [bareMetalPool(nodes, wanted.namespaces)]
      : awsPools(account, nodes, wanted.namespaces);
  await installCrds(client);
  await client.create(EGRESSIPAMS, egressIPAM(account, pools));
  restoreNamespaces(kube, wanted.namespaces, pools);
  if (account !== undefined) assignAll(account, pools);
  hostAll(kube, nodes, pools);
}

async function installCrds(client: KubeClient): Promise<void> {
  const folder = new URL('../../manifests/crds/', import.meta.url);
  for (const name of ['egressipams.yaml', 'egressipallocations.yaml']) {
    await client.create(CRDS, load(await readFile(new URL(name, folder), 'utf8')) as object);
  }
}

function egressIPAM(account: Account | undefined, pools: readonly Pool[]): object {
  const spec: EgressIPAMObject['spec'] = {
    topologyLabel: account === undefined ? 'egressGW' : 'topology.kubernetes.io/zone',
    nodeSelector: { matchLabels: { 'node-role.kubernetes.io/worker': '' } },
    cidrAssignments: pools.map((pool) => ({ CIDR: pool.cidr, labelValue: pool.labelValue })),
  };
  return { metadata: { name: NAME, finalizers: [FINALIZER] }, spec };
}

function bareMetalPool(nodes: readonly NodeObject[], count: number): Pool {
  const { first } = cidr(BARE_METAL_CIDR);
  const names = nodes.filter(isGateway).map((node) => node.metadata.name);
  const places = Array.from({ length: count }, (_, i) => ({
    ip: formatAddress(first + 1 + i),
    node: names[i % names.length] ?? '',
  }));
  return { cidr: BARE_METAL_CIDR, labelValue: 'true', places };
}

function awsPools(account: Account, nodes: readonly NodeObject[], count: number): Pool[] {
  const byInstance = new Map(
    nodes.map((node) => [node.spec?.providerID?.split('/').at(-1), node.metadata.name]),
  );
  return [...account.state.subnets.values()].map((subnet) => ({
    cidr: formatCidr(subnet.cidr),
    labelValue: subnet.zone,
    places: placesIn(account, subnet, byInstance).take(count).toArray(),
  }));
}

/** Node by node in turn, while they have room and the subnet has addresses. */
function* placesIn(
  account: Account,
  subnet: Subnet,
  byInstance: ReadonlyMap<string | undefined, string>,
): Generator<Place, void> {
  const interfaces = interfacesIn(account.state, subnet.id);
  const taken = new Set(interfaces.map((eni) => eni.primary));
  const slots = slotsInTurn(account, interfaces);
  for (let ip = subnet.cidr.first; ip <= subnet.cidr.last; ip += 1) {
    if (taken.has(ip) || isReservedByAws(subnet, ip)) continue;
    const eni = slots.next().value;
    if (eni === undefined) return;
    const node = byInstance.get(eni.attachment?.instanceId);
    if (node !== undefined) yield { ip: formatAddress(ip), node, interface: eni.id };
  }
}

function* slotsInTurn(
  account: Account,
  interfaces: readonly NetworkInterface[],
): Generator<NetworkInterface, undefined> {
  const room = new Map(interfaces.map((eni) => [eni, limitOf(account.state, eni) - slotsUsed(eni)]));
  for (let turn = 0; [...room.values()].some((free) => free > turn); turn += 1) {
    for (const [eni, free] of room) if (free > turn) yield eni;
  }
  return undefined;
}

function placesOf(pools: readonly Pool[], i: number): Place[] {
  return pools.map((pool) => {
    const place = pool.places[i];
    if (place === undefined)
      throw new RangeError(`${pool.cidr} has room for ${pool.places.length} namespaces only`);
    return place;
  });
}

function restoreNamespaces(
  { restore }: Pick<KubeApi, 'restore'>,
  count: number,
  pools: readonly Pool[],
): void {
  const names = Array.from({ length: count }, (_, i) => `${NAME}-${String(i).padStart(5, '0')}`);
  const egressIPs = names.map((_, i) => placesOf(pools, i).map(({ ip }) => ip));
  const namespaces = restore(
    NAMESPACES,
    names.map((name, i) => namespace(name, egressIPs[i] ?? [])),
  );
  restore(
    NET_NAMESPACES,
    names.map((name, i) => ({
      metadata: { name },
      netname: name,
      netid: FIRST_NETID + i,
      egressIPs: egressIPs[i],
    })),
  );
  restore(
    ALLOCATIONS,
    namespaces.flatMap(({ metadata }, i) =>
      placesOf(pools, i).map((place, p) => allocation(metadata, place, pools[p])),
    ),
  );
}

function namespace(name: string, egressIPs: readonly string[]): object {
  const annotations = { [EGRESSIPAM_ANNOTATION]: NAME, [EGRESSIPS_ANNOTATION]: egressIPs.join(',') };
  return {
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name }, annotations },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
}

function allocation(namespace: ObjectMeta, place: Place, pool: Pool | undefined): object {
  const { ip, node, interface: eni } = place;
  const status = { namespaceUID: namespace.uid, phase: 'Bound', node };
  return {
    metadata: { name: ip, finalizers: [FINALIZER] },
    spec: { egressIPAM: NAME, cidr: pool?.cidr, namespace: namespace.name, claim: randomUUID() },
    status: eni === undefined ? status : { ...status, interface: eni },
  };
}

function assignAll(account: Account, pools: readonly Pool[]): void {
  const byInterface = Map.groupBy(
    pools.flatMap((pool) => pool.places),
    (place) => place.interface ?? '',
  );
  for (const [networkInterfaceId, places] of byInterface) {
    const addresses = places.map(({ ip }) => ip);
    account.apply((state, now) =>
      assign(state, { networkInterfaceId, addresses, allowReassignment: false }, now, 0),
    );
  }
}

/** HostSubnets as the SDN would make them, with their egress IPs. On bare metal in automatic mode. */
function hostAll(
  { restore }: Pick<KubeApi, 'restore'>,
  nodes: readonly NodeObject[],
  pools: readonly Pool[],
): void {
  const places = pools.flatMap((pool) => pool.places);
  const byNode = Map.groupBy(places, (place) => place.node);
  const mode = places.some((place) => place.interface !== undefined)
    ? {}
    : { egressCIDRs: [BARE_METAL_CIDR] };
  const hostSubnets = upkeep({ nodes, namespaces: [], netNamespaces: [], hostSubnets: [] }).flatMap(
    (action) => {
      if (action.kind !== 'createHostSubnet') return [];
      const { name, hostIP, subnet } = action;
      const egressIPs = byNode.get(name)?.map(({ ip }) => ip);
      const hosted = egressIPs === undefined ? {} : { egressIPs, ...mode };
      return [{ metadata: { name }, host: name, hostIP, subnet, ...hosted }];
    },
  );
  restore(HOST_SUBNETS, hostSubnets);
}
function isGateway(node: NodeObject): boolean {
  return node.metadata.labels?.egressGW === 'true';
}
