// What may happen to a running reconciler and around it, as data, so that a failing history shrinks: users, nodes, thieves,
// an API server that loses answers, an EC2 that throttles, fails and lags, and processes that die.
import fc from 'fast-check';
import { ApiError } from '../../shared/kube/client.ts';
import { ALLOCATIONS, HOST_SUBNETS, NAMESPACES, NODES } from '../../shared/kube/resources.ts';
import { EGRESSIPAM_ANNOTATION, EGRESSIPS_ANNOTATION } from '../../shared/names.ts';
import type { Mishap } from '../fakes/kube-client.ts';
import type { Fate } from './lifeline.ts';
import { SmallCluster } from './small-cluster.ts';

const NODE_ZONES = { n1: 'a', n2: 'a', n3: 'a', n4: 'b', n5: 'b' } as const;
/** On bare metal the SDN places what is blue, and we what is green. */
const POOLS = {
  aws: { blue: { '10.0.1.0/28': 'a', '10.0.2.0/28': 'b' }, green: { '10.0.1.32/28': 'a' } },
  none: { blue: { '10.0.1.0/28': 'a' }, green: { '10.0.2.0/28': 'b', '10.0.2.32/28': 'b' } },
} as const;

type Node = keyof typeof NODE_ZONES;
type Pool = keyof typeof POOLS.aws;
type Name = 'a' | 'b' | 'c' | 'd';

export type Happening =
  | { readonly kind: 'time'; readonly milliseconds: number }
  | { readonly kind: 'admit' | 'slip by'; readonly name: Name; readonly pool: Pool; readonly pick: number }
  | { readonly kind: 'opt out' | 'leave out' | 'delete namespace'; readonly name: Name }
  | { readonly kind: 'flap' | 'cordon' | 'terminate' | 'delete node' | 'rejoin'; readonly node: Node }
  | { readonly kind: 'steal' | 'claim only' | 'delete allocation'; readonly pick: number }
  | { readonly kind: 'crash'; readonly fate: Fate }
  | {
      readonly kind: 'API server';
      readonly mishap: 'lost' | 'late' | 'conflict' | 'busy';
      readonly calls: number;
    }
  | {
      readonly kind: 'EC2';
      readonly mishap: 'throttles' | 'refuses' | 'loses its answer' | 'breaks';
      readonly calls: number;
    }
  | { readonly kind: 'EC2 lags'; readonly milliseconds: number }
  /** Somebody acts while a write of the reconciler is on its way, and is faster. */
  | {
      readonly kind: 'race';
      readonly verb: 'patch' | 'delete';
      readonly act: 'admit' | 'opt out' | 'delete namespace';
      readonly name: Name;
      readonly pool: Pool;
      readonly pick: number;
    };

const name = fc.constantFrom<Name>('a', 'b', 'c', 'd');
const node = fc.constantFrom<Node>('n1', 'n2', 'n3', 'n4', 'n5');
const pool = fc.constantFrom<Pool>('blue', 'green');
const pick = fc.nat({ max: 30 });
const calls = fc.integer({ min: 1, max: 4 });

function weighted<K extends Happening['kind']>(
  weight: number,
  kinds: readonly K[],
  more: Record<string, fc.Arbitrary<unknown>>,
): fc.WeightedArbitrary<Happening> {
  const arbitrary = fc.record({ kind: fc.constantFrom(...kinds), ...more }) as fc.Arbitrary<unknown>;
  return { weight, arbitrary: arbitrary as fc.Arbitrary<Happening> };
}

export const happening: fc.Arbitrary<Happening> = fc.oneof(
  weighted(12, ['time'], { milliseconds: fc.constantFrom(3, 20, 150, 1_000, 15_000, 45_000) }),
  weighted(8, ['admit'], { name, pool, pick }),
  weighted(2, ['slip by'], { name, pool, pick }),
  weighted(4, ['opt out', 'leave out', 'delete namespace'], { name }),
  weighted(5, ['flap', 'cordon', 'terminate', 'delete node', 'rejoin'], { node }),
  weighted(2, ['steal', 'claim only', 'delete allocation'], { pick }),
  weighted(3, ['crash'], { fate: fc.constantFrom('never arrives', 'loses its answer', 'comes late') }),
  weighted(4, ['API server'], { mishap: fc.constantFrom('lost', 'late', 'conflict', 'busy'), calls }),
  weighted(4, ['EC2'], {
    mishap: fc.constantFrom('throttles', 'refuses', 'loses its answer', 'breaks'),
    calls,
  }),
  weighted(5, ['race'], {
    verb: fc.constantFrom('patch', 'delete'),
    act: fc.constantFrom('admit', 'opt out', 'delete namespace'),
    name,
    pool,
    pick,
  }),
  weighted(1, ['EC2 lags'], { milliseconds: fc.constantFrom(0, 500, 5_000) }),
);

/** Two zones, nodes with hardly enough room, two EgressIPAMs. Nothing ever befalls n0. */
export function beginning(cloud: SmallCluster['cloud']): SmallCluster {
  const nodes = { n0: cloud === 'aws' ? 'a' : 'b', ...NODE_ZONES } as const;
  const cluster = new SmallCluster({ cloud, nodes, instanceType: 't3.small' });
  cluster.addEgressIPAM('blue', POOLS[cloud].blue);
  cluster.addEgressIPAM('green', POOLS[cloud].green);
  return cluster;
}

function cidrsOf({ cloud }: SmallCluster, pool: Pool): string[] {
  return Object.keys(POOLS[cloud][pool]);
}

/** Everything but time and crashes, which concern the process. */
export function happen(cluster: SmallCluster, it: Exclude<Happening, { kind: 'time' | 'crash' }>): void {
  switch (it.kind) {
    case 'admit':
      admit(cluster, it.name, it.pool, it.pick);
      break;
    case 'slip by':
      cluster.annotate(it.name, {
        egressIPAM: it.pool,
        egressIPs: addresses(cluster, it.pool, it.pick).join(','),
      });
      break;
    case 'opt out':
      if (cluster.kube.stored(NAMESPACES, it.name) !== undefined) cluster.annotate(it.name, {});
      break;
    case 'leave out':
      leaveOut(cluster, it.name);
      break;
    case 'delete namespace':
      cluster.deleteNamespace(it.name);
      break;
    case 'steal':
      if (cluster.cloud === 'aws') cluster.steal(`10.0.${1 + (it.pick % 2)}.${4 + (it.pick % 10)}`);
      break;
    case 'claim only':
      claimOnly(cluster, it.pick);
      break;
    case 'delete allocation':
      deleteAllocation(cluster, it.pick);
      break;
    case 'API server':
      breakApiServer(cluster, it.mishap, it.calls);
      break;
    case 'EC2':
      breakEc2(cluster, it.mishap, it.calls);
      break;
    case 'race':
      race(cluster, it);
      break;
    case 'EC2 lags':
      cluster.ec2.account.lagMs = it.milliseconds;
      break;
    default:
      changeNode(cluster, it.kind, it.node);
  }
}

function changeNode(cluster: SmallCluster, kind: string, name: Node): void {
  const node = cluster.kube.stored(NODES, name);
  if (kind === 'rejoin') {
    if (node === undefined) cluster.addNode(name, NODE_ZONES[name]);
    else cluster.setNode(name, { ready: true, cordoned: false });
  } else if (node !== undefined && kind === 'flap') {
    const ready = node.status?.conditions?.some((it) => it.status === 'True') === true;
    cluster.setNode(name, { ready: !ready });
  } else if (node !== undefined && kind === 'cordon') {
    cluster.setNode(name, { cordoned: node.spec?.unschedulable !== true });
  } else if (node !== undefined) {
    if (cluster.cloud === 'aws') cluster.terminate(name);
    cluster.setNode(name, { ready: false });
    if (kind === 'delete node') cluster.deleteNode(name);
  }
}

/** As the webhook does it: own claims are retaken with a new token, others must be free; then the list. */
function admit(cluster: SmallCluster, name: Name, egressIPAM: Pool, pick: number): void {
  const chosen = cidrsOf(cluster, egressIPAM).map((text) => {
    const own = cluster.kube
      .all(ALLOCATIONS)
      .find(
        ({ metadata, spec }) => spec.namespace === name && spec.cidr === text && !metadata.deletionTimestamp,
      );
    if (own !== undefined && pick % 3 > 0) {
      cluster.kube.put(ALLOCATIONS, {
        ...own,
        spec: { ...own.spec, claim: `token-${pick}-${cluster.clock.now()}` },
      });
      return own.metadata.name;
    }
    return freeIn(cluster, text, pick);
  });
  if (chosen.includes(undefined)) return;
  cluster.admit(
    name,
    egressIPAM,
    chosen.map((ip) => ip ?? ''),
  );
}

function freeIn(cluster: SmallCluster, text: string, pick: number): string | undefined {
  const taken = new Set([
    ...cluster.kube.all(ALLOCATIONS).map(({ metadata }) => metadata.name),
    ...cluster.kube.all(HOST_SUBNETS).flatMap((it) => it.egressIPs ?? []),
    ...cluster.kube
      .all(NAMESPACES)
      .flatMap(({ metadata }) => metadata.annotations?.[EGRESSIPS_ANNOTATION]?.split(',') ?? []),
  ]);
  const base = Number(text.split('.')[3]?.split('/')[0]);
  const prefix = text.split('.').slice(0, 3).join('.');
  for (let i = 0; i < 10; i += 1) {
    const ip = `${prefix}.${base + 4 + ((pick + i) % 10)}`;
    if (!taken.has(ip) && !cluster.isAssigned(ip)) return ip;
  }
  return undefined;
}

/** While the webhook is away: an address of each CIDR, whoever has it. */
function addresses(cluster: SmallCluster, egressIPAM: Pool, pick: number): string[] {
  return cidrsOf(cluster, egressIPAM).map((text, at) => {
    const [prefix, base] = [text.split('.').slice(0, 3).join('.'), Number(text.split('.')[3]?.split('/')[0])];
    return `${prefix}.${base + 4 + ((pick + at) % 8)}`;
  });
}

function leaveOut(cluster: SmallCluster, name: Name): void {
  const egressIPAM = cluster.kube.stored(NAMESPACES, name)?.metadata.annotations?.[EGRESSIPAM_ANNOTATION];
  if (egressIPAM !== undefined) cluster.annotate(name, { egressIPAM });
}

/** A claim whose namespace write never arrived, or did not yet. */
function claimOnly(cluster: SmallCluster, pick: number): void {
  const [cidr = ''] = cidrsOf(cluster, 'green');
  const ip = freeIn(cluster, cidr, pick);
  if (ip === undefined) return;
  const spec = {
    egressIPAM: 'green',
    cidr,
    claim: `claim-${pick}`,
    namespace: pick % 2 ? 'a' : '',
  };
  cluster.kube.put(ALLOCATIONS, { metadata: { name: ip }, spec });
}

function deleteAllocation(cluster: SmallCluster, pick: number): void {
  const all = cluster.kube.all(ALLOCATIONS);
  const one = all[pick % Math.max(1, all.length)];
  if (one === undefined) return;
  const { metadata } = one;
  if ((metadata.finalizers ?? []).length === 0) cluster.kube.remove(ALLOCATIONS, metadata.name);
  else
    cluster.kube.put(ALLOCATIONS, {
      ...one,
      metadata: { ...metadata, deletionTimestamp: '2026-11-22T08:00:00Z' },
    });
}

const WRITES = new Set(['create', 'patch', 'delete', 'replace']);

function race(cluster: SmallCluster, it: Extract<Happening, { kind: 'race' }>): void {
  const { fault } = cluster.kube;
  cluster.kube.fault = (call) => {
    if (call.verb !== it.verb || call.plural === 'egressipams') return fault(call);
    cluster.kube.fault = fault;
    happen(cluster, { ...it, kind: it.act });
    return undefined;
  };
}

/** The next writes. What comes late comes within the time that a request may take. */
function breakApiServer(cluster: SmallCluster, mishap: string, calls: number): void {
  let left = calls;
  cluster.kube.fault = ({ verb, plural }): Mishap => {
    if (!WRITES.has(verb) || left <= 0) return undefined;
    left -= 1;
    if (mishap === 'conflict') return new ApiError('conflict', 'it has changed', { status: 409 });
    if (mishap === 'busy') return new ApiError('unavailable', 'shutting down', { status: 503 });
    // An IP that is late on one HostSubnet, and on another one since, the next pass puts right.
    return mishap === 'late' && plural !== 'hostsubnets' ? 'late' : 'lost';
  };
}

function breakEc2({ ec2 }: SmallCluster, mishap: string, calls: number): void {
  for (const action of ['assign', 'unassign'] as const) {
    for (let i = 0; i < calls; i += 1) {
      if (mishap === 'throttles') ec2.fail(action, 'Throttled');
      else if (mishap === 'refuses') ec2.fail(action, 'Rejected');
      else if (mishap === 'breaks') ec2.fail(action, 'UnknownOutcome');
      else ec2.loseAnswer(action);
    }
  }
}
